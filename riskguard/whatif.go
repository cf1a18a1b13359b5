package riskguard

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// WhatIf is a copy of a guard for questions: what would it say, what would the account be.
// Nothing that is asked of it is counted or noted, and nothing of it reaches the guard, so
// questions that take long can be asked while the guard works on. It has one owner.
type WhatIf struct{ guard *Guard }

// WhatIf makes a copy of the guard as it is now, open orders and acts included. Its margin model has
// the tables that the guard was made of. An error is a state that cannot be restored.
func (g *Guard) WhatIf() (*WhatIf, error) {
	c, err := New(g.config)
	if err != nil {
		return nil, err
	}
	if err := c.Restore(g.Snapshot()); err != nil {
		return nil, err
	}
	for _, o := range g.open {
		c.Hold(o)
	}
	for _, a := range g.acts {
		c.HoldAct(a)
	}
	for s := range g.owned {
		c.owned[s], c.ventures[s].owed = slices.Clone(g.owned[s]), slices.Clone(g.ventures[s].owed)
	}
	return &WhatIf{c}, nil
}

// Portfolio is the margin model of the copy.
func (w *WhatIf) Portfolio() *margin.Portfolio { return w.guard.model }

// Limits are those of the guard.
func (w *WhatIf) Limits() Limits { return w.guard.limits }

// Hold counts an order as under way in the copy.
func (w *WhatIf) Hold(o exchange.Order) { w.guard.Hold(o) }

// Refusals tells every control that would refuse an order, in the order of the controls; the
// first is what [Guard.Check] would answer, and none is an approval. A control that fails on
// the order, as it may where an earlier one has refused for the same reason, is told only if
// it is the first.
func (w *WhatIf) Refusals(in exchange.Intent, o exchange.Order, at exchange.Time) []exchange.Refusal {
	var list []exchange.Refusal
	c := w.guard.examine(&in, o, false, at)
	for i := range w.guard.rules {
		r := &w.guard.rules[i]
		no, failed := c.ask(r)
		switch {
		case failed && len(list) == 0:
			no = &exchange.Refusal{Value: "the control failed", Limit: "it must run"}
		case failed || no == nil || c.excused(r):
			continue
		}
		no.Intent, no.Rule = in, r.name
		list = append(list, *no)
	}
	return list
}

// ask asks one control, which may fail.
func (c *check) ask(r *rule) (no *exchange.Refusal, failed bool) {
	defer func() {
		if recover() != nil {
			no, failed = nil, true
		}
	}()
	count := 0 // nobody's
	c.refusals = &count
	return r.check(c), false
}

// SizeThatPasses is the largest quantity of an order, on its instrument's lot grid and at most
// its own, that every control would let through, or 0 if there is none. Quantities too small
// for the instrument's filters are passed over; above them more is hardly ever easier, but for the
// whole order, which is asked about first.
func (w *WhatIf) SizeThatPasses(in exchange.Intent, o exchange.Order, at exchange.Time) exchange.Fixed {
	g := w.guard
	if !g.ins.Has(o.Request.Inst) || o.Request.Qty <= 0 {
		return 0
	}
	lot := g.ins.At(o.Request.Inst).LotFor(o.Request.Type)
	step := max(lot.Step, 1)
	least, most := lot.Min, o.Request.Qty
	if least == 0 {
		least = step
	}
	if lot.Max > 0 {
		most = min(most, lot.Max)
	}
	if most < least {
		return 0
	}
	qty := func(n int64) exchange.Fixed { return least + exchange.Fixed(n)*step }
	last := int64((most - least) / step)
	first := func(n int64) string { // the control that refuses a quantity
		o.Request.Qty = qty(n)
		in.Request = o.Request
		if list := w.Refusals(in, o, at); len(list) > 0 {
			return list[0].Rule
		}
		return ""
	}
	if first(last) == "" {
		return qty(last) // also where less would not: an order that takes back too large a position
	}
	low, high := int64(0), last+1
	for low < high { // the least that is large enough
		middle := low + (high-low)/2
		if first(middle) == "filters" {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low > last || first(low) != "" {
		return 0
	}
	for high = last; low < high; {
		middle := high - (high-low)/2
		if first(middle) == "" {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return qty(low)
}
