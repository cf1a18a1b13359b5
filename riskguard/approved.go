package riskguard

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Approved is a write that the guard has let through, an order or an act, and the only
// thing a broker may act on. Its fields are unexported and only [Guard.Check] and
// [Guard.CheckAct] fill them, so no other package can make one; the zero Approved is not
// valid.
type Approved struct {
	order exchange.Order
	// act is what was approved in place of an order, nil for an order. Nobody writes to it.
	act     *exchange.Act
	amend   bool
	epoch   uint64
	expires exchange.Time
}

// Order is the order to send, or for an amend the order as it shall be.
func (a Approved) Order() exchange.Order { return a.order }

// Act is the act to do; its Kind is 0 when an order was approved.
func (a Approved) Act() exchange.Act {
	if a.act == nil {
		return exchange.Act{}
	}
	act := *a.act
	act.Assets = slices.Clone(act.Assets)
	return act
}

// Amend says that the order exists at the exchange and is to be changed.
func (a Approved) Amend() bool { return a.amend }

// Valid says whether the approval still holds: it was made by a guard, in the halt epoch
// that is current, and has not expired. A broker asks right before it writes bytes and
// answers NotSent if not.
func (a Approved) Valid(epoch uint64, now exchange.Time) bool {
	return (a.order.ID != 0 || a.act != nil) && a.epoch == epoch && now <= a.expires
}

// Expires is the last instant at which the approval can hold: a broker that knows it
// cannot send before then need not wait.
func (a Approved) Expires() exchange.Time { return a.expires }
