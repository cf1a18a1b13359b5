package main

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
)

func TestTaskWords(t *testing.T) {
	number := decimal.RequireFromString
	for _, c := range []struct {
		task monitor.Task
		want string
	}{
		{
			monitor.Task{Strategy: "carry", Ref: 6, Kind: exchange.TaskPair, Status: exchange.TaskUnwinding, Symbol: "UM:BTCUSDT", Hedge: "CM:BTCUSD_PERP", Coins: number("-0.3"), Lead: number("-0.1"), Hedged: number("0.04"), Reason: "the hedge did not come within 30s"},
			"carry #6   UM:BTCUSDT against CM:BTCUSD_PERP: -0.1 of -0.3 coins, hedged 0.04   UNWINDING   the hedge did not come within 30s",
		},
		{
			monitor.Task{Strategy: "trend", Ref: 2, Kind: exchange.TaskStop, Status: exchange.TaskWorking, Symbol: "UM:BTCUSDT", Qty: exchange.FixedOne / 2, Trigger: exchange.MustFixed("58000")},
			"trend #2   UM:BTCUSDT: closes 0.5 at 58000",
		},
	} {
		if got := taskWords(&c.task); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}
