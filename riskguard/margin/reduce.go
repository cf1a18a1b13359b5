package margin

import "github.com/pmbot/pmbot/exchange"

// Reduction says in which respects an order reduces the account's risk. Each compares
// the worst case of the open orders with the order filled to the worst case without it.
type Reduction struct {
	// Base: uniMMR at the prices as they are is not lower. Where equity is negative, here and
	// under a shock, it is enough that neither equity falls nor maintenance margin grows.
	Base bool
	// Shocked: the lowest uniMMR over the shocks is not lower. EveryShock: it is not lower
	// under any of them. A fall of the better scenarios is profit forgone: whoever closes
	// one of several long positions gains less when that coin rises.
	Shocked, EveryShock bool
	// Delta: the absolute net exposure to the order's coins is not larger, whichever of
	// the open orders fill.
	Delta bool
}

// Reduces says that the order lowers no worst case and no exposure: uniMMR at the prices
// as they are, uniMMR under the worst shock, and net delta.
func (r Reduction) Reduces() bool { return r.Base && r.Shocked && r.Delta }

// Strictly says that besides uniMMR falls under no shock at all.
func (r Reduction) Strictly() bool { return r.Reduces() && r.EveryShock }

// Reducing tests whether an order reduces risk. Binance's reduceOnly flag proves
// nothing: closing the short leg of a carry opens the coin's risk. Market orders count
// at the mark here, without the collar, which would deny stops and closes when uniMMR is
// low and they are needed most. Errors are those of [Portfolio.Project].
func (p *Portfolio) Reducing(o exchange.Order) (Reduction, error) {
	var r Reduction
	if o.Request.Type == exchange.OCO {
		return p.reducingLegs(o)
	}
	if err := p.Missing(); err != nil {
		return r, err
	}
	p.try()
	defer p.undo()
	filled, b, err := p.read(&o)
	if err != nil {
		return r, err
	}
	p.drop(o.ID, false)
	p.refresh()
	filled.slip = exchange.FixedOne
	before := p.standings()
	r.Delta = true
	if b.leg != nil {
		qty := b.leg.fillSize(&filled)
		filled.collar(b.leg.slot.mark)
		r.Delta = r.Delta && shrinks(b.leg.slot.base, b.leg.slot.exposure(qty))
		p.fillLeg(b.leg, qty, filled.price)
	} else {
		s := b.pair.slot
		filled.collar(s.pairPrice())
		base, quote := amount(filled.qty), filled.cost().neg()
		if !filled.buy {
			base, quote = base.neg(), quote.neg()
		}
		r.Delta = shrinks(s.base, base) && shrinks(s.settle, quote)
		p.fillPair(s, &filled, base, quote)
	}
	if err := p.Missing(); err != nil {
		return r, err
	}
	r.compare(before, p.standings())
	return r, nil
}

// reducingLegs tests both legs of an OCO, of which either may fill.
func (p *Portfolio) reducingLegs(o exchange.Order) (Reduction, error) {
	limit, stop := o, o
	limit.Request, stop.Request = o.Request.OCOLegs()
	a, err := p.Reducing(limit)
	if err != nil {
		return a, err
	}
	b, err := p.Reducing(stop)
	return Reduction{
		Base: a.Base && b.Base, Shocked: a.Shocked && b.Shocked, EveryShock: a.EveryShock && b.EveryShock, Delta: a.Delta && b.Delta,
	}, err
}

// standing is the worst case of a scenario: its uniMMR (quotient scale), and what that is
// made of (usd scale).
type standing struct{ uniMMR, equity, maint wide }

// standings are the worst cases of every scenario.
func (p *Portfolio) standings() []standing {
	all := make([]standing, len(p.totals))
	for i := range all {
		t := &p.totals[i]
		all[i] = standing{uniMMR(t.adjustedWorst(), t.maintWorst), t.adjustedWorst(), t.maintWorst}
	}
	return all
}

// keeps says that a scenario is not worse after than before: uniMMR is not lower. Where
// equity is negative a smaller maintenance margin makes uniMMR fall, and no loss is greater:
// there nothing is worse while neither equity nor margin is.
func (before *standing) keeps(after *standing) bool {
	return !after.uniMMR.less(before.uniMMR) ||
		before.equity.negative() && !after.equity.less(before.equity) && !before.maint.less(after.maint)
}

func (r *Reduction) compare(before, after []standing) {
	r.Base = before[0].keeps(&after[0])
	r.Shocked, r.EveryShock = true, true
	if len(before) == 1 {
		return
	}
	for i := 1; i < len(before); i++ {
		r.EveryShock = r.EveryShock && before[i].keeps(&after[i])
	}
	worst, worstBefore := lowest(after), lowest(before)
	r.Shocked = worstBefore.keeps(worst)
}

// lowest is the shock with the lowest uniMMR.
func lowest(all []standing) *standing {
	found := &all[1]
	for i := range all[2:] {
		if s := &all[i+2]; s.uniMMR.less(found.uniMMR) {
			found = s
		}
	}
	return found
}

// shrinks says whether a change of exposure leaves the absolute value no larger,
// whichever open orders fill: even where they have already turned it most. |x+c| <= |x|
// needs c to point toward zero and to be at most twice as large as x.
func shrinks(a *asset, change wide) bool {
	if a.stable || change.zero() {
		return true
	}
	held := a.delta()
	if change.negative() {
		low := held.add(a.lower)
		return !low.add(low).less(change.neg())
	}
	high := held.add(a.raise)
	return !high.add(high).neg().less(change)
}

// fillSize is the signed quantity that a fill of the order moves: an order that only
// reduces stops at zero.
func (l *leg) fillSize(o *order) wide {
	qty := l.size(o)
	if o.reduce {
		room := l.qty
		if o.buy {
			room = room.neg()
		}
		qty = qty.min(room.max(wide{}))
	}
	if !o.buy {
		return qty.neg()
	}
	return qty
}

// fillLeg tries a fill of a futures order.
func (p *Portfolio) fillLeg(l *leg, qty wide, price exchange.Fixed) {
	p.keepLeg(l)
	l.lot = lot{qty: qty, price: price, fee: l.slot.value(qty.abs(), price).times(l.slot.fee)}
	p.touchLeg(l)
}

// fillPair tries a fill of a margin order, with what it borrows or repays.
func (p *Portfolio) fillPair(s *slot, o *order, base, quote wide) {
	p.keepAsset(s.base)
	p.keepAsset(s.settle)
	fee := feeOf(o.cost(), s.fee)
	in, out := s.base, s.settle
	if !o.buy {
		in, out = s.settle, s.base
	}
	s.base.wallet[exchange.WalletMargin] = s.base.wallet[exchange.WalletMargin].add(base)
	s.settle.wallet[exchange.WalletMargin] = s.settle.wallet[exchange.WalletMargin].add(quote).sub(fee)
	if short := out.wallet[exchange.WalletMargin]; o.borrow && short.negative() {
		out.wallet[exchange.WalletMargin] = wide{}
		out.wallet[exchange.WalletLoan] = out.wallet[exchange.WalletLoan].sub(short)
	}
	if o.repay {
		got := base.max(quote)
		for _, w := range [2]exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
			part := in.wallet[w].min(got).max(wide{})
			in.wallet[w] = in.wallet[w].sub(part)
			in.wallet[exchange.WalletMargin] = in.wallet[exchange.WalletMargin].sub(part)
			got = got.sub(part)
		}
	}
	for _, a := range [2]*asset{s.base, s.settle} {
		a.sum()
		p.touchAsset(a)
	}
}
