package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ramp is since when a strategy trades by a program and parameters that it had not before.
type ramp struct {
	print string
	since exchange.Time
}

// applyPrints finds out, when a process begins, which strategies are new or changed. Where nobody
// says what a strategy is made of, as in backtests and dry runs, nothing is deployed.
func (g *Guard) applyPrints(at exchange.Time) {
	for s := range g.ramps {
		print := ""
		if s > 0 && s <= len(g.config.Prints) {
			print = g.config.Prints[s-1]
		}
		switch {
		case print == "":
			g.ramps[s] = ramp{}
		case g.ramps[s].print != print:
			g.ramps[s] = ramp{print, at}
		}
	}
}

// ramping says until when the order's strategy trades small; ok is false if it does not.
func (c *check) ramping() (until exchange.Time, ok bool) {
	r := &c.g.ramps[c.order.Strategy]
	until = r.since.Add(c.set.limits.RampFor)
	return until, r.print != "" && c.at < until
}

// ramp: new code and new parameters trade small at first: an order, and what the strategy itself
// holds with all its orders of this side filled, is a part of what is else its most.
func (c *check) ramp() *exchange.Refusal {
	until, ok := c.ramping()
	if !ok {
		return nil
	}
	l, n := &c.set.limits, c.size()
	held := decimal.Min(l.PositionMaxRatio, l.StrategyPositionMaxRatio)
	readings := [...]reading{
		{share: fineShare(c.usd(n), c.equity().Mul(l.OrderNotionalMaxRatio)), name: "notional"},
		{share: fineShare(c.usd(c.ownNotional()), c.equity().Mul(held)), name: "own position"},
	}
	for _, r := range readings {
		if r.exceeds(&c.set.bounds[boundRamp].ratio) {
			no := c.beyond(boundRamp, r)
			no.Limit += " until " + until.String()
			no.Passes = "a smaller one, or with ramp_for reloaded as 0s the same,"
			return no
		}
	}
	for i := range readings {
		if r := &readings[i]; c.tells(boundRamp, &r.share) {
			r.inst = c.order.Request.Inst
			c.remember(boundRamp, r)
		}
	}
	return nil
}

// sayRamp: part USD of whole USD, which is what else applies.
func sayRamp(b *bound, _ *exchange.Instruments, r reading) (value, limit string) {
	most := r.fineWhole.Mul(b.ratio.exact)
	return fmt.Sprintf("%s %v USD by new code or parameters", r.name, r.finePart.RoundCeil(2)), fmt.Sprintf("%v USD, %s", most.RoundFloor(2), b.limit)
}

// rampSnapshot is a ramp as a snapshot has it.
type rampSnapshot struct {
	Print    string              `json:"print"`
	Since    exchange.Time       `json:"since"`
	Strategy exchange.StrategyID `json:"strategy"`
}

func (g *Guard) snapshotRamps() (list []rampSnapshot) {
	for s, r := range g.ramps {
		if r.print != "" {
			list = append(list, rampSnapshot{r.print, r.since, exchange.StrategyID(s)})
		}
	}
	return list
}

// restoreRamps brings them back. That of a strategy that is not configured any more is nobody's.
func (g *Guard) restoreRamps(list []rampSnapshot) {
	for _, r := range list {
		if int(r.Strategy) < len(g.ramps) {
			g.ramps[r.Strategy] = ramp{r.Print, r.Since}
		}
	}
}
