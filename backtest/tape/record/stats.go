package record

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

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
	// TablesDropped were not kept, for want of room. TableFault is why the last one could
	// not be written, empty if it could.
	TablesDropped int64
	TableFault    string
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

// Stats may be called at any time.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stats
	s.Products, s.Conversion = nil, r.converter.status()
	b := &r.buffer
	oldest := time.Time{}
	older := func(c *chunk) {
		if c != nil && (oldest.IsZero() || c.born.Before(oldest)) {
			oldest = c.born
		}
	}
	for _, c := range b.queue {
		older(c)
		s.Buffered += int64(len(c.text))
	}
	for _, l := range r.lanes {
		older(l.fill)
		if l.fill != nil {
			s.Buffered += int64(len(l.fill.text))
		}
		if l.begun || l.stats.Dropped > 0 {
			s.Products = append(s.Products, l.stats)
		}
	}
	for i := range b.tables {
		s.Buffered += b.tables[i].size()
	}
	s.BufferBytes = int64(r.c.BufferBytes)
	s.Behind, s.Unsynced = since(oldest), since(r.unsynced)
	return s
}

func since(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return time.Since(t)
}
