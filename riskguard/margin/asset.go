package margin

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// asset is a coin or a stable coin: collateral, debt, settlement of futures, and for
// coins the exposure of their instruments. Amounts are at the amount scale.
type asset struct {
	name     string
	stable   bool
	schedule Schedule
	// loanLeverage and loanMMR are the terms of its margin loans.
	loanLeverage int64
	loanMMR      exchange.Fixed

	index  exchange.Fixed
	wallet [exchange.Wallets + 1]wide
	// own is the sum of wallets less debt; debt is principal and interest.
	own, debt wide
	// lent is what loans under way may add to the debt.
	lent wide
	// inflow and outflow are what open margin orders bring and take, and borrowing the
	// part of the outflow that may be borrowed.
	inflow, outflow, borrowing wide
	// initial is the initial margin of the legs that settle in it.
	initial wide
	// exposure is that of futures on it; raise and lower are what open orders can add.
	exposure, raise, lower wide
	// gross is the size of futures that settle in it and of margin orders on it, see Exposure.
	gross  wide
	stakes stakes
	priced exchange.Fixed // the index that the stakes of tracking coins were counted with

	// pairs trade it; futures settle in it; tracked are those on it.
	pairs                  []*pair
	futures, tracked       []*slot
	markRatio              []exchange.Fixed // the shocks' factor on marks, by scenario
	twin                   []int            // the first scenario with the same
	indexRatio             []exchange.Fixed
	haircut                []exchange.Fixed
	at                     []assetAt
	stale, kept, lacks     bool
	keptAt                 bool           // and its scenarios
	rerated                bool           // equity is to be computed anew, whatever it was computed of
	low, high              exchange.Fixed // the band of the index; see Safe
	initialUSD, initialMax wide           // usd scale: without and with possible loans
	actual                 wide
}

// assetAt is an asset under one scenario.
type assetAt struct {
	index exchange.Fixed
	// net is what equity was computed of (amount scale).
	net wide
	// Sums over the legs that settle in it (amount scale).
	pnl, loss, legMaint, legMaintWorst wide
	// Dollars (usd scale).
	equity, equityWorst, maint, maintWorst wide
	// rateIn is the lowest rate at which more of it can count, rateOut the highest at
	// which some of it can be missed.
	rateIn, rateOut exchange.Fixed
}

func (a *asset) reset(scenarios int, shocks []Shock) {
	a.at = make([]assetAt, scenarios)
	a.markRatio = make([]exchange.Fixed, scenarios)
	a.indexRatio = make([]exchange.Fixed, scenarios)
	a.haircut = make([]exchange.Fixed, scenarios)
	a.twin = make([]int, scenarios)
	a.markRatio[0], a.indexRatio[0] = exchange.FixedOne, exchange.FixedOne
	for i, s := range shocks {
		a.markRatio[i+1] = s.ratio(a.name, a.stable)
		a.indexRatio[i+1] = s.indexRatio(a.name, a.stable)
		a.haircut[i+1] = s.Haircut
		a.twin[i+1] = slices.Index(a.markRatio, a.markRatio[i+1])
	}
	a.initial, a.exposure, a.raise, a.lower, a.gross, a.stakes = wide{}, wide{}, wide{}, wide{}, wide{}, stakes{}
	a.inflow, a.outflow, a.borrowing = wide{}, wide{}, wide{}
	a.initialUSD, a.initialMax, a.actual = wide{}, wide{}, wide{}
	a.lacks = false
}

// net is the net amount under a scenario.
func (a *asset) net(scenario int) wide { return a.own.add(a.at[scenario].pnl) }

// delta is the exposure to the coin without open orders.
func (a *asset) delta() wide { return a.net(0).add(a.exposure) }

// sum adds the wallets up.
func (a *asset) sum() {
	w := &a.wallet
	a.debt = w[exchange.WalletLoan].add(w[exchange.WalletInterest])
	a.own = w[exchange.WalletMargin].add(w[exchange.WalletUM]).add(w[exchange.WalletCM]).sub(a.debt)
}

// newDebt is the most that open margin orders can borrow: what they take beyond the
// margin wallet, and no more than the borrowing ones take.
func (a *asset) newDebt() wide {
	short := a.outflow.sub(a.wallet[exchange.WalletMargin].max(wide{})).max(wide{})
	return short.min(a.borrowing)
}

// loanInitial is debt/(leverage-1), one division (amount scale).
func (a *asset) loanInitial(debt wide) wide {
	if debt.zero() {
		return wide{}
	}
	return debt.over(wideInt(fixedOne * (a.loanLeverage - 1))).up()
}

// worth is the collateral value of a net amount (usd scale): a debt in full, a holding
// tier by tier, min(net·index, net·index·rate).
func (a *asset) worth(net wide, index, haircut exchange.Fixed) wide {
	value := net.times(index)
	if value.negative() {
		return value.up()
	}
	var sum, floor wide
	for i := range a.schedule.Tiers {
		t := &a.schedule.Tiers[i]
		rate := max(0, t.Rate-haircut)
		end := a.edge(t, index)
		if t.Cap == 0 || !end.less(value) {
			return sum.add(value.sub(floor).times(rate))
		}
		sum = sum.add(end.sub(floor).times(rate))
		floor = end
	}
	return sum
}

// edge is a tier's cap in dollars at the scale of amount times index.
func (a *asset) edge(t *Tier, index exchange.Fixed) wide {
	if a.schedule.ByValue {
		return amount(t.Cap).up()
	}
	return amount(t.Cap).times(index)
}

// rate is the collateral rate of the last unit of a net amount: 1 for a debt.
func (a *asset) rate(net wide, index, haircut exchange.Fixed) exchange.Fixed {
	if net.negative() {
		return exchange.FixedOne
	}
	var value wide
	for i := range a.schedule.Tiers {
		t := &a.schedule.Tiers[i]
		if t.Cap != 0 {
			if value.zero() {
				value = net.times(index)
			}
			if a.edge(t, index).less(value) {
				continue
			}
		}
		return max(0, t.Rate-haircut)
	}
	return 0
}

// firstRate is the rate of the first tier, by which open loss is reckoned.
func (a *asset) firstRate(haircut exchange.Fixed) exchange.Fixed {
	if len(a.schedule.Tiers) == 0 {
		return 0
	}
	return max(0, a.schedule.Tiers[0].Rate-haircut)
}

// updateAsset computes an asset again and moves the totals along.
func (p *Portfolio) updateAsset(a *asset) {
	p.keepScenarios(a)
	debtWorst := a.debt.add(a.newDebt()).add(a.lent)
	changed := false
	for i := range a.at {
		at, t := &a.at[i], &p.totals[i]
		old := *at
		if i == 0 || !a.asItIs(i) {
			a.value(i, debtWorst)
		}
		changed = changed || at.rateIn != old.rateIn || at.rateOut != old.rateOut
		t.equity = t.equity.replace(old.equity, at.equity)
		t.equityWorst = t.equityWorst.replace(old.equityWorst, at.equityWorst)
		t.maint = t.maint.replace(old.maint, at.maint)
		t.maintWorst = t.maintWorst.replace(old.maintWorst, at.maintWorst)
	}
	a.rerated = false
	t, before := &p.totals[0], *a
	a.actual = a.net(0).times(a.index).up()
	a.initialUSD = a.initial.add(a.loanInitial(a.debt)).times(a.index).up()
	a.initialMax = a.initial.add(a.loanInitial(debtWorst)).times(a.index).up()
	t.actual = t.actual.replace(before.actual, a.actual)
	t.initial = t.initial.replace(before.initialUSD, a.initialUSD)
	t.initialWorst = t.initialWorst.replace(before.initialMax, a.initialMax)
	a.lacks = a.index == 0 && a.used()
	p.lack(before.lacks, a.lacks)
	if p.updateStakes(a); a.priced != a.index {
		a.priced = a.index
		p.updateTracked(a)
	}
	if changed {
		for _, pr := range a.pairs {
			p.touchLosses(pr)
		}
	}
}

// asItIs takes the values of the market as it is for a scenario, if that moves nothing of the
// asset and of the futures that settle in it.
func (a *asset) asItIs(i int) bool {
	at, is := &a.at[i], &a.at[0]
	if a.indexRatio[i] != exchange.FixedOne || a.haircut[i] != 0 || at.pnl != is.pnl || at.loss != is.loss ||
		at.legMaint != is.legMaint || at.legMaintWorst != is.legMaintWorst {
		return false
	}
	*at = *is
	return true
}

// value computes the asset's dollars and rates under a scenario.
func (a *asset) value(i int, debtWorst wide) {
	at := &a.at[i]
	index, net, cut := scaled(a.index, a.indexRatio[i]), a.own.add(at.pnl), a.haircut[i]
	if index != at.index || net != at.net || a.rerated { // orders change none of them
		at.index, at.net, at.equity = index, net, a.worth(net, index, cut)
	}
	low := net.add(at.loss)
	at.equityWorst = at.equity
	if !at.loss.zero() {
		at.equityWorst = a.worth(low, at.index, cut)
	}
	at.maint = at.legMaint.up().add(a.debt.times(a.loanMMR)).times(at.index)
	at.maintWorst = at.legMaintWorst.up().add(debtWorst.times(a.loanMMR)).times(at.index)
	if len(a.pairs) > 0 {
		at.rateIn = a.rate(net.add(a.inflow), at.index, cut)
		at.rateOut = a.rate(low.sub(a.outflow), at.index, cut)
	}
}

// used says whether anything depends on the asset's index.
func (a *asset) used() bool {
	at := &a.at[0]
	if !a.own.zero() || !a.debt.zero() || !a.lent.zero() || !at.pnl.zero() || !at.loss.zero() || !at.legMaintWorst.zero() {
		return true
	}
	for _, pr := range a.pairs {
		if len(pr.book.orders) > 0 {
			return true
		}
	}
	return false
}
