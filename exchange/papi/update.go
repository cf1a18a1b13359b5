package papi

import "github.com/pmbot/pmbot/exchange"

// update folds what is said of an order and tells it, if it is news, behind the execution
// that it was told with, if there was one. Without a status only the execution is told.
func (t *translator) update(n news, x *execution) {
	maker := t.link(&n)
	if x != nil {
		t.trade(x)
	}
	if n.status == 0 {
		return
	}
	ends := n.status == exchange.StatusFinished && n.childID != 0
	if ends && t.childOpen(&n) {
		n.status = exchange.StatusTriggered
	}
	s, isNews := t.orders.fold(n)
	s.ended, s.streamed = s.ended || ends, s.streamed || t.streaming
	if maker != nil {
		s.maker = maker
		delete(t.orders.awaited, orderNumber{n.list, n.venueID})
	}
	if !isNews {
		t.counts.Repeated++
		return
	}
	if s.childID != 0 && s.child == "" {
		t.adopt(s)
	}
	t.tell(s, n.reason)
	t.over(s)
}

// acked folds the answer to a request. Fills are told by the stream, so an answer that knows
// of more than have been told says less than it knows: else an order's risk would be
// forgotten before its fill is counted. It says whether there are such fills.
func (t *translator) acked(n news) (untold bool) {
	told := t.fills.told(dealer{n.inst, n.venueID})
	if untold = n.filled > told; untold {
		n.filled = told
		n.status = exchange.StatusWorking
		if told > 0 {
			n.status = exchange.StatusPartiallyFilled
		}
	}
	t.update(n, nil)
	return untold
}

// known folds what was read of an order together with all its fills, which were told before
// or are not wanted.
func (t *translator) known(n news) {
	t.fills.raise(dealer{n.inst, n.venueID}, n.filled)
	t.update(n, nil)
}

// names is the client id of the order that an event is about, "" if it is about none.
func names(event any) string {
	switch e := event.(type) {
	case *orderTradeUpdate:
		return e.Order.ClientID
	case *algoUpdate:
		return e.Order.ClientID
	case *conditionalUpdate:
		return e.Order.ClientID
	case *executionReport:
		return e.ClientID
	}
	return ""
}

// tell says where an order stands.
func (t *translator) tell(s *standing, reason string) {
	t.event(s.inst, s.at).SetOrderUpdate(&exchange.OrderUpdate{
		ClientID: s.clientID, VenueID: s.venueID, Status: s.status, Price: s.price, Qty: s.qty, Filled: s.filled,
		Reason: reason, Child: s.child,
	})
}

// childOpen says whether the child of a conditional order may still bring fills: it is not
// known yet, or is not over. The conditional order is not told to be over before, for what
// is over adopts nobody, and the fills would be nobody's.
func (t *translator) childOpen(n *news) bool {
	child := t.orders.numbered(n.list.child(), n.childID)
	return child == nil || !child.status.Final()
}

// adopt finds the child of a conditional order by its number, or waits for it.
func (t *translator) adopt(s *standing) {
	number := orderNumber{s.list.child(), s.childID}
	if child := t.orders.byNumber[number]; child != nil {
		s.child, child.maker = child.clientID, s
		return
	}
	t.orders.awaited[number] = s
}

// link tells what an order came of before the first news of it, so that its fills are known
// to be ours: the conditional order that has made it, whose own news have only the number of
// the child, if they came first; or the OCO that it is a leg of.
func (t *translator) link(n *news) (maker *standing) {
	switch {
	case t.orders.named(n.list, n.clientID) != nil:
		return nil
	case n.list == listMargin:
		t.legs(n.clientID, n.at)
		return nil
	case n.list != listUM && n.list != listCM:
		return nil
	}
	number := orderNumber{n.list, n.venueID}
	s := t.orders.awaited[number]
	if s == nil && n.strategyID != 0 {
		maker := listUMAlgo
		if n.list == listCM {
			maker = listCMConditional
		}
		s = t.orders.numbered(maker, n.strategyID)
	}
	switch {
	case s == nil || s.child != "" && s.child != n.clientID:
		return nil
	case s.child != "":
		return s
	}
	s.child, s.childID = n.clientID, n.venueID
	s.status = max(s.status, exchange.StatusTriggered)
	t.tell(s, "")
	return s
}

// legs tells an OCO before the first news of one of its legs, which it names.
func (t *translator) legs(clientID string, at exchange.Time) {
	s := t.orders.lists[clientID]
	if s == nil || s.child != "" {
		return
	}
	s.status, s.at = exchange.StatusWorking, max(s.at, at)
	for _, leg := range s.legs {
		s.child = leg
		t.tell(s, "")
	}
}

// oco makes an OCO known before it is sent, so that news of its legs find it.
func (t *translator) oco(n news, limit, stop string) {
	s := &standing{news: n, legs: [2]string{limit, stop}}
	t.orders.byName[orderName{listOCO, n.clientID}] = s
	t.orders.join(s)
}

// over tells the end of what an order came of: a conditional order is finished when its
// child is over, if it was told to be; and an OCO when both its legs are, cancelled if they
// were without a fill.
func (t *translator) over(s *standing) {
	if !s.status.Final() {
		return
	}
	if maker := s.maker; maker != nil && maker.ended && !maker.status.Final() {
		n := maker.news
		n.status, n.at = exchange.StatusFinished, s.at
		t.update(n, nil)
	}
	if list := t.orders.lists[s.clientID]; s.list == listMargin && list != nil && !list.status.Final() {
		if status, over := t.listStatus(list); over {
			n := list.news
			n.status, n.at, n.reason = status, s.at, ""
			t.update(n, nil)
		}
	}
}

// listStatus is how an OCO ended, if both its legs have.
func (t *translator) listStatus(list *standing) (status exchange.OrderStatus, over bool) {
	status = exchange.StatusCanceled
	for _, name := range list.legs {
		leg := t.orders.named(listMargin, name)
		if leg == nil || !leg.status.Final() {
			return 0, false
		}
		if leg.status != exchange.StatusCanceled || leg.filled > 0 {
			status = exchange.StatusFinished
		}
	}
	return status, true
}
