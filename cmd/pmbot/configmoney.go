package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// checkServices finds what makes no sense of what the kernel shall do by itself.
func checkServices(s *engine.Services, wrong wrongFunc) {
	for _, err := range parts(s.Check()) {
		key, rest, _ := strings.Cut(err.Error(), " ")
		wrong("services."+key, "%s", rest)
	}
}

// checkMoney checks fees of symbols, interest and what the exchange does with debts.
func (c *configuration) checkMoney(wrong wrongFunc) {
	onePercent := exchange.MustFixed("0.01")
	for i, f := range c.Venue.Fees {
		key := "venue.fee." + strconv.Itoa(i)
		if _, err := strategy.ParseSymbol(f.Symbol); err != nil {
			wrong(key+".symbol", "%v", err)
		}
		if slices.ContainsFunc(c.Venue.Fees[:i], func(g backtest.SymbolFeeConfig) bool { return g.Symbol == f.Symbol }) {
			wrong(key+".symbol", "%s has a fee already", f.Symbol)
		}
		if f.Maker != nil && f.Maker.Abs() > onePercent {
			wrong(key+".maker", "%v is more than 1%% of the notional; write 0.05%% as \"0.0005\"", f.Maker)
		}
		if f.Taker != nil && *f.Taker > onePercent {
			wrong(key+".taker", "%v is more than 1%% of the notional; write 0.05%% as \"0.0005\"", f.Taker)
		}
		if f.Taker != nil && *f.Taker < 0 {
			wrong(key+".taker", "%v is below zero: only a maker is paid", f.Taker)
		}
	}
	m := &c.Venue.Money
	if m.ExchangeCost < 0 || m.ExchangeCost > 10*onePercent {
		wrong("venue.money.exchange_cost", "%v is not within 0 to 0.1", m.ExchangeCost)
	}
	for _, asset := range slices.Sorted(maps.Keys(m.Rates)) {
		key := "venue.money.rates." + asset
		if !assetName.MatchString(asset) {
			wrong(key, "%q is not an asset; write it as Binance does, such as USDT", asset)
		}
		if r := m.Rates[asset]; r < 0 || r > onePercent {
			wrong(key, "%v is not within 0 to 0.01; rates are hourly, 8%% a year is \"0.00000913\"", r)
		}
	}
	for _, t := range []struct {
		name    string
		amounts map[string]decimal.Decimal
	}{{"negative_free", m.NegativeFree}, {"exchange_at", m.ExchangeAt}, {"borrow_max", m.BorrowMax}} {
		for _, asset := range slices.Sorted(maps.Keys(t.amounts)) {
			key := "venue.money." + t.name + "." + asset
			if !assetName.MatchString(asset) {
				wrong(key, "%q is not an asset; write it as Binance does, such as USDT", asset)
			}
			if err := venue.CheckBalance(t.amounts[asset]); err != nil {
				wrong(key, "%v", err)
			}
		}
	}
}
