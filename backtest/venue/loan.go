package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// SetBorrowable sets what the pool has still to lend of an asset. Loans take from it and
// repayments give back; an asset that was never set is lent without end. Below zero
// borrowing is banned. Loans that stand are not called in: their interest goes on. Every change
// of the pool is told.
func (v *Venue) SetBorrowable(asset string, amount decimal.Decimal, at exchange.Time) {
	v.open(at)
	v.money.inventory[asset] = amount
	v.stocked(asset)
	v.value()
}

// Borrow takes a loan into the margin wallet. Errors are an [Error].
func (v *Venue) Borrow(asset string, amount decimal.Decimal, at exchange.Time) error {
	v.open(at)
	why := admitAmount(asset, amount)
	if why == (cause{}) {
		why = v.lendable(asset, amount)
	}
	if why == (cause{}) {
		v.borrow(posting{}, asset, amount)
	}
	v.value()
	return why.err()
}

// Repay pays debts of an asset out of the margin wallet, interest first, with at most the
// amount. Errors are an [Error].
func (v *Venue) Repay(asset string, amount decimal.Decimal, at exchange.Time) error {
	v.open(at)
	why := admitAmount(asset, amount)
	amount = decimal.Min(amount, v.wallets.owed(asset))
	switch {
	case why != (cause{}):
	case amount.IsZero():
		why = errAmount
	case amount.GreaterThan(v.free(asset)):
		why = errShort
	default:
		v.repay(posting{}, asset, amount)
	}
	v.value()
	return why.err()
}

// MaxBorrowable is how much of an asset could be borrowed now, in the asset: what the
// account's own limits leave, and the pool has.
func (v *Venue) MaxBorrowable(asset string) decimal.Decimal {
	most := v.ownLimit(asset)
	if stock, limited := v.money.inventory[asset]; limited {
		most = decimal.Min(most, stock)
	}
	return decimal.Max(most, decimal.Zero)
}

// lendable says what Binance would have against a new loan.
func (v *Venue) lendable(asset string, amount decimal.Decimal) cause {
	stock, limited := v.money.inventory[asset]
	switch {
	case v.risk.status >= exchange.StatusActiveLiquidation:
		return errLiquidating
	case limited && stock.IsNegative():
		return errBanned
	case amount.GreaterThan(v.ownLimit(asset)):
		return errBorrowMax
	case limited && amount.GreaterThan(stock):
		return errInventory
	}
	return cause{}
}

// ownLimit is how much of an asset the account itself allows to be borrowed beside what
// it owes:
//
//	virtual max loan = (L-1)·max(max withdraw - loans/(L-1), 0) dollars
//
// with the leverage L of the asset's loans, and no more than [Money.BorrowMax] less the
// principal owed. Source: FAQ 446ce2c3357a449599c82436078b0e3b. Without an index of the
// asset nothing can be borrowed.
func (v *Venue) ownLimit(asset string) decimal.Decimal {
	price := v.index(asset)
	if price.IsZero() {
		return decimal.Zero
	}
	loans := decimal.Zero
	for _, a := range v.wallets.assets {
		loans = loans.Add(v.wallets.owed(a).Mul(v.index(a)))
	}
	virtual := v.spare().Mul(decimal.NewFromInt(int64(v.money.tables.LoanLeverageOf(asset) - 1))).Sub(loans)
	most := virtual.DivRound(price, 16).RoundFloor(exchange.FixedPlaces)
	if limit, limited := v.money.BorrowMax[asset]; limited {
		most = decimal.Min(most, limit.Sub(v.wallets.balance(asset, exchange.WalletLoan)))
	}
	return decimal.Max(most, decimal.Zero)
}

// borrow books a loan: the debt, the amount it pays into the margin wallet and the
// interest of the first hour, which Binance's records call ON_BORROW.
func (v *Venue) borrow(p posting, asset string, amount decimal.Decimal) {
	amount = booked(amount)
	p.asset, p.delta, p.reason = asset, amount, exchange.ReasonBorrow
	p.wallet = exchange.WalletLoan
	v.book(p)
	p.wallet = exchange.WalletMargin
	v.book(p)
	v.restock(asset, amount.Neg())
	v.chargeLoan(p, asset, amount)
}

// repay pays debts of an asset, interest before principal, with at most amount.
func (v *Venue) repay(p posting, asset string, amount decimal.Decimal) {
	p.asset, p.reason = asset, exchange.ReasonRepay
	for _, debt := range [...]exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
		paid := decimal.Min(booked(amount), v.wallets.balance(asset, debt))
		if !paid.IsPositive() {
			continue
		}
		amount = amount.Sub(paid)
		p.delta = paid.Neg()
		p.wallet = debt
		v.book(p)
		p.wallet = exchange.WalletMargin
		v.book(p)
		if debt == exchange.WalletLoan {
			v.restock(asset, paid)
		}
	}
}

// restock changes what the pool has to lend, where that is limited.
func (v *Venue) restock(asset string, amount decimal.Decimal) {
	if stock, limited := v.money.inventory[asset]; limited && !stock.IsNegative() {
		v.money.inventory[asset] = stock.Add(amount)
		v.stocked(asset)
	}
}

// stocked tells what the pool has of an asset, where that is limited.
func (v *Venue) stocked(asset string) {
	v.emit(0).SetLending(v.out.lending.put(exchange.Lending{
		Asset: asset, Available: decimal.Max(v.money.inventory[asset], decimal.Zero), Known: true,
	}))
}
