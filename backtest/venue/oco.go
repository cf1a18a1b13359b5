package venue

import "github.com/pmbot/pmbot/exchange"

// pairOf is what an OCO list knows of its legs.
type pairOf struct {
	limit, stop *order
	// parted says that one of them has ended, or is about to, for the other's sake.
	parted bool
}

// split makes the legs of an OCO.
func (o *order) split() pairOf {
	leg := order{Order: o.Order, market: o.market, parent: o, arrived: o.arrived}
	leg.ID, leg.Parent = 0, o.ID
	limit, stop := leg, leg
	limit.ClientID, stop.ClientID = exchange.OCOLegs(o.ClientID)
	limit.Request, stop.Request = o.Request.OCOLegs()
	return pairOf{limit: &limit, stop: &stop}
}

// admitLegs holds both legs of an OCO against the rules for orders of their kind, and
// their prices against each other: limit above last above trigger to sell, and the other
// way round to buy.
func (v *Venue) admitLegs(o *order) cause {
	if o.Request.Type != exchange.OCO {
		return cause{}
	}
	pair := o.split()
	for _, leg := range [...]*order{pair.limit, pair.stop} {
		if why := v.admitNumbers(leg); why != (cause{}) {
			return why
		}
	}
	r, last := &o.Request, o.market.last
	switch {
	case !beyond(r.Side, r.Price, r.Trigger),
		last != 0 && (!beyond(r.Side, r.Price, last) || !beyond(r.Side, last, r.Trigger)):
		return errOCOPrices
	case o.market.wouldTake(r.Side, r.Price):
		return errWouldTake
	}
	return v.admitTrigger(pair.stop)
}

// list opens an OCO that has been admitted: the list first, which names its legs, then
// these.
func (v *Venue) list(o *order) {
	pair := o.split()
	o.pair = &pair
	for _, leg := range [...]*order{pair.limit, pair.stop} {
		v.report(o, cause{}, leg.ClientID)
	}
	for _, leg := range [...]*order{pair.limit, pair.stop} {
		v.lastID++
		leg.VenueID, leg.Status = v.lastID, exchange.StatusWorking
		v.enter(leg)
	}
}

// leg says whether the order is a leg of an OCO.
func (o *order) leg() bool { return o.parent != nil && o.parent.pair != nil }

// paired says whether the order is a leg whose OCO is whole: what it locks and risks then
// is the list's.
func (o *order) paired() bool { return o.leg() && !o.parent.pair.parted }

// other is the leg beside this one.
func (o *order) other() *order {
	if p := o.parent.pair; p.limit != o {
		return p.limit
	}
	return o.parent.pair.stop
}

// part ends the other leg of an order that has dealt, triggered or ended.
func (v *Venue) part(o *order, s exchange.OrderStatus, why cause) {
	if !o.paired() {
		return
	}
	o.parent.pair.parted = true
	v.released(o.parent)
	v.finish(o.other(), s, why)
}

// legOver ends the other leg of one that is over, and then the list.
func (v *Venue) legOver(o *order) {
	if o.Status == exchange.StatusCanceled {
		v.part(o, exchange.StatusCanceled, cause{})
	} else {
		v.part(o, exchange.StatusExpired, errOtherLeg)
	}
	if o.other().Status.Final() && !o.parent.Status.Final() {
		v.finish(o.parent, exchange.StatusFinished, cause{})
	}
}

// cancel ends an open order; of an OCO, all that is open of it.
func (v *Venue) cancel(o *order) {
	if o.pair == nil {
		v.finish(o, exchange.StatusCanceled, cause{})
		return
	}
	for _, part := range v.snapshot(o.market) {
		if !part.Status.Final() && part.root() == o {
			v.finish(part, exchange.StatusCanceled, cause{})
		}
	}
}
