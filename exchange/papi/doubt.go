package papi

import (
	"errors"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// askEvery is the time between two questions about an order in doubt, which grows to
	// askSlowly when there is no end to it.
	askEvery  = 2 * time.Second
	askSlowly = 30 * time.Second
	// grace is how much longer than the window of time nobody trusts a "does not exist": the
	// two clocks, and lists that lag behind.
	grace = 5 * time.Second
	// missesMin is how many questions in a row must have found nothing.
	missesMin = 3
)

// doubt is a request of which nobody knows whether it was carried out, or an order of which
// nobody knows where it stands. The request is never sent again.
type doubt struct {
	r *request
	// accepted is until when the exchange may still carry the request out.
	accepted exchange.Time
	// since is when it began, by the exchange's time.
	since exchange.Time
	// code and reason are a refusal that was not told yet.
	code   int
	reason string
	// told says that the order was told to be lost.
	told bool

	next   exchange.Time
	asking bool
	asked  int
	misses int
}

// watch asks where an order stands until it is known, and believes that a request had no
// effect only when nobody can accept it any more. Cancels of one order are one doubt: who
// cancels again and again what nobody finds must not make more and more questions.
func (o *owner) watch(r *request, accepted exchange.Time) *doubt {
	next := o.now().Add(askEvery)
	for _, d := range o.doubts {
		if r.kind == toCancel && d.r.kind == toCancel && d.r.order.ClientID == r.order.ClientID {
			d.r, d.accepted, d.asked, d.next = r, max(d.accepted, accepted), 0, min(d.next, next)
			return d
		}
	}
	d := &doubt{r: r, since: o.config.Client.ServerTime(), next: next, accepted: accepted}
	o.doubts = append(o.doubts, d)
	return d
}

// window is until when the exchange may still carry out a request that failed so. It looks
// at the stamp when a request comes, and again before it matches (-5028): what is left of
// the window is all that there is, however late the failure came.
func (o *owner) window(why error) exchange.Time {
	until := o.now().Add(o.config.Client.RecvWindow() + grace)
	if e := (*Error)(nil); errors.As(why, &e) && e.Sent > 0 {
		until = min(until, until.Add(e.Sent.Sub(o.config.Client.ServerTime())))
	}
	return until
}

// doubt tells that the outcome of a request is unknown, unless the stream has told it.
func (o *owner) doubt(r *request, why error) {
	if o.outcome(r) {
		return
	}
	o.watch(r, o.window(why))
	u := exchange.OrderUpdate{
		ID: r.order.ID, ClientID: r.order.ClientID, VenueID: r.order.VenueID, Status: exchange.StatusUnknown, Filled: r.order.Filled,
		Reason: why.Error(),
	}
	o.tr.event(r.order.Request.Inst, 0).SetOrderUpdate(&u)
}

// outcome says whether what is known of an order proves what became of a request.
func (o *owner) outcome(r *request) bool {
	s := o.tr.orders.named(o.listOf(&r.order), r.order.ClientID)
	if s == nil || s.status == exchange.StatusPendingNew {
		return false
	}
	return proves(r, s.status, s.price, s.qty)
}

// proves says whether an order that stands so tells what became of a request about it: that
// a new one is there; that one to amend has the new figures or is over; that one to cancel
// is over.
func proves(r *request, status exchange.OrderStatus, price, qty exchange.Fixed) bool {
	switch r.kind {
	case toPlace, toFind:
		return true
	case toAmend:
		return status.Final() || price == r.order.Request.Price && qty == r.order.Request.Qty
	default:
		return status.Final()
	}
}

// settle ends the doubts that an event proves to be over.
func (o *owner) settle(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindFill:
		f := e.Fill()
		o.drop(func(d *doubt) bool { return d.r.kind == toPlace && d.r.order.ClientID == f.ClientID })
	case exchange.KindOrderUpdate:
		u := e.OrderUpdate()
		if u.Status == exchange.StatusUnknown {
			return
		}
		o.drop(func(d *doubt) bool {
			return d.r.order.ClientID == u.ClientID && proves(d.r, u.Status, u.Price, u.Qty)
		})
	}
}

// drop ends doubts.
func (o *owner) drop(over func(*doubt) bool) {
	kept := o.doubts[:0]
	for _, d := range o.doubts {
		if !over(d) {
			kept = append(kept, d)
		}
	}
	clear(o.doubts[len(kept):])
	o.doubts = kept
}

// inquire asks the exchange, if there is room to ask.
func (o *owner) inquire(d *doubt) {
	every := askEvery
	if d.asked > 10 {
		every = askSlowly
	}
	d.next = o.now().Add(every)
	q := &question{order: d.r.order, list: o.listOf(&d.r.order), since: d.since, at: o.now()}
	q.thorough = d.misses+1 >= missesMin && q.at > d.accepted // before, it would prove nothing
	if q.thorough {
		q.named = o.names()
		for _, other := range o.doubts { // so that one list of fills is enough for all
			if other.r.order.Request.Inst == d.r.order.Request.Inst {
				q.since = min(q.since, other.since)
			}
		}
	}
	select {
	case o.asks <- q:
		d.asking = true
		d.asked++
	default:
	}
}

// names are the client ids of the orders that are known by their numbers.
func (o *owner) names() map[orderNumber]string {
	named := make(map[orderNumber]string, len(o.tr.orders.byNumber))
	for number, s := range o.tr.orders.byNumber {
		named[number] = s.clientID
	}
	return named
}

// seen takes the answer to a question.
func (o *owner) seen(s *sighting) {
	for _, d := range o.doubts {
		if d.r.order.ClientID == s.q.order.ClientID && d.asking {
			d.asking = false
			o.judge(d, s)
			return
		}
	}
}

// judge makes of an answer what it proves. Fills that it knows of and the stream has not
// told are left to a catch-up, for others may be missing that came before.
func (o *owner) judge(d *doubt, s *sighting) {
	now, told, untold := o.now(), len(o.tr.out), false
	switch {
	case s.err != nil:
		d.misses = 0 // who cannot be asked has not said no
		return
	case len(s.news) == 0:
		o.missed(d, s.q, now)
		return
	}
	n := s.news[0]
	if n.status == 0 {
		return
	}
	for _, n := range s.news {
		if n.list != listOCO && o.tr.acked(n) {
			untold = true
		}
	}
	if untold && o.state == Live {
		defer o.untold("order " + d.r.order.ClientID + " has dealt, and the stream did not tell")
	}
	if !proves(d.r, n.status, n.price, n.qty) && now <= d.accepted {
		return
	}
	o.drop(func(other *doubt) bool { return other == d })
	if d.r.kind == toFind || len(o.tr.out) > told && (n.status.Final() || d.r.kind == toPlace) {
		return // that was the answer
	}
	u := exchange.OrderUpdate{
		ID: d.r.order.ID, ClientID: n.clientID, VenueID: n.venueID, Status: n.status, Price: n.price, Qty: n.qty, Filled: n.filled,
		Code: d.code, Reason: d.reason,
	}
	if st := o.tr.orders.named(n.list, n.clientID); st != nil {
		u.Status, u.Price, u.Qty, u.Filled, u.Child = st.status, st.price, st.qty, st.filled, st.child
	}
	if !u.Status.Final() && d.r.kind != toPlace && u.Code == 0 {
		u.Code, u.Reason = codeNotSent, "the request was not carried out"
	}
	u.Retryable = u.Code != 0
	o.tr.event(n.inst, n.at).SetOrderUpdate(&u)
}

// missed counts an answer that the exchange knows no such order. It is believed when nobody
// can accept the request any more, the stream was live, enough answers in a row have said so,
// and the last one has looked through the fills; then a new order has not arrived, and one that was there is lost. A request about
// an order that was there and is not found stays in doubt.
func (o *owner) missed(d *doubt, q *question, now exchange.Time) {
	switch {
	case o.live == 0 || o.live > now.Add(-askEvery):
		d.misses = 0
		return
	case o.state != Live:
		return // what the stream says waits for a catch-up
	}
	if d.misses++; d.misses < missesMin || !q.thorough {
		return
	}
	switch d.r.kind {
	case toPlace:
	case toFind:
		o.lose(d)
		return
	default:
		return
	}
	o.drop(func(other *doubt) bool { return other == d })
	r := &d.r.order
	if r.Request.Type == exchange.OCO {
		o.tr.orders.drop(listOCO, r.ClientID)
	}
	o.tr.event(r.Request.Inst, 0).SetOrderUpdate(&exchange.OrderUpdate{
		ID: r.ID, ClientID: r.ClientID, Status: exchange.StatusNotArrived, Price: r.Request.Price, Qty: r.Request.Qty,
		Code: codeNoSuchOrder, Reason: "Order does not exist.", Retryable: true,
	})
}

// seek asks for an order that was open and is on no list, until it is found.
func (o *owner) seek(order *exchange.Order) {
	for _, d := range o.doubts {
		if d.r.order.ClientID == order.ClientID && (d.r.kind == toFind || d.r.kind == toPlace) {
			return
		}
	}
	d := o.watch(&request{kind: toFind, order: *order}, o.window(nil))
	d.since = min(d.since, o.heard)
}

// lose tells, once, that an order which was open cannot be found in any way: how it stands is
// unknown, and nothing that we could ask will tell. It is for people to decide, to whom a
// reading of the account shows it; we go on asking, slowly.
func (o *owner) lose(d *doubt) {
	s := o.tr.orders.named(o.listOf(&d.r.order), d.r.order.ClientID)
	if d.told || s == nil || s.status.Final() {
		return
	}
	d.told = true
	s.status = exchange.StatusUnknown // whatever is said of it from now on is news
	o.tr.event(s.inst, 0).SetOrderUpdate(&exchange.OrderUpdate{
		ClientID: s.clientID, VenueID: s.venueID, Status: exchange.StatusUnknown, Filled: s.filled,
		Reason: "the exchange had the order and does not find it any more",
	})
	o.recover("order " + s.clientID + " is lost")
}
