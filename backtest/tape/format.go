package tape

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// format is what the package does with one kind of rows, whatever their type.
type format interface {
	// schema is the name and version of the columns.
	schema() string
	// importRows reads a source into a tape.
	importRows(ctx context.Context, run *importRun) error
	// open makes the cursor that plays a series.
	open(l lane, parts []part) cursor
	// verify reads a file and compares it with its metadata.
	verify(ctx context.Context, p part) error
}

// rowFormat is the format of rows of type R.
type rowFormat[R comparable, P record[R]] struct {
	// name is the schema and its version.
	name string
	// columns are what an import looks for, and archiveWidth is how many columns an
	// archive of this kind has.
	columns      []csvColumn
	archiveWidth int
	holes        holeRule
	// span is how much goes into one file.
	span func(every time.Duration) span
	// load fills rows from the columns of a file.
	load   func(*columns, []R)
	cursor func(lane, *rowStream[R]) cursor
}

func (f *rowFormat[R, P]) schema() string { return f.name }

func (f *rowFormat[R, P]) open(l lane, parts []part) cursor {
	return f.cursor(l, &rowStream[R]{parts: parts, load: f.load})
}

func (f *rowFormat[R, P]) verify(ctx context.Context, p part) error {
	rows, err := openRows(p.path, f.load)
	if err != nil {
		return err
	}
	defer rows.close()
	buf := make([]R, batchRows)
	sum, text, last := sha256.New(), []byte(nil), P(nil)
	for {
		n, err := rows.read(buf)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		text = text[:0]
		for i := range buf[:n] {
			row := P(&buf[i])
			if last != nil && (row.key() <= last.key() || row.when() < last.when()) {
				return fmt.Errorf("%s: rows are not in order at %v", p.path, row.when())
			}
			text, last = row.canonical(text), row
		}
		kept := *last
		last = &kept
		sum.Write(text)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.meta.hash {
		return fmt.Errorf("%s: rows have the SHA-256 %s, metadata says %s: the file was changed", p.path, got, p.meta.hash)
	}
	return nil
}

// rowStream reads the files of a series one after the other.
type rowStream[R any] struct {
	parts []part
	load  func(*columns, []R)
	file  *rowFile[R]
}

// read fills rows with the next ones and returns how many; io.EOF ends.
func (s *rowStream[R]) read(rows []R) (int, error) {
	for {
		if s.file == nil {
			if len(s.parts) == 0 {
				return 0, io.EOF
			}
			file, err := openRows(s.parts[0].path, s.load)
			if err != nil {
				return 0, err
			}
			s.file, s.parts = file, s.parts[1:]
		}
		n, err := s.file.read(rows)
		if err != io.EOF {
			return n, err
		}
		if err := s.close(); err != nil {
			return 0, err
		}
	}
}

func (s *rowStream[R]) close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.close()
	s.file = nil
	return err
}

// part is one file of a series.
type part struct {
	// name is the file's name without extension: its day, month or year.
	name, path string
	meta       meta
}

// overlaps says whether the part has rows from one instant to another, both included.
func (p part) overlaps(from, to exchange.Time) bool { return p.meta.last >= from && p.meta.first <= to }
