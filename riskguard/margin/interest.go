package margin

import "github.com/shopspring/decimal"

// NegativeBalanceInterest is the interest of a day on an asset's total balance over all
// wallets, in the asset: the part of a negative balance beyond the free threshold of the
// VIP tier, times the daily rate, which is 24 hourly ones. Source: Binance's
// announcement of May 2025.
func NegativeBalanceInterest(balance, threshold, daily decimal.Decimal) decimal.Decimal {
	over := decimal.Min(balance.Add(threshold), decimal.Zero)
	return over.Neg().Mul(daily)
}
