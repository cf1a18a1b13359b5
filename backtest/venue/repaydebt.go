package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// RepayFutures pays off negative futures wallets at once, as auto-repay does by the clock.
func (v *Venue) RepayFutures(at exchange.Time) {
	v.open(at)
	v.repayFutures()
	v.value()
}

// RepayDebt pays at most an amount of the debts of an asset, all of them for an amount of
// 0: first with what the margin wallet has free of the asset, then by selling other assets
// of it, in the order given, or without any the one that is worth most first, at index
// prices less the venue's slippage. It returns what was paid. Errors are an [Error]: -2018
// when nothing can be paid. That what can be paid is paid when it is less than was asked
// for is assumed.
func (v *Venue) RepayDebt(asset string, amount decimal.Decimal, sell []string, at exchange.Time) (decimal.Decimal, error) {
	v.open(at)
	owed := v.wallets.owed(asset)
	if amount.IsZero() {
		amount = owed
	}
	paid, why := decimal.Zero, admitAmount(asset, amount)
	switch {
	case v.risk.status >= exchange.StatusActiveLiquidation:
		why = errLiquidating
	case owed.IsZero():
		why = errAmount
	case why == (cause{}):
		v.fetch(asset, decimal.Min(amount, owed), sell)
		paid = decimal.Max(decimal.Min(decimal.Min(amount, owed), v.free(asset)), decimal.Zero)
		if v.repay(posting{}, asset, paid); paid.IsZero() {
			why = errShort
		}
	}
	v.value()
	return paid, why.err()
}

// fetch sells other assets until the margin wallet has an amount of one free, as far as
// they go.
func (v *Venue) fetch(asset string, amount decimal.Decimal, sell []string) {
	chosen := len(sell) > 0
	for !v.index(asset).IsZero() {
		short := amount.Sub(decimal.Max(v.free(asset), decimal.Zero))
		from := ""
		switch {
		case !short.IsPositive() || chosen && len(sell) == 0:
			return
		case chosen:
			from, sell = sell[0], sell[1:]
		default:
			from, _ = v.richest(asset)
		}
		has := valued{asset: from, wallet: exchange.WalletMargin, amount: decimal.Max(v.free(from), decimal.Zero)}
		if from == asset {
			continue
		}
		if sold := v.convert(has, asset, short); !sold && !chosen {
			return
		}
	}
}
