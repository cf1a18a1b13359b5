package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/exchange"
)

// writer is Run's: it packs chunks and puts them on the disk.
type writer struct {
	encoder *zstd.Encoder
	// frame is the oldest chunk, packed, as long as the disk has not taken it.
	frame []byte
	// fault is what the disk said last, nil when it took what it was given; since is when
	// that began, retry when it is asked again.
	fault        error
	since, retry time.Time
	// left are open segments that nobody writes any more, and when they were given up;
	// tidied is when closing them was last tried.
	left   map[string]exchange.Time
	tidied time.Time
}

const (
	// retryEvery is how often a disk that does not take anything is asked again.
	retryEvery = time.Second
	// tidyEvery is how often segments that could not be closed are tried again.
	tidyEvery = time.Minute
	// idleGrace is for how long after its time a segment stays open for late lines.
	idleGrace = 2 * levelMax
)

// errRoom says that the recorder leaves the disk's last room to others.
var errRoom = errors.New("the disk has less room than is to be left free")

// Packing at the fastest level costs 2 ns a byte; the next one takes a third more time and
// saves nothing in frames of this size, and the best saves a tenth and takes nine times as
// long: BenchmarkFrames.
func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(true), zstd.WithWindowSize(chunkBytes))
}

// Run writes until the context ends; then it writes what is left, closes the segments and
// gives the directory back. An error says that something could not be written by then. It
// is called once; what is given afterwards counts as dropped.
func (r *Recorder) Run(ctx context.Context) error {
	var work sync.WaitGroup
	if r.c.Tape != "" {
		work.Go(func() { r.converter.run(ctx) })
	}
	ticker := time.NewTicker(r.c.Flush / 2)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			r.flush()
		case <-r.buffer.kick:
			r.drain()
		}
	}
	err := r.end()
	work.Wait()
	if err = errors.Join(err, r.Close()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Close gives the directory back if Run was never called.
func (r *Recorder) Close() error { return r.lock.Close() }

// flush writes all that there is, and does what is due.
func (r *Recorder) flush() {
	r.look()
	r.mu.Lock()
	for _, l := range r.lanes {
		if l.lost.count > 0 {
			r.arrive(l, max(l.last, r.c.Now()), lateMax)
		}
		if r.writer.fault == nil || len(r.buffer.queue) == 0 {
			r.seal(l) // while the disk takes nothing, chunks are filled up
		}
	}
	r.mu.Unlock()
	r.drain()
	r.sync()
	r.closeIdle()
	if len(r.writer.left) > 0 && time.Since(r.writer.tidied) >= tidyEvery {
		r.tidy()
	}
	r.tell()
}

// drain writes chunks, and then tables, until there are none or the disk fails.
func (r *Recorder) drain() {
	for time.Now().After(r.writer.retry) {
		c := r.oldest()
		if c == nil {
			r.storeTables()
			return
		}
		if err := r.store(c); err != nil {
			r.failed(err)
			return
		}
		if r.writer.fault != nil {
			r.c.Log.Info("the disk takes the recording again", "after", time.Since(r.writer.since).Round(time.Millisecond))
			r.writer.fault = nil
		}
		r.stored(c)
	}
}

// oldest is the chunk that has waited longest, nil if none waits.
func (r *Recorder) oldest() *chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.buffer.queue) == 0 {
		return nil
	}
	return r.buffer.queue[0]
}

// store packs a chunk and appends it to its segment.
func (r *Recorder) store(c *chunk) error {
	w, l := &r.writer, c.lane
	if len(w.frame) == 0 {
		w.frame = w.encoder.EncodeAll(c.text, w.frame)
	}
	if err := r.room(int64(len(w.frame))); err != nil {
		return err
	}
	if s := l.segment; s != nil && (s.span != c.span || c.anew || s.size >= r.c.SegmentBytes) {
		r.closeSegment(l)
	}
	if l.segment == nil {
		s, err := r.open(c)
		if err != nil {
			return err
		}
		l.segment, c.anew = s, false
	}
	err := l.segment.write(w.frame)
	if errors.Is(err, errTorn) {
		r.abandon(l)
	}
	if err == nil && l.segment.unsynced.IsZero() {
		l.segment.unsynced = c.born
	}
	return err
}

// open begins a segment, in the directory that the recorder holds: whoever removes it makes
// place for another recorder.
func (r *Recorder) open(c *chunk) (*segment, error) {
	if err := durable.MakeDirectory(r.c.Dir); err != nil {
		return nil, err
	}
	mine, err := r.lock.Stat()
	if err != nil {
		return nil, err
	}
	there, err := os.Stat(r.c.Dir)
	if err != nil {
		return nil, err
	}
	if !os.SameFile(mine, there) {
		lock, err := prepare(r.c.Dir)
		if err != nil {
			return nil, err
		}
		r.lock.Close() // of a directory that is gone
		r.lock = lock
	}
	return r.disk.openSegment(c.lane.directory(r.c.Dir), c, r.c.SegmentSpan)
}

// room sees that others keep theirs.
func (r *Recorder) room(need int64) error {
	if r.c.FreeMin < 0 {
		return nil
	}
	free, err := r.disk.free(r.c.Dir)
	if err != nil || free < 0 {
		return nil // the write itself will tell
	}
	if free-need < r.c.FreeMin {
		return fmt.Errorf("%s: %w: %d bytes, and %d are to be left", r.c.Dir, errRoom, free, r.c.FreeMin)
	}
	return nil
}

// stored takes a written chunk from the buffer.
func (r *Recorder) stored(c *chunk) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &r.buffer
	b.queue = append(b.queue[:0], b.queue[1:]...)
	c.lane.stats.Written += int64(len(c.text))
	c.lane.stats.DiskBytes += int64(len(r.writer.frame))
	r.writer.frame = r.writer.frame[:0]
	b.release(c)
}

// failed notes that the disk did not take something. It is asked again after a while.
func (r *Recorder) failed(err error) {
	w := &r.writer
	if w.fault == nil {
		w.since = time.Now()
		r.c.Log.Error("the disk does not take the recording", "err", err, "retry", retryEvery)
	}
	w.fault, w.retry = err, time.Now().Add(retryEvery)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Faults++
}

// isFull says whether an error means that there is no room.
func isFull(err error) bool {
	return errors.Is(err, errRoom) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
