package link

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// message is something said to us, with room for what its event points to.
type message struct {
	e       exchange.Event
	update  exchange.OrderUpdate
	fill    exchange.Fill
	entry   exchange.LedgerEntry
	account exchange.Account
	act     exchange.ActUpdate
	lending exchange.Lending
	// answers is the request that this is the answer to, or nil.
	answers *request
}

// message copies an event of the account.
func (l *Link) message(e *exchange.Event) *message {
	m := &message{}
	if last := len(l.spare) - 1; last >= 0 {
		m, l.spare = l.spare[last], l.spare[:last]
	}
	m.e, m.answers = *e, nil
	switch e.Kind {
	case exchange.KindOrderUpdate:
		m.update = *e.OrderUpdate()
		m.e.SetOrderUpdate(&m.update)
	case exchange.KindFill:
		m.fill = *e.Fill()
		m.e.SetFill(&m.fill)
	case exchange.KindLedger:
		m.entry = *e.Ledger()
		m.e.SetLedger(&m.entry)
	case exchange.KindAccount:
		m.account = *e.Account()
		m.e.SetAccount(&m.account)
	case exchange.KindAct:
		m.act = *e.Act()
		m.e.SetAct(&m.act)
	case exchange.KindLending:
		m.lending = *e.Lending()
		m.e.SetLending(&m.lending)
	case exchange.KindRiskLevel:
		m.account = *e.Account()
		m.e.SetRiskLevel(&m.account)
	}
	m.e.Flags = e.Flags
	return m
}

// collect puts what the venue has said on its way to us: the answer to a request, if there
// is one, and what followed from it. What one cause brings about travels together.
func (l *Link) collect(r *request) {
	events := l.venue.Events()
	if len(events) == 0 {
		return
	}
	at := l.arrival()
	for i := range events {
		e := &events[i]
		answer := r != nil && e.Kind == exchange.KindOrderUpdate && e.OrderUpdate().ClientID == r.order.ClientID
		refused := answer && r.refused(e.OrderUpdate())
		if e.Kind == exchange.KindOrderUpdate && !(refused && r.kind != newOrder) {
			l.note(e.OrderUpdate())
		}
		if e.Kind == exchange.KindAct {
			l.done[e.Act().ID] = *e.Act()
			l.respond(r, e, at) // no stream tells of acts, only of what they bring
			r = nil
			continue
		}
		switch {
		case refused:
			l.respond(r, e, at)
		case answer && l.loses():
		case e.Kind == exchange.KindOrderUpdate || e.Kind == exchange.KindFill:
			l.report(e, at, r, answer)
		default:
			l.stream(l.message(e), at)
		}
		if answer {
			r = nil
		}
	}
}

// arrival is when a message that the exchange sends now arrives.
func (l *Link) arrival() exchange.Time {
	at := l.now.Add(l.answer.next(l.lag))
	for i := range l.faults {
		if f := &l.faults[i]; f.verb == delayFault && f.hits(l.now) {
			at = at.Add(f.length)
		}
	}
	return at
}

// refused says whether the answer is one that Binance gives to the request alone: its user
// stream tells nothing of requests that it has refused.
func (r *request) refused(u *exchange.OrderUpdate) bool {
	return u.Code != 0 && (r.kind != newOrder || u.Status == exchange.StatusRejected)
}

// loses says whether the answer to a request is lost.
func (l *Link) loses() bool {
	lost := false
	for i := range l.faults {
		if f := &l.faults[i]; f.verb == loseAck {
			lost = f.hits(l.now) || lost
		}
	}
	return lost
}

// note remembers where an order stands at the exchange, until we have been told its end.
func (l *Link) note(u *exchange.OrderUpdate) {
	standing := *u
	if !u.Status.Final() { // a reason belongs to the answer, not to the order
		standing.Code, standing.Reason, standing.Retryable = 0, "", false
	}
	l.standing[u.ClientID] = standing
}

// respond sends the answer to a request by the way on which the request came. Such answers
// keep no order, neither among themselves nor with the user stream, and are lost when the
// exchange cannot be reached.
func (l *Link) respond(r *request, e *exchange.Event, at exchange.Time) {
	if l.loses() || l.dark(at) {
		return
	}
	m := l.message(e)
	m.answers = r
	l.answers.push(at, m)
}

// report tells of an order or a fill by the user stream, twice or out of turn where a fault
// wants it.
func (l *Link) report(e *exchange.Event, at exchange.Time, r *request, answer bool) {
	m := l.message(e)
	if answer {
		m.answers = r
	}
	late := at
	for i := range l.faults {
		switch f := &l.faults[i]; f.verb {
		case reorderFault:
			if f.hits(l.now) {
				late = late.Add(f.length)
			}
		case duplicateFault:
			if f.hits(l.now) {
				l.answers.push(l.silent(max(l.told, at).Add(l.answer.next(l.lag))), l.message(e))
			}
		}
	}
	if late > at {
		l.answers.push(l.silent(max(l.told, at).Add(late.Sub(at))), m)
		return
	}
	l.stream(m, at)
}

// stream tells a message by the user stream, behind those before it.
func (l *Link) stream(m *message, at exchange.Time) {
	l.told = max(l.told, l.silent(at))
	l.answers.push(l.told, m)
}

// hear notes what a message that is told now proves about the requests without answer.
func (l *Link) hear(m *message) {
	if m.e.Kind == exchange.KindAct {
		l.hearAct(m)
		return
	}
	var id string
	var u exchange.OrderUpdate
	switch m.e.Kind {
	case exchange.KindOrderUpdate:
		u = m.update
		id = u.ClientID
	case exchange.KindFill:
		id = m.fill.ClientID
	default:
		return
	}
	l.pending = slices.DeleteFunc(l.pending, func(r *request) bool {
		switch {
		case r == m.answers:
			return true
		case r.kind == doAct || r.order.ClientID != id || u.Status == exchange.StatusUnknown:
			return false
		}
		amended := r.kind == amendOrder && u.Price == r.order.Request.Price && u.Qty == r.order.Request.Qty
		return r.kind == newOrder || amended || u.Status.Final()
	})
	if u.Status.Final() {
		delete(l.standing, id)
	}
}
