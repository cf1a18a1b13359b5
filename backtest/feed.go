package backtest

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pmbot/pmbot/backtest/derive"
	"github.com/pmbot/pmbot/exchange"
)

// feedEvents is how many raw events are read at once. A batch is what decoding, deriving
// and, in lockstep, a message to a plugin work on.
const feedEvents = 4096

// feed turns a source into batches of whole instants: it adds what is derived (marks,
// indices) and built (bars of lengths the data lacks), and never splits the events of
// one instant, because a venue digests an instant whole before strategies see it.
type feed struct {
	source Source
	derive *derive.Rules
	build  *builder
	to     exchange.Time
	// plain: nothing is derived or built, so the source's events are handed out as they
	// are; copying them costs a tenth of a run on bars (BenchmarkBars).
	plain bool

	raw   []exchange.Event // read, not yet handed out: raw[first:last]
	first int
	last  int
	out   []exchange.Event
	done  bool
	now   exchange.Time
}

func newFeed(s Source, d *derive.Rules, b *builder, to exchange.Time) *feed {
	return &feed{
		source: s, derive: d, build: b, to: to, plain: d.Idle() && len(b.bars) == 0, raw: make([]exchange.Event, 2*feedEvents),
	}
}

// next returns the following events in order, ending at the end of an instant; io.EOF
// after the last. They are the feed's until the next call.
func (f *feed) next() ([]exchange.Event, error) {
	f.derive.Reset()
	f.build.reset()
	for f.out = f.out[:0]; len(f.out) == 0; {
		if f.done {
			return nil, io.EOF
		}
		if err := f.read(); err != nil {
			return nil, err
		}
		whole := f.last
		if !f.done {
			whole = f.lastInstant()
		}
		events := f.raw[f.first:whole]
		f.first = whole
		cut := len(events) > 0 && events[len(events)-1].At > f.to
		if cut {
			f.done = true
			events = events[:slices.IndexFunc(events, func(e exchange.Event) bool { return e.At > f.to })]
		}
		if f.plain && len(events) > 0 {
			return events, nil
		}
		for i := range events {
			f.expand(&events[i])
		}
		if cut {
			f.out = f.build.close(f.out, f.to) // what was complete by then
		}
	}
	return f.out, nil
}

// read moves what is left to the front and fills up from the source.
func (f *feed) read() error {
	f.keep()
	if f.last == len(f.raw) { // one instant fills the whole buffer
		f.raw = append(f.raw, make([]exchange.Event, len(f.raw))...)
	}
	n, err := f.source.Next(f.raw[f.last:min(len(f.raw), f.last+feedEvents)])
	for i := f.last; i < f.last+n; i++ {
		if at := f.raw[i].At; at < f.now {
			return fmt.Errorf("market data goes back in time: %v of %v after %v", f.raw[i].Kind, at, f.now)
		}
		f.now = f.raw[i].At
	}
	f.last += n
	if errors.Is(err, io.EOF) {
		f.done = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("read market data: %w", err)
	}
	return nil
}

// keep moves the unread tail to the front. The source reuses what its events point to
// with the next read, so the tail gets copies.
func (f *feed) keep() {
	tail := copy(f.raw, f.raw[f.first:f.last])
	f.first, f.last = 0, tail
	for i := range tail {
		own(&f.raw[i])
	}
}

// own gives a market event a body that nobody else writes to.
func own(e *exchange.Event) {
	var k exchange.Kept
	k.Keep(e)
	*e = k.Event
}

// lastInstant is where the last, possibly incomplete instant of the buffer begins.
func (f *feed) lastInstant() int {
	i := f.last
	for i > f.first && f.raw[i-1].At == f.raw[f.last-1].At {
		i--
	}
	return i
}

// expand appends an event and what follows from it: before it the built bars that its
// time completes and what is derived, after it the bars that it completes.
func (f *feed) expand(e *exchange.Event) {
	f.out = f.build.close(f.out, e.At)
	f.out = f.derive.Expand(f.out, e)
	if e.Kind == exchange.KindTrade || e.Kind == exchange.KindBar {
		f.out = f.build.add(f.out, e)
	}
}
