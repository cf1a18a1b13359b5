package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// converter brings closed segments to the tape, one after the other.
type converter struct {
	c      Config
	signal chan struct{}
	// tries are the segments whose conversion failed, by path.
	tries map[string]try

	// mu guards stats, which others read.
	mu    sync.Mutex
	stats ConversionStats
}

// try says when a conversion that has failed some times is tried again.
type try struct {
	failed int
	next   time.Time
}

const (
	// convertEvery is how often the converter looks for segments without being told.
	convertEvery = time.Minute
	// tryMin and tryMax bound the time to the next attempt, which doubles with each.
	tryMin = 10 * time.Second
	tryMax = time.Hour
)

func newConverter(c Config) *converter {
	return &converter{c: c, signal: make(chan struct{}, 1), tries: map[string]try{}}
}

// Convert brings the closed segments of a recording to a tape that are not on it yet, and
// removes old ones if c.KeepRaw says so, as a running recorder does in the background. Of c
// it needs Dir and Tape. A segment that fails does not stop the others; the error names all
// that did. It may be stopped and called again, and may run beside a recorder.
func Convert(ctx context.Context, c Config) (ConversionStats, error) {
	if err := c.complete(); err != nil {
		return ConversionStats{}, fmt.Errorf("convert: %w", err)
	}
	if c.Tape == "" {
		return ConversionStats{}, errors.New("convert: no tape is given")
	}
	k := newConverter(c)
	err := k.round(ctx)
	if err != nil {
		err = fmt.Errorf("convert: %w", err)
	}
	return k.status(), err
}

// wake says that a segment was closed.
func (k *converter) wake() {
	select {
	case k.signal <- struct{}{}:
	default: // it looks again anyway
	}
}

// run converts until the context ends.
func (k *converter) run(ctx context.Context) {
	ticker := time.NewTicker(min(convertEvery, tryMin))
	defer ticker.Stop()
	for {
		_ = k.round(ctx) // told and counted where it happened
		select {
		case <-ctx.Done():
			return
		case <-k.signal:
		case <-ticker.C:
		}
	}
}

// round looks at all segments once.
func (k *converter) round(ctx context.Context) error {
	segments, err := Segments(k.c.Dir)
	if err != nil {
		return k.fail("", err)
	}
	done, err := readConverted(k.c.Dir, k.c.Tape)
	if err != nil {
		return k.fail("", err)
	}
	waiting := segments[:0]
	var faults []error
	for _, s := range segments {
		past, ok := done[nameOf(s)]
		switch {
		case s.Open:
		case !ok:
			waiting = append(waiting, s)
		case k.c.KeepRaw > 0 && k.c.Now().Sub(past.At) >= k.c.KeepRaw:
			faults = append(faults, k.attempt(ctx, s, k.remove))
		}
	}
	for i, s := range waiting {
		k.set(func(c *ConversionStats) { c.Waiting = int64(len(waiting) - i) })
		faults = append(faults, k.attempt(ctx, s, k.convert))
	}
	left := int64(0)
	for _, s := range waiting {
		if _, failed := k.tries[s.Path]; failed {
			left++
		}
	}
	k.set(func(c *ConversionStats) { c.Waiting = left })
	return errors.Join(faults...)
}

// attempt does something with a segment unless it failed a short while ago.
func (k *converter) attempt(ctx context.Context, s Segment, do func(context.Context, Segment) error) error {
	if ctx.Err() != nil || time.Now().Before(k.tries[s.Path].next) {
		return ctx.Err()
	}
	err := do(ctx, s)
	switch {
	case err == nil:
		delete(k.tries, s.Path)
		k.set(func(c *ConversionStats) { c.Fault = "" })
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return k.fail(s.Path, err)
}

// fail tells of a failure and says when it is tried again.
func (k *converter) fail(path string, err error) error {
	t := k.tries[path]
	again := min(tryMin<<min(t.failed, 16), tryMax)
	k.tries[path] = try{t.failed + 1, time.Now().Add(again)}
	k.c.Log.Error("conversion failed", "path", path, "err", err, "retry", again)
	k.set(func(c *ConversionStats) {
		c.Failed++
		c.Fault = err.Error()
	})
	return err
}

// convert imports a segment and notes that it is done.
func (k *converter) convert(ctx context.Context, s Segment) error {
	report, err := k.load(ctx, s)
	if err != nil {
		return err
	}
	c := converted{
		Segment: nameOf(s), SHA256: report.SHA256, Tape: absolute(k.c.Tape), At: k.c.Now(), SetAside: report.Skipped.Count, Gaps: report.Gaps,
	}
	for _, series := range report.Series {
		c.Rows += series.Rows
		c.New += series.New
	}
	if err := appendConverted(k.c.Dir, c); err != nil {
		return err
	}
	k.c.Log.Info("segment converted", "path", s.Path, "rows", c.Rows, "new", c.New, "set_aside", c.SetAside, "gaps", len(c.Gaps))
	k.set(func(stats *ConversionStats) {
		stats.Converted++
		stats.Rows += c.New
	})
	return nil
}

// load imports a segment.
func (k *converter) load(ctx context.Context, s Segment) (tape.Report, error) {
	t, err := tape.Create(k.c.Tape)
	if err != nil {
		return tape.Report{}, err
	}
	return tape.Import(ctx, t, tape.ImportSpec{Path: s.Path, Spec: source.Spec{Key: row.Key{Product: s.Product}}}, nil)
}

// errMissing says that a segment cannot be removed.
var errMissing = errors.New("the tape lacks rows of the segment, which is kept")

// remove removes a segment whose rows are all on the tape: it is imported once more, and
// nothing of it may be new.
func (k *converter) remove(ctx context.Context, s Segment) error {
	report, err := k.load(ctx, s)
	if err != nil {
		return err
	}
	for _, series := range report.Series {
		if series.New > 0 {
			return fmt.Errorf("%s: %w: %d of %s were put there now", s.Path, errMissing, series.New, series.Key)
		}
	}
	if err := os.Remove(s.Path); err != nil {
		return err
	}
	if err := os.Remove(s.Path + checksumSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	k.c.Log.Info("segment removed: the tape has its rows", "path", s.Path)
	k.set(func(c *ConversionStats) { c.Removed++ })
	return nil
}

func (k *converter) set(change func(*ConversionStats)) {
	k.mu.Lock()
	defer k.mu.Unlock()
	change(&k.stats)
}

func (k *converter) status() ConversionStats {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.stats
}

// nameOf names a segment within the recording: um/2026-11-23T04.jsonl.zst.
func nameOf(s Segment) string {
	return filepath.Base(filepath.Dir(s.Path)) + "/" + filepath.Base(s.Path)
}

func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}

// converted is a line of the file "converted": a segment whose rows are on a tape.
type converted struct {
	Segment string        `json:"segment"`
	SHA256  string        `json:"sha256"`
	Tape    string        `json:"tape"`
	At      exchange.Time `json:"at"`
	// Rows are on the tape, of which New were not before; SetAside are lines without any.
	Rows     int64 `json:"rows"`
	New      int64 `json:"new"`
	SetAside int64 `json:"set_aside"`
	// Gaps are those that the recorder noted: they stay known when the segment is removed.
	Gaps []source.Gap `json:"gaps,omitempty"`
}
