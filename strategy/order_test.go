package strategy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pmbot/pmbot/exchange"
)

func TestOrderBuilder(t *testing.T) {
	in := instruments(t).At(1)
	const buy, sell = exchange.Buy, exchange.Sell
	type request = exchange.OrderRequest
	for _, c := range []struct {
		name string
		o    Order
		want request
	}{
		{"market by default", Buy(in, 7), request{Side: buy, Type: exchange.Market}},
		{"market", Sell(in, 7).OCO(5, 4, 3).Trailing(2, 1).Market(), request{Side: sell, Type: exchange.Market}},
		{"limit", Sell(in, 7).Limit(5), request{Side: sell, Type: exchange.Limit, Price: 5}},
		{"post-only", Buy(in, 7).Limit(5).PostOnly(), request{Side: buy, Type: exchange.Limit, Price: 5, TimeInForce: exchange.GTX}},
		{"ioc", Buy(in, 7).Limit(5).IOC(), request{Side: buy, Type: exchange.Limit, Price: 5, TimeInForce: exchange.IOC}},
		{"fok", Buy(in, 7).Limit(5).FOK(), request{Side: buy, Type: exchange.Limit, Price: 5, TimeInForce: exchange.FOK}},
		{"gtd", Buy(in, 7).Limit(5).GoodTill(9), request{Side: buy, Type: exchange.Limit, Price: 5, TimeInForce: exchange.GTD, GoodTill: 9}},
		{"stop", Sell(in, 7).Stop(4).ReduceOnly().OnMark(), request{Side: sell, Type: exchange.StopMarket, Trigger: 4, ReduceOnly: true, WorkingType: exchange.MarkPrice}},
		{"stop limit", Sell(in, 7).StopLimit(4, 3), request{Side: sell, Type: exchange.Stop, Trigger: 4, Price: 3}},
		{"take profit", Sell(in, 7).TakeProfit(4), request{Side: sell, Type: exchange.TakeProfitMarket, Trigger: 4}},
		{"take profit limit", Sell(in, 7).TakeProfitLimit(4, 3), request{Side: sell, Type: exchange.TakeProfit, Trigger: 4, Price: 3}},
		{"trailing", Sell(in, 7).Trailing(2, 1), request{Side: sell, Type: exchange.TrailingStopMarket, Callback: 2, Activation: 1}},
		{"oco", Sell(in, 7).OCO(5, 4, 3), request{Side: sell, Type: exchange.OCO, Price: 5, Trigger: 4, StopPrice: 3}},
		{"leg", Buy(in, 7).Leg(exchange.Short), request{Side: buy, Type: exchange.Market, PositionSide: exchange.Short}},
		{"borrow", Buy(in, 7).Borrow(), request{Side: buy, Type: exchange.Market, SideEffect: exchange.MarginBuy}},
		{"repay", Buy(in, 7).Repay(), request{Side: buy, Type: exchange.Market, SideEffect: exchange.AutoRepay}},
	} {
		c.want.Inst, c.want.Qty = 1, 7
		if got := c.o.Request(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	half := Buy(in, 7).Limit(5)
	_ = half.PostOnly().Tag("x")
	if half.Request().TimeInForce != exchange.GTC || half.tag != "" {
		t.Error("a method changed the order that it was called on")
	}
	if got := half.With(request{Inst: 2}).Request(); got != (request{Inst: 2}) {
		t.Errorf("With: %+v", got)
	}
}

func TestTagIsCutBetweenLetters(t *testing.T) {
	in := instruments(t).At(1)
	for tag, want := range map[string]string{
		"short": "short", strings.Repeat("a", 40): strings.Repeat("a", 32), strings.Repeat("a", 31) + "é": strings.Repeat("a", 31),
	} {
		if got := Buy(in, 7).Tag(tag).tag; got != want || !utf8.ValidString(got) {
			t.Errorf("Tag(%q) = %q", tag, got)
		}
	}
}

func TestLots(t *testing.T) {
	in := *instruments(t).At(1) // 0.001 to 1 by 0.001
	in.MarketLot = exchange.Lot{Min: exchange.MustFixed("0.002"), Max: exchange.MustFixed("0.5"), Step: exchange.MustFixed("0.005")}
	for _, c := range []struct {
		t         exchange.OrderType
		qty, want string
	}{
		{exchange.Limit, "0.0129", "0.012"}, {exchange.Limit, "-0.0129", "-0.012"}, {exchange.Limit, "0.0009", "0"},
		{exchange.Limit, "0", "0"}, {exchange.Limit, "3", "1"}, {exchange.Limit, "-3", "-1"},
		{exchange.Market, "0.0119", "0.007"}, {exchange.Market, "0.9", "0.497"}, {exchange.StopMarket, "0.001", "0"},
	} {
		if got := Lots(&in, c.t, exchange.MustFixed(c.qty)); got != exchange.MustFixed(c.want) {
			t.Errorf("Lots(%v, %s) = %v, want %s", c.t, c.qty, got, c.want)
		}
	}
	var free exchange.Instrument
	if got := Lots(&free, exchange.Limit, 7); got != 7 {
		t.Errorf("without rules: %v", got)
	}
}
