package record

import (
	"context"
	"errors"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// ErrLocked says that another recorder holds the directory.
var ErrLocked = errors.New("another recorder is at work in this directory")

// Recorder keeps what it is given in the segments of a directory. Message, Answer, Table
// and Note may be called by several goroutines and never wait for the disk; Run writes.
type Recorder struct{ c Config }

// Open makes or opens a recording for writing. It closes the segments that a killed
// recorder has left open: whole frames are kept, the rest of the file is cut off; the time
// up to the first new line becomes a gap note. It fails if another recorder holds the
// directory (ErrLocked), or cannot write there.
//
// What is given before Run begins waits in the buffer. Who does not call Run calls Close.
func Open(c Config) (*Recorder, error) { return &Recorder{c}, c.complete() }

// Message keeps a message of a stream as it came. at is the local time of its receipt. It
// never blocks: when the buffer is full, the message is dropped and counted.
func (r *Recorder) Message(p exchange.Product, at exchange.Time, raw []byte) {}

// Answer keeps what a REST server answered to a public request: order books and lists. url
// is what was asked for; a query with a signature is cut off. Like Message it never blocks.
func (r *Recorder) Answer(p exchange.Product, at exchange.Time, url string, body []byte) {}

// Table keeps a table that was asked for at some time, such as "um/exchangeInfo": as a
// file of its own if its content differs from the last one's, which [TableAt] finds, and in
// any case as a note. Names are one to four words of letters, digits, '-', '_' and '.',
// joined by '/'; one that is not is refused with an error, as is a body that is no JSON.
// Like Message it never blocks; a table that the buffer has no room for is dropped.
func (r *Recorder) Table(name string, at exchange.Time, body []byte) error { return nil }

// Note keeps a note among the messages of a product; 0 is for those of none. The recorder
// itself writes those of its start and end, of what it dropped, of tables, and of the gap
// that its absence has left.
func (r *Recorder) Note(p exchange.Product, at exchange.Time, n Note) {}

// Run writes until the context ends; then it writes what is left, closes the segments and
// gives the directory back. An error says that something could not be written by then.
func (r *Recorder) Run(ctx context.Context) error { return nil }

// Close gives the directory back if Run was never called.
func (r *Recorder) Close() error { return nil }

// Stats may be called at any time.
func (r *Recorder) Stats() Stats { return Stats{} }

// Stats is how a recorder is doing. Counts are since Open.
type Stats struct {
	Products []ProductStats
	// Buffered of BufferBytes bytes of memory hold what waits for the disk.
	Buffered, BufferBytes int64
	// Behind is for how long the oldest line has waited for the disk, Unsynced for how long
	// the oldest written one has waited to be forced to it: what a kill and a loss of power
	// would cost now.
	Behind, Unsynced time.Duration
	// Full says that the disk has no room, Fault what it says in general; empty as long as
	// it takes what it is given.
	Full  bool
	Fault string
	// Faults counts failed attempts to write.
	Faults int64
	// Segments were closed; Tables were kept because they had changed, of TablesAsked.
	Segments, Tables, TablesAsked int64
	// TablesDropped were not kept, for want of room.
	TablesDropped int64
	Conversion    ConversionStats
}

// ProductStats counts what was given of a product; that of notes alone is 0.
type ProductStats struct {
	Product exchange.Product
	// Messages and Answers were taken, Notes among them written. Odd are those messages and
	// answers that are kept in notes, for they are not JSON on one line.
	Messages, Answers, Notes, Odd int64
	// Bytes were taken, line ends and times included; Written of them are on the disk, in
	// DiskBytes bytes.
	Bytes, Written, DiskBytes int64
	// Dropped messages and answers had no room.
	Dropped, DroppedBytes int64
	// Last is the time of the last line.
	Last exchange.Time
}

// ConversionStats is what became of closed segments.
type ConversionStats struct {
	// Converted segments are on the tape, Waiting are not yet, Removed were removed later.
	Converted, Waiting, Removed int64
	// Failed counts attempts that failed, Fault is why the last one did; empty if it did not.
	Failed int64
	Fault  string
	// Rows were new to the tape.
	Rows int64
}
