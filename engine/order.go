package engine

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// The life of an order:
//
//	Intent -> Refused
//	       -> PendingNew -> Working -> PartiallyFilled -> Filled | Canceled | Expired
//	                     -> Rejected
//	          Working -> PendingCancel | PendingAmend -> Working | final
//	          Working -> Triggering -> Triggered -> Finished        (conditional orders)
//	          Working -> Finished                                   (OCO)
//	          any pending state -> Unknown -> what exchange truth says | NotArrived
//
// Updates come late, twice and out of order. A final status never changes again, what
// has filled never shrinks, and an update that would step back is dropped. A request to
// cancel or amend stays pending through fills, until it is answered.

// closedMax is how many finished orders are remembered, so that a late or repeated
// event about them is recognised.
const closedMax = 4096

// orders holds every order that is not over, and the last closedMax that are.
type orders struct {
	open   []*order // by rising id
	byID   map[exchange.OrderID]*order
	byName map[string]*order
	closed []*order // a ring
	next   int
	// past takes over the fills of orders that are forgotten: a restart tells those of the
	// last minutes again, however many orders have ended in them.
	past *foreign
}

type order struct {
	exchange.Order
	// trades are the venue's trade ids already counted, and traded the sum of their
	// quantities. Filled is that or what an update said, whichever is more.
	trades []int64
	traded exchange.Fixed
	// cancelAsked says that a cancel is on its way, so that a second wish is not sent.
	cancelAsked bool
	// asked is what an amend on its way wants, nil without one.
	asked *exchange.OrderRequest
	// heard is when the exchange sent the newest update, by its clock; 0 if none has said.
	heard exchange.Time
	// child says that the order has triggered into another one of ours, which speaks for it.
	child bool
	// legs are those of an OCO, as far as they are known and remembered, and list is the OCO
	// of a leg, while it is remembered. legOver says that a leg that is not any more was over.
	legs    []*order
	list    *order
	legOver bool
}

func newOrders(past *foreign) orders {
	return orders{byID: map[exchange.OrderID]*order{}, byName: map[string]*order{}, past: past}
}

func (t *orders) add(o exchange.Order) *order {
	n := &order{Order: o}
	t.open = append(t.open, n)
	t.byID[o.ID], t.byName[o.ClientID] = n, n
	return n
}

// find returns the order that an update or fill is about, or nil for one of others.
func (t *orders) find(id exchange.OrderID, clientID string) *order {
	if o := t.byID[id]; o != nil {
		return o
	}
	return t.byName[clientID]
}

// speaks says whether risk and wishes are about this order and not about one that it has
// made or that has made it.
func (o *order) speaks() bool {
	switch {
	case o.child:
		return false
	case o.list != nil:
		return o.list.Status.Final() || !o.list.whole()
	default:
		return o.whole()
	}
}

// whole says that no leg of an OCO is over.
func (o *order) whole() bool {
	return !o.legOver && !slices.ContainsFunc(o.legs, func(leg *order) bool { return leg.Status.Final() })
}

// ofRef returns a strategy's open order of that ref that can be reached, or nil.
func (t *orders) ofRef(s exchange.StrategyID, ref uint64) *order {
	for i := len(t.open) - 1; i >= 0; i-- {
		if o := t.open[i]; o.Strategy == s && o.Ref == ref && o.speaks() {
			return o
		}
	}
	return nil
}

// meant returns the open order that a cancel is about, or nil.
func (t *orders) meant(in *exchange.Intent) *order {
	if in.Order == 0 {
		return t.ofRef(in.Strategy, in.Ref)
	}
	if o := t.byID[in.Order]; o != nil && !o.Status.Final() {
		return o
	}
	return nil
}

// update moves an order along its life and says whether anything changed. sent is when the
// exchange sent the update, 0 if that is not known: of one that is older than what is known
// only the answer to a request is news, and that the order is over.
func (t *orders) update(o *order, u *exchange.OrderUpdate, at, sent exchange.Time) bool {
	old := sent != 0 && sent < o.heard
	if o.Status.Final() || o.knowsBetter(u) || old && u.Code == 0 && !u.Status.Final() {
		return false
	}
	o.heard = max(o.heard, sent)
	o.answered(u)
	if u.VenueID != 0 {
		o.VenueID = u.VenueID
	}
	if u.Qty > 0 && !old {
		o.Request.Price, o.Request.Qty = u.Price, u.Qty
	}
	o.fill(u.Filled)
	o.Updated = at
	o.Status = u.Status
	if u.Status.Working() {
		switch {
		case o.cancelAsked:
			o.Status = exchange.StatusPendingCancel
		case o.asked != nil:
			o.Status = exchange.StatusPendingAmend
		case o.Filled > 0:
			o.Status = exchange.StatusPartiallyFilled
		}
	}
	if o.Status.Final() {
		t.close(o)
	}
	return true
}

// knowsBetter says whether an update is older than what is known, such as an
// acknowledgement after a fill or after the trigger, or not one that an exchange sends.
func (o *order) knowsBetter(u *exchange.OrderUpdate) bool {
	switch u.Status {
	case exchange.StatusWorking:
		same := u.Qty == 0 || u.Qty == o.Request.Qty && u.Price == o.Request.Price
		return o.Status == exchange.StatusPartiallyFilled && same && u.Code == 0 ||
			o.Status == exchange.StatusTriggering || o.Status == exchange.StatusTriggered
	case exchange.StatusTriggering:
		return o.Status == exchange.StatusTriggered
	case exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend:
		return true
	}
	return u.Status == 0 || u.Status > exchange.StatusNotArrived
}

// answered notes what an update says about the requests on their way. An error code
// answers the one that was sent first; the amend's own figures answer the amend; and
// whatever ends the doubt about an Unknown order ends that about its requests.
func (o *order) answered(u *exchange.OrderUpdate) {
	switch amended := o.asked != nil && u.Qty == o.asked.Qty && u.Price == o.asked.Price; {
	case u.Status == exchange.StatusUnknown:
	case o.Status == exchange.StatusUnknown:
		o.asked, o.cancelAsked = nil, false
	case o.asked != nil && (amended || u.Code != 0):
		o.asked = nil
	case u.Code != 0:
		o.cancelAsked = false
	}
}

// fill raises Filled to a sum, which is never above the quantity: nonsense from outside
// must not hide what is still open. What has filled never shrinks.
func (o *order) fill(sum exchange.Fixed) {
	if o.Request.Qty > 0 {
		sum = min(sum, o.Request.Qty)
	}
	o.Filled = max(o.Filled, sum)
}

// trade counts an execution of the order and says whether it was new.
func (o *order) trade(f *exchange.Fill) bool {
	if slices.Contains(o.trades, f.TradeID) {
		return false
	}
	o.trades = append(o.trades, f.TradeID)
	sum, err := o.traded.Add(max(0, f.Qty))
	if err != nil {
		sum = exchange.FixedMax
	}
	o.traded = sum
	o.fill(sum)
	return true
}

// risk is the order as the guard has to count it. While an amend is on its way either
// version may fill, so it has the larger quantity and the price that costs more.
func (o *order) risk() exchange.Order {
	r := o.Order
	if !o.speaks() {
		r.Status = exchange.StatusFinished // another one has it
	}
	if o.asked != nil {
		r.Request.Qty = max(r.Request.Qty, o.asked.Qty)
		if r.Request.Side == exchange.Buy {
			r.Request.Price = max(r.Request.Price, o.asked.Price)
		} else {
			r.Request.Price = min(r.Request.Price, o.asked.Price)
		}
	}
	return r
}

func (t *orders) close(o *order) {
	if at := slices.Index(t.open, o); at >= 0 {
		t.open = slices.Delete(t.open, at, at+1)
	}
	if len(t.closed) < closedMax {
		t.closed = append(t.closed, o)
		return
	}
	t.forget(t.closed[t.next])
	t.closed[t.next] = o
	t.next = (t.next + 1) % closedMax
}

// forget ends the memory of an order that is over, and its links. To a leg a list that is
// over is as none; a list must go on to know that a leg was over.
func (t *orders) forget(o *order) {
	delete(t.byID, o.ID)
	delete(t.byName, o.ClientID)
	for _, trade := range o.trades {
		t.past.count(o.Request.Inst, &exchange.Fill{TradeID: trade, VenueID: o.VenueID, ClientID: o.ClientID})
	}
	for _, leg := range o.legs {
		leg.list = nil
	}
	if list := o.list; list != nil {
		list.legOver = true
		list.legs = slices.DeleteFunc(list.legs, func(leg *order) bool { return leg == o })
	}
}
