package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// unknownOrder: while the outcome of an order is unknown, its strategy takes no more of the
// same risk: whoever cannot know whether he bought must not buy again. The doubt is about one
// instrument, side and position side; what the order may have done is held as risk meanwhile
// by all other controls. It ends with the order's next status.
//
// It is skipped by what provably reduces, for that is proven with the order in doubt filled,
// too, so a second sale can not turn a position that the first may have closed. And by a
// person who closes a position: he has seen the doubt, and the exchange keeps his order from
// doing more.
func (c *check) unknownOrder() *exchange.Refusal {
	r := &c.order.Request
	if c.amend && !c.raises() {
		return nil
	}
	n, first := 0, ""
	for i := range c.g.open {
		o := &c.g.open[i]
		q := &o.Request
		if o.Status == exchange.StatusUnknown && o.Strategy == c.order.Strategy && q.Inst == r.Inst && q.Side == r.Side && q.PositionSide == r.PositionSide {
			if n++; n == 1 {
				first = o.ClientID
			}
		}
	}
	no := c.hold(boundUnknown, reading{share: shareOf(int64(n), int64(c.set.limits.UnknownOrdersMax)), name: first})
	if no != nil {
		no.Passes = "the same once the outcome is known"
	}
	return no
}

// raises says whether an amend asks for a larger quantity than the order has. Another price
// for the same quantity is no new risk: a maker has to follow the market.
func (c *check) raises() bool {
	for i := range c.g.open {
		if o := &c.g.open[i]; o.ID == c.order.ID {
			return c.order.Request.Qty > o.Request.Qty
		}
	}
	return true // whose size nobody knows may be raised
}

// sayUnknown: part orders in doubt, of which whole may be; name is the first of them.
func sayUnknown(b *bound, ins *exchange.Instruments, r reading) (value, limit string) {
	value = fmt.Sprintf("%d orders of unknown outcome on %s", r.part, ins.At(r.inst).Name())
	switch r.part {
	case 0:
	case 1:
		value = fmt.Sprintf("order %s on %s is of unknown outcome", r.name, ins.At(r.inst).Name())
	default:
		value += ", the first " + r.name
	}
	return value, b.limit
}
