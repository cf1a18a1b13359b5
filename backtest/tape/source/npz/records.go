package npz

import (
	"fmt"
	"io"
)

// records reads the records of an array one after the other.
type records struct {
	r io.Reader
	// count is how many the header promises, done how many have been returned.
	count, done int64
	// ahead is the part of buf that has been read and not returned.
	ahead []byte
	buf   []byte
}

// newRecords reads the header. size is that of all of r, -1 if it is not known; then a
// wrong count shows only at the end.
func newRecords(r io.Reader, size int64) (*records, error) {
	before, count, err := readHeader(r)
	if err != nil {
		return nil, err
	}
	if want := before + count*recordSize; size >= 0 && size != want {
		return nil, fmt.Errorf("the header promises %d events, which take %d bytes with it, and the array has %d", count, want, size)
	}
	return &records{r: r, count: count, buf: make([]byte, 1024*recordSize)}, nil
}

// next returns the next record; io.EOF ends. It sees that nothing comes after the last,
// which for an archive includes that the checksum is right.
func (a *records) next() (record, error) {
	if a.done == a.count {
		n, err := io.ReadFull(a.r, a.buf[:1])
		switch {
		case n > 0:
			return record{}, fmt.Errorf("goes on after the %d events that the header promises", a.count)
		case err != io.EOF:
			return record{}, cut(fmt.Sprintf("after event %d", a.done), err)
		}
		return record{}, io.EOF
	}
	if len(a.ahead) == 0 {
		a.ahead = a.buf[:min(int64(len(a.buf)), (a.count-a.done)*recordSize)]
		n, err := io.ReadFull(a.r, a.ahead)
		if err != nil {
			a.ahead = nil
			whole := a.done + int64(n/recordSize)
			return record{}, cut(fmt.Sprintf("after event %d of %d", whole, a.count), err)
		}
	}
	a.done++
	e := readRecord(a.ahead, a.done)
	a.ahead = a.ahead[recordSize:]
	return e, nil
}
