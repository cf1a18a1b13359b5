package tape

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// packRows packs rows into a file, by the goroutine or without it.
func packRows(p *packer[row.Bar], to io.Writer, rows []row.Bar, send bool) error {
	p.begin(to)
	batch := []row.Bar(nil)
	for some := range slices.Chunk(rows, batchRows) {
		batch = append(batch, some...)
		err := error(nil)
		if send {
			batch, err = p.send(batch)
		} else {
			err, batch = p.pack(batch), batch[:0]
		}
		if err != nil {
			return errors.Join(err, p.wait())
		}
	}
	if err := p.wait(); err != nil {
		return err
	}
	return p.end(&meta{hash: p.hash()})
}

// TestPacker wants the same files of batches that are sent as of those that are packed at
// once, for several files of one packer.
func TestPacker(t *testing.T) {
	rows := newRecorder(1, midnight, 0, 0, 0).bars(50*batchRows, time.Minute)
	synctest.Test(t, func(t *testing.T) {
		p := newPacker[row.Bar](&zstd.Codec{Level: zstd.SpeedFastest})
		for _, n := range []int{3 * packsAhead, 1, 0, 20} {
			var want, got bytes.Buffer
			must(t, packRows(newPacker[row.Bar](&zstd.Codec{Level: zstd.SpeedFastest}), &want, rows[:n*batchRows], false))
			must(t, packRows(p, &got, rows[:n*batchRows], true))
			if !bytes.Equal(want.Bytes(), got.Bytes()) {
				t.Errorf("%d batches: the file differs", n)
			}
			if len(p.spare) > packsAhead {
				t.Errorf("%d batches are kept", len(p.spare))
			}
		}
	})
}

// TestPackerFails fails a file at different points. The error comes out, if only at the
// end, no goroutine stays, and the next file is as it should be.
func TestPackerFails(t *testing.T) {
	rows := newRecorder(1, midnight, 0, 0, 0).bars(200*batchRows, time.Minute)
	var want bytes.Buffer
	must(t, packRows(newPacker[row.Bar](&zstd.Codec{Level: zstd.SpeedFastest}), &want, rows[:batchRows], false))
	synctest.Test(t, func(t *testing.T) {
		p := newPacker[row.Bar](&zstd.Codec{Level: zstd.SpeedFastest})
		for _, room := range []int{0, 100_000, 10_000_000} {
			if err := packRows(p, &failingFile{discard{}, room}, rows, true); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("room for %d bytes: %v, want ENOSPC", room, err)
			}
		}
		var got bytes.Buffer
		must(t, packRows(p, &got, rows[:batchRows], true))
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Error("the file after a failed one differs")
		}
	})
}

// discard is a file that keeps nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Sync() error                 { return nil }
func (discard) Close() error                { return nil }
