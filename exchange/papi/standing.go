package papi

import (
	"cmp"
	"maps"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// list is one of the lists on which the exchange keeps orders. Each has numbers and
// queries of its own.
type list uint8

const (
	listUM list = iota + 1
	listUMAlgo
	listCM
	listCMConditional
	listMargin
	listOCO
)

// listOf is where an order of a type belongs. Margin orders that wait for a trigger stand
// beside the others.
func listOf(p exchange.Product, t exchange.OrderType) list {
	switch {
	case p == exchange.UM && t.Conditional():
		return listUMAlgo
	case p == exchange.UM:
		return listUM
	case p == exchange.CM && t.Conditional():
		return listCMConditional
	case p == exchange.CM:
		return listCM
	case t == exchange.OCO:
		return listOCO
	default:
		return listMargin
	}
}

// child is the list of the orders that those of l make when they trigger.
func (l list) child() list {
	if l == listUMAlgo {
		return listUM
	}
	return listCM
}

// news is what the exchange says of an order, by whatever way.
type news struct {
	list     list
	inst     exchange.InstrumentID
	clientID string
	venueID  int64
	status   exchange.OrderStatus
	// price, qty and filled are the order's after it.
	price, qty, filled exchange.Fixed
	// at is the exchange's own time of the change, 0 if it is not known.
	at     exchange.Time
	reason string
	// childID is the number of the order that a trigger has made, 0 without one, and
	// strategyID that of the conditional order which has made this one.
	childID, strategyID int64
}

// standing is an order as far as it is known from the exchange.
type standing struct {
	news
	// child is the client id of the order that a trigger has made, and maker the conditional
	// order that has made this one.
	child string
	maker *standing
	// ended says that a conditional order was told to be over before its child was known, or
	// was over: it is told when that is.
	ended bool
	// legs are the client ids of the legs of an OCO.
	legs [2]string
	// streamed says that the user stream has told of the order.
	streamed bool
	// retired says that the order is in the ring of those that are over.
	retired bool
}

type orderName struct {
	list     list
	clientID string
}

type orderNumber struct {
	list list
	id   int64
}

// closedMax is how many orders that are over are remembered, so that late and repeated
// news of them is recognised.
const closedMax = 4096

// standings are the orders that are open at the exchange, and the last closedMax that were.
// One goroutine owns them.
type standings struct {
	byName   map[orderName]*standing
	byNumber map[orderNumber]*standing
	// awaited are the conditional orders whose child is known by its number alone, and lists
	// the OCOs by the client ids of their legs.
	awaited map[orderNumber]*standing
	lists   map[string]*standing
	closed  []*standing // a ring
	next    int
}

func newStandings() standings {
	return standings{
		byName: map[orderName]*standing{}, byNumber: map[orderNumber]*standing{}, awaited: map[orderNumber]*standing{},
		lists: map[string]*standing{},
	}
}

// named returns the order of a client id on a list, nil if it is not known.
func (t *standings) named(l list, clientID string) *standing { return t.byName[orderName{l, clientID}] }

// numbered returns the order of a number on a list, nil if it is not known.
func (t *standings) numbered(l list, id int64) *standing { return t.byNumber[orderNumber{l, id}] }

// fold notes what is said of an order and says whether it is news: what is older than what
// is known, or the same once more, is none. A client id may be used again when its order is
// over, by others; then the number differs.
func (t *standings) fold(n news) (s *standing, isNews bool) {
	s = t.named(n.list, n.clientID)
	if s != nil && s.status.Final() && n.venueID != 0 && s.venueID != 0 && n.venueID != s.venueID {
		s = nil
	}
	if s == nil {
		s = &standing{news: n}
		t.byName[orderName{n.list, n.clientID}] = s
		t.number(s)
		t.retire(s)
		return s, true
	}
	old := n.at != 0 && n.at < s.at
	switch {
	case s.status.Final(), old && !n.status.Final() && n.filled <= s.filled, s.ahead(&n):
		return s, false
	case n.status == s.status && n.price == s.price && n.qty == s.qty && n.filled <= s.filled && n.childID == s.childID && n.reason == s.reason:
		s.at = max(s.at, n.at)
		return s, false
	}
	n.at, n.filled = max(s.at, n.at), max(s.filled, n.filled)
	n.venueID, n.childID = cmp.Or(n.venueID, s.venueID), cmp.Or(n.childID, s.childID)
	n.strategyID = cmp.Or(n.strategyID, s.strategyID)
	if n.qty == 0 {
		n.price, n.qty = s.price, s.qty
	}
	s.news = n
	t.number(s)
	t.retire(s)
	return s, true
}

// ahead says whether an order is known to be further along its life than news of the same
// instant or of none says.
func (s *standing) ahead(n *news) bool {
	same := n.filled <= s.filled && (n.qty == 0 || n.qty == s.qty && n.price == s.price)
	switch n.status {
	case exchange.StatusWorking:
		return same && (s.status == exchange.StatusPartiallyFilled || s.status == exchange.StatusTriggering || s.status == exchange.StatusTriggered)
	case exchange.StatusTriggering:
		return s.status == exchange.StatusTriggered
	}
	return false
}

// number makes the order known by its number.
func (t *standings) number(s *standing) {
	if s.venueID != 0 {
		t.byNumber[orderNumber{s.list, s.venueID}] = s
	}
}

// join makes an OCO known by its legs, under our own names if it has been told no others.
func (t *standings) join(s *standing) {
	if s.legs[0] == "" {
		s.legs[0], s.legs[1] = exchange.OCOLegs(s.clientID)
	}
	for _, leg := range s.legs {
		t.lists[leg] = s
	}
}

// retire puts an order that is over into the ring and forgets the one that was there.
func (t *standings) retire(s *standing) {
	if !s.status.Final() || s.retired {
		return
	}
	s.retired = true
	if len(t.closed) < closedMax {
		t.closed = append(t.closed, s)
		return
	}
	t.forget(t.closed[t.next])
	t.closed[t.next] = s
	t.next = (t.next + 1) % closedMax
}

func (t *standings) forget(s *standing) {
	name, number, child := orderName{s.list, s.clientID}, orderNumber{s.list, s.venueID}, orderNumber{s.list.child(), s.childID}
	if t.byName[name] == s {
		delete(t.byName, name)
	}
	if t.byNumber[number] == s {
		delete(t.byNumber, number)
	}
	if t.awaited[child] == s {
		delete(t.awaited, child)
	}
	for _, leg := range s.legs {
		if t.lists[leg] == s {
			delete(t.lists, leg)
		}
	}
}

// drop forgets an order that was never there.
func (t *standings) drop(l list, clientID string) {
	if s := t.named(l, clientID); s != nil {
		t.forget(s)
	}
}

// open lists the orders that are not over, by list and client id.
func (t *standings) open() []*standing {
	var open []*standing
	for _, s := range slices.Collect(maps.Values(t.byName)) {
		if !s.status.Final() {
			open = append(open, s)
		}
	}
	slices.SortFunc(open, func(a, b *standing) int {
		return cmp.Or(cmp.Compare(a.list, b.list), cmp.Compare(a.clientID, b.clientID))
	})
	return open
}
