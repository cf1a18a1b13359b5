package tape

import (
	"fmt"
	"math"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Clock says whose time orders a replay and is the At of events.
type Clock uint8

const (
	// ExchangeClock: an event comes at the exchange's time of its row.
	ExchangeClock Clock = iota
	// LocalClock: an event comes when the recorder received it, by the recorder's clock.
	LocalClock
	// CorrectedClock: the recorder's clock is corrected by the exchange's, so that the
	// smallest latency of each product is ReaderSpec.LatencyBase; see package clock.
	CorrectedClock
)

var clockNames = [...]string{"exchange", "local", "corrected"}

// String is the name of the clock in configurations.
func (c Clock) String() string { return clockNames[c] }

// UnmarshalText reads exchange, local or corrected.
func (c *Clock) UnmarshalText(text []byte) error {
	for i, name := range clockNames {
		if name == string(text) {
			*c = Clock(i)
			return nil
		}
	}
	return fmt.Errorf("%w clock %q; known are exchange, local, corrected", exchange.ErrUnknownName, text)
}

// MarshalText writes the name.
func (c Clock) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// lagMost is how far the recorder's clock and the exchange's may be apart. It bounds how
// long a row may have to wait for others, and how far before the lower bound of a replay
// rows are looked for.
const lagMost = time.Hour

// clockColumns are the columns that the recorder's clock needs beside those of events.
func clockColumns(k row.Kind) []string {
	if k == row.MarkPrice {
		return []string{"local"} // its time is that of the event
	}
	return []string{"event", "local"}
}

// lane is what the events of one series have in common.
type lane struct {
	key  row.Key
	inst exchange.InstrumentID
	// from and to bound the events, first and last the times of the rows that are read.
	from, to, first, last exchange.Time
	holes                 []Hole
	// clock, base and receipts are those of the ReaderSpec, model that of the product's
	// recorder.
	clock    Clock
	receipts bool
	base     time.Duration
	model    *clock.Model
	// low is the least by which an event is after the time of its row, 0 or below.
	low  time.Duration
	open func(path string) (disk, error)
}

// local says whether events come by the recorder's clock: bars and settlements never do.
func (l *lane) local() bool { return l.reads() && !l.receipts }

// reads says whether the recorder's clock is read.
func (l *lane) reads() bool { return l.clock != ExchangeClock && l.key.Kind.Recorded() }

// stamp returns At and Exchange of the event of a row.
func (l *lane) stamp(when, event, local exchange.Time) (at, sent exchange.Time) {
	if l.clock == ExchangeClock {
		return when, when
	}
	at, sent = l.received(when, event, local)
	if l.receipts {
		return when, at
	}
	return at, sent
}

// received is stamp by the recorder's clock. Without a local time a row comes at its own,
// and at its latency's base after that by the corrected clock. Corrected times are never
// before the exchange's, whatever the model says: nothing arrives before it has happened.
func (l *lane) received(when, event, local exchange.Time) (at, sent exchange.Time) {
	sent = when
	if event != 0 {
		sent = event
	}
	switch {
	case local == 0:
		return when.Add(l.base), sent
	case l.clock == LocalClock:
		return local, sent
	}
	return max(when, l.model.Correct(sent, local, l.base)), sent
}

// bound sets which rows of a series can matter, from the lags of its files.
func (l *lane) bound(parts []part) error {
	l.first, l.last = l.from, l.to.Add(-l.key.Interval)
	if !l.local() {
		return nil
	}
	var least, most time.Duration
	for _, p := range parts {
		if !p.overlaps(early(l.from, lagMost), late(l.to, lagMost)) {
			continue
		}
		least, most = min(least, p.meta.lagMin), max(most, p.meta.lagMax)
		if l.clock == LocalClock && most-least > lagMost {
			return fmt.Errorf("%s: local times are up to %v before and %v after the exchange's, more than %v apart: "+
				"the recorder's clock was wrong; play by the corrected or by the exchange's clock", p.path, -least, most, lagMost)
		}
	}
	if l.clock == CorrectedClock {
		// What is left of a lag is at most what it was above the least.
		least, most = 0, min(most-least+l.base, lagMost)
	}
	l.low, l.first, l.last = least, early(l.from, most), late(l.to, -least)
	return nil
}

// Span bounds the instants of a series' events by the clock of a replay, which are those of
// its rows by the exchange's.
func (t *Tape) Span(s *Series, spec *ReaderSpec) (from, to exchange.Time) {
	if spec.Clock == ExchangeClock || spec.Receipts || !s.Kind.Recorded() {
		return s.From, s.To
	}
	var least, most time.Duration
	for _, p := range t.shelf[s.Key] {
		least, most = min(least, p.meta.lagMin), max(most, p.meta.lagMax)
	}
	if spec.Clock == CorrectedClock {
		least, most = 0, most-least+spec.LatencyBase
	}
	return early(s.From, -max(least, -lagMost)), late(s.To, min(most, lagMost))
}

// early is an instant some time before another, but not before the first of all.
func early(t exchange.Time, d time.Duration) exchange.Time { return max(0, t.Add(-d)) }

// late is an instant some time after another, if there is one.
func late(t exchange.Time, d time.Duration) exchange.Time {
	if t > math.MaxInt64-exchange.Time(d) {
		return t
	}
	return t.Add(d)
}

// model fits the clock that recorded a product, by all that the tape has of it.
func (t *Tape) model(p exchange.Product) *clock.Model {
	var lists [][]clock.Knot
	for key, parts := range t.shelf {
		for _, part := range parts {
			if key.Product == p {
				lists = append(lists, part.meta.knots)
			}
		}
	}
	return clock.Fit(clock.Merge(lists...))
}
