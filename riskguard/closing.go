package riskguard

import (
	"github.com/pmbot/pmbot/exchange"
)

// A person who closes a position is let through where a strategy would not be: limits, floors
// and the rate of messages bound what may be risked, and whoever flattens wants less. What is
// sanity holds for him, too: filters, collars, prices that are fresh, no order twice.

// closing says whether a person, and no strategy, closes a futures position with the order, or
// a part of it, and the exchange itself keeps it from doing more: by the flag, or because it
// names a leg of hedge mode.
func (c *check) closing(in *exchange.Intent) bool {
	r := &c.order.Request
	if in.By == "" || c.amend || c.in == nil || c.in.Product == exchange.Margin || r.Type.Conditional() || r.PositionSide > exchange.Short {
		return false
	}
	held := c.held()
	return (r.ReduceOnly || r.PositionSide != exchange.Both) && int64(held.Sign()) == -r.Side.Sign() &&
		!r.Qty.Decimal().GreaterThan(held.Abs())
}

// blind says whether nobody knows what the account has: the process has not begun to trade,
// or the user stream does not tell. Not even a person closes a position then.
func (g *Guard) blind() bool {
	a := &g.states.account
	return a.causes[exchange.CauseStart].state != exchange.Active || a.causes[exchange.CauseStream].state != exchange.Active
}
