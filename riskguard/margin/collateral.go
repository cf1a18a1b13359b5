package margin

import "github.com/pmbot/pmbot/exchange"

// Collateral is what margin orders can make of the composition of the collateral, whichever
// of the open ones fill. It is zero for futures orders, which move none between assets. USD,
// to eight decimals.
type Collateral struct {
	// Coin is the one of which the added orders can bring more, and Worth what all of it would
	// count for after haircuts, rounded up. Of several it is the one that would be worth most.
	Coin  string
	Worth exchange.Fixed
	// Stable is the stable coin of which the added orders can leave less than nothing, and
	// Short how much less over all wallets, rounded up. What is borrowed for the orders is
	// there to be spent, and what positions have not realised is in no wallet.
	Stable string
	Short  exchange.Fixed
	// Equity is the adjusted equity after the worst fills, rounded down, 0 if it is negative.
	Equity exchange.Fixed
}

// collateral reads a trial of orders of which some are on a margin pair.
func (p *Portfolio) collateral() Collateral {
	c := Collateral{Equity: usdFixed(p.totals[0].adjustedWorst().max(wide{}), false)}
	var most, least wide
	for i, a := range p.trial.assets {
		was := &p.trial.assetWas[i]
		brought, spent := a.inflow.sub(was.inflow), a.spends().sub(was.spends())
		if !a.stable && brought.positive() {
			if w := a.worth(a.net(0).add(a.inflow), a.index, 0); most.less(w) {
				most, c.Coin = w, a.name
			}
		}
		if a.stable && brought.less(spent) {
			if left := a.own.add(a.debt).sub(a.spends()).times(a.index).up(); left.less(least) {
				least, c.Stable = left, a.name
			}
		}
	}
	c.Worth, c.Short = usdFixed(most, true), usdFixed(least.neg(), true)
	return c
}

// spends is what open margin orders take from the wallets beyond what they borrow.
func (a *asset) spends() wide { return a.outflow.sub(a.newDebt()) }
