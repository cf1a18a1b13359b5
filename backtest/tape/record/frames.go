package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// frames reads the frames of a segment one after the other. Each is complete by itself:
// its length follows from the headers of its blocks, and it ends in a checksum.
type frames struct {
	r       *bufio.Reader
	decoder *zstd.Decoder
	// packed is the frame in hand, content what it holds; end is where it ends in the file.
	packed, content []byte
	end             int64
}

const (
	// packedMax bounds a frame on the disk, contentMax what is in it: a line of lineMax
	// bytes alone is the most that a recorder writes.
	packedMax  = 5 << 20
	contentMax = 5 << 20
	// checksumBytes are behind the last block of a frame, blockBytes before each.
	checksumBytes = 4
	blockBytes    = 3
)

// errFrame says that what follows is no whole frame of whole lines.
var errFrame = errors.New("no whole frame")

func newFrames(r io.Reader) (*frames, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(contentMax))
	if err != nil {
		return nil, err
	}
	return &frames{r: bufio.NewReaderSize(r, 64<<10), decoder: d}, nil
}

func (f *frames) close() { f.decoder.Close() }

// next reads a frame. The error is io.EOF at the end of the file, errFrame where no whole
// frame follows, and another if the file cannot be read.
func (f *frames) next() error {
	f.packed = f.packed[:0]
	if _, err := f.r.Peek(1); err != nil {
		return err
	}
	if err := f.pack(); err != nil {
		return err
	}
	content, err := f.decoder.DecodeAll(f.packed, f.content[:0])
	if err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	f.content = content
	if len(content) == 0 || content[len(content)-1] != '\n' {
		return fmt.Errorf("%w: its last line has no end", errFrame)
	}
	f.end += int64(len(f.packed))
	return nil
}

// pack brings the bytes of a frame together.
func (f *frames) pack() error {
	head, err := f.r.Peek(zstd.HeaderMaxSize)
	if err != nil && err != io.EOF {
		return err
	}
	var h zstd.Header
	if err := h.Decode(head); err != nil {
		return fmt.Errorf("%w: %w", errFrame, err)
	}
	if h.Skippable || !h.HasCheckSum {
		return fmt.Errorf("%w: it has no checksum", errFrame)
	}
	if err := f.read(h.HeaderSize); err != nil {
		return err
	}
	for last := false; !last; {
		if err := f.read(blockBytes); err != nil {
			return err
		}
		b := f.packed[len(f.packed)-blockBytes:]
		word := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		size := word >> 3
		last = word&1 == 1
		if kind := word >> 1 & 3; kind == 1 {
			size = 1 // a byte that is repeated
		}
		if err := f.read(size); err != nil {
			return err
		}
	}
	return f.read(checksumBytes)
}

// read appends n bytes to the frame in hand.
func (f *frames) read(n int) error {
	at := len(f.packed)
	if at+n > packedMax {
		return fmt.Errorf("%w: it is longer than %d bytes", errFrame, packedMax)
	}
	f.packed = append(f.packed, make([]byte, n)...)
	_, err := io.ReadFull(f.r, f.packed[at:])
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the file ends within it", errFrame)
	}
	return err
}

// Lines gives the lines of a segment, without their ends, each good until the next. Of an
// open one it gives those of the whole frames that there are; what is behind the last whole
// frame of a closed one is an error.
func Lines(path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		if err := lines(path, func(line []byte) bool { return yield(line, nil) }); err != nil {
			yield(nil, fmt.Errorf("read %s: %w", path, err))
		}
	}
}

func lines(path string, yield func([]byte) bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	f, err := newFrames(file)
	if err != nil {
		return err
	}
	defer f.close()
	for {
		err := f.next()
		switch {
		case err == io.EOF, errors.Is(err, errFrame) && strings.HasSuffix(path, partSuffix):
			return nil
		case err != nil:
			return fmt.Errorf("at byte %d: %w", f.end, err)
		}
		for line := range bytes.Lines(f.content) {
			if !yield(line[:len(line)-1]) {
				return nil
			}
		}
	}
}
