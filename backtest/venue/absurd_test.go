package venue

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestAbsurdRate pays a funding rate that no exchange has. The account outgrows the margin
// model, which is told and no reason to panic.
func TestAbsurdRate(t *testing.T) {
	c := testConfig()
	c.Balances = []Balance{{exchange.WalletUM, "USDT", decimal.NewFromInt(balanceMax)}}
	v := newVenue(t, c)
	one := exchange.FixedOne
	show := func(inst exchange.InstrumentID, set func(*exchange.Event)) {
		e := exchange.Event{At: 1, Inst: inst}
		set(&e)
		v.Market(&e)
	}
	v.Start(1)
	show(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: one}) })
	show(1, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: 1000 * one}) })
	show(1, func(e *exchange.Event) {
		e.SetBookTicker(exchange.BookTicker{Bid: 999 * one, BidQty: 500 * one, Ask: 1000 * one, AskQty: 500 * one})
	})
	sell := exchange.OrderRequest{Inst: 1, Side: exchange.Sell, Type: exchange.Market, Qty: 100 * one}
	v.receive(exchange.Order{ID: 1, ClientID: "s", Request: sell}, false, 2)
	for range 2 {
		if err := v.Err(); err != nil {
			t.Fatal(err)
		}
		show(1, func(e *exchange.Event) { e.SetFunding(exchange.Funding{Rate: exchange.FixedMax}) })
	}
	if err := v.Err(); err == nil || !strings.Contains(err.Error(), "USDT") {
		t.Errorf("the error is %v", err)
	}
}
