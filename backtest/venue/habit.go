package venue

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What the account's owner has chosen, and the exchange's terms that a wire protocol
// tells him.

// AutoRepay says whether negative futures wallets are paid off by the clock.
func (v *Venue) AutoRepay() bool { return v.money.AutoRepay }

// SetAutoRepay switches that on or off; see [Money.AutoRepay].
func (v *Venue) SetAutoRepay(on bool, at exchange.Time) {
	v.open(at)
	v.money.AutoRepay = on
	for _, asset := range v.wallets.assets {
		v.owing(asset, v.wallets.shortest(asset))
	}
	v.value()
}

// BurnUM says whether the commissions of UM are paid in BNB.
func (v *Venue) BurnUM() bool { return v.money.BurnUM }

// SetBurnUM switches that on or off; see [Money.BurnUM].
func (v *Venue) SetBurnUM(on bool, at exchange.Time) {
	v.open(at)
	v.money.BurnUM = on
	v.value()
}

// HourlyInterest is the interest of an asset's loans for an hour, a ratio. That of a day
// on negative balances is 24 times it.
func (v *Venue) HourlyInterest(asset string) decimal.Decimal { return v.money.rate(asset) }

// NegativeFree is how far the balance of an asset may be below zero without interest.
func (v *Venue) NegativeFree(asset string) decimal.Decimal { return v.money.NegativeFree[asset] }

// ExchangeAt is how far the balance of an asset may be below zero before other assets are
// converted to it; limited is false where that never happens.
func (v *Venue) ExchangeAt(asset string) (limit decimal.Decimal, limited bool) {
	limit, limited = v.money.ExchangeAt[asset]
	return limit, limited
}

// BorrowMax is the largest principal of an asset that the account may owe; limited is
// false where only the account's value limits it.
func (v *Venue) BorrowMax(asset string) (limit decimal.Decimal, limited bool) {
	limit, limited = v.money.BorrowMax[asset]
	return limit, limited
}

// Borrowable is what the pool still has to lend of an asset, below zero for a ban; limited
// is false where it lends without end.
func (v *Venue) Borrowable(asset string) (stock decimal.Decimal, limited bool) {
	stock, limited = v.money.inventory[asset]
	return stock, limited
}

// LoanLeverage is the leverage of loans in an asset.
func (v *Venue) LoanLeverage(asset string) int { return v.money.tables.LoanLeverageOf(asset) }

// LoanRate is the maintenance rate of loans in an asset.
func (v *Venue) LoanRate(asset string) exchange.Fixed { return v.risk.model.LoanRate(asset) }

// Collaterals are the assets that count as collateral at the start, sorted.
func (v *Venue) Collaterals() []string { return slices.Sorted(maps.Keys(v.money.tables.Collateral)) }
