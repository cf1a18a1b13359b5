package loop

import (
	"errors"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// itemKind says what enters the kernel.
type itemKind uint8

const (
	anEvent itemKind = iota
	aWish
	aTick
	aFlush
	aQuestion
	anOrder  // of an operator: an event, and a question behind it
	theBrake // no new risk, because market data was passed over
	theGaps  // of what was passed over
)

// item is one thing that waits.
type item struct {
	kind     itemKind
	event    exchange.Event
	wishes   engine.Wishes
	question *question
}

// passable says whether an event may be passed over when too many wait: the next one of its
// kind makes up for it, or a gap tells of it. What is rare and is not told again may not.
func passable(k exchange.Kind) bool {
	switch k {
	case exchange.KindFunding, exchange.KindCadence, exchange.KindGap, exchange.KindClock:
		return false
	}
	return k.Market()
}

func (i *item) market() bool { return i.kind == anEvent && passable(i.event.Kind) }

// queue is a ring of items that grows.
type queue struct {
	ring         []item
	first, count int
}

func (q *queue) push(i *item) {
	if q.count == len(q.ring) {
		grown := make([]item, max(64, 2*len(q.ring)))
		for n := range q.count {
			grown[n] = q.ring[(q.first+n)%len(q.ring)]
		}
		q.ring, q.first = grown, 0
	}
	q.ring[(q.first+q.count)%len(q.ring)] = *i
	q.count++
}

func (q *queue) pop(i *item) {
	*i = q.ring[q.first]
	q.ring[q.first] = item{}
	q.first = (q.first + 1) % len(q.ring)
	q.count--
}

// inbox is what waits, up to its limits.
type inbox struct {
	marketMax, accountMax int

	// urgent goes first: what operators say, and that new risk is refused. Each queue keeps
	// its order, so a halt never passes the resume that it follows.
	urgent, usual queue
	market        int // of the usual, events of the market
	ticked        bool
	flushed       bool // a tick, or flush, waits already
	behind        bool // market data was passed over, and no gap was told of it yet
	holes         []hole
	counts        Counts
}

// idle says whether nothing waits and nothing is to be told.
func (b *inbox) idle() bool {
	return b.usual.count == 0 && b.urgent.count == 0 && !b.behind
}

// full says whether an event of the market must be passed over.
func (b *inbox) full() bool { return b.market >= b.marketMax }

// next takes what is next out, if there is anything.
func (b *inbox) next(i *item) bool {
	switch {
	case b.urgent.count > 0:
		b.urgent.pop(i)
	case b.behind && b.market <= b.marketMax/2:
		b.behind = false
		*i = item{kind: theGaps}
	case b.usual.count > 0:
		b.usual.pop(i)
	default:
		return false
	}
	switch {
	case i.market():
		b.market--
	case i.kind == aTick:
		b.ticked = false
	case i.kind == aFlush:
		b.flushed = false
	}
	return true
}

// push puts an item in, and says false if it must not be passed over and there is no room.
func (b *inbox) push(i *item) bool {
	switch others := b.urgent.count + b.usual.count - b.market; {
	case i.kind == aTick && b.ticked, i.kind == aFlush && b.flushed:
		return true
	case i.market() && b.full():
		b.pass(&i.event)
		return true
	case !i.market() && others >= b.accountMax:
		return false
	case i.kind == anOrder:
		b.urgent.push(i)
	default:
		b.usual.push(i)
	}
	switch {
	case i.market():
		b.market++
	case i.kind == aTick:
		b.ticked = true
	case i.kind == aFlush:
		b.flushed = true
	}
	b.counts.Most = max(b.counts.Most, b.urgent.count+b.usual.count)
	return true
}

// hole is what was passed over of one kind and instrument.
type hole struct {
	inst     exchange.InstrumentID
	kind     exchange.Kind
	from, to exchange.Time
}

// pass notes an event that is passed over. The first one has new risk refused.
func (b *inbox) pass(e *exchange.Event) {
	b.counts.Passed++
	if !b.behind {
		b.behind = true
		b.counts.Overloads++
		b.urgent.push(&item{kind: theBrake})
	}
	for i := range b.holes {
		if h := &b.holes[i]; h.inst == e.Inst && h.kind == e.Kind {
			h.to = max(h.to, e.At)
			return
		}
	}
	b.holes = append(b.holes, hole{e.Inst, e.Kind, e.At, e.At})
}

// ErrOverrun ends a loop whose inbox is full of what must not be passed over.
var ErrOverrun = errors.New("loop: more events of the account wait than the inbox holds")

// ErrStopped is why a loop has ended whose context has.
var ErrStopped = errors.New("loop: stopped")

// add puts an item in the inbox, or answers that it is full; the mutex is held.
func (l *Loop) add(i *item) {
	if l.ended != nil {
		l.parting.hear(&i.event)
		return
	}
	if !l.inbox.push(i) {
		l.finish(ErrOverrun)
	}
}
