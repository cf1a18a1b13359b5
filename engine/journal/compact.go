package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Run forces to the disk what SyncEvery lets wait, and compacts old segments after each
// rotation, until the context ends. An error means that the disk has failed and that the
// writer is dead; what goes wrong with compaction is told to the log alone.
func (w *Writer) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var tidying sync.WaitGroup
	tidying.Go(func() { w.tidy(ctx) })
	defer tidying.Wait()
	defer stop()
	if w.config.Sync.mode != syncEvery {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(w.config.Sync.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil // Close forces what is left
		case <-tick.C:
			if err := w.force(); err != nil {
				return err
			}
		}
	}
}

// tidy compacts after every rotation.
func (w *Writer) tidy(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.rotated:
		}
		if err := w.Compact(ctx); err != nil && ctx.Err() == nil {
			w.config.Log.Warn("journal: old segments were not compacted", "error", err)
		}
	}
}

// Compact takes the market data, and the snapshots, out of segments that are kept whole no
// longer. It may be ended at any time, and by a kill: a segment is the old one or the new one.
// What it cannot compact it leaves, goes on, and tells in the error.
func (w *Writer) Compact(ctx context.Context) error {
	w.compacting.Lock()
	defer w.compacting.Unlock()
	paths, err := Segments(w.config.Dir)
	if err != nil {
		return err
	}
	var failed []error
	whole := int64(0)
	closed := exchange.Never // when the segment was closed: the beginning of the next one
	for i := len(paths) - 1; i >= 0 && ctx.Err() == nil; i-- {
		created, size, compacted, err := segmentAge(paths[i])
		if err != nil {
			failed = append(failed, err)
			continue
		}
		old := closed.Add(w.config.Keep) < w.config.Clock() || whole+size > w.config.KeepBytes
		closed = created
		if i >= len(paths)-2 {
			old = false // the newest, and the one before it, which a crash may call back
		}
		if compacted || i == len(paths)-1 {
			continue
		}
		whole += size
		if old {
			next, _ := firstOf(paths[i+1])
			failed = append(failed, w.compact(ctx, paths[i], next-1))
		}
	}
	return errors.Join(append(failed, ctx.Err())...)
}

// segmentAge is when a segment was begun, how large it is, and whether it is compacted.
func segmentAge(path string) (exchange.Time, int64, bool, error) {
	s, err := openHeader(path)
	if err != nil {
		return 0, 0, false, err
	}
	defer s.Close()
	size, err := s.size()
	return s.Created, size, s.Compacted != 0, err
}

// compact rewrites a segment whose last event is known.
func (w *Writer) compact(ctx context.Context, path string, last uint64) error {
	s, err := OpenSegment(path)
	if err != nil {
		return err
	}
	defer s.Close()
	h := s.Header
	h.Compacted, h.Last = w.config.Clock(), last
	f, err := w.config.disk.create(path + draftSuffix)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	err = copyInside(ctx, f, s, &h)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = w.config.disk.rename(path+draftSuffix, path)
	}
	if err != nil {
		_ = w.config.disk.remove(path + draftSuffix) // else the next Open does
		if errors.Is(err, ErrDamaged) || errors.Is(err, context.Canceled) {
			return err
		}
		return fmt.Errorf("journal: %s is not compacted: %w", path, err)
	}
	if err := w.config.disk.syncDirectory(w.config.Dir); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// compactFrame is how long the frames of a compacted segment are.
const compactFrame = 64 << 10

// copyInside copies what is not the market's, and decisions.
func copyInside(ctx context.Context, to file, from *Segment, h *Header) error {
	begin, err := appendHeader(nil, h)
	if err != nil {
		return err
	}
	size := int64(0)
	put := func(b []byte) error {
		if _, err := to.WriteAt(b, size); err != nil {
			return err
		}
		size += int64(len(b))
		return nil
	}
	if err := put(begin); err != nil {
		return err
	}
	c := codec{buf: beginFrame(nil, recordsFrame), writing: true, memory: newMemory(h)}
	flush := func() error {
		if len(c.buf) == frameHead+1 {
			return ctx.Err()
		}
		sealFrame(c.buf)
		err := put(c.buf)
		c.buf = beginFrame(c.buf[:0], recordsFrame)
		return errors.Join(err, ctx.Err())
	}
	var sums Sums
	var r Record
	for n := 0; ; n++ {
		err := from.Next(&r)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if !r.Event.Kind.Market() || r.Decision != nil {
			c.record(&r.Event, &r.Decision)
			sums.count(&r.Event, r.Decision != nil)
		}
		if len(c.buf) >= compactFrame || n%compactFrame == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	switch {
	case c.err != nil:
		return c.err
	case from.torn > 0 || from.LastSeq() != h.Last:
		return &Damage{from.Path, from.next, fmt.Sprintf("the segment ends with event %d, and the next begins behind event %d", from.LastSeq(), h.Last)}
	}
	if err := flush(); err != nil {
		return err
	}
	return put(appendEnd(nil, &sums))
}
