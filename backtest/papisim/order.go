package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// place sends a new order to the venue and keeps it, unless it is refused. Records that
// are to hear from the venue as well, as the legs of an OCO, come with it.
func (s *Sim) place(at exchange.Time, o *record, parts ...*record) *web.Error {
	all := append([]*record{o}, parts...)
	for _, r := range all {
		if s.records.taken(r.wireName()) {
			return refusal(duplicateCode(r.product), "Duplicate order sent.", nil)
		}
	}
	for _, r := range all {
		s.records.begin(r)
	}
	s.venue.Place(o.Order, at)
	s.collect()
	if o.refusedOnArrival() {
		s.records.drop(all...)
		return refusal(o.code, o.reason, s.ins.At(o.Request.Inst))
	}
	return nil
}

// duplicateCode is what a client id that is in use is answered with: the spot engine has no
// code of its own for it.
func duplicateCode(p exchange.Product) int {
	if p == exchange.Margin {
		return -2010
	}
	return -4116
}

// refusedOnArrival says whether an order never came to be. Futures orders that are FOK or
// post-only and cannot be what they want to be are refused and not recorded.
func (r *record) refusedOnArrival() bool {
	return r.Status == exchange.StatusRejected ||
		r.Status == exchange.StatusExpired && r.Filled == 0 && (r.code == codeFOK || r.code == codePostOnly)
}

// cancel ends an open order.
func (s *Sim) cancel(at exchange.Time, o *record) {
	s.venue.Cancel(o.Order, at)
	s.collect()
}

// amendmentsMax is how often an order may be amended.
const amendmentsMax = 10_000

// amend asks the venue for another price and quantity; what it changes is put down on the
// order when it answers.
func (s *Sim) amend(at exchange.Time, o *record, a amendment) *web.Error {
	if len(o.amendments) >= amendmentsMax {
		return web.Errorf(-5026, "Exceed maximum modify order limit.")
	}
	want := o.Order
	want.Request.Price, want.Request.Qty, want.Request.PriceMatch = a.price, a.qty, a.priceMatch
	s.records.amendments++
	a.id, a.count = s.records.amendments, len(o.amendments)+1
	a.priceBefore, a.qtyBefore = o.Request.Price, o.Request.Qty
	o.amending, o.refused = &a, false
	s.venue.Amend(want, at)
	s.collect()
	o.amending = nil
	if o.refused {
		return refusal(o.code, o.reason, s.ins.At(o.Request.Inst))
	}
	return nil
}
