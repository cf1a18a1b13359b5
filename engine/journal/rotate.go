package journal

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Full says that it is time to Rotate.
func (w *Writer) Full() bool {
	if w.sums.Events() == 0 {
		return false
	}
	return w.size+int64(w.pending()) >= w.config.SegmentBytes || w.lastAt.Sub(w.sums.From) >= w.config.SegmentSpan
}

// snapshotPiece is the length of the frames into which a snapshot is cut.
const snapshotPiece = 1 << 20

// Rotate begins a new segment with the kernel's snapshot, which is of the state behind the
// last event that was appended. The old segment and the new one are on the disk when it
// returns. After an error the old one is still in use, unless it is ErrDead.
func (w *Writer) Rotate(snapshot []byte) error {
	if err := w.seal(); err != nil {
		return err
	}
	h := w.config.Header
	h.Created, h.First, h.Compacted, h.Last = w.config.Clock(), w.last+1, 0, 0
	path := filepath.Join(w.config.Dir, segmentName(h.First))
	f, size, err := w.draft(path+draftSuffix, &h, snapshot)
	if err != nil {
		return errors.Join(err, w.unseal())
	}
	if err := w.config.disk.rename(path+draftSuffix, path); err != nil {
		f.Close()
		return errors.Join(fmt.Errorf("journal: %w", err), w.config.disk.remove(path+draftSuffix), w.unseal())
	}
	w.mu.Lock()
	old := w.file
	w.file, w.path, w.size, w.dirty = f, path, size, false
	w.mu.Unlock()
	if old != nil {
		if err := old.Close(); err != nil { // it was forced, so nothing is lost
			w.config.Log.Warn("journal: a segment does not close", "error", err)
		}
	}
	if err := w.config.disk.syncDirectory(w.config.Dir); err != nil {
		return w.die(fmt.Errorf("journal: %w", err))
	}
	w.codec = codec{buf: beginFrame(make([]byte, 0, pendingMax+64<<10), recordsFrame), writing: true, memory: newMemory(&h)}
	w.sums = Sums{}
	select {
	case w.rotated <- struct{}{}:
	default:
	}
	return nil
}

// draft writes the beginning of a segment and forces it.
func (w *Writer) draft(path string, h *Header, snapshot []byte) (file, int64, error) {
	begin, err := appendHeader(nil, h)
	if err != nil {
		return nil, 0, fmt.Errorf("journal: %w", err)
	}
	for rest := snapshot; ; {
		kind, piece := byte(snapshotFrame), rest
		if len(rest) > snapshotPiece {
			kind, piece = pieceFrame, rest[:snapshotPiece]
		}
		rest = rest[len(piece):]
		frame := append(beginFrame(nil, kind), piece...)
		sealFrame(frame)
		begin = append(begin, frame...)
		if kind == snapshotFrame {
			break
		}
	}
	f, err := w.config.disk.create(path)
	if err != nil {
		return nil, 0, fmt.Errorf("journal: a new segment cannot be made: %w", err)
	}
	_, err = f.WriteAt(begin, 0)
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		f.Close()
		return nil, 0, errors.Join(fmt.Errorf("journal: a new segment cannot be written: %w", err), w.config.disk.remove(path))
	}
	return f, int64(len(begin)), nil
}

// seal writes what is left and the segment's end, and forces them.
func (w *Writer) seal() error {
	if err := w.Flush(); err != nil || w.path == "" {
		return err
	}
	if err := w.write(appendEnd(nil, &w.sums)); err != nil {
		return err
	}
	return w.force()
}

// unseal takes the end back, since the segment goes on.
func (w *Writer) unseal() error {
	if w.path == "" {
		return nil
	}
	if err := w.file.Truncate(w.size - endLength); err != nil {
		return w.die(fmt.Errorf("journal: %w", err))
	}
	w.mu.Lock()
	w.size -= endLength
	w.dirty = true
	w.mu.Unlock()
	return nil
}
