package backtest

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// AssetLine is what a strategy, or the house, has made of one asset, in the asset itself: the
// lines of an asset add up to the change of all wallets, less debts, to the last digit. Whatever
// is worth how much, no price is in it.
type AssetLine struct {
	Strategy string `json:"strategy"`
	Asset    string `json:"asset"`
	// Realized is of closed positions of contracts; Traded what orders on margin pairs have
	// brought and taken away.
	Realized decimal.Decimal `json:"realized"`
	Traded   decimal.Decimal `json:"traded"`
	Fees     decimal.Decimal `json:"fees"`
	Funding  decimal.Decimal `json:"funding"`
	Interest decimal.Decimal `json:"interest"`
	// Other is what was moved in and out, exchanged by Binance, or lent to the account and not
	// paid back, less that debt.
	Other decimal.Decimal `json:"other"`
}

// Sum is all of it.
func (l *AssetLine) Sum() decimal.Decimal {
	return l.Realized.Add(l.Traded).Add(l.Fees).Add(l.Funding).Add(l.Interest).Add(l.Other)
}

// nativeBook is the lines by rising strategy and asset, from the beginning of the run proper on.
type nativeBook struct {
	live  bool
	lines []nativeLine
}

type nativeLine struct {
	strategy exchange.StrategyID
	AssetLine
}

// book counts a booking as somebody's.
func (n *nativeBook) book(asset string, why exchange.Reason, amount decimal.Decimal, s exchange.StrategyID) {
	if !n.live || amount.IsZero() {
		return
	}
	at, found := slices.BinarySearchFunc(n.lines, s, func(l nativeLine, s exchange.StrategyID) int {
		return cmp.Or(cmp.Compare(l.strategy, s), cmp.Compare(l.Asset, asset))
	})
	if !found {
		n.lines = slices.Insert(n.lines, at, nativeLine{s, AssetLine{Asset: asset}})
	}
	l := &n.lines[at].AssetLine
	sum := &l.Other
	switch why {
	case exchange.ReasonRealizedPnL, exchange.ReasonDelivery:
		sum = &l.Realized
	case exchange.ReasonTrade:
		sum = &l.Traded
	case exchange.ReasonCommission, exchange.ReasonLiquidation:
		sum = &l.Fees
	case exchange.ReasonFunding:
		sum = &l.Funding
	case exchange.ReasonInterest:
		sum = &l.Interest
	}
	*sum = sum.Add(amount)
}

// move gives a strategy what the house has, or will have with a booking.
func (n *nativeBook) move(s exchange.StrategyID, asset string, why exchange.Reason, amount decimal.Decimal) {
	n.book(asset, why, amount, s)
	n.book(asset, why, amount.Neg(), 0)
}

// nativeOwner is whose a booking is at first. What positions have earned is moved to strategies
// with the fills, for Binance knows the position of all together only.
func (a *attribution) nativeOwner(inst exchange.InstrumentID, l *exchange.LedgerEntry, owner exchange.StrategyID) exchange.StrategyID {
	switch l.Reason {
	case exchange.ReasonRealizedPnL, exchange.ReasonDelivery, exchange.ReasonFunding, exchange.ReasonInterest:
		return 0
	}
	if inst == 0 {
		return l.Strategy
	}
	return owner
}
