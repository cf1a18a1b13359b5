package csv

import (
	"errors"
	"fmt"
	"io"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// layout turns lines into rows.
type layout interface {
	// take reads a line and gives its rows to their series. An error makes the line a bad
	// one, of the series that is returned as far as the line says; a stop ends the file.
	take(line []byte, number int64) (row.Key, error)
	// end gives the rows that have waited for the end of the file.
	end() error
	// notes adds what the layout has noticed.
	notes(n *source.Notes)
}

// stop is an error after which a file cannot be read on.
type stop struct{ err error }

func (s *stop) Error() string { return s.err.Error() }
func (s *stop) Unwrap() error { return s.err }

// badMax is how many bad lines wait for a batch.
const badMax = 256

// reader is the source.Reader of all layouts.
type reader struct {
	path   string
	lines  *source.Lines
	layout layout
	// first is the file's first line if that is data; it was read to find the layout.
	first []byte
	// out has the rows that wait, given those that the caller has, bad the lines for the
	// next batch.
	out   collector
	given outlet
	bad   []source.Bad

	recording bool
	ended     bool
	err       error
}

// Recording says whether the layout is one of recorders, whose rows come in the order of
// receipt: a snapshot after messages that it goes before, and rows of several series.
func (r *reader) Recording() bool { return r.recording }

func (r *reader) Next() (source.Batch, error) {
	if r.given != nil {
		r.given.empty()
		r.given = nil
	}
	r.bad = r.bad[:0]
	for r.err == nil && !r.ended && !r.out.ready() && len(r.bad) < badMax {
		r.err = r.step()
	}
	if r.err != nil {
		return source.Batch{}, r.err
	}
	var b source.Batch
	if r.given = r.out.next(); r.given != nil {
		b = r.given.batch()
	} else if len(r.bad) == 0 {
		return b, io.EOF
	}
	b.Bad = r.bad
	return b, nil
}

// step reads a line.
func (r *reader) step() error {
	line, err := r.first, error(nil)
	if r.first = nil; line == nil {
		line, err = r.lines.Next()
	}
	if err == io.EOF {
		r.ended, err = true, r.layout.end()
	}
	if err != nil {
		return fmt.Errorf("%s:%d: %w", r.path, max(1, r.lines.Number), err)
	}
	if r.ended {
		return nil
	}
	key, err := r.layout.take(line, r.lines.Number)
	if err == nil {
		return nil
	}
	var fatal *stop
	if errors.As(err, &fatal) {
		return fmt.Errorf("%s:%d: %w", r.path, r.lines.Number, fatal.err)
	}
	r.bad = append(r.bad, source.Bad{Line: r.lines.Number, Key: key, Reason: err, Text: source.Keep(line)})
	return nil
}

func (r *reader) Notes() source.Notes {
	var n source.Notes
	r.layout.notes(&n)
	if r.lines.Cut {
		n.Warnings = append(n.Warnings, "the last line has no line end: the file may be cut off")
	}
	return n
}

func (r *reader) Close() error { return nil }
