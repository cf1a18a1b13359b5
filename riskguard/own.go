package riskguard

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// owned is what one strategy holds of an instrument, by position side.
type owned [exchange.Short + 1]decimal.Decimal

func newOwned(instruments, strategies int) [][]owned {
	all := make([][]owned, strategies+1)
	for s := range all {
		all[s] = make([]owned, instruments+1)
	}
	return all
}

// Holding says what a strategy itself holds of an instrument from now on, of all that the account
// has. Like open orders it is the caller's to know, who gives every fill to a strategy, and to
// tell again after [Guard.Restore]. What a strategy holds that is not configured is nobody's here.
func (g *Guard) Holding(s exchange.StrategyID, inst exchange.InstrumentID, side exchange.PositionSide, qty decimal.Decimal) {
	if int(s) < len(g.owned) && g.ins.Has(inst) && side <= exchange.Short {
		g.owned[s][inst][side] = qty
	}
}

// positions holds what the account would have of the instrument, and what the strategy itself
// would, against their bounds.
func (c *check) positions() *exchange.Refusal {
	return c.first((*check).position, (*check).strategyPosition)
}

// strategyPosition: what the strategy itself holds, with all its open orders of this side filled,
// is a bounded share of equity, whatever others hold. The house is no strategy.
func (c *check) strategyPosition() *exchange.Refusal {
	if c.order.Strategy == 0 {
		return nil
	}
	return c.hold(boundStrategyPosition, reading{share: fineShare(c.usd(c.ownNotional()), c.equity())})
}

// ownNotional is what the strategy's own position is worth after all its orders of this side. Those
// that only reduce the account's count in full: what they take from the account may not be the
// strategy's own.
func (c *check) ownNotional() decimal.Decimal {
	r := &c.order.Request
	if r.PositionSide > exchange.Short {
		return decimal.Zero // filters has refused it
	}
	var sum, quote exchange.Fixed // an order for an amount of the quote asset is worth that
	add := func(o *exchange.Order) {
		quote += o.Request.QuoteQty
		left := o.Remaining()
		if o.Request.ClosePosition {
			left, _ = exchange.FixedFromDecimal(c.held().Abs(), exchange.RoundDown)
		}
		if sum += left; sum < 0 {
			sum = math.MaxInt64
		}
	}
	add(&c.order)
	for i := range c.g.open {
		o := &c.g.open[i]
		q := &o.Request
		if o.ID != c.order.ID && o.Strategy == c.order.Strategy && q.Inst == r.Inst && q.Side == r.Side && q.PositionSide == r.PositionSide {
			add(o)
		}
	}
	held := c.g.owned[c.order.Strategy][r.Inst][r.PositionSide].Add(signed(r.Side, sum)).Abs()
	if c.in.Inverse() {
		return held.Mul(c.in.ContractSize.Decimal())
	}
	return held.Mul(c.worth().Decimal()).Add(quote.Decimal())
}
