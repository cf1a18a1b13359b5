package journal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/pmbot/pmbot/exchange"
)

// Newest opens the segment to start from: the newest whose header and snapshot are whole. The
// error is ErrEmpty if there is none.
func Newest(dir string) (*Segment, error) {
	paths, err := Segments(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i := len(paths) - 1; i >= 0; i-- {
		s, err := OpenSegment(paths[i])
		var cut *cutOff
		switch {
		case errors.As(err, &cut):
			continue
		case err != nil:
			return nil, err
		case s.Compacted != 0:
			s.Close()
			return nil, &Damage{paths[i], 0, "the newest segment has been compacted, so the kernel's state is gone: a newer one is missing"}
		}
		return s, nil
	}
	return nil, fmt.Errorf("%s: %w", dir, ErrEmpty)
}

// Reader reads a journal from its first record to its last.
type Reader struct {
	dir     string
	from    exchange.Time
	segment *Segment
}

// Read opens a journal; the error is ErrEmpty where there is none. Segments that end before
// from are passed over unread, where they say so; 0 reads all.
func Read(dir string, from exchange.Time) (*Reader, error) {
	paths, err := Segments(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r := &Reader{dir: dir, from: from}
	for i, path := range paths {
		s, err := OpenSegment(path)
		if err != nil {
			return nil, err
		}
		if i == len(paths)-1 || from == 0 || !endsBefore(s, from) {
			r.segment = s
			return r, nil
		}
		s.Close()
	}
	return nil, fmt.Errorf("%s: %w", dir, ErrEmpty)
}

func endsBefore(s *Segment, from exchange.Time) bool {
	sums, ok := s.readEnd()
	return ok && sums.Events() > 0 && sums.To < from
}

// Next reads the next record, of whichever segment; io.EOF is the end, behind which more may
// come while the journal is written. A segment that does not follow the one before is an
// error.
func (r *Reader) Next(to *Record) error {
	for {
		err := r.segment.Next(to)
		if err != io.EOF {
			return err
		}
		following, err := r.following()
		if err != nil {
			return err
		}
		if following == "" {
			return io.EOF
		}
		// The writer may have written the last of this segment before it began the next.
		if err := r.segment.Next(to); err != io.EOF {
			return err
		}
		if err := r.pass(following); err != nil {
			return err
		}
	}
}

// following is the file of the next segment, "" if there is none.
func (r *Reader) following() (string, error) {
	paths, err := Segments(r.dir)
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		if first, _ := firstOf(path); first > r.segment.First {
			return path, nil
		}
	}
	return "", nil
}

// pass goes on to the next segment.
func (r *Reader) pass(path string) error {
	old := r.segment
	next, err := OpenSegment(path)
	var cut *cutOff
	if errors.As(err, &cut) {
		return io.EOF
	}
	if err != nil {
		return err
	}
	if err := follows(old, next); err != nil {
		next.Close()
		return err
	}
	r.segment = next
	return old.Close()
}

// follows says what is wrong with a segment behind one that was read to its end.
func follows(old, next *Segment) error {
	last := old.LastSeq()
	if old.Compacted != 0 {
		last = old.Last
	}
	switch {
	case old.torn > 0:
		return &Damage{old.Path, old.next, fmt.Sprintf("%d octets are no frame, and a newer segment follows", old.torn)}
	case next.First != last+1:
		return &Damage{next.Path, 0, fmt.Sprintf("it begins with event %d, and the segment before ends with event %d", next.First, last)}
	}
	return nil
}

// Segment is the one that the last record came from.
func (r *Reader) Segment() *Segment { return r.segment }

// Close closes the file.
func (r *Reader) Close() error { return r.segment.Close() }

// readEnd reads the sums from the end of the file; ok is false where there are none.
func (s *Segment) readEnd() (Sums, bool) {
	size, err := s.size()
	if err != nil || size < s.begin+endLength {
		return Sums{}, false
	}
	end := make([]byte, endLength)
	if _, err := s.file.ReadAt(end, size-endLength); err != nil {
		return Sums{}, false
	}
	length, ok := frameLength(end)
	if !ok || length != endLength-frameHead || !wholeFrame(end) || end[frameHead] != endFrame {
		return Sums{}, false
	}
	sums, err := readEnd(end[frameHead:])
	return sums, err == nil
}
