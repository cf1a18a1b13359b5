package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// frameHead is the length before a message on a socket.
const frameHead = 4

// OpenFrame begins a frame at the end of b: the message is appended behind it, and then
// [CloseFrame] is told where it began.
func OpenFrame(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// CloseFrame writes the length of the frame that was opened at start and ends with b.
func CloseFrame(b []byte, start int) {
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start-frameHead))
}

// Frames reads the messages of a socket. Memory grows with what has come and not with what
// a length says.
type Frames struct {
	from io.Reader
	most int
	buf  []byte
	// What was read and not yet returned is buf[first:last].
	first, last int
}

// NewFrames reads messages of at most so many bytes.
func NewFrames(from io.Reader, most int) *Frames {
	return &Frames{from: from, most: most, buf: make([]byte, 16<<10)}
}

// Next returns the next message, good until the call after. io.EOF is an end between two
// messages, io.ErrUnexpectedEOF one within.
func (f *Frames) Next() ([]byte, error) {
	for {
		need := frameHead
		if have := f.last - f.first; have >= frameHead {
			length := binary.LittleEndian.Uint32(f.buf[f.first:])
			if int64(length) > int64(f.most) {
				return nil, &FrameTooLong{Bytes: length, Most: f.most}
			}
			need += int(length)
			if have >= need {
				frame := f.buf[f.first+frameHead : f.first+need]
				f.first += need
				return frame, nil
			}
		}
		if err := f.fill(need); err != nil {
			return nil, err
		}
	}
}

// More says whether a whole message can be had without reading.
func (f *Frames) More() bool {
	have := f.last - f.first
	return have >= frameHead && uint32(have-frameHead) >= binary.LittleEndian.Uint32(f.buf[f.first:])
}

// fill reads once; need is how long the message is that has begun.
func (f *Frames) fill(need int) error {
	if f.first == f.last {
		f.first, f.last = 0, 0
	}
	if f.first+need > len(f.buf) { // move it to the front, and have more room if that is full
		f.last = copy(f.buf, f.buf[f.first:f.last])
		f.first = 0
		if f.last == len(f.buf) {
			f.buf = append(f.buf, make([]byte, min(need, 2*len(f.buf))-f.last)...)
		}
	}
	n, err := f.from.Read(f.buf[f.last:])
	f.last += n
	if n > 0 {
		return nil
	}
	if err == io.EOF && f.last > f.first {
		return io.ErrUnexpectedEOF
	}
	return err
}

// FrameTooLong says that a message would be larger than allowed.
type FrameTooLong struct {
	Bytes uint32
	Most  int
}

func (e *FrameTooLong) Error() string {
	return fmt.Sprintf("a message of %d bytes, more than %d", e.Bytes, e.Most)
}
