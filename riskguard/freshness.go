package riskguard

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// freshness: nothing is decided on prices that are too old for their feed.
func (c *check) freshness() *exchange.Refusal {
	if in, found := c.staleInput(); found {
		return c.beyond(in.bound, in.reading)
	}
	return c.contact()
}

// input is a value that the decision on an order needs: its age, read against the bound
// on it.
type input struct {
	bound boundID
	reading
}

// staleInput is the first input of the decision that is too old: uniMMR is of the whole
// account, so what else is held counts as the order's own prices do. Most are too young to
// tell anything, and then it need not be known whether they count.
func (c *check) staleInput() (in input, found bool) {
	m, l, own := c.market, &c.set.limits, c.order.Request.Inst
	if in = c.input(boundFreshPrice, m.lastAt, freshFor(l.FreshPrice, m.everyLast)).of(own); c.tells(in.bound, &in.share) && c.stale(&in) {
		return in, true
	}
	if c.in.Product != exchange.Margin {
		if in = c.markOf(own); c.tells(in.bound, &in.share) && c.stale(&in) {
			return in, true
		}
	}
	for i := range c.g.assets {
		a := &c.g.assets[i]
		if a.at != 0 && a.every >= exchange.Forever {
			continue
		}
		in = c.input(boundFreshIndex, a.at, freshFor(l.FreshIndex, a.every))
		if in.name = a.name; c.tells(in.bound, &in.share) && c.counts(a.name) && c.stale(&in) {
			return in, true
		}
	}
	for id := exchange.InstrumentID(1); int(id) <= c.g.ins.Len(); id++ {
		if !c.g.occupied[id] {
			continue
		}
		if in = c.markOf(id); c.tells(in.bound, &in.share) && c.stale(&in) {
			return in, true
		}
	}
	return in, false
}

// markOf is the mark of an instrument as an input.
func (c *check) markOf(id exchange.InstrumentID) input {
	m := &c.g.markets[id]
	return c.input(boundFreshMark, m.markAt, freshFor(c.set.limits.FreshMark, m.everyMark)).of(id)
}

// input is one that was last seen at an instant, 0 if never, and may be so old.
func (c *check) input(id boundID, seen exchange.Time, most time.Duration) input {
	age := never
	if seen != 0 {
		age = c.at.Sub(seen)
	}
	return input{bound: id, reading: reading{share: shareOf(int64(age), int64(most))}}
}

func (in input) of(inst exchange.InstrumentID) input {
	in.inst = inst
	return in
}

// stale says whether an input is too old, and remembers how old it is if not.
func (c *check) stale(in *input) bool {
	if in.exceeds(&c.set.bounds[in.bound].ratio) {
		return true
	}
	c.remember(in.bound, &in.reading)
	return false
}

// counts says whether an asset's price counts in the decision: the order settles in it,
// or the account has or owes some.
func (c *check) counts(asset string) bool {
	in := c.in
	return asset == in.MarginAsset || in.Product == exchange.Margin && (asset == in.Base || asset == in.Quote) ||
		!c.g.model.Net(asset).IsZero()
}

// occupy notes whether the account has a futures position in an instrument.
func (g *Guard) occupy(id exchange.InstrumentID) {
	if !g.ins.Has(id) {
		return
	}
	g.occupied[id] = false
	for side := exchange.Both; side <= exchange.Short; side++ {
		g.occupied[id] = g.occupied[id] || !g.model.Position(id, side).Qty.IsZero()
	}
}
