package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
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
}

// Writer appends to a journal. But for Run and Compact its methods are for one goroutine at
// a time, whoever runs the kernel.
type Writer struct{}

// Open locks a directory and mends what a crash has left at its end. Nothing can be appended
// before the first Rotate, which begins a segment behind the last whole record: read with
// [Newest] what the kernel's state is, and give its snapshot. A directory of another account
// or mode, damage, and a second writer (ErrLocked) are errors.
func Open(c Config) (*Writer, error) { return nil, errDraft }

// Last is the number of the last event in the journal, 0 in an empty one.
func (w *Writer) Last() uint64 { return 0 }

// Append takes an event, and the decision on it or nil, into memory. Their numbers must
// follow the last one's without a gap.
func (w *Writer) Append(e *exchange.Event, d *exchange.Decision) error { return errDraft }

// Commit makes what was appended as safe as the level demands. After an error nothing may be
// sent; it can be tried again, unless the error is ErrDead.
func (w *Writer) Commit(l Level) error { return errDraft }

// Flush writes what was appended, with one call of the system.
func (w *Writer) Flush() error { return errDraft }

// Full says that it is time to Rotate.
func (w *Writer) Full() bool { return false }

// Rotate begins a new segment with the kernel's snapshot, which is of the state behind the
// last event that was appended. The old segment and the new one are on the disk when it
// returns.
func (w *Writer) Rotate(snapshot []byte) error { return errDraft }

// Run forces to the disk what SyncEvery lets wait, and compacts old segments after each
// rotation, until the context ends. An error means that the disk has failed and that the
// writer is dead.
func (w *Writer) Run(ctx context.Context) error { return errDraft }

// Compact takes the market data out of closed segments that are kept no longer.
func (w *Writer) Compact(ctx context.Context) error { return errDraft }

// Close writes and forces what is left, and gives the directory up.
func (w *Writer) Close() error { return errDraft }

// Errors of this package. Callers test them with errors.Is.
var (
	// ErrEmpty says that a directory has no segment to begin with; it is fs.ErrNotExist, too.
	ErrEmpty = fmt.Errorf("no journal: %w", fs.ErrNotExist)
	// ErrLocked says that another process writes the journal.
	ErrLocked = errors.New("another process writes this journal")
	// ErrDamaged says that what was once whole is not any more; the error is a *Damage.
	ErrDamaged = errors.New("journal is damaged")
	// ErrDead says that the disk has failed in a way after which nobody knows what is on it.
	ErrDead = errors.New("the journal takes nothing any more")
)

// Record is an event, and the decision on it where there is one.
type Record struct {
	// Event and what it points to are the caller's. Of KindDepth there are no levels.
	Event    exchange.Event
	Decision *exchange.Decision
	// Offset is where the frame of the record begins in its segment's file.
	Offset int64
}

// Segment reads one file of a journal.
type Segment struct {
	// Path is the file's.
	Path string
	Header
}

// OpenSegment opens a file whose header and snapshot are whole.
func OpenSegment(path string) (*Segment, error) { return nil, errDraft }

// Snapshot reads the kernel's snapshot. A compacted segment has none: nil.
func (s *Segment) Snapshot() ([]byte, error) { return nil, errDraft }

// Next reads the next record. It returns io.EOF at the end, and may be called again when
// the writer has gone on.
func (s *Segment) Next(r *Record) error { return errDraft }

// Torn is how many bytes Next has passed over when it returned io.EOF: a write that a crash
// has cut off, or one that is under way.
func (s *Segment) Torn() int64 { return 0 }

// Close closes the file.
func (s *Segment) Close() error { return errDraft }

// Newest opens the segment to start from: the newest whose header and snapshot are whole.
// The error is ErrEmpty if there is none.
func Newest(dir string) (*Segment, error) { return nil, errDraft }

// Reader reads a journal from its first record to its last.
type Reader struct{}

// Read opens a journal.
func Read(dir string) (*Reader, error) { return nil, errDraft }

// Next reads the next record, of whichever segment; io.EOF is the end. A segment that does
// not follow the one before is an error.
func (r *Reader) Next(to *Record) error { return errDraft }

// Segment is the one that the last record came from.
func (r *Reader) Segment() *Segment { return nil }

// Close closes the file.
func (r *Reader) Close() error { return errDraft }

var errDraft = errors.New("journal: this is the draft of the API")
