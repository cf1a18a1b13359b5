package venue

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// A liquidation once more, as liquidate.go and collateral.go describe it. The fills are
// given; what covers which debt, what moves between wallets, what is converted without a
// fill, the clearance fees and what the insurance fund takes over follow from the rules.

// takeover is a forced liquidation under way. It lasts one call.
type takeover struct {
	on bool
	// paid are the debts paid by the rules, told those of the account's loan history.
	paid, told []record
	// order is the client id of the forced order that filled last.
	order string
	// sells and covers are what the fill to come sells, and for which debt.
	sells, covers *parcel
	absorbed      decimal.Decimal // by the insurance fund so far, in dollars
}

// parcel is an amount in a wallet, and what it is worth in dollars. A debt's wallet is the
// loan wallet for loan and interest, or one that is negative.
type parcel struct {
	pocket
	amount, dollars decimal.Decimal
}

var wallets3 = []exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM}

// sinking says that the account is to be liquidated.
func (b *independent) sinking() bool {
	a := b.value()
	return a.Equity.LessThan(a.OpenLoss) || a.UniMMR.LessThanOrEqual(b.c.Tables.Ladder.Liquidation.Decimal())
}

// relieve takes the steps before the next forced fill, or without one, all that are left.
func (b *independent) relieve(next *exchange.Fill, in *exchange.Instrument) {
	t := &b.takeover
	t.sells, t.covers = nil, nil
	for b.sinking() {
		if !b.cover(next, in) {
			return
		}
		if t.sells != nil {
			return // this step is the fill
		}
	}
	if next != nil {
		b.t.Fatalf("-seed=%d: fill %+v is forced on an account that has recovered: %+v", b.seed, next, b.value())
	}
}

// cover pays one debt out of one holding and says whether there were such.
func (b *independent) cover(next *exchange.Fill, in *exchange.Instrument) bool {
	for _, d := range b.owed() {
		for _, w := range wallets3 {
			has := b.pockets[pocket{d.asset, w}]
			if !has.IsPositive() || w == d.wallet {
				continue
			}
			if d.wallet != exchange.WalletLoan {
				b.shift(d.asset, w, d.wallet, decimal.Min(has, d.amount))
				return true
			}
			if repaid, fee := b.split(d, has); repaid.IsPositive() {
				b.shift(d.asset, w, exchange.WalletMargin, repaid.Add(fee))
				b.settle(d, repaid, fee)
				return true
			}
		}
		for _, h := range b.owned() {
			if h.asset == d.asset || b.index[h.asset].IsZero() || b.index[d.asset].IsZero() {
				continue
			}
			if next != nil && in.Product == exchange.Margin && sideAsset(in, next.Side) == h.asset && (in.Base == d.asset || in.Quote == d.asset) {
				b.takeover.sells, b.takeover.covers = &h, &d
				return true
			}
			if b.convert(h, d) {
				return true
			}
		}
	}
	return false
}

// owed lists the debts: loans before negative wallets, of each the largest in dollars first.
func (b *independent) owed() []parcel {
	var loans, negative []parcel
	for _, asset := range b.assets() {
		loan := b.pockets[pocket{asset, exchange.WalletLoan}].Add(b.pockets[pocket{asset, exchange.WalletInterest}])
		if loan.IsPositive() {
			loans = append(loans, b.parcel(asset, exchange.WalletLoan, loan))
		}
		for _, w := range wallets3 {
			if has := b.pockets[pocket{asset, w}]; has.IsNegative() {
				negative = append(negative, b.parcel(asset, w, has.Neg()))
			}
		}
	}
	return append(largest(loans), largest(negative)...)
}

// owned lists what can be sold, the most valuable first.
func (b *independent) owned() []parcel {
	var list []parcel
	for _, asset := range b.assets() {
		for _, w := range wallets3 {
			if has := b.pockets[pocket{asset, w}]; has.IsPositive() {
				list = append(list, b.parcel(asset, w, has))
			}
		}
	}
	return largest(list)
}

func (b *independent) parcel(asset string, w exchange.Wallet, amount decimal.Decimal) parcel {
	return parcel{pocket{asset, w}, amount, amount.Mul(b.index[asset])}
}

func largest(list []parcel) []parcel {
	slices.SortStableFunc(list, func(x, y parcel) int { return y.dollars.Cmp(x.dollars) })
	return list
}

func (b *independent) shift(asset string, from, to exchange.Wallet, amount decimal.Decimal) {
	if from != to {
		b.move(asset, from, amount.Neg(), poolOutside)
		b.move(asset, to, amount, poolOutside)
	}
}

// clearance is the rate of the fee on a repaid debt: loans have one.
func (b *independent) clearance(d parcel) decimal.Decimal {
	if d.wallet == exchange.WalletLoan {
		return b.c.Liquidation.LoanClearance.Decimal()
	}
	return decimal.Zero
}

// split divides an amount of a debt's asset into what repays it and the clearance fee.
func (b *independent) split(d parcel, amount decimal.Decimal) (repaid, fee decimal.Decimal) {
	rate := b.clearance(d)
	repaid = decimal.Min(d.amount, over(amount, decimal.NewFromInt(1).Add(rate)).Truncate(8))
	return repaid, decimal.Min(cents(repaid.Mul(rate)), amount.Sub(repaid))
}

// settle pays a debt out of the margin wallet: a loan's interest before its principal.
func (b *independent) settle(d parcel, repaid, fee decimal.Decimal) {
	if d.wallet != exchange.WalletLoan {
		b.shift(d.asset, exchange.WalletMargin, d.wallet, repaid)
		return
	}
	for _, w := range []exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
		at := pocket{d.asset, w}
		if part := decimal.Min(repaid, b.pockets[at]); part.IsPositive() {
			repaid = repaid.Sub(part)
			b.takeover.paid = append(b.takeover.paid, record{at, part.Neg()})
			b.move(d.asset, w, part.Neg(), poolLender)
			b.move(d.asset, exchange.WalletMargin, part.Neg(), poolLender)
		}
	}
	b.move(d.asset, exchange.WalletMargin, fee.Neg(), poolInsurance)
}

// convert exchanges a holding at the index prices less the slippage.
func (b *independent) convert(h, d parcel) bool {
	rate := over(b.index[h.asset].Mul(decimal.NewFromInt(1).Sub(b.c.Slippage.Decimal())), b.index[d.asset])
	need := d.amount.Mul(decimal.NewFromInt(1).Add(b.clearance(d)))
	sold := decimal.Min(h.amount, over(need, rate).RoundCeil(8))
	got := sold.Mul(rate).Truncate(8)
	if !got.IsPositive() {
		return false
	}
	b.move(h.asset, h.wallet, sold.Neg(), poolMarket)
	b.move(d.asset, exchange.WalletMargin, got, poolMarket)
	b.paidBy(d, got)
	return true
}

// paidBy pays a debt with what a sale has brought.
func (b *independent) paidBy(d parcel, got decimal.Decimal) {
	if repaid, fee := b.split(d, got); repaid.IsPositive() {
		b.settle(d, repaid, fee)
	}
}

// forced is a fill of the liquidation: it sells a holding for a debt, or closes a position
// and pays the clearance fee of its symbol.
func (b *independent) forced(in *exchange.Instrument, f *exchange.Fill, fill func()) {
	if f.ClientID != b.takeover.order { // one order may take several levels of the book
		b.relieve(f, in)
		b.takeover.order = f.ClientID
	}
	if in.Product != exchange.Margin {
		fill()
		clearance := worthOf(in, f.Qty.Decimal(), f.Price.Decimal()).Mul(in.LiquidationFee.Decimal())
		b.move(in.MarginAsset, futuresWallet(in), clearance.Neg(), poolInsurance)
		return
	}
	h, d := b.takeover.sells, b.takeover.covers
	if h == nil {
		b.t.Fatalf("-seed=%d: fill %+v sells what covers no debt", b.seed, f)
	}
	pays := f.Qty.Decimal()
	if f.Side == exchange.Buy {
		pays = cents(pays.Mul(f.Price.Decimal()))
	}
	b.shift(h.asset, h.wallet, exchange.WalletMargin, pays)
	before := b.pockets[pocket{d.asset, exchange.WalletMargin}]
	fill()
	b.paidBy(*d, b.pockets[pocket{d.asset, exchange.WalletMargin}].Sub(before))
}

// tookOver ends a liquidation: the steps that need no fill, and if nothing is left to take
// and something owed, the insurance fund has both.
func (b *independent) tookOver() {
	t := &b.takeover
	if !t.on {
		return
	}
	b.relieve(nil, nil)
	if owed := b.owed(); b.sinking() && len(owed) > 0 {
		for _, d := range owed {
			if d.wallet == exchange.WalletLoan {
				b.absorb(pocket{d.asset, exchange.WalletInterest})
			}
			b.absorb(d.pocket)
		}
		for _, h := range b.owned() {
			b.move(h.asset, h.wallet, h.amount.Neg(), poolInsurance)
		}
	}
	if !slices.EqualFunc(t.paid, t.told, func(x, y record) bool { return x.at == y.at && x.amount.Equal(y.amount) }) {
		b.t.Fatalf("-seed=%d: the liquidation has repaid %+v, want %+v", b.seed, t.told, t.paid)
	}
	t.on, t.paid, t.told = false, nil, nil
}

// absorb empties a debt or a negative wallet: at the insurance fund's cost as far as it
// goes, then at the counterparties'.
func (b *independent) absorb(at pocket) {
	whole := b.pockets[at].Abs()
	byFund := whole
	if fund, index := b.c.Liquidation.InsuranceFund.Decimal(), b.index[at.asset]; fund.IsPositive() && index.IsPositive() {
		left := decimal.Max(decimal.Zero, fund.Sub(b.takeover.absorbed)).DivRound(index, 8)
		byFund = decimal.Min(whole, left)
		b.takeover.absorbed = b.takeover.absorbed.Add(byFund.Mul(index))
	}
	rest := whole.Sub(byFund)
	if b.pockets[at].IsPositive() { // a debt shrinks
		byFund, rest = byFund.Neg(), rest.Neg()
	}
	b.move(at.asset, at.wallet, byFund, poolInsurance)
	b.move(at.asset, at.wallet, rest, poolMarket)
}
