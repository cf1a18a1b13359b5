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
func NewLines(r io.Reader) *Lines { return NewLongLines(r, LineMax) }

// NewLongLines returns the lines of a text that may be longer than LineMax, up to most
// bytes, which it takes as memory.
func NewLongLines(r io.Reader, most int) *Lines {
	return &Lines{r: bufio.NewReaderSize(r, most)}
}

// Next returns the next line that is not blank, without its end; io.EOF ends. The line is
// good until the next call. Of a line that is too long ErrLine comes with its beginning;
// the caller stops there, or passes over its end with Rest.
func (l *Lines) Next() ([]byte, error) {
	for {
		line, err := l.r.ReadSlice('\n')
		if len(line) > 0 {
			l.Number++
			l.Bytes += int64(len(line))
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return line, ErrLine
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

// Rest passes over the end of a line that was too long. It is io.EOF where the text ends
// within the line.
func (l *Lines) Rest() error {
	for {
		line, err := l.r.ReadSlice('\n')
		l.Bytes += int64(len(line))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
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
