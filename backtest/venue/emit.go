package venue

import "github.com/pmbot/pmbot/exchange"

// outbox holds events and their payloads. A venue has two: one is written while the
// other is read.
type outbox struct {
	events   []exchange.Event
	updates  slab[exchange.OrderUpdate]
	fills    slab[exchange.Fill]
	entries  slab[exchange.LedgerEntry]
	accounts slab[exchange.Account]
	acts     slab[exchange.ActUpdate]
	lending  slab[exchange.Lending]
}

func (b *outbox) reset() {
	b.events = b.events[:0]
	b.updates.used, b.fills.used, b.entries.used, b.accounts.used, b.acts.used, b.lending.used = 0, 0, 0, 0, 0, 0
}

// slab hands out places that stay where they are while it grows, and again after a
// reset, so that a venue in its stride allocates no payloads.
type slab[T any] struct {
	places []*T
	used   int
}

func (s *slab[T]) put(value T) *T {
	if s.used == len(s.places) {
		s.places = append(s.places, new(T))
	}
	p := s.places[s.used]
	s.used++
	*p = value
	return p
}

// emit appends an event of now; the caller gives it its payload.
func (v *Venue) emit(inst exchange.InstrumentID) *exchange.Event {
	v.out.events = append(v.out.events, exchange.Event{At: v.now, Exchange: v.now, Inst: inst})
	return &v.out.events[len(v.out.events)-1]
}

func (v *Venue) emitUpdate(inst exchange.InstrumentID, u exchange.OrderUpdate) {
	v.emit(inst).SetOrderUpdate(v.out.updates.put(u))
}

// report tells where an order stands. Child names the order that its trigger has made.
func (v *Venue) report(o *order, why cause, child string) {
	v.emitUpdate(o.Request.Inst, exchange.OrderUpdate{
		ID: o.ID, Strategy: o.Strategy, Ref: o.Ref, ClientID: o.ClientID, VenueID: o.VenueID, Status: o.Status,
		Price: o.Request.Price, Qty: o.Request.Qty, Filled: o.Filled,
		Code: why.code, Reason: why.reason, Retryable: why.code != 0 && o.Status != exchange.StatusExpired, Child: child,
	})
}
