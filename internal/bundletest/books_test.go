package bundletest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/bundletest"
	"github.com/pmbot/pmbot/plugins/grid"
	"github.com/pmbot/pmbot/plugins/mm"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/strategy"
)

// making is an hour of a market of books in which mm is filled some hundred times.
func making(pairs ...string) *backtest.Config {
	cfg := bundletest.Config(1, 0, bundletest.Params(append([]string{
		"qty", "0.01", "max_qty", "0.02", "half", "30", "vol", "0.1", "lean", "50",
	}, pairs...)...))
	cfg.Data.Generate.Ticks, cfg.To = time.Second, bundletest.Day.Add(time.Hour)
	cfg.Risk.OrderToTradeMax = 100_000
	return cfg
}

// makerKilled: a restart in time changes no fill. One that has missed something quotes on by what it
// finds: never beyond its bound, with no order too many, and filled still in the last ten minutes.
func makerKilled(t *testing.T) {
	fills := func(res *backtest.Result) string {
		return fmt.Sprint(bundletest.Held(res), ", ", res.Fills.Len(), " fills, net ", res.Total.Net)
	}
	cfg, events := making(), 0
	p := bundletest.Program{LocalProgram: mm.New, Events: &events}
	base := bundletest.Run(t, cfg, p)
	n := events
	p.Dies = func(n int, e *exchange.Event) bool { return e.Kind != exchange.KindTimer && n%97 == 0 }
	if got := fills(bundletest.Run(t, cfg, p)); got != fills(base) || base.Fills.Len() < 50 {
		t.Errorf("restarted before every hundredth event: %s, want %s", got, fills(base))
	}
	p.Missed, p.Stale = 30, 1
	for k := 0; k < n; k += bundletest.Every(3001) {
		p.Dies = func(i int, _ *exchange.Event) bool { return i == k }
		told := bundletest.Way(k / bundletest.Every(3001) % 3)
		res, last := told.Run(t, cfg, p), time.Duration(0)
		for _, f := range res.Fills.All() {
			if last = f.At.Sub(bundletest.Day); f.Position.Abs().GreaterThan(decimal.New(2, -2)) {
				t.Errorf("killed at event %d of %d, %v: it holds %v", k, n, told, f.Position)
			}
		}
		if last < 50*time.Minute || res.Orders.OpenAtEnd > 4 || res.Orders.OpenAtEnd == 0 {
			t.Errorf("killed at event %d of %d, %v: the last fill after %v, %d orders at the end", k, n, told, last, res.Orders.OpenAtEnd)
		}
	}
	t.Logf("%d events, undisturbed %s", n, fills(base))
}

// makerRefused: a guard that refuses every order hears of it ever more rarely.
func makerRefused(t *testing.T) {
	cfg := making()
	cfg.Risk.OrderNotionalMaxRatio = decimal.Zero
	res := bundletest.Run(t, cfg, backtest.LocalProgram(mm.New))
	if n := res.Orders.Refused; n < 60 || n > 5*60 || res.Orders.Sent > 0 { // four orders once a minute, and more at first
		t.Errorf("%d refusals, %d orders in an hour", n, res.Orders.Sent)
	}
}

// makerDeleveraged: what is taken is a fill: it quotes on, within its bound.
func makerDeleveraged(t *testing.T) {
	cfg := making()
	cfg.Venue.Faults = []string{"at 10m adl UM BTCUSDT long 100%", "at 15m adl UM BTCUSDT short 100%", "at 20m adl UM BTCUSDT long 50%", "at 25m adl UM BTCUSDT short 50%"}
	res := bundletest.Run(t, cfg, backtest.LocalProgram(mm.New))
	after := 0
	for _, f := range res.Fills.All() {
		if f.Position.Abs().GreaterThan(decimal.New(2, -2)) {
			t.Errorf("at %v it holds %v", f.At, f.Position)
		}
		if f.At.Sub(bundletest.Day) > 30*time.Minute {
			after++
		}
	}
	if forced(res) == 0 || after < 10 {
		t.Errorf("%d forced fills, %d fills behind them", forced(res), after)
	}
}

// hours are settlements of one interval for some days.
type hours struct{ days, every int }

// settled is when there are settlements by a plan.
func settled(plan []hours) (list []time.Duration) {
	day := 0
	for _, h := range plan {
		for at := h.every; at <= 24*h.days; at += h.every {
			list = append(list, time.Duration(24*day+at)*time.Hour)
		}
		day += h.days
	}
	return list
}

// rate is that of every settlement.
const rate = "0.0001"

// recorded puts a strategy on a tape of so many days of prices, one every five minutes, that rise and
// fall by a hundred dollars, with settlements by a plan.
func recorded(t *testing.T, cfg *backtest.Config, plan []hours) *backtest.Config {
	t.Helper()
	dir := t.TempDir()
	store, err := tape.Create(filepath.Join(dir, "tape"))
	if err != nil {
		t.Fatal(err)
	}
	var bars, quotes, rates strings.Builder
	days := 0
	for _, h := range plan {
		for at := h.every; at <= 24*h.days; at += h.every {
			fmt.Fprintf(&rates, "%d,%d,%s\n", (time.Duration(bundletest.Day) + time.Duration(24*days+at)*time.Hour).Milliseconds(), h.every, rate)
		}
		days += h.days
	}
	quotes.WriteString("update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time\n")
	for i := range 288 * days {
		open, price := time.Duration(bundletest.Day)+time.Duration(i)*5*time.Minute, 60_000+100*((i+6)/12%2)+i%7
		fmt.Fprintf(&bars, "%d,%d,%d,%d,%d,1000,%d,60000000,5000,500,30000000,0\n",
			open.Milliseconds(), price, price+10, price-10, price, (open+5*time.Minute).Milliseconds()-1)
		for n, at := range []time.Duration{open, open + 5*time.Minute - time.Millisecond} {
			fmt.Fprintf(&quotes, "%d,%d,1,%d.1,1,%d,%d\n", 2*i+n+1, price, price, at.Milliseconds(), at.Milliseconds())
		}
	}
	for _, x := range []struct {
		kind row.Kind
		text string
	}{{row.Klines, bars.String()}, {row.BookTicker, quotes.String()}, {row.FundingRate, rates.String()}} {
		path := filepath.Join(dir, fmt.Sprintf("BTCUSDT-%v.csv", x.kind))
		if err := os.WriteFile(path, []byte(x.text), 0o600); err != nil {
			t.Fatal(err)
		}
		key := row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: x.kind}
		if x.kind == row.Klines {
			key.Interval = 5 * time.Minute
		}
		if _, err := tape.Import(t.Context(), store, tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	cfg.Data.Generate, cfg.Data.Tape = backtest.GenerateConfig{}, filepath.Join(dir, "tape")
	cfg.Risk.OrderToTradeMax = 100_000
	return cfg
}

// intervals: when settlements come every four hours in place of eight, and then every hour, what is
// held pays at each of them, and no fill is another one.
func intervals(t *testing.T, fresh func() strategy.Strategy, pairs ...string) {
	t.Helper()
	run := func(plan []hours) *backtest.Result {
		return bundletest.Run(t, recorded(t, bundletest.Config(3, time.Hour, bundletest.Params(pairs...)), plan), backtest.LocalProgram(fresh))
	}
	plan := []hours{{1, 8}, {1, 4}, {1, 1}}
	usual, res := run([]hours{{3, 8}}), run(plan)
	fills := func(r *backtest.Result) (list []string) {
		for _, f := range r.Fills.All() {
			list = append(list, fmt.Sprint(f.At, " ", f.Side, " ", f.Qty, " at ", f.Price, " ", f.Tag, " ", f.Position))
		}
		return list
	}
	if a, b := fills(usual), fills(res); !slices.Equal(a, b) || len(a) == 0 {
		t.Errorf("%d fills with settlements every eight hours, and %d others", len(a), len(b))
	}
	var want, got []string
	for _, at := range settled(plan) {
		held := decimal.Zero
		for _, f := range res.Fills.All() {
			if f.At < bundletest.Day.Add(at) {
				held = f.Position
			}
		}
		if !held.IsZero() {
			want = append(want, fmt.Sprint(at, " by ", held.Sign()))
		}
	}
	for _, s := range res.Settlements {
		got = append(got, fmt.Sprint(s.At.Sub(bundletest.Day), " by ", s.NotionalUSD.Sign()))
		if paid := s.NotionalUSD.Mul(exchange.MustFixed(rate).Decimal()).Neg(); !paid.Sub(s.USD).Abs().LessThan(decimal.New(1, -4)) {
			t.Errorf("at %v it got %v for %v", s.At, s.USD, s.NotionalUSD)
		}
	}
	if !slices.Equal(got, want) || len(want) < 12 {
		t.Errorf("settled %v\nwant %v", got, want)
	}
}

func makerIntervals(t *testing.T) {
	intervals(t, mm.New, "vol", "0", "half", "300", "stale", "1h", "qty", "0.01", "max_qty", "0.03")
}

func gridIntervals(t *testing.T) {
	intervals(t, grid.New, "lower", "59000", "upper", "61000", "cells", "40", "flat", "61000", "qty", "0.01", "budget", "30000", "bar", "5m")
}

func trendIntervals(t *testing.T) {
	intervals(t, trend.New, "fast", "2", "slow", "9", "bar", "5m", "qty", "0.1", "stop", "3")
}
