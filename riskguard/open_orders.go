package riskguard

import (
	"fmt"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// openOrders: a strategy has a bounded number of orders on an instrument, and so has the
// account on all; and what may still fill of the strategy's, of both sides together, is a bounded
// share of equity. What is not over counts, answered or not. An amend adds none, but may make one
// larger.
func (c *check) openOrders() *exchange.Refusal {
	return c.first((*check).ownOrders, (*check).accountOrders, (*check).openOrdersSum)
}

// ownOrders bounds how many the strategy has on the instrument.
func (c *check) ownOrders() *exchange.Refusal {
	if c.amend {
		return nil
	}
	n := 1
	for i := range c.g.open {
		if o := &c.g.open[i]; o.Strategy == c.order.Strategy && o.Request.Inst == c.order.Request.Inst {
			n++
		}
	}
	return c.hold(boundOpenOrders, reading{share: shareOf(int64(n), int64(c.set.limits.OpenOrdersMax))})
}

// accountOrders bounds how many the account has.
func (c *check) accountOrders() *exchange.Refusal {
	if c.amend {
		return nil
	}
	most := c.set.limits.AccountOpenOrdersMax
	no := c.hold(boundAccountOpenOrders, reading{share: shareOf(int64(1+len(c.g.open)), int64(most))})
	if no != nil && most > 0 {
		no.Passes = "the same once an order is over, or what reduces risk,"
	}
	return no
}

// openOrdersSum bounds what may still fill of the strategy's orders on the instrument.
func (c *check) openOrdersSum() *exchange.Refusal {
	var sum notionals
	known := c.addOpen(&sum, &c.order)
	for i := range c.g.open {
		o := &c.g.open[i]
		if o.ID != c.order.ID && o.Strategy == c.order.Strategy && o.Request.Inst == c.order.Request.Inst {
			known = c.addOpen(&sum, o) && known
		}
	}
	if !known {
		return &exchange.Refusal{Value: "no price of " + c.in.Name() + " is known", Limit: "the sum of open orders must be known"}
	}
	return c.hold(boundOpenNotional, reading{share: fineShare(c.usd(sum.decimal()), c.equity())})
}

// addOpen adds what may still fill of an order; it is false if nobody knows what that is worth.
func (c *check) addOpen(sum *notionals, o *exchange.Order) bool {
	r := &o.Request
	left, price := o.Remaining(), c.worthOf(r)
	switch {
	case r.QuoteQty > 0:
		left, price = r.QuoteQty, exchange.FixedOne
	case c.in.Inverse():
		price = c.in.ContractSize
	}
	return sum.add(left, price) && (left == 0 || price > 0)
}

// notionals is a sum of products of two numbers with eight decimals each.
type notionals struct{ high, low uint64 }

// add adds a product of numbers that are not negative; it is false if the sum does not fit.
func (n *notionals) add(qty, price exchange.Fixed) bool {
	high, low := bits.Mul64(uint64(qty), uint64(price))
	var carry uint64
	n.low, carry = bits.Add64(n.low, low, 0)
	n.high, carry = bits.Add64(n.high, high, carry)
	return carry == 0
}

func (n *notionals) decimal() decimal.Decimal {
	sum := new(big.Int).SetUint64(n.high)
	sum.Or(sum.Lsh(sum, 64), new(big.Int).SetUint64(n.low))
	return decimal.NewFromBigInt(sum, -2*exchange.FixedPlaces)
}

// sayOrders: the order is open order part of whole.
func sayOrders(b *bound, ins *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("open order %d on %s", r.part, ins.At(r.inst).Name()), b.limit
}

// sayAccountOrders: the order is open order part of whole of the account.
func sayAccountOrders(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	return fmt.Sprintf("open order %d of the account", r.part), b.limit
}
