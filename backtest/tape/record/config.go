package record

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Config says what to record into and at which price. Fields that are 0 take the default
// that stands beside them.
type Config struct {
	// Dir is the directory of the recording. It is made if it is not there.
	Dir string
	// Flush is what a recording loses at most when the process is killed, 1s, between 10ms
	// and 1m: what is given is on its way to the disk after half of it. It holds as long as
	// the disk takes a write within the other half; Stats.Behind shows when it does not.
	Flush time.Duration
	// SyncEvery is what a recording loses at most when the machine loses power, 10s,
	// between Flush and 1h: how often what is written is forced to the disk.
	SyncEvery time.Duration
	// SegmentSpan is the time that a segment is for, 1h, in UTC. It divides a day and is a
	// minute or more.
	SegmentSpan time.Duration
	// SegmentBytes closes a segment before its time is over, 256 MiB, at least 1 MiB.
	SegmentBytes int64
	// BufferBytes bounds what waits for the disk, 64 MiB, at least 1 MiB. What comes when
	// it is full is dropped, counted, and told by a note in the recording.
	BufferBytes int
	// FreeMin is what the recorder leaves free on the disk, in bytes, 1 GiB: others, such as
	// the journal of a bot, need it. Less than that counts as full. Below 0 it is no limit.
	FreeMin int64
	// Tape is the directory of the tape that closed segments are converted to, empty for
	// none. It lies outside of Dir.
	Tape string
	// KeepRaw is for how long segments are kept after they were converted, 0 for ever. One
	// is removed only after a second import has found all its rows on the tape.
	KeepRaw time.Duration
	// Now is the clock of what the recorder notes itself, the machine's.
	Now func() exchange.Time
	// Log is told of faults and of what cures them, of conversions, and of segments that a
	// killed recorder has left. The default says nothing.
	Log *slog.Logger
}

const (
	flushMin  = 10 * time.Millisecond
	bufferMin = 1 << 20
)

// complete fills in defaults and says what cannot be.
func (c *Config) complete() error {
	fill(&c.Flush, time.Second)
	fill(&c.SyncEvery, 10*time.Second)
	fill(&c.SegmentSpan, time.Hour)
	fill(&c.SegmentBytes, 256<<20)
	fill(&c.BufferBytes, 64<<20)
	fill(&c.FreeMin, 1<<30)
	if c.Now == nil {
		c.Now = func() exchange.Time { return exchange.TimeOf(time.Now()) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case c.Dir == "":
		return errors.New("no directory is given: say where to record")
	case c.Flush < flushMin || c.Flush > time.Minute:
		return fmt.Errorf("flush interval %v: choose 10ms to 1m; 1s is usual", c.Flush)
	case c.SyncEvery < c.Flush || c.SyncEvery > time.Hour:
		return fmt.Errorf("sync interval %v: choose %v, the flush interval, to 1h; 10s is usual", c.SyncEvery, c.Flush)
	case c.SegmentSpan < time.Minute || (24*time.Hour)%c.SegmentSpan != 0 || c.SegmentSpan%time.Minute != 0:
		return fmt.Errorf("segment span %v: choose whole minutes that divide a day; 1h is usual", c.SegmentSpan)
	case c.SegmentBytes < 1<<20:
		return fmt.Errorf("segment size %d bytes: choose 1 MiB or more; 256 MiB are usual", c.SegmentBytes)
	case c.BufferBytes < bufferMin:
		return fmt.Errorf("buffer of %d bytes: choose 1 MiB or more; 64 MiB are usual", c.BufferBytes)
	case c.KeepRaw < 0:
		return fmt.Errorf("raw segments kept for %v: choose 0, for ever, or a time", c.KeepRaw)
	case c.KeepRaw > 0 && c.Tape == "":
		return errors.New("raw segments are to be removed, but no tape is given to convert them to: give one, or keep them")
	case c.Tape != "" && within(c.Dir, c.Tape):
		return fmt.Errorf("the tape %s lies in the recording %s, whose files are read as recordings: choose one beside it", c.Tape, c.Dir)
	}
	return nil
}

func fill[T comparable](field *T, usual T) {
	var zero T
	if *field == zero {
		*field = usual
	}
}

// within says whether a path is dir or below it.
func within(dir, path string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	if path, err = filepath.Abs(path); err != nil {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
