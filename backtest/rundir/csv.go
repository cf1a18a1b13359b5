package rundir

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

// writeCSV writes a header and the rows.
func writeCSV[R any](w io.Writer, columns []column[R], rows iter.Seq2[int, *R]) error {
	var line []byte
	for i, c := range columns {
		line = appendField(line, i, []byte(c.name))
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	var field []byte
	for _, row := range rows {
		line = line[:0]
		for i, c := range columns {
			field = c.text(field[:0], row)
			line = appendField(line, i, field)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// appendField appends the field with index i of a line, in quotes where RFC 4180 wants
// them. Fields have no line ends: see appendText.
func appendField(line []byte, i int, field []byte) []byte {
	if i > 0 {
		line = append(line, ',')
	}
	if bytes.IndexByte(field, ',') < 0 && bytes.IndexByte(field, '"') < 0 && !bytes.HasPrefix(field, []byte(" ")) {
		return append(line, field...)
	}
	line = append(line, '"')
	for _, c := range field {
		if c == '"' {
			line = append(line, '"')
		}
		line = append(line, c)
	}
	return append(line, '"')
}

// readCSV reads what writeCSV has written and hands each row on. Errors name the line and
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
	if !strings.Contains(s, `\`) && printable(s) {
		return append(b, s...)
	}
	quoted := strconv.AppendQuote(nil, s)
	return append(b, quoted[1:len(quoted)-1]...)
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
