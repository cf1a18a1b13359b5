package main

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// A generated market has one coin, so a strategy of several is tested on its tape.
func TestSeveralCoins(t *testing.T) {
	um := func(name string) strategy.Symbol { return strategy.Symbol{Product: exchange.UM, Name: name} }
	perp := strategy.Symbol{Product: exchange.CM, Name: "BTCUSD_PERP"}
	for _, c := range []struct {
		symbols []strategy.Symbol
		want    bool
	}{
		{nil, false},
		{[]strategy.Symbol{um("BTCUSDT")}, false},
		{[]strategy.Symbol{um("BTCUSDT"), perp}, false},
		{[]strategy.Symbol{um("BTCUSDT"), um("ETHUSDT")}, true},
		{[]strategy.Symbol{perp, um("ETHUSDT")}, true},
		{[]strategy.Symbol{um("BTCUSDT"), um("UNKNOWN")}, false},
	} {
		if got := severalCoins(c.symbols); got != c.want {
			t.Errorf("several coins of %v: %v, want %v", c.symbols, got, c.want)
		}
	}
}
