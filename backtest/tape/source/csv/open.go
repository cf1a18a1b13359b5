package csv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// Open finds out what layout a file has and returns a reader of its rows. What names the
// series is taken from spec, then from the path, then from the rows: those of tardis.dev
// name exchange and symbol, those of the processor symbol and kind. Rows of other symbols
// than the one named are passed over and counted. A column map makes any file a plain
// one, read by the names in its header alone.
//
// An error names the line, and leaves the path to the caller; errors of the reader name
// both.
func Open(f *source.File, spec source.Spec) (source.Reader, error) {
	r := &reader{path: f.Path, lines: source.NewLines(f)}
	line, err := r.firstLine()
	if err != nil {
		return nil, r.at(err)
	}
	key := known(f.Path, spec.Key)
	h, err := readHeader(line)
	if err != nil {
		return nil, r.at(err)
	}
	switch {
	case len(spec.Columns) > 0 || h.data:
		r.layout, err = openPlain(h, key, spec.Columns, &r.out)
	case h.isProcessor():
		r.recording = true
		r.layout, err = openProcessor(h, key, &r.out)
	case h.isTardis():
		r.recording = true
		r.layout, err = openTardis(h, key, r, &r.out)
	default:
		r.layout, err = openPlain(h, key, nil, &r.out)
	}
	if err != nil {
		return nil, r.at(err)
	}
	if h.data {
		r.first = bytes.Clone(line)
	}
	return r, nil
}

// firstLine returns the first line that is no comment, without a byte order mark.
func (r *reader) firstLine() ([]byte, error) {
	for begin := true; ; begin = false {
		line, err := r.lines.Next()
		if err == io.EOF {
			return nil, source.ErrNoRows
		}
		if err != nil {
			return nil, err
		}
		if begin {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(line) > 0 && line[0] != '#' {
			return line, nil
		}
	}
}

// at puts the line before an error of Open. Errors about the key come without one.
func (r *reader) at(err error) error {
	var whole *keyError
	if errors.As(err, &whole) {
		return whole.err
	}
	return fmt.Errorf("line %d: %w", max(1, r.lines.Number), err)
}

// keyError is what a file's key lacks, which no line is to blame for.
type keyError struct{ err error }

func (e *keyError) Error() string { return e.err.Error() }

// known joins what the caller gave and what the path says; the caller wins.
func known(path string, k row.Key) row.Key {
	named := source.ReadPath(path)
	if k.Product == 0 {
		k.Product = named.Product
	}
	if k.Symbol == "" {
		k.Symbol = named.Symbol
	}
	if k.Kind == "" {
		k.Kind = named.Kind
	}
	if k.Interval == 0 && k.Kind.Bars() {
		k.Interval = named.Interval
	}
	k.Symbol = row.Upper(k.Symbol)
	return k
}

// ParseColumns reads a column map such as "time=date,rate=open": tape column before the
// sign, the file's column after it. An empty text is no map.
func ParseColumns(s string) (source.Columns, error) {
	if s == "" {
		return nil, nil
	}
	m := source.Columns{}
	for pair := range strings.SplitSeq(s, ",") {
		name, column, ok := strings.Cut(pair, "=")
		name, column = strings.TrimSpace(name), strings.TrimSpace(column)
		if !ok || name == "" || column == "" {
			return nil, fmt.Errorf("column map: %q is not of the form name=column", pair)
		}
		if _, twice := m[name]; twice {
			return nil, fmt.Errorf("column map: %s is named twice", name)
		}
		m[name] = column
	}
	return m, nil
}
