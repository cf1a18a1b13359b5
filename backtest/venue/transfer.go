package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Deposit brings an amount of an asset into the margin wallet, the only way in. Errors are
// an [Error].
func (v *Venue) Deposit(asset string, amount decimal.Decimal, at exchange.Time) error {
	v.open(at)
	why := admitAmount(asset, amount)
	if why == (cause{}) {
		v.book(posting{asset: asset, wallet: exchange.WalletMargin, reason: exchange.ReasonDeposit, delta: amount})
	}
	v.value()
	return why.err()
}

// Withdraw takes an amount of an asset out of the margin wallet, the only way out, at most
// [Venue.MaxWithdraw]. Errors are an [Error].
func (v *Venue) Withdraw(asset string, amount decimal.Decimal, at exchange.Time) error {
	v.open(at)
	why := admitAmount(asset, amount)
	switch {
	case why != (cause{}):
	case v.risk.status >= exchange.StatusActiveLiquidation:
		why = errLiquidating
	case amount.GreaterThan(v.free(asset)):
		why = errShort
	case amount.GreaterThan(v.MaxWithdraw(asset)):
		why = errMargin
	default:
		v.book(posting{asset: asset, wallet: exchange.WalletMargin, reason: exchange.ReasonWithdraw, delta: amount.Neg()})
	}
	v.value()
	return why.err()
}

// Transfer moves an amount of an asset between two wallets as Portfolio Margin allows it:
//
//   - from a futures wallet to the margin wallet any asset but BNB, which is collection;
//   - from the margin wallet to a futures wallet what that is below zero, which is
//     repayment;
//   - BNB between margin and UM wallet.
//
// All else is refused; UM and CM cannot pay each other. Source: FAQ
// c1df531bb7c44ea2a10919a74fd84f5e. Errors are an [Error].
func (v *Venue) Transfer(asset string, from, to exchange.Wallet, amount decimal.Decimal, at exchange.Time) error {
	v.open(at)
	why := admitAmount(asset, amount)
	has := v.wallets.balance(asset, from)
	if from == exchange.WalletMargin {
		has = v.free(asset)
	}
	switch {
	case why != (cause{}):
	case v.risk.status >= exchange.StatusActiveLiquidation:
		why = errLiquidating
	case !v.passes(asset, from, to, amount):
		why = errNotAllowed
	case amount.GreaterThan(has):
		why = errShort
	default:
		v.shift(asset, from, to, amount)
	}
	v.value()
	return why.err()
}

// passes says whether there is a way between two wallets for an amount of an asset.
func (v *Venue) passes(asset string, from, to exchange.Wallet, amount decimal.Decimal) bool {
	futures := func(w exchange.Wallet) bool { return w == exchange.WalletUM || w == exchange.WalletCM }
	switch {
	case futures(from) && to == exchange.WalletMargin:
		return asset != feeCoin || from == exchange.WalletUM
	case from == exchange.WalletMargin && futures(to):
		owed := v.wallets.balance(asset, to).Neg()
		return asset == feeCoin && to == exchange.WalletUM || amount.LessThanOrEqual(owed)
	}
	return false
}

// MaxWithdraw is how much of an asset could be withdrawn now, in the asset: what the
// margin wallet has free, but no more than the account can spare. What counts for nothing
// as collateral can go whole.
func (v *Venue) MaxWithdraw(asset string) decimal.Decimal {
	free := decimal.Max(v.free(asset), decimal.Zero)
	before := v.assess()
	if v.risk.model.Missing() != nil {
		return decimal.Zero
	}
	balance := v.wallets.balance(asset, exchange.WalletMargin)
	v.try(asset, balance.Sub(free))
	after, left := v.assess(), v.spare()
	v.try(asset, balance)
	if left.IsPositive() || after.Equity.Equal(before.Equity) {
		return free
	}
	price := v.index(asset)
	if price.IsZero() {
		return decimal.Zero
	}
	return decimal.Min(free, v.spare().DivRound(price, 16).RoundFloor(exchange.FixedPlaces))
}

// try sets what the model takes the margin wallet to hold.
func (v *Venue) try(asset string, amount decimal.Decimal) {
	v.must(v.risk.model.SetBalance(asset, exchange.WalletMargin, amount))
}

// spare is the dollars that the account can do without: equity less open loss less as
// many times the maintenance margin as the reduce-only line says, 1.2, and no more than
// what the initial margin leaves; 0 if there is none. The FAQ of plain Portfolio Margin
// has 1.05 for 1.2, that of the older programme 1.2; this is the careful one. While a price
// is missing there is nothing to spare.
func (v *Venue) spare() decimal.Decimal {
	a, line := v.assess(), v.money.tables.Ladder.ReduceOnly.Decimal()
	if v.risk.model.Missing() != nil {
		return decimal.Zero
	}
	spare := a.Equity.Sub(a.OpenLoss).Sub(a.MaintMargin.Mul(line))
	return decimal.Max(decimal.Min(spare, a.Available), decimal.Zero)
}

// admitAmount checks the parameters of a request about money.
func admitAmount(asset string, amount decimal.Decimal) cause {
	switch {
	case asset == "":
		return errAsset
	case CheckBalance(amount) != nil || !amount.IsPositive():
		return errAmount
	case !booked(amount).Equal(amount):
		return errPrecision
	}
	return cause{}
}
