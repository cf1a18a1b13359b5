package link

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Read asks the exchange something: the question goes the way of requests, behind those that
// were sent before; f answers it from the state of that moment, with an event that is told
// behind everything that is on its way to us then. So what it says is never older than what
// we know. No fault hits question or answer; in an outage the answer waits for its end.
func (l *Link) Read(at exchange.Time, f func(at exchange.Time) exchange.Event) {
	if l.closed {
		return
	}
	l.Advance(at)
	l.send(&request{kind: reading, read: f}, at)
}

// readNow answers a question.
func (l *Link) readNow(r *request, at exchange.Time) {
	e := r.read(at)
	for i := range l.answers.heap {
		l.told = max(l.told, l.answers.heap[i].at)
	}
	l.stream(l.message(&e), l.now.Add(l.answer.next(l.lag)))
}

// Underway says whether a new order or amend that was sent up to an instant can still arrive,
// or has no answer and is not told to be in doubt.
func (l *Link) Underway(sent exchange.Time) bool {
	old := func(r *request) bool { return r.sent <= sent && (r.kind == newOrder || r.kind == amendOrder) }
	return slices.ContainsFunc(l.pending, func(r *request) bool { return old(r) && !r.doubted }) ||
		slices.ContainsFunc(l.waiting.heap, func(q queued[*request]) bool { return old(q.v) })
}

// Resume gives the exchange the orders that an account has which goes on; see
// [venue.Venue.Resume]. What it says of them is known at once.
func (l *Link) Resume(orders []exchange.Order, at exchange.Time) error {
	if err := l.venue.Resume(orders, at); err != nil {
		return err
	}
	for _, e := range l.venue.Events() {
		if e.Kind == exchange.KindOrderUpdate {
			l.note(e.OrderUpdate())
		}
		l.answers.push(at, l.message(&e))
	}
	return nil
}
