package stats

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// BenchmarkOf is a year of samples a minute with two positions, and a million round trips.
func BenchmarkOf(b *testing.B) {
	r := &backtest.Result{Legs: []backtest.Leg{{Inst: 1, Base: "BTC"}, {Inst: 2, Base: "BTC"}}}
	for i := range 365 * 24 * 60 {
		worth := decimal.New(10_000_000_000+int64(i*7919%1_000_003), -4)
		r.Equity = append(r.Equity, backtest.Sample{At: start.Add(time.Duration(i) * time.Minute), Account: exchange.Account{Equity: worth},
			Exposure: []backtest.Exposure{{Inst: 1, USD: worth}, {Inst: 2, USD: worth.Neg()}}})
	}
	for i := range 1_000_000 {
		r.Trades.Add(&backtest.TradeRow{Strategy: "mm", Side: exchange.Buy, From: start, To: start.Add(time.Minute), Net: decimal.New(int64(i%201-100), -2), ExitTag: "quote"})
	}
	b.ReportAllocs()
	for b.Loop() {
		Of(r)
	}
}
