package riskguard

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Use is what became of one limit: how near approved orders came to it, and how often
// it refused.
type Use struct {
	// Rule is the control's name, Key the limit's in the configuration. Key is empty for
	// what Binance limits, and for the refusals of a control that no number led to.
	Rule, Key string
	// Scope says of which orders an override's limit is, such as "UM:BTCUSDT"; empty for the
	// account's.
	Scope string
	// Limit is what a refusal would say of it, Value what the nearest approved order made
	// of it in the same words, and Used their proportion to eight decimals: 0 is nothing
	// and 1 at the limit, for floors the limit over the value. Without an order Limit is as
	// configured, or empty where there is no number, and Value empty.
	Limit, Value string
	Used         decimal.Decimal
	// Measured says that there was an order; At, Strategy and Inst name it. Of orders that
	// were equally near it is the first.
	Measured bool
	At       exchange.Time
	Strategy exchange.StrategyID
	Inst     exchange.InstrumentID
	// Refused is how often the limit refused.
	Refused int
}

// Uses tells of every limit since the guard was made, in the order of the controls. A
// control without numbers has one row for its refusals; so has one with numbers for
// those that had another reason, such as an unknown price. An order that may pass a
// limit because it reduces risk is not held against it there, so Used is never above 1.
func (g *Guard) Uses() []Use {
	var list []Use
	for i := range g.rules {
		rule, numbers := &g.rules[i], false
		for id := range boundCount {
			if g.sets.all[0].bounds[id].rule == rule.name {
				numbers = true
				g.sets.each(id, func(b *bound) { list = append(list, b.use(g.ins)) })
			}
		}
		if !numbers || rule.refused > 0 {
			list = append(list, Use{Rule: rule.name, Refused: rule.refused})
		}
	}
	return slices.Clip(list)
}

func (b *bound) use(ins *exchange.Instruments) Use {
	u := Use{Rule: b.rule, Key: b.key, Scope: b.scope, Limit: b.limit, Refused: b.refused}
	if n := &b.closest; n.set {
		u.Value, u.Limit = b.say(b, ins, n.reading)
		u.Used = n.share.of(&b.ratio)
		u.Measured, u.At, u.Strategy, u.Inst = true, n.at, n.strategy, n.order
	}
	return u
}

// hold holds the order against a bound: the refusal if it is beyond, else nothing, and
// the reading is remembered in case the order is approved.
func (c *check) hold(id boundID, r reading) *exchange.Refusal {
	r.inst = c.order.Request.Inst
	if !c.tells(id, &r.share) {
		return nil
	}
	if r.exceeds(&c.set.bounds[id].ratio) {
		return c.beyond(id, r)
	}
	c.remember(id, &r)
	return nil
}

// first holds the order against all of several bounds and gives the first refusal. None is left out
// after one, for an order that is beyond it may pass because it reduces risk, and how near it came
// to the others is wanted then. Only the one that is given counts as a refusal.
func (c *check) first(looks ...func(*check) *exchange.Refusal) (no *exchange.Refusal) {
	for _, look := range looks {
		counted := c.refusals
		if next := look(c); no == nil {
			no = next
		} else {
			c.refusals = counted
		}
	}
	return no
}

// tells says whether a share may be beyond its bound or nearer to it than any noted yet,
// of this order or another. One that is not is within, as those are.
func (c *check) tells(id boundID, s *share) bool {
	b := c.set.bounds[id]
	switch {
	case !s.defined(&b.ratio):
		return true
	case b.closest.set && !s.aboveCut(&b.closest.share, b.closest.cut):
		return false
	default:
		return c.noted>>id&1 == 0 || s.above(&c.g.nearest[id].share)
	}
}

// beyond is the refusal of an order by a bound.
func (c *check) beyond(id boundID, r reading) *exchange.Refusal {
	b := c.set.bounds[id]
	c.refusals = &b.refused
	value, limit := b.say(b, c.g.ins, r)
	return &exchange.Refusal{Value: value, Limit: limit}
}

// remember keeps a reading within its bound that tells something.
func (c *check) remember(id boundID, r *reading) {
	if r.defined(&c.set.bounds[id].ratio) {
		c.g.nearest[id] = *r
		c.noted |= 1 << id
	}
}

// note keeps for good what was remembered of an order that is approved.
func (c *check) note() {
	for id := boundID(0); c.noted>>id != 0; id++ {
		if r := &c.g.nearest[id]; c.noted>>id&1 != 0 {
			c.set.bounds[id].closest = note{
				reading: *r, cut: r.cut(), set: true, at: c.at, strategy: c.order.Strategy, order: c.order.Request.Inst,
			}
		}
	}
}
