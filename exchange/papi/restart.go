package papi

import (
	"github.com/pmbot/pmbot/exchange"
)

// A process that was rebuilt from a journal knows orders that this broker never sent. What
// was at the exchange for certain becomes a standing, as if it had been told: the first
// catch-up finds it on a list, or asks for it singly. What was on its way when the last
// process ended becomes a doubt, as if its request had just failed.

// remember begins with what the receiver knows.
func (o *owner) remember(k *exchange.Known) {
	byID := map[exchange.OrderID]*exchange.Order{}
	parents := map[exchange.OrderID]bool{}
	for i := range k.Orders {
		byID[k.Orders[i].ID] = &k.Orders[i]
		parents[k.Orders[i].Parent] = true
	}
	for i := range k.Orders {
		known := &k.Orders[i]
		if !o.config.Instruments.Has(known.Request.Inst) {
			continue
		}
		switch {
		case known.Status.Final() || arrived(known) || parents[known.ID]:
			o.stands(known)
		case known.Request.Type == exchange.OCO:
			o.announced(known)
			o.unanswered(known)
		default:
			o.unanswered(known)
		}
	}
	for i := range k.Orders {
		if parent := byID[k.Orders[i].Parent]; parent != nil && o.config.Instruments.Has(parent.Request.Inst) {
			o.descends(&k.Orders[i], parent)
		}
	}
	for _, id := range k.Active {
		o.active[id] = true
	}
	for _, b := range k.Balances {
		o.tr.ledger.known[purse{b.Asset, b.Wallet}] = amount{value: b.Amount}
	}
	if k.Heard > blind {
		o.heard = max(k.Heard-blind, min(k.Read, k.Heard))
	}
}

// arrived says whether an order has been at the exchange for certain. A child or leg has, for
// the exchange has made it.
func arrived(o *exchange.Order) bool {
	switch o.Status {
	case exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend, exchange.StatusUnknown:
		return o.VenueID != 0 || o.Filled > 0 || o.Parent != 0
	}
	return true
}

// stands makes an order known as the exchange was known to have it. Where a request about it
// was under way it is not known how it stands, so that whatever the exchange says is news.
func (o *owner) stands(known *exchange.Order) {
	status := known.Status
	switch status {
	case exchange.StatusPendingNew, exchange.StatusPendingCancel, exchange.StatusPendingAmend:
		status = exchange.StatusUnknown
	}
	s := &standing{news: news{
		list: o.listOf(known), inst: known.Request.Inst, clientID: known.ClientID, venueID: known.VenueID, status: status,
		price: known.Request.Price, qty: known.Request.Qty, filled: known.Filled,
	}}
	o.tr.orders.byName[orderName{s.list, s.clientID}] = s
	o.tr.orders.number(s)
	o.tr.orders.retire(s)
	if s.list == listOCO {
		o.tr.orders.join(s)
	}
	o.active[s.inst] = true
}

// descends ties a child to its conditional order, and a leg to its OCO, when both are known.
func (o *owner) descends(child, parent *exchange.Order) {
	maker := o.tr.orders.named(o.listOf(parent), parent.ClientID)
	made := o.tr.orders.named(o.listOf(child), child.ClientID)
	if maker == nil || made == nil {
		return
	}
	maker.child = child.ClientID
	if maker.list != listOCO {
		maker.childID, made.maker = child.VenueID, maker
	}
}

// announced makes an OCO known whose answer was not heard, so that news of its legs find it.
func (o *owner) announced(order *exchange.Order) {
	limit, stop := exchange.OCOLegs(order.ClientID)
	o.tr.oco(news{
		list: listOCO, inst: order.Request.Inst, clientID: order.ClientID, status: exchange.StatusPendingNew,
		price: order.Request.Price, qty: order.Request.Qty,
	}, limit, stop)
}

// unanswered has an order asked for of which nobody knows whether it has arrived. Nobody
// knows either when its request left, but not after this process began.
func (o *owner) unanswered(known *exchange.Order) {
	d := o.watch(&request{kind: toPlace, order: *known}, o.window(nil))
	if known.Created > 0 {
		d.since = min(d.since, known.Created) // its fills are not older
	}
	o.active[known.Request.Inst] = true
}
