package tape

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// lineMax bounds a line of a CSV file in bytes.
const lineMax = 128 << 10

var errLine = fmt.Errorf("line is longer than %d bytes: not a CSV file of market data", lineMax)

// lines reads a text line by line.
type lines struct {
	r *bufio.Reader
	// number is the line last read, from 1; read counts bytes.
	number int64
	read   int64
	// cut says that the last line has no line end.
	cut bool
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, lineMax)} }

// next returns the next line that is not blank, without its end; io.EOF ends. The line
// is good until the next call.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if len(line) > 0 {
			l.number++
			l.read += int64(len(line))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, errLine
		case err == io.EOF && len(line) > 0:
			l.cut = true
		case err != nil:
			return nil, err
		}
		end := len(line)
		for end > 0 && (line[end-1] == '\n' || line[end-1] == '\r' || line[end-1] == ' ') {
			end--
		}
		if end > 0 {
			return line[:end], nil
		}
	}
}

// Columns says which column of a CSV file holds what: tape column to file column, such
// as "time" to "date". What it does not name is looked for under the tape's own name and
// under that of Binance's archives; FORMAT.md lists both.
type Columns map[string]string

// ParseColumns reads "time=date,rate=open".
func ParseColumns(s string) (Columns, error) {
	if s == "" {
		return nil, nil
	}
	m := Columns{}
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

// bind finds the format's columns in a file. first is the first line; the result says
// whether it is a header. Files without one are read by the archives' order.
func (f *fields) bind(first []byte, archiveWidth int, named Columns) (header bool, err error) {
	f.width = bytes.Count(first, []byte{','}) + 1
	if f.width > fieldsMax {
		return false, fmt.Errorf("has %d columns, more than %d", f.width, fieldsMax)
	}
	f.at = make([]int, len(f.columns))
	if c := first[0]; c >= '0' && c <= '9' {
		return false, f.bindByOrder(archiveWidth, named)
	}
	names := strings.Split(string(first), ",")
	for i := range names {
		names[i] = strings.Trim(names[i], " \"")
	}
	return true, f.bindByName(names, named)
}

func (f *fields) bindByOrder(archiveWidth int, named Columns) error {
	if len(named) > 0 {
		return errors.New("a column map needs a file with a header line, and this one begins with a number")
	}
	if f.width < archiveWidth {
		return fmt.Errorf("%w: %d, an archive without a header line has %d", errField, f.width, archiveWidth)
	}
	for i := range f.at {
		f.at[i] = i
		if i >= archiveWidth {
			f.at[i] = -1
		}
	}
	return nil
}

func (f *fields) bindByName(names []string, named Columns) error {
	place := func(name string) int { return slices.Index(names, name) }
	taken := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !slices.ContainsFunc(f.columns, func(c csvColumn) bool { return c.name == name }) {
			return fmt.Errorf("column map: %w column %q; this kind of data has %s", exchange.ErrUnknownName, name, quoted(f.names()))
		}
		if place(named[name]) < 0 {
			return fmt.Errorf("column map: %s=%s, but the file has no column %q; it has %s", name, named[name], named[name], quoted(names))
		}
		taken[named[name]] = true
	}
	for i, c := range f.columns {
		f.at[i] = -1
		if column, ok := named[c.name]; ok {
			f.at[i] = place(column)
			continue
		}
		for _, name := range []string{c.name, c.archive} {
			if f.at[i] < 0 && !taken[name] {
				f.at[i] = place(name)
			}
		}
		if f.at[i] < 0 && c.required {
			return fmt.Errorf("no column %q (%q in Binance's archives); the file has %s: name it in the column map, as in %s=column",
				c.name, c.archive, quoted(names), c.name)
		}
	}
	for i, name := range names {
		if first := place(name); first != i && slices.Contains(f.at, first) {
			return fmt.Errorf("the header has column %q twice", name)
		}
	}
	return nil
}

func (f *fields) names() []string {
	var names []string
	for _, c := range f.columns {
		names = append(names, c.name)
	}
	return names
}

// absent lists the columns that the source lacks.
func (f *fields) absent() []string {
	var names []string
	for i, c := range f.columns {
		if f.at[i] < 0 {
			names = append(names, c.name)
		}
	}
	return names
}
