package link

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Config is what a link is made of.
type Config struct {
	Instruments *exchange.Instruments
	// Seed is the root of everything drawn.
	Seed uint64
	// From is when the run proper begins, from which the times of faults count; before it
	// is history. 0 is the start of the venue.
	From exchange.Time
	// Feed is the delay of market data, Entry that of requests to the exchange and Answer
	// that of what the exchange tells us of our account.
	Feed, Entry, Answer Delay
	// Faults are what goes wrong.
	Faults []Fault
}

// Needed says whether there is anything for a link to do.
func (c *Config) Needed() bool {
	return !c.Feed.None() || !c.Entry.None() || !c.Answer.None() || len(c.Faults) > 0
}

// Link is a [venue.Venue] as it is seen from afar. It has one owner and is not safe for
// concurrent use.
type Link struct {
	venue *venue.Venue
	ins   *exchange.Instruments
	from  exchange.Time
	now   exchange.Time

	feed, entry, answer courier
	lag                 time.Duration  // of the newest recorded message
	shown               exchange.Event // what the venue is shown of it
	recorded, early     int            // messages with two recorded times; received before they were sent

	market  lanes
	entered exchange.Time // when the request sent last arrives
	waiting queue[*request]
	told    exchange.Time // when the newest message of the user stream is told
	answers queue[*message]
	// pending are the requests without an answer, in the order in which they were sent.
	pending []*request
	// standing is the last that the exchange has said of each order that may matter.
	standing map[string]exchange.OrderUpdate
	// done are the answers to acts that we have not been told yet.
	done map[exchange.ActID]exchange.ActUpdate

	faults  []fault
	acts    queue[*Fault] // faults of the exchange itself, from Start on
	outages []outage
	darkens bool // some outage stops market data
	missed  []string
	closed  bool

	out    []exchange.Event
	handed []*message
	spare  []*message
}

// New puts a link before a venue. Errors name the fault or delay that makes no sense.
func New(v *venue.Venue, c Config) (*Link, error) {
	if c.Entry.Recorded() || c.Answer.Recorded() {
		if !c.Feed.Recorded() {
			return nil, errors.New("link: recorded delays of requests and answers follow those of the feed: make that recorded, too")
		}
	}
	l := &Link{
		venue: v, ins: c.Instruments, from: c.From, standing: map[string]exchange.OrderUpdate{}, done: map[exchange.ActID]exchange.ActUpdate{},
		feed: newCourier(c.Feed, c.Seed, "feed"), entry: newCourier(c.Entry, c.Seed, "entry"), answer: newCourier(c.Answer, c.Seed, "answer"),
	}
	for i := range c.Faults {
		f := &c.Faults[i]
		if err := f.resolve(c.Instruments); err != nil {
			return nil, fmt.Errorf("link: fault %d, %q: %w", i+1, f.text, err)
		}
		same := 0
		for _, other := range c.Faults[:i] {
			if other.text == f.text {
				same++
			}
		}
		l.faults = append(l.faults, fault{Fault: *f, rng: stream(c.Seed, fmt.Sprintf("%s #%d", f.text, same))})
		l.darkens = l.darkens || f.market
	}
	return l, nil
}

// Start opens the account; see [venue.Venue.Start]. What the account owns is known at
// once. From here on the times of faults count.
func (l *Link) Start(at exchange.Time) {
	l.venue.Start(at)
	l.now = max(l.now, at)
	for _, e := range l.venue.Events() {
		l.answers.push(at, l.message(&e))
	}
	zero := max(l.from, at)
	for i := range l.faults {
		f := &l.faults[i]
		f.begin(zero)
		switch {
		case f.verb == outageFault:
			l.outages = append(l.outages, outage{span{f.at, f.at.Add(f.length)}, f.market})
		case f.verb.exchange():
			l.acts.push(f.at, &f.Fault)
		}
	}
	slices.SortFunc(l.outages, func(a, b outage) int { return int(min(1, max(-1, a.from-b.from))) })
}

// Market lets what came before a market event happen, then shows it to the venue. A
// request that arrives at the very instant of the event comes after it, for an order
// matches only what is later than itself; but the opening of a bar is of the trades after
// its instant.
func (l *Link) Market(e *exchange.Event) {
	if e.Kind == exchange.KindBarOpen {
		l.pass(e.At)
	} else {
		l.pass(e.At - 1)
	}
	l.now = max(l.now, e.At)
	if l.feed.Recorded() { // Exchange is the time of receipt, which is none of the exchange's
		l.shown = *e
		l.shown.Exchange = e.At
		e = &l.shown
	}
	l.venue.Market(e)
	l.collect(nil)
}

// Quiet says that a market event would make nobody say anything, if it came next.
func (l *Link) Quiet(e *exchange.Event) bool {
	return !l.Delays() && e.At < l.Due() && l.venue.Quiet(e)
}

// Due is when something happens next that no market event and no call brings about: at
// the exchange, on the way there, or because an answer is told. Whoever keeps the time
// calls [Link.Advance] then and reads [Link.Events].
func (l *Link) Due() exchange.Time { return min(l.next(), l.answers.next()) }

// next is when something other than an answer is due.
func (l *Link) next() exchange.Time {
	at := min(l.acts.next(), l.venue.Due(), l.waiting.next())
	for _, r := range l.pending {
		at = min(at, r.ask)
	}
	return at
}

// Advance lets everything happen that is due at or before an instant.
func (l *Link) Advance(at exchange.Time) {
	l.pass(at)
	l.now = max(l.now, at)
}

// pass lets happen what is due up to an instant, in the order of time; at one instant
// first what the exchange does, then what arrives there, then what we make of silence.
func (l *Link) pass(to exchange.Time) {
	for !l.closed {
		at := l.next()
		if at > to {
			return
		}
		l.now = max(l.now, at)
		switch at {
		case l.acts.next():
			_, f := l.acts.pop()
			if err := f.act(l.venue, at); err != nil {
				l.missed = append(l.missed, fmt.Sprintf("%q at %v: %v", f.text, at, err))
			}
			l.collect(nil)
		case l.venue.Due():
			l.venue.Advance(at)
			l.collect(nil)
		case l.waiting.next():
			_, r := l.waiting.pop()
			l.arrive(r, at)
		default:
			l.doubt(at)
		}
	}
}

// Err is that of [venue.Venue.Err].
func (l *Link) Err() error { return l.venue.Err() }

// Missed lists the faults that could not happen when their time had come, and from Close on
// those that had no occasion, and why.
func (l *Link) Missed() []string { return l.missed }

// Submit sends an approved new order, amend or act on its way.
func (l *Link) Submit(a riskguard.Approved, at exchange.Time) {
	kind := newOrder
	switch {
	case a.Act().Kind != 0:
		kind = doAct
	case a.Amend():
		kind = amendOrder
	}
	l.request(&request{kind: kind, act: a.Act(), approved: a, order: a.Order()}, at)
}

// Cancel sends a wish to end an order on its way.
func (l *Link) Cancel(o exchange.Order, at exchange.Time) {
	l.request(&request{kind: cancelOrder, order: o}, at)
}

func (l *Link) request(r *request, at exchange.Time) {
	if l.closed {
		return
	}
	l.Advance(at)
	l.send(r, at)
}

// Tell puts what the exchange says of the account when asked on its way to us, such as a
// valuation made now for everyone to know.
func (l *Link) Tell(e *exchange.Event) {
	l.stream(l.message(e), e.At.Add(l.answer.next(l.lag)))
}

// Events returns what we have been told since the last call, in order. Slice and payloads
// are the link's, good until the next call that returns something.
func (l *Link) Events() []exchange.Event {
	if l.answers.next() > l.now {
		return nil
	}
	l.spare = append(l.spare, l.handed...)
	l.handed, l.out = l.handed[:0], l.out[:0]
	for l.answers.next() <= l.now {
		at, m := l.answers.pop()
		m.e.At = at
		l.hear(m)
		l.out = append(l.out, m.e)
		l.handed = append(l.handed, m)
	}
	return l.out
}

// Close ends the run: requests on their way are lost, and so are those that follow; what
// the exchange has said is told now.
func (l *Link) Close(at exchange.Time) {
	l.pass(at)
	l.now, l.closed = max(l.now, at), true
	l.unhappened()
	l.pending = nil
	var rest queue[*message]
	for l.answers.next() != exchange.Never {
		_, m := l.answers.pop()
		rest.push(l.now, m)
	}
	l.answers = rest
}
