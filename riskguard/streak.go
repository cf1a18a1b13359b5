package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// streak counts the trades of a strategy that have closed something at a loss, running. What one
// order closes is one trade, however many fills it takes; what the exchange forces is none.
type streak struct {
	// Losses are those running before the order at hand, and Made is what that one has made so
	// far, in USD.
	Losses int              `json:"losses,omitzero"`
	Made   decimal.Decimal  `json:"made,omitzero"`
	Order  exchange.OrderID `json:"order,omitzero"`
	// Spent is the order that has ended the streak before: the rest of it counts no more.
	Spent exchange.OrderID `json:"spent,omitzero"`
	// Until is when the pause is over, 0 without one, and Why what it is for.
	Until exchange.Time `json:"until,omitzero"`
	Why   string        `json:"why,omitzero"`
}

// closed counts a fill that closed something, with what it has made after fees.
func (g *Guard) closed(s exchange.StrategyID, order exchange.OrderID, usd decimal.Decimal, at exchange.Time) {
	k := &g.ventures[s].streak
	if order == 0 || order == k.Spent {
		return
	}
	if k.Order != order {
		k.Losses, k.Order, k.Made = k.running(), order, decimal.Zero
	}
	k.Made = k.Made.Add(usd)
	n, most := k.running(), g.streakMax(s)
	if n < most {
		return
	}
	*k = streak{
		Spent: order, Until: at.Add(g.limits.LossStreakFor),
		Why: fmt.Sprintf("%d closing trades running have lost", n),
	}
	g.pulse.calm = false
}

// running is how many trades running have lost.
func (k *streak) running() int {
	if k.Made.IsNegative() {
		return k.Losses + 1
	}
	if k.Order == 0 {
		return k.Losses
	}
	return 0
}

// streakMax is the limit of a strategy as a whole.
func (g *Guard) streakMax(s exchange.StrategyID) int {
	n := g.ofStrategy(s, func(l *Limits) decimal.Decimal { return decimal.NewFromInt(int64(l.LossStreakMax)) })
	return int(n.IntPart())
}

// rested ends the pauses that are over.
func (g *Guard) rested(at exchange.Time) {
	for i := range g.ventures {
		if k := &g.ventures[i].streak; k.Until != 0 && at >= k.Until {
			k.Until, k.Why = 0, ""
			g.due = true
		}
	}
}

// streak: a strategy that has lost so many times running pauses: the market is not what it was
// made for, or it does not do what its author thinks.
func (c *check) streak() *exchange.Refusal {
	k := &c.g.ventures[c.order.Strategy].streak
	if c.at >= k.Until {
		return nil
	}
	return &exchange.Refusal{
		Value: k.Why, Limit: fmt.Sprintf("%d, then a pause of %v", c.g.streakMax(c.order.Strategy), c.g.limits.LossStreakFor),
		Passes: fmt.Sprintf("the same in %v, or what reduces risk,", k.Until.Sub(c.at)),
	}
}
