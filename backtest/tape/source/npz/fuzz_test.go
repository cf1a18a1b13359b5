package npz

import (
	"archive/zip"
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// FuzzArray reads an array of any bytes: no panic, no more rows than records, and what can
// be written again is read as the same rows.
func FuzzArray(f *testing.F) {
	plain, err := os.ReadFile(filepath.Join("testdata", "plain.npy"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plain)
	f.Add(plain[:len(plain)-3])
	f.Add(array(rowsMax, nil))
	text, err := os.ReadFile(filepath.Join("testdata", "events.txt"))
	if err != nil {
		f.Fatal(err)
	}
	for block := range strings.SplitSeq(string(text), "\n\n") {
		input, _, _ := strings.Cut(block, "\n->")
		var records []byte
		for line := range strings.Lines(input) {
			if _, isEvent := words[strings.Fields(line)[0]]; isEvent {
				records = append(records, parseRecord(f, line)...)
			}
		}
		f.Add(array(int64(len(records)/recordSize), records))
	}
	f.Add([]byte(magic + "\x03\x00\xff\xff\xff\x7f{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := newReader("data", bytes.NewReader(data), -1, btcusdt, "")
		if err != nil {
			return
		}
		c, err := readAll(r)
		if events := len(data) / recordSize; len(c.trades)+len(c.tickers)+len(c.levels)+len(c.bad) > events {
			t.Fatalf("%d trades, %d tickers, %d levels, %d bad of %d events", len(c.trades), len(c.tickers), len(c.levels), len(c.bad), events)
		}
		if err != nil || len(c.bad) > 0 || r.rows.fine > 0 || !usual(&c) {
			return
		}
		file, err := write(c.events())
		if err != nil {
			return
		}
		array, size, err := openArchive(bytes.NewReader(file), "b.npz", int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		if r, err = newReader("data", array, size, btcusdt, ""); err != nil {
			t.Fatal(err)
		}
		again, err := readAll(r)
		if err != nil || len(again.bad) > 0 {
			t.Fatalf("%v\n%s", err, &again)
		}
		if !slices.Equal(c.trades, again.trades) || !slices.Equal(c.tickers, again.tickers) || !slices.Equal(c.levels, again.levels) {
			t.Errorf("rows\n%sgo out and come back as\n%s", &c, &again)
		}
	})
}

// usual says whether no times go back and every snapshot has both sides or none: of two
// one-sided ones with the same times nothing tells where the second begins.
func usual(c *content) bool {
	sides := int64(3)
	for _, l := range c.levels {
		if l.Begins && sides != 3 {
			return false
		}
		if l.Begins || !l.Snapshot {
			sides = 0
		}
		if sides |= l.Side; l.Side == row.NoSide || !l.Snapshot {
			sides = 3
		}
	}
	return sides == 3 &&
		slices.IsSortedFunc(c.trades, func(a, b row.Trade) int { return cmp.Compare(a.Time, b.Time) }) &&
		slices.IsSortedFunc(c.levels, func(a, b row.Level) int { return cmp.Compare(a.Time, b.Time) }) &&
		slices.IsSortedFunc(c.tickers, func(a, b row.Ticker) int { return cmp.Compare(a.Time, b.Time) })
}

// FuzzArchive opens any bytes as an archive.
func FuzzArchive(f *testing.F) {
	for _, name := range []string{"btcusdt_20231114.npz", "stored.npz"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Add(archive(f, entryName, zip.Deflate, []byte(strings.Repeat("a", 1000))))
	f.Fuzz(func(t *testing.T, data []byte) {
		array, size, err := openArchive(bytes.NewReader(data), "a.npz", int64(len(data)))
		if err != nil {
			return
		}
		defer array.Close()
		r, err := newReader("data", array, size, btcusdt, "")
		if err != nil {
			return
		}
		if _, err := readAll(r); err != nil && strings.TrimSpace(err.Error()) == io.EOF.Error() {
			t.Error("an error without a reason")
		}
	})
}
