package tape

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// spoolRows bounds the rows of all series that wait in memory to be spooled.
const spoolRows = 1 << 16

// spool keeps the rows of a recording in a file of the stage until all of it has been
// read. A recording has many series, and a file of the tape takes some 16 MB of memory
// while it is written: so they are written one after the other.
type spool struct {
	dir     string
	file    *os.File
	size    int64
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	plain   []byte
	packed  []byte
	// waiting counts the rows in memory, those of all series.
	waiting int
	all     []spiller
}

type spiller interface{ spill() error }

// spooled are the rows of one series: those of chunks, then rows.
type spooled[R any] struct {
	spool   *spool
	columns []row.Column
	chunks  []chunk
	rows    []R
	lines   []int64
}

// chunk is where some rows stand in the spool: so many packed bytes from a place on.
type chunk struct {
	at   int64
	size int
	rows int
}

func newSpooled[R any](s *spool) *spooled[R] {
	series := &spooled[R]{spool: s, columns: row.Columns[R]()}
	s.all = append(s.all, series)
	return series
}

// add keeps rows and the lines that they came from. Those of one call stay in one chunk.
func (s *spooled[R]) add(rows []R, lines []int64) error {
	s.rows, s.lines = append(s.rows, rows...), append(s.lines, lines...)
	if s.spool.waiting += len(rows); s.spool.waiting < spoolRows {
		return nil
	}
	for _, series := range s.spool.all {
		if err := series.spill(); err != nil {
			return err
		}
	}
	s.spool.waiting = 0
	return nil
}

// spill moves the rows in memory to the file.
func (s *spooled[R]) spill() error {
	if len(s.rows) == 0 {
		return nil
	}
	b := s.spool.plain[:0]
	for i := range s.rows {
		b = binary.LittleEndian.AppendUint64(b, uint64(s.lines[i]))
		b = row.Canonical(b, s.columns, &s.rows[i])
	}
	at, size, err := s.spool.write(b)
	s.chunks = append(s.chunks, chunk{at, size, len(s.rows)})
	s.rows, s.lines = nil, nil
	return err
}

// each hands the rows over in their order, as they were added or some of that together,
// and forgets them.
func (s *spooled[R]) each(take func(rows []R, lines []int64) error) error {
	for _, c := range s.chunks {
		b, err := s.spool.read(c)
		if err != nil {
			return err
		}
		rows, lines := make([]R, c.rows), make([]int64, c.rows)
		for i := range rows {
			if len(b) < 8 {
				return errSpool
			}
			lines[i] = int64(binary.LittleEndian.Uint64(b))
			if b = row.FromCanonical(b[8:], s.columns, &rows[i]); b == nil {
				return errSpool
			}
		}
		if err := take(rows, lines); err != nil {
			return err
		}
	}
	rows, lines := s.rows, s.lines
	s.rows, s.lines, s.chunks = nil, nil, nil
	if len(rows) == 0 {
		return nil
	}
	return take(rows, lines)
}

var errSpool = errors.New("the spool of the import is not as it was written")

// write packs bytes and appends them to the file.
func (s *spool) write(b []byte) (at int64, size int, err error) {
	if s.file == nil {
		if s.file, err = os.OpenFile(filepath.Join(s.dir, "spool"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
			return 0, 0, err
		}
		s.encoder, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<18))
		if err != nil {
			return 0, 0, err
		}
	}
	s.plain = b
	s.packed = s.encoder.EncodeAll(b, s.packed[:0])
	if _, err := s.file.Write(s.packed); err != nil {
		return 0, 0, err
	}
	at = s.size
	s.size += int64(len(s.packed))
	return at, len(s.packed), nil
}

// read returns the bytes of a chunk, good until the next call.
func (s *spool) read(c chunk) ([]byte, error) {
	if s.decoder == nil {
		var err error
		if s.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1)); err != nil {
			return nil, err
		}
		s.encoder = nil
	}
	if cap(s.packed) < c.size {
		s.packed = make([]byte, c.size)
	}
	if _, err := s.file.ReadAt(s.packed[:c.size], c.at); err != nil {
		return nil, err
	}
	b, err := s.decoder.DecodeAll(s.packed[:c.size], s.plain[:0])
	s.plain = b
	return b, err
}

// close ends the use of the file, which the stage removes.
func (s *spool) close() error {
	if s.decoder != nil {
		s.decoder.Close()
	}
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
