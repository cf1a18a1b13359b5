package source

import (
	"bufio"
	"io"
	"os"
)

const (
	// aheadBlocks blocks of aheadSize bytes are unpacked ahead of who reads. With one block
	// the two would wait for each other: it costs a third of the speed.
	aheadBlocks = 4
	aheadSize   = 256 << 10
)

// ReadAhead unpacks a packed file on a goroutine of its own, some blocks ahead of who
// reads it: unpacking takes nearly half the time of an import, see BenchmarkImportTrades
// of package tape. Close ends the goroutine. A file that is not packed stays as it is.
func (f *File) ReadAhead() {
	if !f.packed {
		return
	}
	a := &ahead{full: make(chan block, aheadBlocks), empty: make(chan []byte, aheadBlocks)}
	for range aheadBlocks {
		a.empty <- make([]byte, aheadSize)
	}
	go a.fill(f.content)
	f.content = bufio.NewReaderSize(a, peekMax)
	f.closers = append(f.closers, a.close)
}

// ahead reads what another goroutine has read before.
type ahead struct {
	full  chan block
	empty chan []byte
	// now is the block in hand, of which rest is not read yet.
	now  block
	rest []byte
}

// block is the next piece of a content, with the error that ends it.
type block struct {
	bytes []byte
	err   error
}

// fill reads until the content ends or close has taken the empty blocks away.
func (a *ahead) fill(r io.Reader) {
	defer close(a.full)
	for bytes := range a.empty {
		n, err := 0, error(nil)
		for n < len(bytes) && err == nil {
			var more int
			more, err = r.Read(bytes[n:])
			n += more
		}
		a.full <- block{bytes[:n], err}
		if err != nil {
			return
		}
	}
}

func (a *ahead) Read(b []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.bytes != nil {
			a.empty <- a.now.bytes
		}
		a.now = <-a.full
		a.rest = a.now.bytes
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// close ends the goroutine and waits for it.
func (a *ahead) close() error {
	close(a.empty)
	for range a.full { // what nobody wants any more
	}
	a.rest, a.now.err = nil, os.ErrClosed
	return nil
}
