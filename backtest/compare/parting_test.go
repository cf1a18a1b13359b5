package compare

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// minute is an instant that many minutes after the runs of these tests begin.
func minute(n int) exchange.Time {
	return exchange.TimeOf(time.Date(2026, 8, 1, 0, n, 0, 0, time.UTC))
}

func cents(v int64) decimal.Decimal { return decimal.New(v, -2) }

func fillAt(n int) backtest.FillRow {
	return backtest.FillRow{At: minute(n), Strategy: "s", Product: exchange.UM, Symbol: "BTCUSDT",
		Fill: exchange.Fill{Side: exchange.Buy, Price: exchange.FixedOne, Qty: exchange.FixedOne, FeeAsset: "USDT"}}
}

func sampleAt(n int, equity int64) backtest.Sample {
	return backtest.Sample{At: minute(n), Account: exchange.Account{Equity: cents(equity)}}
}

// Runs part at the first row that differs, found again by comparing row by row as text.
// Ids and tags are no difference.
func TestPartingIsTheFirstDifference(t *testing.T) {
	const fills = 150
	asText := func(list []backtest.FillRow) (out []string) {
		for _, row := range list {
			row.Tag, row.ClientID, row.TradeID, row.VenueID = "", "", 0, 0
			out = append(out, fmt.Sprintf("%+v", row))
		}
		return out
	}
	var was []backtest.FillRow
	for i := range fills {
		was = append(was, fillAt(i/2))
	}
	for n := range was {
		is := slices.Clone(was)
		for i := range is {
			is[i].Tag, is[i].ClientID, is[i].TradeID, is[i].VenueID = "another", "another", 9, 9
			if i >= n {
				is[i].Price++
			}
		}
		before, after := asText(was), asText(is)
		want := 0
		for before[want] == after[want] {
			want++
		}
		p := partings(&backtest.Result{Fills: backtest.RowsOf(was...)}, &backtest.Result{Fills: backtest.RowsOf(is...)})
		if len(p) != 1 || p[0].Kind != "fill" || p[0].Number != want+1 || p[0].At != was[want].At || want != n {
			t.Fatalf("fill %d is changed, and the runs part at %+v", n+1, p)
		}
	}
}

func TestPartings(t *testing.T) {
	booking := backtest.LedgerRow{At: minute(5), Strategy: "s", Asset: "USDT", Wallet: exchange.WalletUM, Delta: cents(100), Balance: cents(500)}
	refusal := backtest.RefusalRow{At: minute(5), Strategy: "s", Rule: "limit", Text: "too large"}
	for _, c := range []struct {
		name string
		a, b backtest.Result
		want string
	}{
		{"nothing", backtest.Result{Hash: "x"}, backtest.Result{Hash: "y"}, ""},
		{"another start", backtest.Result{From: minute(1)}, backtest.Result{From: minute(2)},
			"start 0 2026-08-01 00:01:00 | begins at 2026-08-01 00:01:00 | begins at 2026-08-01 00:02:00"},
		{"a fill more", backtest.Result{Fills: backtest.RowsOf(fillAt(1))}, backtest.Result{Fills: backtest.RowsOf(fillAt(1), fillAt(3))},
			"fill 2 2026-08-01 00:03:00 | no further fill | s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT"},
		{"a fill later", backtest.Result{Fills: backtest.RowsOf(fillAt(1))}, backtest.Result{Fills: backtest.RowsOf(fillAt(3))},
			"fill 1 2026-08-01 00:01:00 | s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT | no fill then; its next at 2026-08-01 00:03:00: s: buy 1 UM BTCUSDT at 1, taker, fee 0 USDT"},
		{"the refusal stands before what follows from it",
			backtest.Result{Fills: backtest.RowsOf(fillAt(5)), Ledger: backtest.RowsOf(booking)}, backtest.Result{Refusals: []backtest.RefusalRow{refusal}},
			"refusal 1 2026-08-01 00:05:00 | no further refusal | s: too large"},
		{"another equity", backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(2, 20)}},
			backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(2, 30)}}, "sample 2 2026-08-01 00:02:00 | equity 0.20 | equity 0.30"},
		{"sampled less often, and equal where both are", backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(2, 20), sampleAt(3, 30)}},
			backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(3, 30)}}, "sample 2 2026-08-01 00:02:00 | a sample | no sample then"},
		{"sampled less often, and different where both are", backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(3, 31)}},
			backtest.Result{Equity: []backtest.Sample{sampleAt(1, 10), sampleAt(2, 20), sampleAt(3, 30)}}, "sample 2 2026-08-01 00:03:00 | equity 0.31 | equity 0.30"},
	} {
		got := ""
		if list := partings(&c.a, &c.b); len(list) > 0 {
			p := list[0]
			got = fmt.Sprintf("%s %d %s | %s | %s", p.Kind, p.Number, readable.Instant(p.At), p.First, p.Other)
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
