package riskguard

import "github.com/pmbot/pmbot/exchange"

// Approved is a write that the guard has let through, and the only thing a broker may
// act on. Its fields are unexported and only [Guard.Check] fills them, so no other
// package can make one; the zero Approved is not valid.
type Approved struct {
	order   exchange.Order
	amend   bool
	epoch   uint64
	expires exchange.Time
}

// Order is the order to send, or for an amend the order as it shall be.
func (a Approved) Order() exchange.Order { return a.order }

// Amend says that the order exists at the exchange and is to be changed.
func (a Approved) Amend() bool { return a.amend }

// Valid says whether the approval still holds: it was made by a guard, in the halt epoch
// that is current, and has not expired. A broker asks right before it writes bytes and
// answers NotSent if not.
func (a Approved) Valid(epoch uint64, now exchange.Time) bool {
	return a.order.ID != 0 && a.epoch == epoch && now <= a.expires
}
