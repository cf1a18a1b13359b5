package csv

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// fieldsMax bounds the columns of a file: 25 levels a side of a book have 104.
const fieldsMax = 256

var (
	// errField says that a row lacks or has too many fields.
	errField = errors.New("wrong number of fields")
	errQuote = errors.New("a quote is not closed, or text follows it")
)

// fields is one line taken apart.
type fields struct {
	value [fieldsMax][]byte
	// width is how many fields a line has, comma what stands between them.
	width int
	comma byte
	// unquoted has the text of fields with quotes in them.
	unquoted []byte
}

// split cuts a line at its commas. The fields are good as long as the line is.
func (f *fields) split(line []byte) error {
	if bytes.IndexByte(line, '"') >= 0 {
		return f.splitQuoted(line)
	}
	n := 0
	for rest := line; ; n++ {
		i := bytes.IndexByte(rest, f.comma)
		if i < 0 || n == f.width {
			f.value[min(n, fieldsMax-1)] = rest
			break
		}
		f.value[n], rest = rest[:i], rest[i+1:]
	}
	if n+1 != f.width {
		return f.wrong(bytes.Count(line, []byte{f.comma}) + 1)
	}
	return nil
}

func (f *fields) wrong(n int) error { return fmt.Errorf("%w: %d, expected %d", errField, n, f.width) }

// splitQuoted is split for lines with quotes: a field that begins with one ends at the
// next, and two in it are one (RFC 4180, but for line ends within quotes).
func (f *fields) splitQuoted(line []byte) error {
	f.unquoted = f.unquoted[:0]
	if cap(f.unquoted) < len(line) {
		f.unquoted = make([]byte, 0, len(line)) // all at once: the fields point into it
	}
	for n := 0; ; n++ {
		field, rest, more, err := f.cut(line)
		if err != nil {
			return err
		}
		if n < f.width {
			f.value[n] = field
		}
		if !more {
			if n+1 != f.width {
				return f.wrong(n + 1)
			}
			return nil
		}
		line = rest
	}
}

// cut takes the first field off a line.
func (f *fields) cut(line []byte) (field, rest []byte, more bool, err error) {
	if len(line) == 0 || line[0] != '"' {
		field, rest, more = bytes.Cut(line, []byte{f.comma})
		return field, rest, more, nil
	}
	start := len(f.unquoted)
	for i := 1; i < len(line); i++ {
		if line[i] != '"' {
			f.unquoted = append(f.unquoted, line[i])
			continue
		}
		if i+1 < len(line) && line[i+1] == '"' {
			f.unquoted = append(f.unquoted, '"')
			i++
			continue
		}
		field, rest = f.unquoted[start:], line[i+1:]
		if len(rest) > 0 && rest[0] != f.comma {
			return nil, nil, false, errQuote
		}
		if len(rest) > 0 {
			return field, rest[1:], true, nil
		}
		return field, nil, false, nil
	}
	return nil, nil, false, errQuote
}

// header is the first line of a file.
type header struct {
	fields
	names []string
	// data says that the line is a row already.
	data bool
}

// readHeader takes the first line apart. It is data if it begins with a digit: archives
// have a header since 2022 and none before, and a month may mix both.
func readHeader(line []byte) (*header, error) {
	h := &header{}
	h.comma = ','
	for _, c := range []byte{',', ';', '\t'} {
		if bytes.IndexByte(line, c) >= 0 {
			h.comma = c
			break
		}
	}
	begin := bytes.TrimLeft(line, `" `)
	h.data = len(begin) > 0 && begin[0] >= '0' && begin[0] <= '9'
	h.width = fieldsMax
	rest, more := line, true
	for more {
		var name []byte
		var err error
		if name, rest, more, err = h.cut(rest); err != nil {
			return nil, err
		}
		if len(h.names) == fieldsMax {
			return nil, fmt.Errorf("has more than %d columns", fieldsMax)
		}
		h.names = append(h.names, strings.TrimSpace(string(name)))
	}
	h.width = len(h.names)
	return h, nil
}

// quoted lists names in a message, with a bound for each and for all.
func quoted(names []string) string {
	const most = 40
	out := ""
	for i, name := range names {
		if i > 0 {
			out += ", "
		}
		if i == most {
			return out + "..."
		}
		out += strconv.Quote(source.Clip([]byte(name)))
	}
	return out
}
