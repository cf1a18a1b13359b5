package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// LineMax bounds a line in bytes: a snapshot of 5,000 levels a side has a quarter of it.
const LineMax = 1 << 20

// ErrLine says that a line is longer than LineMax.
var ErrLine = fmt.Errorf("line is longer than %d bytes: not a text of market data", LineMax)

// Lines reads a text line by line in bounded memory.
type Lines struct {
	r *bufio.Reader
	// Number is the line last read, from 1; Bytes counts what was read.
	Number, Bytes int64
	// Cut says that the last line has no line end.
	Cut bool
}

// NewLines returns the lines of a text.
func NewLines(r io.Reader) *Lines { return &Lines{r: bufio.NewReaderSize(r, LineMax)} }

// Next returns the next line that is not blank, without its end; io.EOF ends. The line is
// good until the next call. The second ErrLine in a row would never come: the caller
// stops at the first.
func (l *Lines) Next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if len(line) > 0 {
			l.Number++
			l.Bytes += int64(len(line))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, ErrLine
		case err == io.EOF && len(line) > 0:
			l.Cut = true
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

// Clip bounds what a message repeats of its input.
func Clip(b []byte) string {
	const most = 40
	if len(b) > most {
		return string(b[:most]) + "..."
	}
	return string(b)
}

// Keep bounds the text that is kept of a bad line.
func Keep(b []byte) string {
	const most = 4 << 10
	if len(b) > most {
		return string(b[:most]) + "..."
	}
	return string(b)
}
