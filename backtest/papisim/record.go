package papisim

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// records are what the exchange remembers of the account: what queries are answered from.
type records struct {
	orders []*record // in the order of their ids
	byName map[string]*record
}

func newRecords() records { return records{byName: map[string]*record{}} }

// record is an order with what the venue does not keep of it.
type record struct {
	exchange.Order
	// quote is the sum of price times quantity of its fills, for CM contracts over price
	// times size: the base coin.
	quote decimal.Decimal
	// code and reason say why it was refused or has expired.
	code   int
	reason string
}

// learn takes down one event of the account.
func (s *Sim) learn(e *exchange.Event) {
	if e.Kind == exchange.KindOrderUpdate {
		s.records.update(s, e.OrderUpdate())
	}
}

// update takes down news of an order; one that is new here is a trigger's child, or of the
// exchange's own making.
func (r *records) update(s *Sim, u *exchange.OrderUpdate) {
	o := r.byName[u.ClientID]
	if o == nil || o.Status.Final() {
		o = &record{}
		r.orders = append(r.orders, o)
		r.byName[u.ClientID] = o
	}
	if now, ok := s.venue.Order(u.ClientID); ok {
		o.Order = now
	}
	o.Status, o.Filled, o.VenueID, o.ClientID = u.Status, u.Filled, u.VenueID, u.ClientID
	o.code, o.reason = u.Code, u.Reason
}
