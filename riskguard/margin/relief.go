package margin

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Relief is one way to free margin, and what it costs. Money is in USD.
type Relief struct {
	// What says what is done, such as "buy 2 UM ETHUSDT" or "repay 500 USDT".
	What string
	// Freed is the maintenance margin that is needed no more. Cost is the money that doing it
	// takes: fees, and the collar of market orders, by the assets' worth before haircuts.
	Freed, Cost decimal.Decimal
	// PerCost is Freed/Cost, to eight decimals; 0 where it costs nothing.
	PerCost decimal.Decimal
	// UniMMR is that of the account afterwards, and Shocked the lowest over the shocks.
	UniMMR, Shocked decimal.Decimal
	// Coin is what the act is about; Delta and DeltaAfter are its net exposure in coins.
	Coin              string
	Delta, DeltaAfter decimal.Decimal
	// Opens says that it is no relief by itself: it makes the net exposure larger, or uniMMR
	// under the worst shock lower, as closing one leg of a hedge does.
	Opens bool
}

// Reliefs lists what frees margin, best first: what costs nothing, then the most margin freed
// for each dollar that it costs, and behind all others what opens a risk instead. There is
// one for each futures position, closed as a whole; for all futures of a coin together if
// there are several; for a coin that is held against futures, both sold and closed for as
// much as one covers the other, if there is a margin pair; and for each debt that the margin
// wallet can repay a part of. It leaves open orders out and changes nothing. A missing price
// is ErrMissing.
func (p *Portfolio) Reliefs() ([]Relief, error) {
	q, err := p.copied()
	if err != nil {
		return nil, err
	}
	if err := q.Missing(); err != nil {
		return nil, err
	}
	var list []Relief
	try := func(what string, a *asset, do func()) {
		list = append(list, q.relief(what, a, do))
	}
	for _, a := range q.assets {
		q.repay(a, try)
		q.closeFutures(a, try)
	}
	slices.SortStableFunc(list, func(a, b Relief) int {
		if a.Opens != b.Opens {
			if a.Opens {
				return 1
			}
			return -1
		}
		if free := !a.Cost.IsPositive(); free != !b.Cost.IsPositive() {
			if free {
				return -1
			}
			return 1
		}
		return cmp.Or(b.PerCost.Cmp(a.PerCost), b.Freed.Cmp(a.Freed))
	})
	return list, nil
}

// relief tries an act and says what it has done.
func (p *Portfolio) relief(what string, a *asset, do func()) Relief {
	p.try()
	defer p.undo()
	before, worst, delta := p.totals[0], p.lowest(), a.delta()
	do()
	p.refresh()
	after, shocked := p.totals[0], p.lowest()
	r := Relief{
		What:  what,
		Freed: before.maint.sub(after.maint).decimal(usdPlaces), Cost: before.actual.sub(after.actual).decimal(usdPlaces),
		UniMMR: uniMMR(after.equity, after.maint).decimal(entryPlaces), Shocked: shocked.decimal(entryPlaces),
		Coin: a.name, Delta: delta.decimal(amountPlaces), DeltaAfter: a.delta().decimal(amountPlaces),
	}
	if r.Cost.IsPositive() {
		r.PerCost = r.Freed.DivRound(r.Cost, exchange.FixedPlaces)
	}
	r.Opens = shocked.less(worst) || !a.stable && delta.abs().less(a.delta().abs())
	return r
}

// lowest is uniMMR under the worst shock (quotient scale).
func (p *Portfolio) lowest() wide {
	t := &p.totals[p.worst()]
	return uniMMR(t.equity, t.maint)
}

// repay tries to repay a debt from the margin wallet, interest first.
func (p *Portfolio) repay(a *asset, try func(string, *asset, func())) {
	have := a.wallet[exchange.WalletMargin].max(wide{}).min(a.debt)
	if !have.positive() {
		return
	}
	try(fmt.Sprintf("repay %v %s", have.decimal(amountPlaces), a.name), a, func() {
		p.keepAsset(a)
		left := have
		for _, w := range [2]exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
			part := a.wallet[w].min(left)
			p.setWallet(a, w, a.wallet[w].sub(part))
			left = left.sub(part)
		}
		p.setWallet(a, exchange.WalletMargin, a.wallet[exchange.WalletMargin].sub(have))
	})
}

// closeFutures tries to close the futures of a coin: one by one, together, and against what
// is held of it.
func (p *Portfolio) closeFutures(coin *asset, try func(string, *asset, func())) {
	var legs []*leg
	for _, s := range p.slots {
		for _, l := range s.legs {
			if s.base == coin && s.pair == nil && l != nil && !l.qty.zero() {
				legs = append(legs, l)
			}
		}
	}
	for _, l := range legs {
		try(closingWords(l, l.qty), coin, func() { p.closeOut(l, l.qty) })
		p.unwind(l, try)
	}
	if len(legs) > 1 {
		try("close all "+coin.name+" futures", coin, func() {
			for _, l := range legs {
				p.closeOut(l, l.qty)
			}
		})
	}
}

// closingWords says which order closes a signed quantity of a leg.
func closingWords(l *leg, qty wide) string {
	side := "sell"
	if qty.negative() {
		side = "buy"
	}
	return fmt.Sprintf("%s %v %s", side, qty.abs().decimal(qtyPlaces), l.slot.in.Name())
}

// closeOut tries to close a signed quantity of a leg at the market.
func (p *Portfolio) closeOut(l *leg, qty wide) {
	o := order{buy: qty.negative(), market: true, slip: exchange.FixedOne - p.tables.Collar}
	if o.buy {
		o.slip = exchange.FixedOne + p.tables.Collar
	}
	o.collar(l.slot.mark)
	p.fillLeg(l, qty.neg(), o.price)
}

// unwind tries to sell what the margin wallet has of a coin together with the short that it
// covers.
func (p *Portfolio) unwind(l *leg, try func(string, *asset, func())) {
	coin := l.slot.base
	held := coin.wallet[exchange.WalletMargin]
	at := slices.IndexFunc(coin.pairs, func(pr *pair) bool { return pr.slot.base == coin && pr.slot.settle.stable })
	if at < 0 || !l.qty.negative() || !held.positive() {
		return
	}
	short, all := l.slot.exposure(l.qty).neg(), l.qty
	qty := all
	if held.less(short) { // of the leg what the coins cover, by the lot
		part := held.mulWide(l.qty.abs()).over(short)
		step := wideInt(int64(max(l.slot.in.LotFor(exchange.Market).Step, 1)))
		lots, _ := part.divide(step)
		if qty = lots.mulWide(step).neg(); qty.zero() {
			return
		}
		short = l.slot.exposure(qty).neg()
	}
	sold, _ := short.min(held).divide(wideInt(fixedOne * fixedOne)) // to eight decimals, down
	n, fits := sold.small()
	if !fits || n == 0 {
		return
	}
	s := coin.pairs[at].slot
	try(fmt.Sprintf("sell %v %s and %s", exchange.Fixed(n), s.in.Name(), closingWords(l, qty)), coin, func() {
		p.closeOut(l, qty)
		o := order{qty: exchange.Fixed(n), market: true, slip: exchange.FixedOne - p.tables.Collar, repay: true}
		o.collar(s.pairPrice())
		p.fillPair(s, &o, amount(o.qty).neg(), o.cost())
	})
}
