package venue

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// In a forced liquidation margin assets are sold to cover debts: margin loans with their
// interest, and negative wallets. Binance does not publish in which order. Assumed here:
//
//   - Loans come before negative wallets, because they need maintenance margin; of each the
//     largest in USD comes first.
//   - What the account holds of the same asset pays first, then the collateral that is worth
//     most at its index price, margin wallet before UM before CM.
//   - One debt is covered by one holding at a time, as far as both go. Each is a step of the
//     liquidation, so that nothing is sold after the account has recovered.
//   - A margin pair of the two assets whose price is known sells by a forced market fill, at
//     the worse of that price and the index prices, with slippage and taker fee; what no pair
//     or no whole lot can sell is converted at the index prices less the slippage.
//   - Repaid loans pay [LiquidationTerms.LoanClearance]; negative wallets pay no clearance.

// valued is an amount in a wallet and what it comes to: a debt, or a holding that could pay
// one. Of a debt WalletLoan stands for loan and interest.
type valued struct {
	asset  string
	wallet exchange.Wallet
	amount decimal.Decimal
	usd    decimal.Decimal
}

// coverDebt pays one debt with one holding and says whether there were such.
func (v *Venue) coverDebt() bool {
	for _, d := range v.debts() {
		if v.payOwn(d) {
			return true
		}
		for _, h := range v.holdings() {
			if v.sell(h, d) {
				return true
			}
		}
	}
	return false
}

// debts lists what is owed in the order in which it is covered.
func (v *Venue) debts() []valued {
	var list []valued
	for i, asset := range v.wallets.assets {
		list = v.weigh(list, asset, exchange.WalletLoan, v.wallets.owed(asset))
		for _, w := range [...]exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM} {
			list = v.weigh(list, asset, w, v.wallets.rows[i][w].Neg())
		}
	}
	slices.SortStableFunc(list, func(a, b valued) int {
		switch {
		case a.wallet.Debt() == b.wallet.Debt():
			return b.usd.Cmp(a.usd)
		case a.wallet.Debt():
			return -1
		}
		return 1
	})
	return list
}

// holdings lists what can be sold, the most valuable first.
func (v *Venue) holdings() []valued {
	var list []valued
	for i, asset := range v.wallets.assets {
		for _, w := range [...]exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM} {
			list = v.weigh(list, asset, w, v.wallets.rows[i][w])
		}
	}
	slices.SortStableFunc(list, func(a, b valued) int { return b.usd.Cmp(a.usd) })
	return list
}

// weigh adds an amount to a list, if there is any.
func (v *Venue) weigh(list []valued, asset string, w exchange.Wallet, amount decimal.Decimal) []valued {
	if !amount.IsPositive() {
		return list
	}
	return append(list, valued{asset, w, amount, amount.Mul(v.index(asset))})
}

func (v *Venue) index(asset string) decimal.Decimal { return v.risk.model.Index(asset).Decimal() }

// payOwn pays a debt with what another wallet holds of the asset.
func (v *Venue) payOwn(d valued) bool {
	for _, wallet := range [...]exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM} {
		has := v.wallets.balance(d.asset, wallet)
		if wallet == d.wallet || !has.IsPositive() {
			continue
		}
		if !d.wallet.Debt() {
			v.shift(d.asset, wallet, d.wallet, decimal.Min(has, d.amount))
			return true
		}
		repaid, fee := v.repayable(d, has)
		if repaid.IsPositive() {
			v.shift(d.asset, wallet, exchange.WalletMargin, repaid.Add(fee))
			v.settleDebt(d, repaid, fee)
			return true
		}
	}
	return false
}

// shift moves an amount between wallets.
func (v *Venue) shift(asset string, from, to exchange.Wallet, amount decimal.Decimal) {
	if from == to {
		return
	}
	v.book(posting{asset: asset, wallet: from, reason: exchange.ReasonTransfer, delta: amount.Neg()})
	v.book(posting{asset: asset, wallet: to, reason: exchange.ReasonTransfer, delta: amount})
}

// clearance is the clearance fee of a debt as a ratio of what is repaid.
func (v *Venue) clearance(d valued) decimal.Decimal {
	if d.wallet.Debt() {
		return v.risk.terms.LoanClearance.Decimal()
	}
	return decimal.Zero
}

// repayable is how much of a debt an amount of its asset pays beside the clearance fee.
func (v *Venue) repayable(d valued, amount decimal.Decimal) (repaid, fee decimal.Decimal) {
	rate := v.clearance(d)
	repaid = decimal.Min(d.amount, amount.DivRound(decimal.NewFromInt(1).Add(rate), 16).Truncate(exchange.FixedPlaces))
	return repaid, decimal.Min(booked(repaid.Mul(rate)), amount.Sub(repaid))
}

// settleDebt pays a debt, and the clearance fee, out of the margin wallet.
func (v *Venue) settleDebt(d valued, repaid, fee decimal.Decimal) {
	if !d.wallet.Debt() {
		v.shift(d.asset, exchange.WalletMargin, d.wallet, repaid)
		return
	}
	v.repay(posting{}, d.asset, repaid)
	v.book(posting{asset: d.asset, wallet: exchange.WalletMargin, reason: exchange.ReasonLiquidation, delta: fee.Neg()})
}

// sell exchanges a holding for the asset of a debt, as much as the debt needs, and pays.
// It does nothing if that would pay nothing.
func (v *Venue) sell(h, d valued) bool {
	if h.asset == d.asset || v.index(h.asset).IsZero() || v.index(d.asset).IsZero() {
		return false
	}
	need := d.amount.Mul(decimal.NewFromInt(1).Add(v.clearance(d)))
	before := v.wallets.balance(d.asset, exchange.WalletMargin)
	if !v.sellOnPair(h, d.asset, need) && !v.convert(h, d.asset, need) {
		return false
	}
	got := v.wallets.balance(d.asset, exchange.WalletMargin).Sub(before)
	if repaid, fee := v.repayable(d, got); repaid.IsPositive() {
		v.settleDebt(d, repaid, fee)
	}
	return true
}

// sellOnPair sells a holding by a forced fill on a margin pair and says whether there is
// one with a price, and a whole lot to sell.
func (v *Venue) sellOnPair(h valued, asset string, need decimal.Decimal) bool {
	for i := range v.markets {
		m := &v.markets[i]
		if m.in == nil || m.in.Product != exchange.Margin {
			continue
		}
		side := exchange.Sell
		switch {
		case m.in.Base == h.asset && m.in.Quote == asset:
		case m.in.Base == asset && m.in.Quote == h.asset:
			side = exchange.Buy
		default:
			continue
		}
		price := v.pairPrice(m, side)
		if price == 0 || m.in.Status != exchange.StatusTrading {
			continue
		}
		price = v.slipped(m, side, price)
		qty := v.pairQty(m, side, price, h.amount, need)
		if qty <= 0 {
			continue
		}
		out, _, pays, _ := m.flows(side, execution{price: price, qty: qty})
		v.shift(out, h.wallet, exchange.WalletMargin, pays)
		r := exchange.OrderRequest{Inst: m.in.ID, Side: side, Type: exchange.Market, Qty: qty}
		v.fill(v.force(m, r, "autoclose-"), execution{price: price, qty: qty, forced: exchange.ForcedLiquidation})
		return true
	}
	return false
}

// pairPrice is what a margin pair sells at: its best price, or what the index prices say
// where that is worse, for the best price may be old. It is 0 if there is none.
func (v *Venue) pairPrice(m *market, s exchange.Side) exchange.Fixed {
	best := m.best(s)
	index, err := exchange.FixedFromDecimal(v.index(m.in.Base).DivRound(v.index(m.in.Quote), 16), exchange.RoundHalfUp)
	if best != 0 && err == nil && beyond(s, best, index) {
		return index
	}
	return best
}

// pairQty is the quantity that brings the amount needed after the taker fee, in whole lots,
// or as many as the holding pays for.
func (v *Venue) pairQty(m *market, s exchange.Side, price exchange.Fixed, has, need decimal.Decimal) exchange.Fixed {
	kept := decimal.NewFromInt(1).Sub(decimal.Max(decimal.Zero, m.fees.Taker.Decimal()))
	want, most := need.DivRound(kept, 16), has
	if s == exchange.Sell {
		want = want.DivRound(price.Decimal(), 16)
	} else {
		most = has.DivRound(price.Decimal(), 16)
	}
	step := m.in.LotFor(exchange.Market).Step
	lots := func(d decimal.Decimal, r exchange.Rounding) exchange.Fixed {
		f, err := exchange.FixedFromDecimal(d, r)
		if err != nil {
			f = exchange.FixedMax
		}
		return f.Round(step, r)
	}
	return min(lots(want, exchange.RoundCeil), lots(most, exchange.RoundFloor))
}

// convert exchanges a holding at the index prices less the slippage and says whether that
// brings anything.
func (v *Venue) convert(h valued, asset string, need decimal.Decimal) bool {
	kept := (exchange.FixedOne - v.slippage).Decimal()
	rate := v.index(h.asset).Mul(kept).DivRound(v.index(asset), 16)
	if rate.IsZero() {
		return false
	}
	sold := decimal.Min(h.amount, need.DivRound(rate, 16).RoundCeil(exchange.FixedPlaces))
	got := sold.Mul(rate).Truncate(exchange.FixedPlaces)
	if !got.IsPositive() {
		return false
	}
	v.book(posting{asset: h.asset, wallet: h.wallet, reason: exchange.ReasonAutoExchange, delta: sold.Neg()})
	v.book(posting{asset: asset, wallet: exchange.WalletMargin, reason: exchange.ReasonAutoExchange, delta: got})
	return true
}

// absorb lets the insurance fund take over the debts of an account that has nothing left to
// pay them with, and the dust that it holds, so that it ends empty. It says whether there
// were debts. What is beyond the fund falls to counterparties by ADL.
func (v *Venue) absorb() bool {
	debts := v.debts()
	if len(debts) == 0 {
		return false
	}
	for _, d := range debts {
		wallets := []exchange.Wallet{d.wallet}
		if d.wallet.Debt() {
			wallets = []exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan}
		}
		for _, w := range wallets {
			v.takeOver(d.asset, w)
		}
	}
	for _, h := range v.holdings() {
		v.book(posting{asset: h.asset, wallet: h.wallet, reason: exchange.ReasonLiquidation, delta: h.amount.Neg()})
	}
	return true
}

// takeOver ends a debt at the insurance fund's cost, or at counterparties' where the fund is
// spent.
func (v *Venue) takeOver(asset string, w exchange.Wallet) {
	p := posting{asset: asset, wallet: w, reason: exchange.ReasonLiquidation, delta: v.wallets.balance(asset, w).Neg()}
	fund, index := v.risk.terms.InsuranceFund.Decimal(), v.index(asset)
	if fund.IsZero() || index.IsZero() {
		v.book(p)
		return
	}
	whole := p.delta
	left := decimal.Max(decimal.Zero, fund.Sub(v.risk.absorbed)).DivRound(index, exchange.FixedPlaces)
	p.delta = decimal.Min(whole.Abs(), left)
	v.risk.absorbed = v.risk.absorbed.Add(p.delta.Mul(index))
	if whole.IsNegative() {
		p.delta = p.delta.Neg()
	}
	v.book(p)
	p.delta, p.deleverages = whole.Sub(p.delta), true
	v.book(p)
}
