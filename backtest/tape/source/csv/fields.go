package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/source"
)

// fieldsMax bounds the columns of a file: 25 levels a side of a book have 104. It is a
// power of two.
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
//
// It looks at eight bytes at a time: 30 ns for a trade, where a search for each comma takes
// 48; see BenchmarkTrades.
func (f *fields) split(line []byte) error {
	commas, quotes := everyByte*uint64(f.comma), uint64(0)
	n, start, i := 0, 0, 0
	for ; i+8 <= len(line); i += 8 {
		word := binary.LittleEndian.Uint64(line[i:])
		quotes |= zeroBytes(word ^ everyByte*'"')
		for found := zeroBytes(word ^ commas); found != 0; found &= found - 1 {
			end := i + bits.TrailingZeros64(found)>>3
			f.value[n&(fieldsMax-1)] = line[start:end]
			n, start = n+1, end+1
		}
	}
	for ; i < len(line); i++ {
		switch line[i] {
		case f.comma:
			f.value[n&(fieldsMax-1)] = line[start:i]
			n, start = n+1, i+1
		case '"':
			quotes = 1
		}
	}
	if quotes != 0 {
		return f.splitQuoted(line)
	}
	f.value[n&(fieldsMax-1)] = line[start:]
	if n+1 != f.width {
		return f.wrong(n + 1)
	}
	return nil
}

const (
	everyByte = 0x0101010101010101
	lowBits   = 0x7f7f7f7f7f7f7f7f
)

// zeroBytes has the high bit of each byte that is zero in word.
func zeroBytes(word uint64) uint64 { return ^((word&lowBits + lowBits) | word | lowBits) }

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
