package market

import (
	"time"

	"github.com/pmbot/pmbot/exchange/market/rest"
)

// Stats counts what a feed has done since it was made.
type Stats struct {
	// Messages came, with Frames in them; Events and Notices were made of them and of answers.
	Messages, Frames, Events, Notices int64
	// Undecodable frames could not be read. Foreign ones were not of their stream's symbol,
	// Merged ones of the product whose own stream brings them, Unknown ones of no instrument.
	// Repeated ones were told before. Special trades are no market trades.
	Undecodable, Foreign, Merged, Unknown, Repeated, Special int64
	// Gaps were told. Books were lost Resyncs times; all of them together took Snapshots of
	// ResyncWeight.
	Gaps, Resyncs, Snapshots, ResyncWeight int64
	// Bars were delivered as ours or as the venue's; BarsDiffer were not the same, BarsMissed
	// are nobody's. LateTrades came after their bar.
	BarsOurs, BarsVenues, BarsDiffer, BarsMissed, LateTrades int64
	// Fundings were told. Changes of what the exchange lists were found.
	Fundings, Changes int64
	// RequestsFailed were made again or given up.
	RequestsFailed int64
	// Books are how many are kept, BooksReady how many of them are in sync now. Dropped is how
	// many instruments are not listened to, because they do not trade.
	Books, BooksReady, Dropped int
	// Clock is the last measurement of the exchange's clock; ClockAge how long ago it was, 0
	// if it was never measured.
	Clock    rest.Reading
	ClockAge time.Duration
}

// Stats is a snapshot of the counts. It must not be called by the Sink.
func (f *Feed) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.stats
	for _, in := range f.instruments.list {
		if in.dropped {
			s.Dropped++
		}
		if in.book == nil {
			continue
		}
		s.Books++
		if in.book.main.Ready() {
			s.BooksReady++
		}
	}
	s.Clock = f.clock
	if f.clock.At != 0 {
		s.ClockAge = f.now.Sub(f.clock.At)
	}
	return s
}
