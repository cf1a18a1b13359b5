package margin

import "github.com/pmbot/pmbot/exchange"

// pair is the open orders of a margin pair. It has no position: fills move the wallets
// of its base and quote asset.
type pair struct {
	slot *slot
	book book

	stale, staleLoss, kept bool
	// flow is what filled orders would bring to and take from base and quote.
	flow pairFlow
	at   []pairAt
}

// pairFlow are sums over open orders (amount scale).
type pairFlow struct {
	baseIn, baseOut, baseBorrow, quoteIn, quoteOut, quoteBorrow wide
}

// pairAt is a pair under one scenario (usd scale).
type pairAt struct {
	// openLoss is Binance's, worst the most that orders can take from adjusted equity.
	openLoss, worst wide
}

func (pr *pair) reset(scenarios int) {
	pr.book.pair = pr
	pr.at = make([]pairAt, scenarios)
	pr.flow = pairFlow{}
}

// updatePair computes what the orders move, and the sums of the two assets.
func (p *Portfolio) updatePair(pr *pair) {
	p.keepPair(pr)
	base, quote := pr.slot.base, pr.slot.settle
	p.keepAsset(base)
	p.keepAsset(quote)
	old := pr.flow
	pr.flow = pairFlow{}
	mark := pr.slot.pairPrice()
	for i := range pr.book.orders {
		o := &pr.book.orders[i]
		o.collar(mark)
		pr.flow.add(o, pr.slot.fee)
	}
	f := &pr.flow
	base.inflow = base.inflow.replace(old.baseIn, f.baseIn)
	base.outflow = base.outflow.replace(old.baseOut, f.baseOut)
	base.borrowing = base.borrowing.replace(old.baseBorrow, f.baseBorrow)
	base.raise = base.raise.replace(old.baseIn, f.baseIn)
	base.lower = base.lower.replace(old.baseOut.neg(), f.baseOut.neg())
	base.gross = base.gross.replace(old.baseIn.max(old.baseOut), f.baseIn.max(f.baseOut))
	quote.inflow = quote.inflow.replace(old.quoteIn, f.quoteIn)
	quote.outflow = quote.outflow.replace(old.quoteOut, f.quoteOut)
	quote.borrowing = quote.borrowing.replace(old.quoteBorrow, f.quoteBorrow)
	quote.raise = quote.raise.replace(old.quoteIn, f.quoteIn)
	quote.lower = quote.lower.replace(old.quoteOut.neg(), f.quoteOut.neg())
	p.touchAsset(base)
	p.touchAsset(quote)
	p.touchLosses(pr)
}

// add counts an order in. Fees are taken in quote.
func (f *pairFlow) add(o *order, rate exchange.Fixed) {
	qty := amount(o.qty)
	cost := o.cost()
	fee := feeOf(cost, max(0, rate))
	if o.buy {
		f.baseIn = f.baseIn.add(qty)
		f.quoteOut = f.quoteOut.add(cost).add(fee)
		if o.borrow {
			f.quoteBorrow = f.quoteBorrow.add(cost).add(fee)
		}
		return
	}
	f.baseOut = f.baseOut.add(qty)
	if o.borrow {
		f.baseBorrow = f.baseBorrow.add(qty)
	}
	f.quoteIn = f.quoteIn.add(cost)
	f.quoteOut = f.quoteOut.add(fee)
}

// cost is qty·price at the order's dearer price (amount scale).
func (o *order) cost() wide { return wideInt(int64(o.qty)).times(max(o.price, o.stop)).up() }

// feeOf is a ratio of a cost; costs have sixteen decimals, so it is exact.
func feeOf(cost wide, rate exchange.Fixed) wide {
	value, _ := cost.divide(wideInt(fixedOne))
	return value.times(rate)
}

// pairPrice is what the base is worth in quote by the index prices, or 0.
func (s *slot) pairPrice() exchange.Fixed {
	if s.settle.index == 0 {
		return 0
	}
	n, ok := wideInt(int64(s.base.index)).up().over(wideInt(int64(s.settle.index))).small()
	if !ok {
		return exchange.FixedMax
	}
	return exchange.Fixed(n)
}

// PairPrice is what the base of a margin pair is worth in its quote by their index prices, 0
// where one of them is not known and for what is no margin pair.
func (p *Portfolio) PairPrice(id exchange.InstrumentID) exchange.Fixed {
	if !p.ins.Has(id) || p.slots[id-1].pair == nil {
		return 0
	}
	return p.slots[id-1].pairPrice()
}

// updateLosses computes what filling the orders would cost, and moves the totals along.
func (p *Portfolio) updateLosses(pr *pair) {
	p.keepPair(pr)
	for i := range pr.at {
		now := pr.at[0]
		if i == 0 || !pr.asItIs(i) {
			now = pr.lose(i)
		}
		t := &p.totals[i]
		t.openLoss = t.openLoss.replace(pr.at[i].openLoss, now.openLoss)
		t.swapWorst = t.swapWorst.replace(pr.at[i].worst, now.worst)
		pr.at[i] = now
	}
}

// asItIs says whether a scenario leaves prices and rates of both assets as they are.
func (pr *pair) asItIs(i int) bool {
	for _, a := range [...]*asset{pr.slot.base, pr.slot.settle} {
		at, is := &a.at[i], &a.at[0]
		if at.index != is.index || at.rateIn != is.rateIn || at.rateOut != is.rateOut || a.haircut[i] != 0 {
			return false
		}
	}
	return true
}

// lose is what filling the orders would cost under a scenario.
func (pr *pair) lose(i int) (now pairAt) {
	for k := range pr.book.orders {
		open, worst := pr.slot.swap(&pr.book.orders[k], i)
		now.openLoss = now.openLoss.add(open)
		now.worst = now.worst.add(worst)
	}
	return now
}

// swap is the open loss of an order under a scenario, which only a resting limit order has,
// and the most that it can take from adjusted equity by resting or by filling (usd scale).
// Neither is negative.
func (s *slot) swap(o *order, scenario int) (openLoss, worst wide) {
	base, quote := &s.base.at[scenario], &s.settle.at[scenario]
	cost := wideInt(int64(o.qty)).times(o.price).up()
	if !o.conditional && !o.market {
		openLoss = s.rateLoss(o, scenario)
	}
	worst = openLoss.max(s.swapLoss(o, cost, base, quote))
	if o.oco {
		other := wideInt(int64(o.qty)).times(o.stop).up()
		worst = worst.max(s.swapLoss(o, other, base, quote))
	}
	return openLoss, worst
}

// swapLoss is what adjusted equity loses when the order fills for that cost in quote.
func (s *slot) swapLoss(o *order, cost wide, base, quote *assetAt) wide {
	qty := amount(o.qty)
	rate := quote.rateOut
	if s.fee < 0 {
		rate = quote.rateIn
	}
	fee := feeOf(cost, s.fee).times(quote.index).times(rate)
	if o.buy {
		out := cost.times(quote.index).times(quote.rateOut)
		in := qty.times(base.index).times(base.rateIn)
		return out.sub(in).add(fee)
	}
	out := qty.times(base.index).times(base.rateOut)
	in := cost.times(quote.index).times(quote.rateIn)
	return out.sub(in).add(fee)
}
