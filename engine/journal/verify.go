package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Summary is what a segment is and holds.
type Summary struct {
	Path string
	Header
	Sums
	// Bytes is the file's size, Torn how many at its end are no whole frame.
	Bytes, Torn int64
	// Closed says that the segment ends as a writer leaves it that goes on to the next or
	// ends. Without it the segment is still written, or a process was killed.
	Closed bool
}

// Survey tells what a segment holds: from its end if it is closed, else by reading it.
func Survey(path string) (Summary, error) {
	s, err := openHeader(path)
	if err != nil {
		return Summary{}, err
	}
	defer s.Close()
	sum := Summary{Path: path, Header: s.Header}
	if sum.Bytes, err = s.size(); err != nil {
		return sum, err
	}
	if sum.Sums, sum.Closed = s.readEnd(); sum.Closed {
		return sum, nil
	}
	if err := s.passSnapshot(nil); err != nil {
		return sum, err
	}
	var r Record
	for err == nil {
		err = s.Next(&r)
	}
	if err != io.EOF {
		return sum, err
	}
	sum.Sums, sum.Torn = s.sums, s.torn
	return sum, nil
}

// Finding is something that [Verify] has found.
type Finding struct {
	Path   string
	Offset int64
	// Fault is false for what a crash leaves and the next start mends.
	Fault bool
	What  string
}

// Verdict is what Verify has found in a journal.
type Verdict struct {
	Findings []Finding
	// Segments, Events, Decisions and Bytes count what was read.
	Segments                 int
	Events, Decisions, Bytes uint64
}

// Faults counts the findings that are faults.
func (v *Verdict) Faults() int {
	n := 0
	for i := range v.Findings {
		if v.Findings[i].Fault {
			n++
		}
	}
	return n
}

func (v *Verdict) add(path string, offset int64, fault bool, format string, args ...any) {
	v.Findings = append(v.Findings, Finding{path, offset, fault, fmt.Sprintf(format, args...)})
}

// verifier is how far a verification is.
type verifier struct {
	Verdict
	first *Header // what all segments have in common
	// next is the number that the next segment must begin with, 0 if it is not known.
	next  uint64
	total int64
	tell  func(events uint64, share float64)
}

// Verify reads a whole journal: checksums, numbers without gaps, times that do not go back,
// headers that agree, snapshots. It goes on behind a segment that is damaged. tell, which may
// be nil, hears how far it is. The error says that the directory could not be read, or that
// the context has ended.
func Verify(ctx context.Context, dir string, tell func(events uint64, share float64)) (Verdict, error) {
	paths, err := Segments(dir)
	if err != nil {
		return Verdict{}, err
	}
	if len(paths) == 0 {
		return Verdict{}, fmt.Errorf("%s: %w", dir, ErrEmpty)
	}
	v := &verifier{tell: tell}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil {
			v.total += info.Size()
		}
	}
	for i, path := range paths {
		if err := v.segment(ctx, path, i == len(paths)-1); err != nil {
			return v.Verdict, err
		}
	}
	return v.Verdict, v.torn(dir)
}

// torn lists what writers have set aside.
func (v *verifier) torn(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), tornSuffix) {
			v.add(filepath.Join(dir, e.Name()), 0, false, "what a crash tore off and a writer kept aside")
		}
	}
	return nil
}

// segment verifies one file.
func (v *verifier) segment(ctx context.Context, path string, newest bool) error {
	expected := v.next
	v.next = 0
	s, err := OpenSegment(path)
	if err != nil {
		return v.unreadable(path, err, newest)
	}
	defer s.Close()
	v.Segments++
	v.header(s, expected)
	if s.Compacted != 0 {
		v.next = s.Last + 1
	}
	err = v.records(ctx, s)
	var d *Damage
	switch {
	case errors.As(err, &d):
		v.add(path, d.Offset, true, "%s", d.What)
	case err != io.EOF:
		return err
	case s.torn > 0:
		v.end(path, s.next, newest, fmt.Sprintf("%d octets at the end are no whole frame", s.torn))
	case s.Compacted == 0:
		v.next = s.LastSeq() + 1
	}
	v.Bytes += uint64(s.next)
	return nil
}

// end is a segment that ends in the middle of something: a fault, unless it is the newest.
func (v *verifier) end(path string, offset int64, newest bool, what string) {
	if newest {
		what += ": a crash tore the last write off, or it is under way; the next writer sets it aside"
	}
	v.add(path, offset, !newest, "%s", what)
}

// unreadable is a segment that does not open.
func (v *verifier) unreadable(path string, err error, newest bool) error {
	var d *Damage
	var cut *cutOff
	switch {
	case errors.As(err, &cut):
		v.end(path, 0, newest, "it is cut off before its first record")
	case errors.As(err, &d):
		v.add(path, d.Offset, true, "%s", d.What)
	default:
		return err
	}
	return nil
}

// header holds a header against the name, the segment before, and the others.
func (v *verifier) header(s *Segment, expected uint64) {
	if first, _ := firstOf(s.Path); first != s.First {
		v.add(s.Path, 0, true, "the name says that it begins with event %d, and the header says %d", first, s.First)
	}
	if expected != 0 && expected != s.First {
		v.add(s.Path, 0, true, "it begins with event %d, and event %d is due", s.First, expected)
	}
	if v.first == nil {
		v.first = &s.Header
		return
	}
	if s.Account != v.first.Account || s.Mode != v.first.Mode {
		v.add(s.Path, 0, true, "it is of account %q in mode %q, and the first segment of %q in %q", s.Account, s.Mode, v.first.Account, v.first.Mode)
	}
}

// tellEvery is how many records there are between two calls of tell.
const tellEvery = 1 << 14

// records reads a segment to its end.
func (v *verifier) records(ctx context.Context, s *Segment) error {
	before := v.Bytes
	for {
		var r Record
		if err := s.Next(&r); err != nil {
			return err
		}
		v.Events++
		if r.Decision != nil {
			v.Decisions++
		}
		if v.Events%tellEvery > 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if v.tell != nil {
			v.tell(v.Events, float64(before+uint64(s.next))/float64(max(v.total, 1)))
		}
	}
}
