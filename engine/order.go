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
//	          any pending state -> Unknown -> what exchange truth says | NotArrived
//
// Updates come late, twice and out of order. A final status never changes again, what
// has filled never shrinks, and an update that would step back is dropped.

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
}

type order struct {
	exchange.Order
	// trades are the venue's trade ids already counted.
	trades []int64
	// cancelAsked says that a cancel is on its way, so that a second wish is not sent.
	cancelAsked bool
}

func newOrders() orders {
	return orders{byID: map[exchange.OrderID]*order{}, byName: map[string]*order{}}
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

// ofRef returns a strategy's open order of that ref, or nil.
func (t *orders) ofRef(s exchange.StrategyID, ref uint64) *order {
	for _, o := range t.open {
		if o.Strategy == s && o.Ref == ref && o.Parent == 0 {
			return o
		}
	}
	return nil
}

// update moves an order along its life and says whether anything changed.
func (t *orders) update(o *order, u *exchange.OrderUpdate, at exchange.Time) bool {
	if o.Status.Final() || stepsBack(o.Status, u) {
		return false
	}
	if u.VenueID != 0 {
		o.VenueID = u.VenueID
	}
	if u.Qty != 0 {
		o.Request.Price, o.Request.Qty = u.Price, u.Qty
	}
	o.Filled = max(o.Filled, u.Filled)
	o.Updated = at
	o.Status = u.Status
	if o.cancelAsked && (u.Status == exchange.StatusWorking || u.Status == exchange.StatusPartiallyFilled) {
		o.Status = exchange.StatusPendingCancel
	}
	if o.Status.Final() {
		t.close(o)
	}
	return true
}

// stepsBack says whether an update is older than what is known: an acknowledgement
// after a fill, or one of a conditional order after its trigger.
func stepsBack(now exchange.OrderStatus, u *exchange.OrderUpdate) bool {
	switch u.Status {
	case exchange.StatusPendingNew:
		return true
	case exchange.StatusWorking:
		return now == exchange.StatusPartiallyFilled && u.Qty == 0 ||
			now == exchange.StatusTriggering || now == exchange.StatusTriggered
	case exchange.StatusTriggering:
		return now == exchange.StatusTriggered
	}
	return false
}

func (t *orders) close(o *order) {
	if at := slices.Index(t.open, o); at >= 0 {
		t.open = slices.Delete(t.open, at, at+1)
	}
	if len(t.closed) < closedMax {
		t.closed = append(t.closed, o)
		return
	}
	old := t.closed[t.next]
	delete(t.byID, old.ID)
	delete(t.byName, old.ClientID)
	t.closed[t.next] = o
	t.next = (t.next + 1) % closedMax
}

// counted notes a trade of the order and says whether it was new.
func (o *order) counted(trade int64) bool {
	if slices.Contains(o.trades, trade) {
		return false
	}
	o.trades = append(o.trades, trade)
	return true
}
