package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// look sees whether somebody has removed an open segment: what is written to it would be
// gone without an error.
func (r *Recorder) look() {
	for _, l := range r.lanes {
		s := l.segment
		if s == nil || !s.vanished() {
			continue
		}
		l.segment = nil
		_ = s.file.Close() // nobody can read it any more
		r.c.Log.Error("an open segment was removed; what it held is lost", "path", s.final+partSuffix)
		now := r.c.Now()
		r.Note(l.product, now, Note{Name: NoteGap, From: s.first, To: now, Text: "the segment was removed while it was open"})
		r.mu.Lock()
		r.stats.Faults++
		r.mu.Unlock()
	}
}

// sync forces to the disk what has waited for it long enough.
func (r *Recorder) sync() {
	for _, l := range r.lanes {
		s := l.segment
		if s == nil || s.unsynced.IsZero() || time.Since(s.unsynced) < r.c.SyncEvery-r.c.Flush {
			continue
		}
		if err := s.sync(); err != nil {
			// The system may have thrown away what it could not write: the segment is read
			// again before it counts.
			r.failed(err)
			r.abandon(l)
		}
	}
}

// closeIdle closes segments whose time is over.
func (r *Recorder) closeIdle() {
	now := r.c.Now()
	for _, l := range r.lanes {
		if s := l.segment; s != nil && now >= s.span.Add(r.c.SegmentSpan+idleGrace) && !r.waits(l) {
			r.closeSegment(l)
		}
	}
}

// waits says whether there is something for a lane that has not been written.
func (r *Recorder) waits(l *lane) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.fill != nil || slices.ContainsFunc(r.buffer.queue, func(c *chunk) bool { return c.lane == l })
}

// closeSegment closes a lane's segment. One that cannot be closed is left for tidy.
func (r *Recorder) closeSegment(l *lane) {
	s := l.segment
	l.segment = nil
	if err := s.close(); err != nil {
		_ = s.file.Close() // it may be closed already
		r.left(s, err)
		return
	}
	r.closed()
}

func (r *Recorder) closed() {
	r.mu.Lock()
	r.stats.Segments++
	r.mu.Unlock()
	r.converter.wake()
}

// abandon gives a segment up that must not be written any more.
func (r *Recorder) abandon(l *lane) {
	s := l.segment
	l.segment = nil
	r.left(s, s.file.Close())
}

// left notes that a segment was left open.
func (r *Recorder) left(s *segment, err error) {
	path := s.final + partSuffix
	r.c.Log.Error("a segment was left open and will be closed later", "path", path, "err", err)
	r.writer.left[path] = r.c.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Faults++
}

// tidy closes the segments that were left open. What had to be cut off was lost after it
// was taken, so it is told as a gap.
func (r *Recorder) tidy() {
	r.writer.tidied = time.Now()
	for _, l := range r.lanes {
		for path, until := range r.writer.left {
			if filepath.Dir(path) != l.directory(r.c.Dir) {
				continue
			}
			m, err := mend(path, r.c.Log)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				r.c.Log.Error("a segment that was left open cannot be closed", "path", path, "err", err)
				continue
			}
			delete(r.writer.left, path)
			r.closed()
			if m.cut > 0 {
				r.Note(l.product, r.c.Now(), Note{Name: NoteGap, From: m.last, To: until, Text: "the disk failed and lost what it had taken"})
			}
		}
	}
}

// tell publishes the writer's state.
func (r *Recorder) tell() {
	oldest := time.Time{}
	for _, l := range r.lanes {
		if s := l.segment; s != nil && !s.unsynced.IsZero() && (oldest.IsZero() || s.unsynced.Before(oldest)) {
			oldest = s.unsynced
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsynced = oldest
	r.stats.Full, r.stats.Fault = isFull(r.writer.fault), ""
	if r.writer.fault != nil {
		r.stats.Fault = r.writer.fault.Error()
	}
}

// end writes what is left, as far as the disk takes it, and closes everything.
func (r *Recorder) end() error {
	r.writer.retry, r.tables.retry = time.Time{}, time.Time{}
	r.drain() // tables write notes
	now := r.c.Now()
	r.mu.Lock()
	for _, l := range r.lanes {
		if l.begun {
			r.note(l, max(l.last, now), Note{Name: NoteStopped})
		}
		r.seal(l)
	}
	r.buffer.closed = true
	r.mu.Unlock()
	r.writer.retry = time.Time{}
	r.drain()
	for _, l := range r.lanes {
		if l.segment != nil {
			r.closeSegment(l)
		}
	}
	if len(r.writer.left) > 0 {
		r.tidy()
	}
	r.tell()
	r.mu.Lock()
	defer r.mu.Unlock()
	bytes, tables := 0, len(r.buffer.tables)
	for _, c := range r.buffer.queue {
		bytes += len(c.text)
	}
	if bytes+tables > 0 {
		return fmt.Errorf("%d bytes of lines and %d tables could not be written and are lost: %w", bytes, tables,
			cmp.Or(r.writer.fault, r.tables.fault))
	}
	return nil
}
