package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/exchange"
)

// fitMarket sees to it that the account can be valued: one that holds or owes an asset
// without a price gets every order refused with -2019, and nothing says why. Such assets of
// an account that a file describes are an error; that of richSim goes without them, and they
// are returned.
func (c *simConfig) fitMarket(ins *exchange.Instruments, described bool) (left []string, err error) {
	priced := papisim.PricedAssets(ins)
	for _, w := range c.wallets() {
		for _, asset := range slices.Sorted(maps.Keys(w.amounts)) {
			switch {
			case slices.Contains(priced, asset):
			case !described:
				delete(w.amounts, asset)
				if !slices.Contains(left, asset) {
					left = append(left, asset)
				}
			default:
				return nil, &failure{exitConfig, fmt.Errorf("account.%s.%s: the market has no price of %s, so the account could not be valued nor trade", w.name, asset, asset),
					"leave it out; what has a price: " + strings.Join(priced, ", ")}
			}
		}
	}
	return left, nil
}

// richSim gives an account that no file describes something to trade with.
func (c *simConfig) richSim() {
	units := func(pairs ...any) map[string]decimal.Decimal {
		m := map[string]decimal.Decimal{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i].(string)] = decimal.NewFromInt(int64(pairs[i+1].(int)))
		}
		return m
	}
	c.Account.Margin = units("USDT", 100_000, "BTC", 1, "ETH", 10, "BNB", 20)
	c.Account.UM = units("USDT", 20_000)
	c.Account.CM = units("BTC", 1, "ETH", 10, "BNB", 20)
}
