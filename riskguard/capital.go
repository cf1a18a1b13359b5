package riskguard

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What a strategy takes of the account's money, in USD, is the sum of two parts.
//
// Contracts: the initial margin of each own position with the open orders of its worse side,
//
//	max(|held|, |held + bids|, |held - asks|) · price / leverage
//
// at the mark or the examined order's price if that is higher; of an inverse contract its face
// value stands for quantity times price. That is Binance's initial margin of positions and open
// orders (USDⓈ-M FAQ "Leverage and Margin"; [margin.LegMargin] has it of the account), taken of the
// strategy alone: what others hold the other way does not lessen it. The leverage is the symbol's,
// which must be one that the brackets allow for the position; else initial-margin refuses.
//
// Margin pairs: of each asset what the strategy has put in, or what it has borrowed, whichever is
// more: a loan that has paid for coins is not counted twice. Put in is the quote asset that coins
// which it holds have cost, at their average price, with the open orders to buy; and the coins that
// it has sold without having bought them, with the open orders to sell, at their price now. Of each
// pair one of the two counts, that which is dearer beyond what is borrowed of its asset. Interest is
// no capital; it is a loss.

// owes is a strategy's part of the loans in an asset.
type owes struct {
	asset              string
	principal, charged decimal.Decimal
}

// Owes says what a strategy owes of an asset from now on: the principal, with what is under way,
// and the interest that was charged on it since the journal began, both in the asset. Like
// holdings it is the caller's to know, and to tell again after [Guard.Restore]. The house's loans
// are nobody's here.
func (g *Guard) Owes(s exchange.StrategyID, asset string, principal, charged decimal.Decimal) {
	if s == 0 || int(s) >= len(g.ventures) {
		return
	}
	v := &g.ventures[s]
	at, found := slices.BinarySearchFunc(v.owed, asset, func(o owes, asset string) int { return cmp.Compare(o.asset, asset) })
	if !found {
		if principal.IsZero() && charged.IsZero() {
			return
		}
		v.owed = slices.Insert(v.owed, at, owes{asset: asset})
	}
	o := &v.owed[at]
	if !o.charged.Equal(charged) {
		g.pulse.calm = false
	}
	o.principal, o.charged = principal, charged
}

// taken is what is put into margin pairs of an asset, in USD.
type taken struct {
	asset     string
	was, will decimal.Decimal
}

// capital is what the strategy takes, as it is and with the order; and with a loan of so much more
// of an asset, "" for none.
func (d *demand) capital(asset string, more decimal.Decimal) (was, will decimal.Decimal, no *exchange.Refusal) {
	var pairs []taken
	for i := range d.lines {
		l := &d.lines[i]
		if l.empty() {
			continue
		}
		unit, no := d.priced(l)
		if no != nil {
			return was, will, no
		}
		in := d.g.ins.At(l.inst)
		if in.Product == exchange.Margin {
			name, usd := d.putIn(in, l, &l.was, unit, "", decimal.Zero)
			pairs = append(pairs, taken{asset: name, was: usd})
			name, usd = d.putIn(in, l, &l.will, unit, asset, more)
			pairs = append(pairs, taken{asset: name, will: usd})
			continue
		}
		leverage := decimal.NewFromInt(int64(max(1, d.g.model.Leverage(l.inst))))
		was = was.Add(l.was.reach(l.held).Mul(unit).DivRound(leverage, 16))
		will = will.Add(l.will.reach(l.held).Mul(unit).DivRound(leverage, 16))
	}
	pairsWas, pairsWill, no := d.borrowed(pairs, asset, more)
	return was.Add(pairsWas), will.Add(pairsWill), no
}

// putIn is of which asset a margin pair has taken how much, in USD, or would with orders of the
// worse side filled: the one that is dearer beyond what is borrowed of it, with a loan of so much
// more of an asset.
func (d *demand) putIn(in *exchange.Instrument, l *line, w *wishes, unit decimal.Decimal, lent string, more decimal.Decimal) (asset string, usd decimal.Decimal) {
	quote := d.g.quoteIndex(in).Decimal()
	bought := decimal.Max(decimal.Zero, decimal.Min(w.buys, l.held.Add(w.buys))).Mul(unit).Add(w.paid.Mul(quote))
	if l.held.IsPositive() {
		bought = bought.Add(l.held.Mul(d.cost(l)).Mul(quote))
	}
	sold := decimal.Max(decimal.Zero, w.sells.Sub(l.held)).Mul(unit).Add(w.gained.Mul(quote))
	if sold.Sub(d.loan(in.Base, lent, more)).GreaterThan(bought.Sub(d.loan(in.Quote, lent, more))) {
		return in.Base, sold
	}
	return in.Quote, bought
}

// loan is what the strategy owes of an asset in USD, with so much more of one.
func (d *demand) loan(asset, lent string, more decimal.Decimal) decimal.Decimal {
	sum := decimal.Zero
	if asset == lent {
		sum = more
	}
	for i := range d.g.ventures[d.s].owed {
		if o := &d.g.ventures[d.s].owed[i]; o.asset == asset {
			sum = sum.Add(o.principal)
		}
	}
	return sum.Mul(d.g.model.Index(asset).Decimal())
}

// cost is what a coin that the strategy holds has cost in quote: the average of its own fills, or
// what it is worth now where they do not tell.
func (d *demand) cost(l *line) decimal.Decimal {
	own := exchange.Position{Inst: l.inst, Side: l.side}
	v := &d.g.ventures[d.s]
	at, found := slices.BinarySearchFunc(v.positions, own, comparePositions)
	if found && v.positions[at].Qty.Sign() == l.held.Sign() && v.positions[at].Entry.IsPositive() {
		return v.positions[at].Entry
	}
	return d.price(l.inst).Decimal()
}

// borrowed adds up what was put into margin pairs, of each asset at least what is borrowed of it.
func (d *demand) borrowed(pairs []taken, asset string, more decimal.Decimal) (was, will decimal.Decimal, no *exchange.Refusal) {
	owed := d.g.ventures[d.s].owed
	if !slices.ContainsFunc(owed, func(o owes) bool { return o.asset == asset }) && asset != "" {
		owed = append(slices.Clone(owed), owes{asset: asset})
	}
	for _, o := range owed {
		then := o.principal
		if o.asset == asset {
			then = then.Add(more)
		}
		if then.IsZero() {
			continue
		}
		index := d.g.model.Index(o.asset).Decimal()
		if index.IsZero() {
			return was, will, &exchange.Refusal{Value: "no index price of " + o.asset + " is known, of which the strategy owes some", Limit: "its capital must be known"}
		}
		before, after := o.principal.Mul(index), then.Mul(index)
		for _, p := range pairs {
			if p.asset == o.asset {
				before, after = before.Sub(p.was), after.Sub(p.will)
			}
		}
		was, will = was.Add(decimal.Max(decimal.Zero, before)), will.Add(decimal.Max(decimal.Zero, after))
	}
	for _, p := range pairs {
		was, will = was.Add(p.was), will.Add(p.will)
	}
	return was, will, nil
}
