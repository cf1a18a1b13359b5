package venue

import (
	"github.com/pmbot/pmbot/backtest/venue/queue"
	"github.com/pmbot/pmbot/exchange"
)

// order is an order of ours that is open, or being admitted. The QuoteQty of its request
// is what is left to spend, and Qty then what that, at the last price met, and the fills
// come to.
type order struct {
	exchange.Order
	market *market
	// parent is the conditional order whose trigger has made this one, or the OCO whose
	// leg it is, or nil. pair are the legs of an OCO, nil for others.
	parent *order
	pair   *pairOf
	// loan is what was borrowed to place it, nil if nothing was.
	loan *loan
	// arrived is when the order came, or was amended last: older data cannot match it.
	arrived exchange.Time
	// fresh says that the order may still take: it has not yet met data that it could not
	// take from.
	fresh bool
	// place is where the order stands in line while it rests.
	place queue.Place
	// tip is what is left of the visible part of an iceberg order, which alone has the place.
	tip exchange.Fixed
	// peak is the best price that a trailing stop has followed, 0 before its activation.
	peak exchange.Fixed
}

// place takes a new order.
func (v *Venue) place(want exchange.Order) {
	r := want.Request
	if !v.ins.Has(r.Inst) {
		v.emitUpdate(r.Inst, refusal(want, exchange.StatusRejected, errSymbol))
		return
	}
	if v.overRate(&want) {
		v.emitUpdate(r.Inst, refusal(want, exchange.StatusRejected, errTooMany))
		v.remember(&order{Order: want}, exchange.StatusRejected)
		return
	}
	m := &v.markets[r.Inst]
	o := &order{Order: want, market: m, arrived: v.now}
	o.Filled, o.Created, o.Updated = 0, v.now, v.now
	if why := v.admit(o); why != (cause{}) {
		v.emitUpdate(r.Inst, refusal(want, exchange.StatusRejected, why))
		v.remember(o, exchange.StatusRejected)
		return
	}
	v.lastID++
	o.VenueID = v.lastID
	o.Status = exchange.StatusWorking
	o.fresh = !r.Type.Conditional() && r.TimeInForce != exchange.GTX
	if r.Type == exchange.TrailingStopMarket && r.Activation == 0 {
		o.peak = m.working(r.WorkingType)
	}
	if r.TimeInForce == exchange.GTX && !r.Type.Conditional() && m.wouldTake(r.Side, o.Request.Price) {
		v.finish(o, exchange.StatusExpired, errPostOnly)
		return
	}
	v.draw(o)
	if r.Type == exchange.OCO {
		v.list(o)
		m.rewatch()
		return
	}
	v.enter(o)
	v.arrive(o)
}

// enter opens an order that has been admitted.
func (v *Venue) enter(o *order) {
	v.exposed(o)
	o.market.orders = append(o.market.orders, o)
	if o.Request.TimeInForce == exchange.GTD {
		v.agenda.bring(choreExpire, o.Request.GoodTill)
	}
	v.report(o, cause{}, "")
	o.place = queue.Place{}
	if o.resting() {
		v.join(o)
	}
}

// arrive lets a new or amended order take from the book as it stands.
func (v *Venue) arrive(o *order) {
	if o.fresh && o.market.grade() >= feedTickers {
		v.walk(o)
	}
	o.market.rewatch()
}

// amend changes price and quantity of a limit order, which loses its place in time. A
// refused amend leaves the order as it was and says why in an update with its standing
// status.
func (v *Venue) amend(want exchange.Order) {
	o := v.find(want.ClientID)
	if o == nil {
		v.emitUpdate(want.Request.Inst, refusal(want, v.lastStatus(want.ClientID), errNoOrder))
		return
	}
	if v.overRate(&want) {
		v.report(o, errTooMany, "")
		return
	}
	changed := *o
	changed.Request.Price, changed.Request.Qty = want.Request.Price, want.Request.Qty
	changed.Request.PriceMatch = want.Request.PriceMatch
	if why := v.admitAmend(o, &changed); why != (cause{}) {
		v.report(o, why, "")
		return
	}
	o.Request.Price, o.Request.Qty = changed.Request.Price, changed.Request.Qty
	o.Updated = v.now
	postOnly := o.Request.TimeInForce == exchange.GTX
	if o.Remaining() == 0 || postOnly && o.market.wouldTake(o.Request.Side, o.Request.Price) {
		v.finish(o, exchange.StatusCanceled, cause{})
		o.market.rewatch()
		return
	}
	o.arrived, o.fresh = v.now, !postOnly
	o.market.drop(o)
	v.enter(o)
	v.arrive(o)
}

// finish ends an order that has not filled completely.
func (v *Venue) finish(o *order, s exchange.OrderStatus, why cause) {
	o.Status, o.Updated = s, v.now
	v.report(o, why, "")
	v.close(o)
}

// close forgets an order that is over. The conditional order behind it is over as well,
// and so is an OCO when both its legs are.
func (v *Venue) close(o *order) {
	o.market.drop(o)
	v.remember(o, o.Status)
	v.released(o)
	v.giveBack(o)
	switch {
	case o.leg():
		v.legOver(o)
	case o.parent != nil:
		v.finish(o.parent, exchange.StatusFinished, cause{})
	}
}

// expire ends the GTD orders whose time has come.
func (v *Venue) expire() {
	for i := range v.markets {
		m := &v.markets[i]
		for _, o := range v.snapshot(m) {
			switch {
			case o.Request.TimeInForce != exchange.GTD:
			case o.Request.GoodTill <= v.now:
				v.finish(o, exchange.StatusExpired, errExpired)
			default:
				v.agenda.bring(choreExpire, o.Request.GoodTill)
			}
		}
		m.rewatch()
	}
}

// ended is an order that is over, remembered for cancels that come too late and for whoever
// asks.
type ended struct {
	order  *order
	status exchange.OrderStatus
}

// endedMax is how many are remembered. A cancel or amend is late by what happens while it
// is on its way, which may be the end of many orders.
const endedMax = 1024

func (v *Venue) remember(o *order, s exchange.OrderStatus) {
	v.ended[v.endedNext] = ended{o, s}
	v.endedNext = (v.endedNext + 1) % endedMax
}

// lastStatus is how an order that is not open ended, as far as is remembered. Of a
// conditional order that has triggered it is Triggered.
func (v *Venue) lastStatus(clientID string) exchange.OrderStatus {
	for i := range v.ended {
		if e := v.ended[(v.endedNext+endedMax-1-i)%endedMax]; e.order != nil && e.order.ClientID == clientID {
			return e.status
		}
	}
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			for p := o.parent; p != nil; p = p.parent {
				if p.ClientID == clientID {
					return p.Status
				}
			}
		}
	}
	return exchange.StatusNotArrived
}

// refusal is the update that answers a request on an order that the venue does not hold.
func refusal(o exchange.Order, s exchange.OrderStatus, why cause) exchange.OrderUpdate {
	return exchange.OrderUpdate{
		ID: o.ID, Strategy: o.Strategy, Ref: o.Ref, ClientID: o.ClientID, VenueID: o.VenueID, Status: s,
		Price: o.Request.Price, Qty: o.Request.Qty, Filled: o.Filled,
		Code: why.code, Reason: why.reason, Retryable: true,
	}
}

// owner is the order of ours that fills and fees belong to: of a child, its parent.
func (o *order) owner() exchange.OrderID { return o.root().ID }

// root is the order that was sent, of which this one may be a leg or a child.
func (o *order) root() *order {
	for o.parent != nil {
		o = o.parent
	}
	return o
}

// rests says whether the order goes to the book when it finds nothing to take.
func (o *order) rests() bool {
	t := o.Request.TimeInForce
	return o.Request.Type == exchange.Limit && t != exchange.IOC && t != exchange.FOK
}

// resting says whether the order is a limit in the book.
func (o *order) resting() bool { return o.Request.Type == exchange.Limit && !o.fresh }

// wouldTake says whether a limit order would deal at once, as far as is known: with what
// stands, taken by us or not, or with an order of ours.
func (m *market) wouldTake(s exchange.Side, limit exchange.Fixed) bool {
	if m.grade() >= feedTickers && (s == exchange.Buy && limit >= m.watch.restUp || s == exchange.Sell && limit <= m.watch.restDown) {
		return true
	}
	best := m.best(s)
	return best != 0 && !beyond(s, limit, best)
}

// working is the price that triggers orders of a working type; 0 if not known.
func (m *market) working(w exchange.WorkingType) exchange.Fixed {
	if w == exchange.MarkPrice {
		return m.mark
	}
	return m.last
}
