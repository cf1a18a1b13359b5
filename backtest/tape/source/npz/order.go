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
	emit        func(*Event) error
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

// drop takes the first away. What is left moves to the front when it is the smaller part,
// so that memory is used again at a bounded cost an item.
func (q *queue) drop() {
	q.head++
	if q.head > 64 && q.head > q.len() {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
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

// finish emits what is left.
func (o *order) finish() error { return o.emitUntil(exchange.Time(timeMax)) }

// emitUntil emits while the first of the arrivals is known: it arrived at t or before.
// Events that have been emitted for the exchange's clock and have not arrived are earlier
// by it than all others.
func (o *order) emitUntil(t exchange.Time) error {
	for o.local.len() > 0 && o.local.front().Local <= t {
		l := o.local.front()
		var e *waiting
		if o.exch.len() > 0 {
			e = o.exch.front()
		}
		switch {
		case e != nil && e.nth == l.nth:
			l.Flags |= bothClocks
			o.exch.drop()
			o.local.drop()
		case e != nil && cmp.Or(cmp.Compare(e.Exch, l.Exch), cmp.Compare(e.Local, l.Local)) < 0:
			e.Flags = e.Flags&^bothClocks | ExchEvent
			l = e
			o.exch.drop()
		default:
			l.Flags = l.Flags&^bothClocks | LocalEvent
			o.local.drop()
		}
		if err := o.emit(&l.Event); err != nil {
			return err
		}
	}
	return nil
}
