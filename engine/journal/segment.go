package journal

import (
	"fmt"
	"io"
	"os"

	"github.com/pmbot/pmbot/exchange"
)

// Segment reads one file of a journal, also while it is written.
type Segment struct {
	// Path is the file's.
	Path string
	Header

	file  *os.File
	begin int64 // where the snapshot begins, or what is behind the header
	next  int64 // where the next frame begins
	frame int64 // where the frame begins whose records codec reads
	ahead []byte
	step  int // how much was read at once
	codec codec
	torn  int64
	// sums are of the records so far; end is what the last frame says of all, if there is one.
	sums Sums
	end  *Sums
}

// OpenSegment opens a file whose header and snapshot are whole.
func OpenSegment(path string) (*Segment, error) {
	s, err := openHeader(path)
	if err != nil {
		return nil, err
	}
	if err := s.passSnapshot(nil); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// cutOff says of a segment that it ends before its first record.
type cutOff struct{ path string }

func (c *cutOff) Error() string { return c.path + ": is cut off before its first record" }

// openHeader opens a file and reads its header alone.
func openHeader(path string) (*Segment, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	s := &Segment{Path: path, file: f}
	payload, err := s.nextFrame()
	switch {
	case err == io.EOF:
		err = &cutOff{path}
	case err != nil:
	case payload[0] != headerFrame:
		err = s.damage(0, "a segment begins with its header, and this does not")
	default:
		if s.Header, err = readHeader(payload); err != nil {
			err = s.damage(0, err.Error())
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	s.begin = s.next
	s.codec.memory = newMemory(&s.Header)
	return s, nil
}

func (s *Segment) damage(at int64, what string) error { return &Damage{s.Path, at, what} }

// passSnapshot reads past the snapshot, and gives keep each piece of it.
func (s *Segment) passSnapshot(keep func([]byte)) error {
	if s.Compacted != 0 {
		return nil
	}
	for {
		payload, err := s.nextFrame()
		if err == io.EOF {
			return &cutOff{s.Path}
		}
		if err != nil {
			return err
		}
		if payload[0] != pieceFrame && payload[0] != snapshotFrame {
			return s.damage(s.frame, "here the snapshot is due")
		}
		if keep != nil {
			keep(payload[1:])
		}
		if payload[0] == snapshotFrame {
			return nil
		}
	}
}

// Snapshot reads the kernel's snapshot; a compacted segment has none, which is nil. It does
// not change where Next reads.
func (s *Segment) Snapshot() ([]byte, error) {
	if s.Compacted != 0 {
		return nil, nil
	}
	again := &Segment{Path: s.Path, Header: s.Header, file: s.file, next: s.begin}
	whole := []byte{}
	err := again.passSnapshot(func(piece []byte) { whole = append(whole, piece...) })
	if err != nil {
		return nil, err
	}
	return whole, nil
}

// Next reads the next record. It returns io.EOF at the end, and may be called again when
// the writer has gone on.
func (s *Segment) Next(r *Record) error {
	for len(s.codec.buf) == 0 {
		if s.end != nil {
			return s.pastEnd()
		}
		payload, err := s.nextFrame()
		if err != nil {
			return err
		}
		switch payload[0] {
		case recordsFrame:
			s.codec.buf = payload[1:]
		case endFrame:
			if err := s.atEnd(payload); err != nil {
				return err
			}
		default:
			return s.damage(s.frame, fmt.Sprintf("a frame of kind %q has no place among records", payload[0]))
		}
	}
	r.Decision, r.Offset = nil, s.frame
	before := s.codec.memory
	s.codec.record(&r.Event, &r.Decision)
	switch {
	case s.codec.err != nil:
		return s.damage(s.frame, "a whole frame has a record that cannot be read: "+s.codec.err.Error())
	case r.Event.Seq <= before.seq, r.Event.Seq != before.seq+1 && s.Compacted == 0:
		return s.damage(s.frame, fmt.Sprintf("event %d follows event %d", r.Event.Seq, before.seq))
	case r.Event.At < before.at && s.sums.Events() > 0:
		return s.damage(s.frame, fmt.Sprintf("event %d at %v follows one at %v", r.Event.Seq, r.Event.At, before.at))
	}
	s.sums.count(&r.Event, r.Decision != nil)
	return nil
}

// atEnd holds the sums at the end of a segment against what was read.
func (s *Segment) atEnd(payload []byte) error {
	end, err := readEnd(payload)
	if err != nil {
		return s.damage(s.frame, err.Error())
	}
	if end != s.sums {
		return s.damage(s.frame, fmt.Sprintf("the segment ends with %d events, and %d were read", end.Events(), s.sums.Events()))
	}
	s.end = &end
	return nil
}

// pastEnd is the end of the file, or something where nothing may be.
func (s *Segment) pastEnd() error {
	size, err := s.size()
	switch {
	case err != nil:
		return err
	case size > s.next:
		return s.damage(s.next, "something follows the segment's end")
	}
	return io.EOF
}

// Torn is how many octets Next has passed over when it returned io.EOF: a write that a crash
// has cut off, or one that is under way.
func (s *Segment) Torn() int64 { return s.torn }

// LastSeq is the number of the last event before the place where Next reads.
func (s *Segment) LastSeq() uint64 { return s.codec.memory.seq }

// LastAt is the time of that event, 0 without one.
func (s *Segment) LastAt() exchange.Time { return s.sums.To }

// Close closes the file.
func (s *Segment) Close() error { return s.file.Close() }

// How much is read at once: little at first, since many want no more than the header.
const (
	readFirst = 4 << 10
	readMost  = 256 << 10
)

// nextFrame returns the payload of the next frame, valid until the next call. At the end it
// returns io.EOF, and torn is how much is there that is no whole frame.
func (s *Segment) nextFrame() ([]byte, error) {
	s.torn = 0
	head, err := s.peek(frameHead)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, io.EOF
	}
	length, ok := 0, false
	if len(head) == frameHead {
		length, ok = frameLength(head)
	}
	frame := head
	if ok {
		if frame, err = s.peek(frameHead + length); err != nil {
			return nil, err
		}
	}
	if !ok || len(frame) < frameHead+length || !wholeFrame(frame) {
		if err := s.broken(); err != nil {
			return nil, err
		}
		return s.nextFrame()
	}
	s.frame, s.next, s.ahead = s.next, s.next+int64(len(frame)), s.ahead[len(frame):]
	return frame[frameHead:], nil
}

// peek returns the n octets from next on, or as many as there are.
func (s *Segment) peek(n int) ([]byte, error) {
	if len(s.ahead) < n {
		s.step = min(max(readFirst, 4*s.step), readMost)
		more := make([]byte, max(n, s.step))
		had := copy(more, s.ahead)
		read, err := s.file.ReadAt(more[had:], s.next+int64(had))
		if err != nil && err != io.EOF {
			return nil, fmt.Errorf("journal: %w", err)
		}
		s.ahead = more[:had+read]
	}
	return s.ahead[:min(n, len(s.ahead))], nil
}

// broken judges what is at next, which was no whole frame: the end, where a write was cut
// off, or damage, if a whole frame follows; or nil, if the writer has completed it meanwhile.
func (s *Segment) broken() error {
	s.ahead = nil // the writer may go on
	size, err := s.size()
	if err != nil {
		return err
	}
	rest := make([]byte, size-s.next)
	n, err := s.file.ReadAt(rest, s.next)
	if err != nil && err != io.EOF {
		return fmt.Errorf("journal: %w", err)
	}
	switch at := findFrame(rest[:n]); {
	case at == 0:
		return nil
	case at > 0:
		return s.damage(s.next, fmt.Sprintf("%d octets are no frame, and whole ones follow", at))
	}
	s.torn = int64(n)
	return io.EOF
}

func (s *Segment) size() (int64, error) {
	info, err := s.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("journal: %w", err)
	}
	return info.Size(), nil
}
