package riskguard

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// demand is what a strategy has of the account and may get by its open orders: as it is, and with
// an order in its new form.
type demand struct {
	g *Guard
	s exchange.StrategyID
	// order is nil if none is examined; worth is its price then.
	order *exchange.Order
	worth exchange.Fixed
	lines []line
}

// line is one side of an instrument.
type line struct {
	inst      exchange.InstrumentID
	side      exchange.PositionSide
	held      decimal.Decimal
	was, will wishes
}

// wishes are what open orders may still buy and sell, and for how much of the quote asset where
// they are for an amount of that.
type wishes struct{ buys, sells, paid, gained decimal.Decimal }

func (w *wishes) add(o *exchange.Order) {
	qty, quote := o.Remaining().Decimal(), o.Request.QuoteQty.Decimal()
	if o.Request.Side == exchange.Buy {
		w.buys, w.paid = w.buys.Add(qty), w.paid.Add(quote)
	} else {
		w.sells, w.gained = w.sells.Add(qty), w.gained.Add(quote)
	}
}

// reach is the largest that a position may come to.
func (w *wishes) reach(held decimal.Decimal) decimal.Decimal {
	return decimal.Max(held.Abs(), held.Add(w.buys).Abs(), held.Sub(w.sells).Abs())
}

// demandOf is a strategy's, with an order at a price or, where that is nil, as it is.
func (g *Guard) demandOf(s exchange.StrategyID, order *exchange.Order, worth exchange.Fixed) demand {
	d := demand{g: g, s: s, order: order, worth: worth}
	for inst := exchange.InstrumentID(1); int(inst) <= g.ins.Len(); inst++ {
		for side, held := range g.owned[s][inst] {
			if !held.IsZero() {
				d.lines = append(d.lines, line{inst: inst, side: exchange.PositionSide(side), held: held})
			}
		}
	}
	for i := range g.open {
		if o := &g.open[i]; o.Strategy == s {
			d.add(o, true, order == nil || o.ID != order.ID)
		}
	}
	if order != nil {
		d.add(order, false, true)
	}
	return d
}

// add counts an order, as it was or will be. One that closes a position never opens one.
func (d *demand) add(o *exchange.Order, was, will bool) {
	q := &o.Request
	if q.ClosePosition || !d.g.ins.Has(q.Inst) {
		return
	}
	at := slices.IndexFunc(d.lines, func(l line) bool { return l.inst == q.Inst && l.side == q.PositionSide })
	if at < 0 {
		at = len(d.lines)
		d.lines = append(d.lines, line{inst: q.Inst, side: q.PositionSide})
	}
	if was {
		d.lines[at].was.add(o)
	}
	if will {
		d.lines[at].will.add(o)
	}
}

// unit is what a coin or contract is worth in USD, at the mark or the order's own price if that is
// higher; 0 if nobody knows.
func (d *demand) unit(inst exchange.InstrumentID) decimal.Decimal {
	in := d.g.ins.At(inst)
	if in.Inverse() {
		return in.ContractSize.Decimal()
	}
	return d.price(inst).Decimal().Mul(d.g.quoteIndex(in).Decimal())
}

// price is that of a coin in quote.
func (d *demand) price(inst exchange.InstrumentID) exchange.Fixed {
	m := &d.g.markets[inst]
	price := m.mark
	if price == 0 {
		price = m.last
	}
	if d.order != nil && inst == d.order.Request.Inst {
		price = max(price, d.worth)
	}
	return price
}

// quoteIndex is the price of the quote asset; one stands for it while it is not known, when the
// margin rules refuse anyway.
func (g *Guard) quoteIndex(in *exchange.Instrument) exchange.Fixed {
	for i := range g.assets {
		if a := &g.assets[i]; a.name == in.Quote && a.price != 0 {
			return a.price
		}
	}
	return exchange.FixedOne
}

// priced refuses while no price is known of an instrument of which the strategy has some.
func (d *demand) priced(l *line) (unit decimal.Decimal, no *exchange.Refusal) {
	if unit = d.unit(l.inst); !unit.IsZero() {
		return unit, nil
	}
	return unit, &exchange.Refusal{Value: "no price of " + d.g.ins.At(l.inst).Name() + " is known, of which the strategy has some", Limit: "the notional must be known"}
}

// empty says whether neither position nor order is there, now or with the order.
func (l *line) empty() bool {
	none := wishes{}
	return l.held.IsZero() && l.was.equal(&none) && l.will.equal(&none)
}

func (w *wishes) equal(o *wishes) bool {
	return w.buys.Equal(o.buys) && w.sells.Equal(o.sells) && w.paid.Equal(o.paid) && w.gained.Equal(o.gained)
}

// notional is what all positions are worth in USD, each with the open orders of its worse side.
func (d *demand) notional() (was, will decimal.Decimal, no *exchange.Refusal) {
	for i := range d.lines {
		l := &d.lines[i]
		quote := d.g.quoteIndex(d.g.ins.At(l.inst)).Decimal()
		was = was.Add(l.was.paid.Add(l.was.gained).Mul(quote))
		will = will.Add(l.will.paid.Add(l.will.gained).Mul(quote))
		before, after := l.was.reach(l.held), l.will.reach(l.held)
		if before.IsZero() && after.IsZero() {
			continue
		}
		unit, no := d.priced(l)
		if no != nil {
			return was, will, no
		}
		was, will = was.Add(before.Mul(unit)), will.Add(after.Mul(unit))
	}
	return was, will, nil
}
