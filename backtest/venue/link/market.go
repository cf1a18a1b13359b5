package link

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// lane is the connection by which one product's market data comes, first in, first out.
// It is a ring whose slots keep what the events point to, so that a lane in its stride
// allocates nothing.
type lane struct {
	ring  []slot
	first int
	count int
	last  exchange.Time // when the newest message arrives
}

type slot struct {
	at  exchange.Time
	seq uint64
	exchange.Kept
}

// lanes are the connections by product; what belongs to no instrument has the first.
type lanes struct {
	list [exchange.Margin + 1]lane
	seq  uint64
}

// Delays says whether market data is told later than it happens.
func (l *Link) Delays() bool { return !l.feed.None() || l.darkens }

// Send puts a market event that the venue has digested on its way to us. The event stays
// the caller's. With a recorded delay Exchange is the time of receipt, 0 for none, and
// becomes the exchange's time.
func (l *Link) Send(e *exchange.Event) {
	product := exchange.Product(0)
	if e.Inst != 0 {
		product = l.ins.At(e.Inst).Product
	}
	sent, receipt := e.Exchange, exchange.Time(0)
	if l.feed.Recorded() {
		sent, receipt = e.At, max(e.At, e.Exchange)
		if e.Exchange != 0 && e.Kind != exchange.KindFunding { // of a message, not of a rule or an archive
			l.recorded++
			switch {
			case e.Exchange > e.At:
				l.lag = receipt.Sub(e.At)
			case e.Exchange < e.At:
				l.early++
			}
		}
	}
	at := e.At.Add(l.feed.next(receipt.Sub(e.At)))
	for i := range l.outages {
		if o := &l.outages[i]; o.market && o.holds(at) {
			at = o.to
		}
	}
	way := &l.market.list[product]
	s := way.push()
	s.Keep(e)
	way.last = max(way.last, at)
	l.market.seq++
	s.at, s.seq, s.Event.At, s.Event.Exchange = way.last, l.market.seq, way.last, sent
}

// Recorded counts the messages that had a recorded delay, marks made of them included, and
// those among them which the recorder's clock has before the exchange's: they took no time.
func (l *Link) Recorded() (all, early int) { return l.recorded, l.early }

// Arrival is when the next market event arrives, the end of time if none is under way.
func (l *Link) Arrival() exchange.Time {
	if way := l.market.next(); way != nil {
		return way.head().at
	}
	return exchange.Never
}

// Receive takes the market event that arrives next; there must be one. It is good until
// the next Send.
func (l *Link) Receive() *exchange.Event {
	way := l.market.next()
	s := way.head()
	way.first = (way.first + 1) % len(way.ring)
	way.count--
	return &s.Event
}

// next is the lane of the message that arrives first, nil if there is none.
func (m *lanes) next() *lane {
	var first *lane
	for i := range m.list {
		if way := &m.list[i]; way.count > 0 && (first == nil || way.head().before(first.head())) {
			first = way
		}
	}
	return first
}

func (w *lane) head() *slot { return &w.ring[w.first] }

func (s *slot) before(t *slot) bool { return s.at < t.at || s.at == t.at && s.seq < t.seq }

// push makes a slot behind the last one.
func (w *lane) push() *slot {
	if w.count == len(w.ring) {
		ring := make([]slot, max(64, 2*len(w.ring)))
		n := copy(ring, w.ring[w.first:])
		copy(ring[n:], w.ring[:w.first])
		w.ring, w.first = ring, 0
	}
	s := &w.ring[(w.first+w.count)%len(w.ring)]
	w.count++
	return s
}

// outage is a time in which the exchange cannot be reached; market says that its market
// data stops, too.
type outage struct {
	span
	market bool
}

// silent is when what arrives at an instant is told: then, or when the outage is over in
// which it lies.
func (l *Link) silent(at exchange.Time) exchange.Time {
	for i := range l.outages {
		if l.outages[i].holds(at) {
			at = l.outages[i].to
		}
	}
	return at
}

// dark says whether the exchange cannot be reached at an instant.
func (l *Link) dark(at exchange.Time) bool {
	return slices.ContainsFunc(l.outages, func(o outage) bool { return o.holds(at) })
}
