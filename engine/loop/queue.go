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
)

// item is one thing that waits.
type item struct {
	kind   itemKind
	event  exchange.Event
	wishes engine.Wishes
	do     func(*engine.Kernel)
}

func (i *item) market() bool { return i.kind == anEvent && i.event.Kind.Market() }

// queue is a ring of items that grows up to the limits of the loop.
type queue struct {
	ring         []item
	first, count int
	market       int // of them events of market data
}

func (q *queue) len() int { return q.count }

func (q *queue) push(i item) {
	if q.count == len(q.ring) {
		grown := make([]item, max(64, 2*len(q.ring)))
		for n := range q.count {
			grown[n] = q.ring[(q.first+n)%len(q.ring)]
		}
		q.ring, q.first = grown, 0
	}
	q.ring[(q.first+q.count)%len(q.ring)] = i
	q.count++
	if i.market() {
		q.market++
	}
}

func (q *queue) pop() item {
	i := q.ring[q.first]
	q.ring[q.first] = item{}
	q.first = (q.first + 1) % len(q.ring)
	q.count--
	if i.market() {
		q.market--
	}
	return i
}

// ErrOverrun ends a loop whose inbox is full of what must not be passed over.
var ErrOverrun = errors.New("loop: more events of the account wait than the inbox holds")

// add puts an item in the inbox, or answers that it is full; the mutex is held.
func (l *Loop) add(i item) {
	switch {
	case l.ended != nil:
	case i.market() && l.queue.market >= l.config.MarketMax:
		l.missed++
	case !i.market() && l.queue.len()-l.queue.market >= l.config.AccountMax:
		l.finish(ErrOverrun)
	default:
		l.queue.push(i)
	}
}
