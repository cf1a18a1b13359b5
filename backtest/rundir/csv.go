package rundir

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// csvWriter writes rows as CSV.
type csvWriter[R any] struct {
	w       io.Writer
	columns []column[R]
	line    []byte
}

// newCSV writes the header.
func newCSV[R any](w io.Writer, columns []column[R]) (*csvWriter[R], error) {
	c := &csvWriter[R]{w: w, columns: columns}
	for i := range columns {
		c.comma(i)
		start := len(c.line)
		c.line = quoteField(append(c.line, columns[i].name...), start)
	}
	return c, c.end()
}

func (c *csvWriter[R]) add(row *R) error {
	for i := range c.columns {
		c.comma(i)
		start := len(c.line)
		c.line = c.columns[i].text(c.line, row)
		if c.columns[i].free {
			c.line = quoteField(c.line, start)
		}
	}
	return c.end()
}

func (c *csvWriter[R]) comma(i int) {
	if i > 0 {
		c.line = append(c.line, ',')
	}
}

func (c *csvWriter[R]) end() error {
	_, err := c.w.Write(append(c.line, '\n'))
	c.line = c.line[:0]
	return err
}

// quoteField puts the last field of a line, which begins at start, in quotes where RFC 4180
// wants them. Fields have no line ends: see appendText.
func quoteField(line []byte, start int) []byte {
	field := line[start:]
	if bytes.IndexByte(field, ',') < 0 && bytes.IndexByte(field, '"') < 0 && !bytes.HasPrefix(field, []byte(" ")) {
		return line
	}
	field = bytes.ReplaceAll(field, []byte(`"`), []byte(`""`))
	return append(append(append(line[:start], '"'), field...), '"')
}

// readCSV reads what csvWriter has written and hands each row on. Errors name the line and
// the column.
func readCSV[R any](r io.Reader, columns []column[R], add func(*R)) error {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("line 1: the header is missing")
	}
	if err != nil {
		return err
	}
	if columns, err = matchHeader(header, columns); err != nil {
		return err
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var row R
		for i := range columns {
			if err := columns[i].parse(&row, record[i]); err != nil {
				line, _ := in.FieldPos(i)
				return fmt.Errorf("line %d, column %s: %w", line, columns[i].name, err)
			}
		}
		add(&row)
	}
}

// matchHeader returns the columns that a file has.
func matchHeader[R any](header []string, columns []column[R]) ([]column[R], error) {
	var here []column[R]
	for _, c := range columns {
		n := len(here)
		switch {
		case n < len(header) && header[n] == c.name:
			here = append(here, c)
		case !c.added:
			return nil, fmt.Errorf("line 1: column %d must be %q", n+1, c.name)
		}
	}
	if n := len(here); n < len(header) {
		return nil, fmt.Errorf("line 1: column %d, %.40q, is not known", n+1, header[n])
	}
	return here, nil
}

// appendText makes text fit into one line of a file and come back as it was: a text with a
// backslash or with anything that does not print is written with Go's escapes.
func appendText(b []byte, s string) []byte {
	if plain(s) || !strings.Contains(s, `\`) && printable(s) {
		return append(b, s...)
	}
	quoted := strconv.AppendQuote(nil, s)
	return append(b, quoted[1:len(quoted)-1]...)
}

// plain says that a text needs no escapes, as nearly all do; it may be wrong about one that
// is not ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// parseText reads what appendText has written.
func parseText(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	text, err := strconv.Unquote(`"` + s + `"`)
	if err != nil {
		return "", fmt.Errorf("%.40q has a broken escape", s)
	}
	return text, nil
}

// printable says that a text can neither end a line, nor steer a terminal, nor reorder the
// text around it, and is UTF-8. What it is not, %q makes so.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !strconv.IsPrint(c) })
}
