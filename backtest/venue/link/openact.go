package link

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Acts on the account go the way of orders, but that only the answer to the request tells
// of them: one that is lost leaves the outcome unknown until the records are asked.

// refuseAct answers an act with an error code: it was not done.
func (l *Link) refuseAct(r *request, no refusal, at exchange.Time) {
	e := exchange.Event{At: at, Exchange: at}
	e.SetAct(&exchange.ActUpdate{ID: r.act.ID, Status: exchange.ActRejected, Code: no.code, Reason: no.reason, Retryable: true})
	l.respond(r, &e, l.arrival())
}

// doubtAct tells once that an act's outcome is unknown.
func (l *Link) doubtAct(r *request, at exchange.Time) {
	if r.doubted {
		return
	}
	e := exchange.Event{At: at}
	e.SetAct(&exchange.ActUpdate{ID: r.act.ID, Status: exchange.ActUnknown, Reason: "no answer within " + answerTimeout.String()})
	l.answers.push(at, l.message(&e))
}

// replyAct answers a query about an act from what the exchange has done, as reply does for
// orders.
func (l *Link) replyAct(r *request, at exchange.Time) {
	if !slices.Contains(l.pending, r) {
		return // answered in the meantime
	}
	u, found := l.done[r.act.ID]
	if !found {
		if r.misses++; r.misses < missesMin || at.Sub(r.sent) <= recvWindow+grace {
			return
		}
		u = exchange.ActUpdate{ID: r.act.ID, Status: exchange.ActNotArrived, Reason: "the exchange has no record of it", Retryable: true}
	}
	e := exchange.Event{At: at, Exchange: at}
	e.SetAct(&u)
	r.ask = exchange.Never
	m := l.message(&e)
	m.answers = r
	l.answers.push(l.silent(l.arrival()), m)
}

// hearAct notes what a message about an act proves.
func (l *Link) hearAct(m *message) {
	if !m.act.Status.Final() {
		return
	}
	l.pending = slices.DeleteFunc(l.pending, func(r *request) bool { return r.kind == doAct && r.act.ID == m.act.ID })
	delete(l.done, m.act.ID)
}
