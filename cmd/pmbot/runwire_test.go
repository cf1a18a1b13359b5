package main

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// A dry run whose journal ends before its account was read, since a strategy did not start,
// begins with what is configured; any other goes on with what it has, were it nothing.
func TestOpeningOf(t *testing.T) {
	for name, c := range map[string]struct {
		known exchange.Known
		held  []margin.Held
		want  bool
	}{
		"nothing was read": {},
		"read, and empty":  {known: exchange.Known{Read: 1}, want: true},
		"balances":         {known: exchange.Known{Balances: []exchange.TruthBalance{{Asset: "USDT", Amount: decimal.New(1, 0)}}}, want: true},
		"orders":           {known: exchange.Known{Orders: []exchange.Order{{ID: 1}}}, want: true},
		"positions":        {held: []margin.Held{{}}, want: true},
	} {
		if got := openingOf(c.known, c.held); (got != nil) != c.want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
