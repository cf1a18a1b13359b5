package npz

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// windowMax is how many events may be under way at a time, left the exchange and not
// arrived: thirteen seconds of 20,000 a second, in 12 MiB for each clock.
const windowMax = 1 << 18

// order brings events into the order of both clocks. It gives what hftbacktest's converter
// makes of a whole array in memory: of the events sorted by the exchange's clock and the
// same sorted by the local one, it takes from both sides while they agree, and else the
// earlier by the exchange's clock, then the local one, for its own clock only.
//
// No event arrives before it was sent. So once an event has come that was sent at t, the
// events that arrived until t are all known, and so is their order.
type order struct {
	// exch are events in the order of coming, that of the exchange; local those by arrival.
	exch, local queue
	count       int64
	last        exchange.Time
	emit        func(Event) error
}

// waiting is an event that has not been emitted for one of its clocks.
type waiting struct {
	Event
	nth int64
}

// queue is a list from whose front is taken.
type queue struct {
	items []waiting
	head  int
}

func (q *queue) len() int { return len(q.items) - q.head }

func (q *queue) front() *waiting { return &q.items[q.head] }

// pop takes the first away. What is left moves to the front when it is the smaller part,
// so that memory is used again at a bounded cost an item.
func (q *queue) pop() waiting {
	w := q.items[q.head]
	q.head++
	if q.head > 64 && q.head > q.len() {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	return w
}

// add takes the next event by the exchange's clock and emits what is now in order.
func (o *order) add(e *Event) error {
	switch {
	case e.Exch < o.last:
		return fmt.Errorf("the exchange's time goes back from %v to %v", o.last, e.Exch)
	case e.Local == 0:
		return fmt.Errorf("event of %v has no local time; the layout needs one, so add a latency to the exchange's", e.Exch)
	case e.Local < e.Exch:
		return fmt.Errorf("event of %v arrived %v before it was sent; correct the recorder's clock first", e.Exch, e.Exch.Sub(e.Local))
	case max(o.exch.len(), o.local.len()) >= windowMax:
		l := o.local.front()
		return fmt.Errorf("more than %d events between the times at which the event of %v was sent and arrived, %v; correct the recorder's clock first",
			windowMax, l.Exch, l.Local.Sub(l.Exch))
	}
	if err := checkTimes(int64(e.Exch), int64(e.Local)); err != nil {
		return err
	}
	o.last = e.Exch
	o.count++
	w := waiting{*e, o.count}
	o.exch.items = append(o.exch.items, w)
	at, _ := slices.BinarySearchFunc(o.local.items[o.local.head:], w, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.Local, b.Local), cmp.Compare(a.nth, b.nth))
	})
	o.local.items = slices.Insert(o.local.items, o.local.head+at, w)
	return o.emitUntil(e.Exch)
}

// finish emits what is left: all arrivals, and what has arrived before its turn by the
// exchange's clock.
func (o *order) finish() error {
	err := o.emitUntil(exchange.Time(timeMax))
	for err == nil && o.exch.len() > 0 {
		err = o.emitFor(ExchEvent, o.exch.pop())
	}
	return err
}

// emitUntil emits while the first of the arrivals is known: it arrived at t or before.
// Events that have been emitted for the exchange's clock and have not arrived are earlier
// by it than all others.
func (o *order) emitUntil(t exchange.Time) error {
	var err error
	for err == nil && o.local.len() > 0 && o.local.front().Local <= t {
		switch before := o.exchFirst(); {
		case before == 0:
			o.exch.pop()
			err = o.emitFor(bothClocks, o.local.pop())
		case before < 0:
			err = o.emitFor(ExchEvent, o.exch.pop())
		default:
			err = o.emitFor(LocalEvent, o.local.pop())
		}
	}
	return err
}

// exchFirst compares the first event by the exchange's clock with the first arrival: 0 if
// they are one event, below 0 if the exchange's goes first.
func (o *order) exchFirst() int {
	if o.exch.len() == 0 {
		return 1
	}
	e, l := o.exch.front(), o.local.front()
	switch {
	case e.nth == l.nth:
		return 0
	case e.Exch < l.Exch || e.Exch == l.Exch && e.Local < l.Local:
		return -1
	}
	return 1
}

func (o *order) emitFor(clocks uint64, w waiting) error {
	w.Flags = w.Flags&^bothClocks | clocks
	return o.emit(w.Event)
}
