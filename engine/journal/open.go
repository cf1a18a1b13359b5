package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Open locks a directory and mends what a crash has left at its end. Nothing can be appended
// before the first Rotate, which begins a segment behind the last whole record: read with
// [Newest] what the kernel's state is, and give its snapshot. A directory of another account
// or mode, damage, and a second writer (ErrLocked) are errors.
func Open(c Config) (*Writer, error) {
	c.complete()
	if err := makeDirectory(c.disk, c.Dir); err != nil {
		return nil, err
	}
	l, err := lock(c.Dir)
	if err != nil {
		return nil, err
	}
	w := &Writer{config: c, lock: l, rotated: make(chan struct{}, 1)}
	if err := w.recover(); err != nil {
		l.Close()
		return nil, err
	}
	return w, nil
}

// recover brings the directory in order and finds the last event.
func (w *Writer) recover() error {
	if err := w.removeDrafts(); err != nil {
		return err
	}
	paths, err := Segments(w.config.Dir)
	if err != nil {
		return err
	}
	for i := len(paths) - 1; i >= 0; i-- {
		s, err := OpenSegment(paths[i])
		var cut *cutOff
		if errors.As(err, &cut) { // nothing was appended to it, so the one before goes on
			w.config.Log.Warn("journal: a segment that was cut off at its beginning is set aside", "path", paths[i])
			if err := w.setAside(paths[i]); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		defer s.Close()
		return w.mend(s)
	}
	return nil
}

// removeDrafts removes what was being written when a process ended.
func (w *Writer) removeDrafts() error {
	entries, err := os.ReadDir(w.config.Dir)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	for _, e := range entries {
		name, draft := strings.CutSuffix(e.Name(), draftSuffix)
		if _, ours := firstOf(name); !draft || !ours {
			continue
		}
		if err := w.config.disk.remove(filepath.Join(w.config.Dir, e.Name())); err != nil {
			return fmt.Errorf("journal: %w", err)
		}
	}
	return nil
}

// setAside renames a segment that has nothing.
func (w *Writer) setAside(path string) error {
	err := w.config.disk.rename(path, path+tornSuffix)
	if err == nil {
		err = w.config.disk.syncDirectory(w.config.Dir)
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// mend reads the newest segment to its end, cuts off what is torn there, and seals it.
func (w *Writer) mend(s *Segment) error {
	if mine := &w.config.Header; s.Account != mine.Account || s.Mode != mine.Mode {
		return fmt.Errorf("journal %s is of account %q in mode %q, and not of %q in mode %q; give each a directory of its own",
			w.config.Dir, s.Account, s.Mode, mine.Account, mine.Mode)
	}
	var r Record
	err := s.Next(&r)
	for err == nil {
		err = s.Next(&r)
	}
	if err != io.EOF {
		return err
	}
	w.last, w.lastAt = s.LastSeq(), s.LastAt()
	if s.end != nil {
		return nil
	}
	if s.torn > 0 {
		w.config.Log.Warn("journal: the last write was cut off", "path", s.Path, "offset", s.next, "octets", s.torn)
		if err := w.keepTorn(s); err != nil {
			return err
		}
	}
	return w.cut(s)
}

// keepTorn copies what is torn to a file of its own.
func (w *Writer) keepTorn(s *Segment) error {
	torn := make([]byte, s.torn)
	if _, err := s.file.ReadAt(torn, s.next); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	aside, err := w.config.disk.create(fmt.Sprintf("%s.%d%s", s.Path, s.next, tornSuffix))
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	_, err = aside.WriteAt(torn, 0)
	if err = errors.Join(err, aside.Sync(), aside.Close()); err == nil {
		err = w.config.disk.syncDirectory(w.config.Dir)
	}
	if err != nil {
		return fmt.Errorf("journal: what a crash has torn cannot be set aside: %w", err)
	}
	return nil
}

// cut ends a segment where its last whole frame ends.
func (w *Writer) cut(s *Segment) error {
	f, err := w.config.disk.open(s.Path)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	err = f.Truncate(s.next)
	if err == nil {
		_, err = f.WriteAt(appendEnd(nil, &s.sums), s.next)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
