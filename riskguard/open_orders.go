package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// openOrders: a strategy has a bounded number of orders on an instrument, and so has the
// account on all. What is not over counts, answered or not. An amend adds none.
func (c *check) openOrders() *exchange.Refusal {
	if c.amend {
		return nil
	}
	n, all := 1, 1+len(c.g.open)
	for i := range c.g.open {
		if o := &c.g.open[i]; o.Strategy == c.order.Strategy && o.Request.Inst == c.order.Request.Inst {
			n++
		}
	}
	// Both are measured: an order that is beyond the first may pass because it reduces.
	no := c.hold(boundOpenOrders, reading{share: shareOf(int64(n), int64(c.set.limits.OpenOrdersMax))})
	refusals := c.refusals
	account := c.hold(boundAccountOpenOrders, reading{share: shareOf(int64(all), int64(c.set.limits.AccountOpenOrdersMax))})
	if no != nil {
		c.refusals = refusals
		return no
	}
	if account != nil && c.set.limits.AccountOpenOrdersMax > 0 {
		account.Passes = "the same once an order is over, or what reduces risk,"
	}
	return account
}

// sayOrders: the order is open order part of whole.
func sayOrders(b *bound, ins *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("open order %d on %s", r.part, ins.At(r.inst).Name()), b.limit
}

// sayAccountOrders: the order is open order part of whole of the account.
func sayAccountOrders(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("open order %d of the account", r.part), b.limit
}
