package riskguard

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestBeyond: what a strategy's new program may do is held against what the old one might.
func TestBeyond(t *testing.T) {
	old := Permit{Symbols: []string{"UM:BTCUSDT", "CM:BTCUSD_PERP"}, Sides: []exchange.Side{exchange.Buy}, OrderTypes: []exchange.OrderType{exchange.Limit}}
	less := old
	less.Symbols = old.Symbols[:1]
	more := Permit{
		Symbols: []string{"UM:BTCUSDT", "UM:ETHUSDT"}, Sides: []exchange.Side{exchange.Sell}, OrderTypes: []exchange.OrderType{exchange.Limit, exchange.Market}, Borrow: true,
	}
	all := Permit{Everything: true}
	asks, asksMore, asksLess := old, old, old
	asks.Asked = &Budget{LossUSD: "500", NotionalUSD: "1000"}
	asksMore.Asked = &Budget{LossUSD: "500.5", MessagesPerMinute: "5"}
	asksLess.Asked = &Budget{LossUSD: "500", NotionalUSD: "999", CapitalUSD: "1"}
	for _, c := range []struct {
		has, of Permit
		want    string
	}{
		{old, old, ""}, {less, old, ""}, {old, less, "CM:BTCUSD_PERP"}, {more, old, "UM:ETHUSDT, SELL, MARKET, loans"},
		{asks, old, ""}, {asks, asks, ""}, {asksLess, asks, ""}, {asksMore, asks, "a budget without notional_usd, which was 1000, loss_usd of 500.5 instead of 500"},
		{old, asks, "a budget without notional_usd, which was 1000, a budget without loss_usd, which was 500"},
		{more, all, ""}, {all, old, "everything"}, {all, all, ""},
	} {
		if got := c.has.Beyond(&c.of); got != c.want {
			t.Errorf("%+v beyond %+v is %q, want %q", c.has, c.of, got, c.want)
		}
	}
}
