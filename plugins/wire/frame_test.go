package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/pmbot/pmbot/plugins/wire"
)

func frame(content []byte) []byte {
	b := append(wire.OpenFrame(nil), content...)
	wire.CloseFrame(b, 0)
	return b
}

// TestFrames reads messages of many sizes, however the bytes come.
func TestFrames(t *testing.T) {
	var sent [][]byte
	var all []byte
	for _, size := range []int{0, 1, 3, 5000, 16 << 10, 40_000, 0, 17, 100_000} {
		content := bytes.Repeat([]byte{byte(size)}, size)
		sent, all = append(sent, content), append(all, frame(content)...)
	}
	for name, from := range map[string]io.Reader{
		"at once": bytes.NewReader(all), "byte by byte": iotest.OneByteReader(bytes.NewReader(all)),
		"in halves": iotest.HalfReader(bytes.NewReader(all)), "end with the data": iotest.DataErrReader(bytes.NewReader(all)),
	} {
		f := wire.NewFrames(from, 100_000)
		for i, want := range sent {
			if got, err := f.Next(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: message %d has %d bytes (%v), want %d", name, i, len(got), err, len(want))
			}
		}
		if _, err := f.Next(); err != io.EOF {
			t.Errorf("%s: at the end %v", name, err)
		}
	}
	for cut := 1; cut < 9; cut++ {
		if _, err := wire.NewFrames(bytes.NewReader(frame([]byte("hello"))[:cut]), 100).Next(); err != io.ErrUnexpectedEOF {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	var long *wire.FrameTooLong
	if _, err := wire.NewFrames(bytes.NewReader(frame(make([]byte, 101))), 100).Next(); !errors.As(err, &long) || long.Bytes != 101 {
		t.Errorf("too long: %v", err)
	}
}

// TestFramesMore holds that More knows whether reading is needed.
func TestFramesMore(t *testing.T) {
	two := append(frame([]byte("one")), frame([]byte("two"))...)
	f := wire.NewFrames(bytes.NewReader(two[:len(two)-1]), 100)
	if f.More() {
		t.Error("more before anything was read")
	}
	if _, err := f.Next(); err != nil || f.More() {
		t.Errorf("more, though the second message is cut off (%v)", err)
	}
	f = wire.NewFrames(bytes.NewReader(two), 100)
	if _, err := f.Next(); err != nil || !f.More() {
		t.Errorf("no more, though the second message is there (%v)", err)
	}
}

// FuzzFrames reads any bytes: what comes out is what a plain reading of lengths gives, and
// memory stays within the bound.
func FuzzFrames(f *testing.F) {
	f.Add(append(frame([]byte("one")), frame(nil)...), uint8(3))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1}, uint8(1))
	f.Add([]byte{9, 0, 0, 0, 1}, uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		const most = 300
		from := io.Reader(bytes.NewReader(b))
		if piece%2 == 1 {
			from = iotest.OneByteReader(from)
		}
		frames := wire.NewFrames(from, most)
		rest := b
		for {
			got, err := frames.Next()
			if len(rest) == 0 {
				if err != io.EOF {
					t.Fatalf("at the end %v", err)
				}
				return
			}
			if len(rest) < 4 {
				if err != io.ErrUnexpectedEOF {
					t.Fatalf("within a length %v", err)
				}
				return
			}
			size := uint64(rest[0]) | uint64(rest[1])<<8 | uint64(rest[2])<<16 | uint64(rest[3])<<24
			switch {
			case size > most:
				if !errors.As(err, new(*wire.FrameTooLong)) {
					t.Fatalf("%d bytes: %v", size, err)
				}
				return
			case uint64(len(rest)-4) < size:
				if err != io.ErrUnexpectedEOF {
					t.Fatalf("within a message %v", err)
				}
				return
			case err != nil || !bytes.Equal(got, rest[4:4+size]):
				t.Fatalf("%q (%v), want %q", got, err, rest[4:4+size])
			}
			rest = rest[4+size:]
		}
	})
}
