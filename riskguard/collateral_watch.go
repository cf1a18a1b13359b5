package riskguard

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// stable says whether an asset is meant to be worth a dollar.
func (g *Guard) stable(asset string) bool { return slices.Contains(g.config.Tables.Stables, asset) }

// offPeg says whether a stable coin's index is below the first line, or was until now: then the
// watch has to look.
func (g *Guard) offPeg(i *exchange.AssetIndex) bool {
	below := i.Price < g.pegLine
	for at := 0; at < len(g.assets) && !below; at++ {
		below = g.assets[at].name == i.Asset && g.assets[at].price < g.pegLine
	}
	return below && g.stable(i.Asset)
}

// depeg: stable coins that the account has, owes or settles in are worth a dollar. Binance values
// them at their index, so what falls takes margin from every position at once.
func (w *watch) depeg() {
	for i := range w.g.assets {
		a := &w.g.assets[i]
		price := a.price.Decimal()
		if a.at == 0 || !w.g.stable(a.name) || price.GreaterThanOrEqual(w.g.limits.DepegWarn) || !w.g.has(a.name) {
			continue
		}
		value := fmt.Sprintf("index %v", a.price)
		if price.GreaterThanOrEqual(w.g.limits.DepegReduce) {
			w.alert(0, exchange.Alert{Asset: a.name, Severity: exchange.SeverityWarning, Value: value, Limit: w.g.limits.DepegWarn.String()})
			continue
		}
		w.alert(0, exchange.Alert{Asset: a.name, Severity: exchange.SeverityCritical, Value: value, Limit: w.g.limits.DepegReduce.String()})
		w.hold(exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: a.name + " has lost its peg: " + value})
	}
}

// has says whether the account has anything of an asset, or owes it.
func (g *Guard) has(asset string) bool {
	for wallet := exchange.WalletMargin; wallet <= exchange.Wallets; wallet++ {
		if !g.model.Balance(asset, wallet).IsZero() {
			return true
		}
	}
	return false
}

// negativeRatio is which part of the equity may be missing in a stable coin, in hundredths: it
// costs interest, and beyond a line of Binance's it is bought with other collateral.
const negativeRatio = 5

// negative: no stable coin is missing by much. A profit in coins does not pay a loss in USDT
// until something is sold, which Binance does by itself when it likes.
func (w *watch) negative() {
	if w.g.blind() {
		return
	}
	for i := range w.g.assets {
		a := &w.g.assets[i]
		if !w.g.stable(a.name) || a.at == 0 {
			continue
		}
		short := w.g.model.Overdrawn(a.name)
		if short.IsZero() {
			continue // the usual case, which costs no valuation
		}
		missing, equity := short.Mul(a.price.Decimal()), w.g.model.Equity()
		if !missing.IsPositive() || missing.Mul(decimal.New(100, 0)).LessThanOrEqual(equity.Mul(decimal.New(negativeRatio, 0))) {
			continue
		}
		w.alert(0, exchange.Alert{
			Asset: a.name, Severity: exchange.SeverityWarning,
			Value: fmt.Sprintf("%v is missing, %v USD", short, missing.Round(2)), Limit: fmt.Sprintf("%d%% of equity", negativeRatio),
		})
	}
}
