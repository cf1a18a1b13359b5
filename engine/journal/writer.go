package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Config is what a writer is made of. What is 0 has a default.
type Config struct {
	// Dir is made if it is missing, readable by its owner alone.
	Dir string
	// Header has what every segment begins with.
	Header Header
	Sync   Sync
	// SegmentBytes and SegmentSpan are the size and the time by event times after which a
	// segment is full: by default 64 MiB and one hour.
	SegmentBytes int64
	SegmentSpan  time.Duration
	// Keep and KeepBytes are how long, and how much of, closed segments are kept whole before
	// their market data is taken out: by default 7 days and 8 GiB. The last closed one is
	// kept in any case.
	Keep      time.Duration
	KeepBytes int64
	// Clock is the local time, by default the computer's.
	Clock func() exchange.Time
	// Log hears what went wrong in the background; by default nobody.
	Log *slog.Logger

	disk disk
}

func (c *Config) complete() {
	if c.SegmentBytes == 0 {
		c.SegmentBytes = 64 << 20
	}
	if c.SegmentSpan == 0 {
		c.SegmentSpan = time.Hour
	}
	if c.Keep == 0 {
		c.Keep = 7 * 24 * time.Hour
	}
	if c.KeepBytes == 0 {
		c.KeepBytes = 8 << 30
	}
	if c.Clock == nil {
		c.Clock = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.disk == nil {
		c.disk = realDisk{}
	}
}

// pendingMax is how much market data waits for Flush at most; the room for one more record is
// behind it.
const pendingMax = 256 << 10

// Writer appends to a journal. But for Run and Compact its methods are for one goroutine at
// a time, whoever runs the kernel.
type Writer struct {
	config  Config
	lock    *os.File
	rotated chan struct{} // wakes Run after a rotation

	// The frame that is being made, and what is in it; sums are those of the segment.
	codec  codec
	inside bool // it has more than market data
	last   uint64
	lastAt exchange.Time
	sums   Sums

	// forcing lets one goroutine force at a time, Run or the writer's, so that whoever finds
	// nothing to force knows that it has been. mu guards what both look at; it is not held
	// while the disk works.
	forcing sync.Mutex
	// compacting lets one goroutine compact at a time, Run or whoever calls Compact.
	compacting sync.Mutex

	mu    sync.Mutex
	file  file
	path  string
	size  int64
	dirty bool // something is written and not forced
	dead  error
}

// Last is the number of the last event in the journal, 0 in an empty one.
func (w *Writer) Last() uint64 { return w.last }

// Append takes an event, and the decision on it or nil, into memory. Its number must be the
// one after the last, its time no earlier.
func (w *Writer) Append(e *exchange.Event, d *exchange.Decision) error {
	if w.path == "" {
		return errors.New("journal: nothing can be appended before the first segment is begun")
	}
	if e.Seq != w.last+1 || e.At < w.lastAt {
		return fmt.Errorf("journal: event %d at %v cannot follow event %d at %v", e.Seq, e.At, w.last, w.lastAt)
	}
	c := &w.codec
	length, memory := len(c.buf), c.memory
	c.record(e, &d)
	if c.err == nil && len(c.buf)-frameHead > payloadMax {
		c.err = fmt.Errorf("a frame would have %d octets, %d at most", len(c.buf)-frameHead, payloadMax)
	}
	if c.err != nil {
		err := fmt.Errorf("journal: event %d %v: %w", e.Seq, e.Kind, c.err)
		c.buf, c.memory, c.err = c.buf[:length], memory, nil
		return err
	}
	w.last, w.lastAt = e.Seq, e.At
	w.inside = w.inside || !e.Kind.Market()
	w.sums.count(e, d != nil)
	return nil
}

// pending is how many octets wait.
func (w *Writer) pending() int { return max(0, len(w.codec.buf)-frameHead-1) }

// Commit makes what was appended as safe as the level demands. After an error nothing may be
// sent; it can be tried again, unless the error is ErrDead.
func (w *Writer) Commit(l Level) error {
	if l == Later && !w.inside && w.pending() < pendingMax {
		return nil
	}
	force := w.config.Sync.now(l, w.inside)
	if err := w.Flush(); err != nil {
		return err
	}
	if force {
		return w.force()
	}
	return nil
}

// Flush writes what was appended, with one call of the system.
func (w *Writer) Flush() error {
	if err := w.failed(); err != nil {
		return err
	}
	if w.pending() == 0 {
		return nil
	}
	sealFrame(w.codec.buf)
	if err := w.write(w.codec.buf); err != nil {
		return err
	}
	w.codec.buf, w.inside = beginFrame(w.codec.buf[:0], recordsFrame), false
	return nil
}

// write appends b to the segment, all of it or nothing.
func (w *Writer) write(b []byte) error {
	if _, err := w.file.WriteAt(b, w.size); err != nil {
		return w.takeBack(err)
	}
	w.mu.Lock()
	w.size += int64(len(b))
	w.dirty = true
	w.mu.Unlock()
	return nil
}

// takeBack removes what a failed write has left, so that no reader meets half a frame.
func (w *Writer) takeBack(cause error) error {
	err := fmt.Errorf("journal: %w; %d octets of events wait in memory, and nothing is sent before they are written", cause, w.pending())
	if cut := w.file.Truncate(w.size); cut != nil {
		return w.die(errors.Join(err, cut))
	}
	return err
}

// force has the disk take what was written.
func (w *Writer) force() error {
	w.forcing.Lock()
	defer w.forcing.Unlock()
	w.mu.Lock()
	f, dirty := w.file, w.dirty
	w.dirty = false
	w.mu.Unlock()
	if !dirty {
		return w.failed()
	}
	if err := f.Sync(); err != nil && !errors.Is(err, os.ErrClosed) { // closed: by Rotate, which forces before
		return w.die(fmt.Errorf("journal: %w", err))
	}
	return nil
}

// die ends the writer: after a failed force nobody knows what the disk has.
func (w *Writer) die(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead == nil {
		w.dead = fmt.Errorf("%w: %w", ErrDead, err)
	}
	return w.dead
}

// failed is why the writer is dead, nil while it lives.
func (w *Writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dead
}

// Close writes and forces what is left, and gives the directory up.
func (w *Writer) Close() error {
	err := w.seal()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	if w.dead == nil {
		w.dead = fmt.Errorf("%w: it is closed", ErrDead)
	}
	return errors.Join(err, w.lock.Close())
}
