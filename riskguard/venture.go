package riskguard

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// venture is what a strategy has made of its own fills, apart from what the account has beside:
// its positions, the money that fills, fees and fundings have moved, and what its loans have cost. A pair of the margin
// account counts as a position, too: what was bought and not sold yet.
type venture struct {
	positions []exchange.Position // by rising instrument and side; none is flat
	purse     []purse             // by rising asset
	owed      []owes              // by rising asset; the caller's to tell
	losses    ventureLosses
	streak    streak
}

// purse is an amount of an asset; it is a loss where it is below 0.
type purse struct {
	asset  string
	amount decimal.Decimal
}

// comparePositions orders by instrument and side.
func comparePositions(a, b exchange.Position) int {
	return cmp.Or(cmp.Compare(a.Inst, b.Inst), cmp.Compare(a.Side, b.Side))
}

// put adds to the purse. Whoever puts has a band be proven anew.
func (v *venture) put(asset string, amount decimal.Decimal) {
	at, found := slices.BinarySearchFunc(v.purse, asset, func(p purse, asset string) int { return cmp.Compare(p.asset, asset) })
	if !found {
		v.purse = slices.Insert(v.purse, at, purse{asset: asset})
	}
	v.purse[at].amount = v.purse[at].amount.Add(amount)
}

// idle says whether it has made and lost nothing yet.
func (v *venture) idle() bool {
	return len(v.purse) == 0 && len(v.positions) == 0 && !slices.ContainsFunc(v.owed, func(o owes) bool { return !o.charged.IsZero() })
}

// settles is the asset in which profits of an instrument are: a margin pair's quote.
func settles(in *exchange.Instrument) string {
	if in.Product == exchange.Margin {
		return in.Quote
	}
	return in.MarginAsset
}

// trade books a strategy's fill, also its share of a forced one.
func (g *Guard) trade(e *exchange.Event) {
	f := e.Fill()
	if f.Strategy == 0 || int(f.Strategy) >= len(g.ventures) || !g.ins.Has(e.Inst) || f.PositionSide > exchange.Short {
		return
	}
	v, in := &g.ventures[f.Strategy], g.ins.At(e.Inst)
	p := exchange.Position{Inst: e.Inst, Side: f.PositionSide}
	at, held := slices.BinarySearchFunc(v.positions, p, comparePositions)
	if held {
		p = v.positions[at]
	}
	g.pulse.calm = false
	closes := p.Qty.Sign()*int(f.Side.Sign()) < 0
	profit := p.Trade(in, f.Side, f.Qty, f.Price)
	switch {
	case !held:
		v.positions = slices.Insert(v.positions, at, p)
	case p.Qty.IsZero():
		v.positions = slices.Delete(v.positions, at, at+1)
	default:
		v.positions[at] = p
	}
	if !profit.IsZero() {
		v.put(settles(in), profit)
	}
	if f.FeeAsset != "" && !f.Fee.IsZero() {
		v.put(f.FeeAsset, f.Fee.Neg())
	}
	if closes && f.Forced == exchange.NotForced {
		usd := profit.Mul(g.model.Index(settles(in)).Decimal()).Sub(f.Fee.Mul(g.model.Index(f.FeeAsset).Decimal()))
		g.closed(f.Strategy, f.Order, usd, e.At)
	}
}

// funded books a settled funding on each strategy's position, as it is told some seconds behind the
// settlement: what the exchange books for the account names no instrument.
func (g *Guard) funded(e *exchange.Event) {
	f, in := e.Funding(), g.ins.At(e.Inst)
	mark := cmp.Or(f.Mark, g.markets[e.Inst].mark).Decimal()
	for i := 1; i < len(g.ventures); i++ {
		v := &g.ventures[i]
		for j := range v.positions {
			p := &v.positions[j]
			if p.Inst != e.Inst {
				continue
			}
			paid := in.Value(p.Qty, mark).Mul(f.Rate.Decimal())
			if p.Qty.IsPositive() {
				paid = paid.Neg()
			}
			v.put(in.MarginAsset, paid)
			g.pulse.calm = false
		}
	}
}

// worth is what a venture has made, fees, fundings and interest included, in USD at the prices of
// now. An asset without a price counts
// as nothing: while it is the account's, too, everything waits for it anyway.
func (g *Guard) worth(v *venture) decimal.Decimal {
	sum := decimal.Zero
	index := func(asset string) decimal.Decimal { return g.model.Index(asset).Decimal() }
	for i := range v.purse {
		sum = sum.Add(v.purse[i].amount.Mul(index(v.purse[i].asset)))
	}
	for i := range v.owed {
		sum = sum.Sub(v.owed[i].charged.Mul(index(v.owed[i].asset)))
	}
	for i := range v.positions {
		p := &v.positions[i]
		in := g.ins.At(p.Inst)
		if in.Product == exchange.Margin {
			sum = sum.Add(p.Qty.Mul(index(in.Base))).Sub(p.Qty.Mul(p.Entry).Mul(index(in.Quote)))
		} else if mark := g.markets[p.Inst].mark; mark != 0 {
			sum = sum.Add(in.PnL(p.Qty, p.Entry, mark.Decimal()).Mul(index(in.MarginAsset)))
		}
	}
	return sum
}

// within are the least and the most that a venture is worth while prices stay in the band that
// the model has proven.
func (g *Guard) within(v *venture) (least, most decimal.Decimal) {
	low, high := g.span(v)
	for i := range low {
		from, to := g.model.IndexBand(low[i].asset)
		a, b := from.Decimal(), to.Decimal()
		least = least.Add(decimal.Min(low[i].amount.Mul(a), low[i].amount.Mul(b)))
		most = most.Add(decimal.Max(high[i].amount.Mul(a), high[i].amount.Mul(b)))
	}
	return least, most
}

// span is the least and the most of each asset that a venture has while marks stay in the band.
func (g *Guard) span(v *venture) (low, high []purse) {
	least, most := venture{purse: slices.Clone(v.purse)}, venture{purse: slices.Clone(v.purse)}
	add := func(asset string, worst, best decimal.Decimal) {
		least.put(asset, worst)
		most.put(asset, best)
	}
	for i := range v.owed {
		if o := &v.owed[i]; !o.charged.IsZero() {
			add(o.asset, o.charged.Neg(), o.charged.Neg())
		}
	}
	for i := range v.positions {
		p := &v.positions[i]
		in := g.ins.At(p.Inst)
		if in.Product == exchange.Margin {
			cost := p.Qty.Mul(p.Entry).Neg()
			add(in.Base, p.Qty, p.Qty)
			add(in.Quote, cost, cost)
		} else if g.markets[p.Inst].mark != 0 {
			from, to := g.model.MarkBand(p.Inst)
			one, other := in.PnL(p.Qty, p.Entry, from.Decimal()), in.PnL(p.Qty, p.Entry, to.Decimal())
			add(in.MarginAsset, decimal.Min(one, other), decimal.Max(one, other))
		}
	}
	return least.purse, most.purse
}

// ventureSnapshot is a venture as a snapshot has it.
type ventureSnapshot struct {
	Losses    *ventureLosses      `json:"losses,omitzero"`
	Positions []ownSnapshot       `json:"positions,omitzero"`
	Purse     []purseSnapshot     `json:"purse,omitzero"`
	Strategy  exchange.StrategyID `json:"strategy"`
	Streak    *streak             `json:"streak,omitzero"`
}

type ownSnapshot struct {
	Entry decimal.Decimal       `json:"entry"`
	Inst  exchange.InstrumentID `json:"inst"`
	Qty   decimal.Decimal       `json:"qty"`
	Side  exchange.PositionSide `json:"side,omitzero"`
}

type purseSnapshot struct {
	Amount decimal.Decimal `json:"amount"`
	Asset  string          `json:"asset"`
}

func (g *Guard) snapshotVentures() (list []ventureSnapshot) {
	for i := range g.ventures {
		v := &g.ventures[i]
		s := ventureSnapshot{Strategy: exchange.StrategyID(i)}
		for _, p := range v.positions {
			s.Positions = append(s.Positions, ownSnapshot{p.Entry, p.Inst, p.Qty, p.Side})
		}
		for _, p := range v.purse {
			s.Purse = append(s.Purse, purseSnapshot{p.amount, p.asset})
		}
		if v.losses != (ventureLosses{}) {
			losses := v.losses
			s.Losses = &losses
		}
		if v.streak != (streak{}) {
			run := v.streak
			s.Streak = &run
		}
		if s.Positions != nil || s.Purse != nil || s.Losses != nil || s.Streak != nil {
			list = append(list, s)
		}
	}
	return list
}

// restoreVentures brings them back. What was of a strategy that is not configured any more is
// nobody's.
func (g *Guard) restoreVentures(list []ventureSnapshot) error {
	for _, s := range list {
		if int(s.Strategy) >= len(g.ventures) {
			continue
		}
		v := &g.ventures[s.Strategy]
		for _, p := range s.Positions {
			if !g.ins.Has(p.Inst) {
				return fmt.Errorf("strategy %d has instrument %d: there is no such instrument", s.Strategy, p.Inst)
			}
			v.positions = append(v.positions, exchange.Position{Inst: p.Inst, Side: p.Side, Qty: p.Qty, Entry: p.Entry})
		}
		if !slices.IsSortedFunc(v.positions, comparePositions) {
			return fmt.Errorf("the positions of strategy %d are not in order", s.Strategy)
		}
		for _, p := range s.Purse {
			v.put(p.Asset, p.Amount)
		}
		if s.Losses != nil {
			v.losses = *s.Losses
		}
		if s.Streak != nil {
			v.streak = *s.Streak
		}
	}
	return nil
}
