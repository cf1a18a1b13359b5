package margin

import "github.com/pmbot/pmbot/exchange"

// Exposure is what the account could have at stake, whichever of its open orders fill, in
// USD rounded up. Before is without the added orders.
type Exposure struct {
	// Gross is the sum of what futures positions, margin orders and debts come to: of a
	// futures position the largest size that orders can make of it at the mark, of a margin
	// pair the larger side of its orders, and of a debt what is owed. Coins that the account
	// owns are not in it.
	Gross, GrossBefore exchange.Fixed
	// Net is the sum over coins of the absolute net delta over margin, UM and CM, by the side
	// to which orders can turn it most. Owned coins count, so a hedge of them lessens it.
	Net, NetBefore exchange.Fixed
	// Gap is the net delta of the coin that the added orders turn most, of those whose delta
	// they can make larger; 0 if there is none. GapCoin is its name.
	Gap     exchange.Fixed
	GapCoin string
	// Debt is what is owed, loans and the interest on them, with what the open orders and the
	// loans under way may add.
	Debt, DebtBefore exchange.Fixed
	// Equity is the account's haircut equity rounded down, 0 if it is negative.
	Equity exchange.Fixed
}

// stakes are the parts of [Exposure] as the model sums them (usd scale): of an asset, or of
// all.
type stakes struct {
	gross, net, debt wide
}

// replace moves a sum along when a part goes from old to now.
func (s *stakes) replace(old, now *stakes) {
	s.gross = s.gross.replace(old.gross, now.gross)
	s.net = s.net.replace(old.net, now.net)
	s.debt = s.debt.replace(old.debt, now.debt)
}

// updateStakes counts an asset's part anew. Its caller has kept the asset.
func (p *Portfolio) updateStakes(a *asset) {
	now := stakes{
		gross: a.gross.add(a.debt).add(a.lent).times(a.index).up(),
		debt:  a.debt.add(a.newDebt()).add(a.lent).times(a.index).up(),
	}
	if !a.stable {
		held := a.delta()
		now.net = held.add(a.lower).abs().max(held.add(a.raise).abs()).times(a.worthOfOne()).up()
	}
	p.stakes.replace(&a.stakes, &now)
	a.stakes = now
}

// worthOfOne is the price by which a coin's delta counts: its index, or as long as there is
// none the highest mark of the futures on it that are in use. Nobody need own a coin to
// trade its futures, and Binance has no index of those that are no collateral.
func (a *asset) worthOfOne() exchange.Fixed {
	if a.index != 0 {
		return a.index
	}
	most := exchange.Fixed(0)
	for _, s := range a.tracked {
		for _, l := range s.legs {
			if l != nil && !l.reach.zero() {
				most = max(most, scaled(s.mark, s.settle.index))
			}
		}
	}
	return most
}

// updateTracked counts the coins anew that have no index of their own when the price of the
// asset moves that their futures settle in.
func (p *Portfolio) updateTracked(a *asset) {
	for _, s := range a.futures {
		if s.base.index == 0 && s.base != a {
			p.keepAsset(s.base)
			p.updateStakes(s.base)
		}
	}
}

// exposure is what the trial at work has made of the stakes that were before.
func (p *Portfolio) exposure(before *stakes) Exposure {
	e := Exposure{
		Gross: usdFixed(p.stakes.gross, true), GrossBefore: usdFixed(before.gross, true),
		Net: usdFixed(p.stakes.net, true), NetBefore: usdFixed(before.net, true),
		Debt: usdFixed(p.stakes.debt, true), DebtBefore: usdFixed(before.debt, true),
		Equity: usdFixed(p.totals[0].equity.max(wide{}), false),
	}
	var widest wide
	for i, a := range p.trial.assets {
		if was := &p.trial.assetWas[i]; was.stakes.net.less(a.stakes.net) && widest.less(a.stakes.net) {
			widest, e.GapCoin = a.stakes.net, a.name
		}
	}
	e.Gap = usdFixed(widest, true)
	return e
}

// usdFixed brings dollars that are not negative to eight decimals, up or down, and at most
// to FixedMax.
func usdFixed(usd wide, up bool) exchange.Fixed {
	quo, rest := usd.divide(wideInt(fixedOne * fixedOne))
	quo, rest2 := quo.divide(wideInt(fixedOne * fixedOne))
	if up && !(rest.zero() && rest2.zero()) {
		quo = quo.add(wideInt(1))
	}
	n, ok := quo.small()
	if !ok {
		return exchange.FixedMax
	}
	return exchange.Fixed(n)
}
