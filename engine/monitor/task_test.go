package monitor

import (
	"encoding/json"
	"testing"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// TestTasks: pairs and stops at work are told with whose they are, their legs, and how far they are.
func TestTasks(t *testing.T) {
	b := newBot(t)
	b.put(0, func(e *exchange.Event) {
		e.SetLedger(&exchange.LedgerEntry{Asset: "BTC", Wallet: exchange.WalletMargin, Reason: exchange.ReasonDeposit, Delta: fixed("1").Decimal(), Balance: fixed("1").Decimal()})
	})
	b.buy(1, 1, "0.5", "59000")
	b.fill(1, "0.5", "59000")
	b.Wish(engine.Wishes{Intents: []exchange.Intent{
		{Kind: exchange.IntentProtect, Strategy: 1, Ref: 2, Request: exchange.OrderRequest{Inst: 1, Side: exchange.Sell, Type: exchange.StopMarket, Trigger: fixed("58000")}},
		{Kind: exchange.IntentPair, Strategy: 2, Ref: 1, Request: exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Qty: fixed("0.1")}, Pair: exchange.Pair{Hedge: 2}},
	}})
	var s Status
	if err := b.client.Get(t.Context(), "status", nil, &s); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(s.Tasks)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"strategy":"hedge","ref":2,"kind":"STOP","status":"WORKING","symbol":"UM:BTCUSDT","trigger":"58000","qty":"0.5"},` +
		`{"strategy":"mm","ref":1,"kind":"PAIR","status":"WORKING","symbol":"UM:BTCUSDT","hedge":"MARGIN:BTCUSDT","coins":"0.1"}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
