package grid

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/bundletest"
	"github.com/pmbot/pmbot/strategy"
)

var fixed = exchange.MustFixed

func instrument() *exchange.Instrument {
	return &exchange.Instrument{
		ID: 1, Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", MarginAsset: "USDT",
		Status: exchange.StatusTrading, ContractSize: exchange.FixedOne, Tick: fixed("0.1"),
		Lot: exchange.Lot{Min: fixed("0.001"), Step: fixed("0.001")},
	}
}

func params() *Params {
	return &Params{Lower: fixed("100"), Upper: fixed("110"), Cells: 5, Spacing: "arithmetic", Qty: fixed("1"), Budget: fixed("9999"), Stop: fixed("0.1")}
}

func ladderOf(t *testing.T, change func(*Params)) ladder {
	t.Helper()
	p := params()
	change(p)
	l, err := newLadder(instrument(), p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLines(t *testing.T) {
	for _, c := range []struct {
		spacing      string
		lower, upper string
		cells        int
		want         string
	}{
		{"arithmetic", "100", "110", 5, "[100 102 104 106 108 110]"},
		{"geometric", "100", "1600", 4, "[100 200 400 800 1600]"},
		{"geometric", "100", "121", 2, "[100 110 121]"},
		{"geometric", "100", "200", 3, "[100 125.9 158.7 200]"}, // 2^(1/3) = 1.259921
		{"arithmetic", "100", "101", 3, "[100 100.3 100.6 101]"},
	} {
		l := ladderOf(t, func(p *Params) {
			p.Spacing, p.Lower, p.Upper, p.Cells = c.spacing, fixed(c.lower), fixed(c.upper), c.cells
		})
		if got := fmt.Sprint(l.lines); got != c.want {
			t.Errorf("%s: %s, want %s", c.spacing, got, c.want)
		}
	}
}

func text(list []exchange.OrderRequest) string {
	var s []string
	for _, r := range list {
		s = append(s, fmt.Sprint(r.Side, " ", r.Qty, " at ", r.Price))
	}
	return strings.Join(s, ", ")
}

func TestRungs(t *testing.T) {
	for _, c := range []struct {
		what, flat, held, price string
		window                  int
		want                    string
	}{
		{"flat in the middle", "0", "0", "105", 9, "BUY 1 at 104, BUY 1 at 102, BUY 1 at 100, SELL 1 at 108, SELL 1 at 110"},
		{"one bought", "0", "1", "104", 9, "BUY 1 at 102, BUY 1 at 100, SELL 1 at 106, SELL 1 at 108, SELL 1 at 110"},
		{"a part of one bought", "0", "0.4", "104", 9, "BUY 1 at 102, BUY 1 at 100, SELL 0.4 at 106, SELL 1 at 108, SELL 1 at 110"},
		{"one sold", "0", "-1", "108", 9, "BUY 1 at 106, BUY 1 at 104, BUY 1 at 102, BUY 1 at 100, SELL 1 at 110"},
		{"the nearest only", "0", "0", "105", 1, "BUY 1 at 104, SELL 1 at 108"},
		{"all cells bought", "110", "5", "100", 9, "SELL 1 at 102, SELL 1 at 104, SELL 1 at 106, SELL 1 at 108, SELL 1 at 110"},
		{"more than the cells", "110", "7", "100", 9, "SELL 1 at 102, SELL 1 at 104, SELL 1 at 106, SELL 1 at 108, SELL 1 at 110"},
		{"below all lines", "0", "0", "99", 9, "SELL 1 at 108, SELL 1 at 110"},
		{"above all lines", "0", "0", "111", 9, "BUY 1 at 104, BUY 1 at 102, BUY 1 at 100"},
		{"what would take waits at the next line", "100", "0", "107", 9, "SELL 1 at 108, SELL 1 at 110"},
		{"on a line", "110", "0", "106", 9, "BUY 1 at 104, BUY 1 at 102, BUY 1 at 100"},
	} {
		l := ladderOf(t, func(p *Params) { p.Flat = fixed(c.flat) })
		if got := text(l.rungs(fixed(c.held), fixed(c.price), c.window)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestStopPrices(t *testing.T) {
	l := ladderOf(t, func(*Params) {})
	if low, high := l.low, l.high; low != fixed("90") || high != fixed("121") {
		t.Errorf("stops at %v and %v, want 90 and 121", low, high)
	}
}

func TestStartMistakes(t *testing.T) {
	ins, err := exchange.NewInstruments(*instrument())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ set, want string }{
		{"lower=70000", "lower 70000 must be below upper 66000"},
		{"upper=66000.05", "must be whole ticks of UM BTCUSDT, 0.1"},
		{"flat=1", "flat 1 must be from lower 54000"},
		{"qty=0.0025", "not on the lot grid"},
		{"qty=0", "not on the lot grid"},
		{"budget=1319", "all cells of one side cost up to 1266"}, // see below
		{"symbol=UM:ETHUSDT", "no such instrument"},
		{"upper=54001", "narrower than a tick"},
	} {
		name, value, _ := strings.Cut(c.set, "=")
		_, err := strategy.NewRuntime(New(), map[string]string{name: value}, ins, 1)
		if c.set == "budget=1319" { // ten cells of 0.002, sold at 60,600 to 66,000
			if err != nil {
				t.Errorf("%s: %v", c.set, err)
			}
			_, err = strategy.NewRuntime(New(), map[string]string{"budget": "1265.9"}, ins, 1)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.set, err, c.want)
		}
	}
}

// market is a grid that trades every day of a generated market.
func market(days int, pairs ...string) *backtest.Config {
	p := bundletest.Params(append([]string{"lower", "57000", "upper", "63000", "cells", "30", "bar", "15m", "stop", "0.05", "qty", "0.02", "budget", "20000"}, pairs...)...)
	return bundletest.Config(days, 15*time.Minute, p)
}

// watch sees that a grid keeps its promises at every event.
type watch struct {
	*Grid
	t       *testing.T
	refused int
	most    exchange.Fixed
}

func (w *watch) OnRefusal(env *strategy.Env, r *exchange.Refusal) {
	w.refused++
	w.Grid.OnRefusal(env, r)
}

func (w *watch) OnTimer(env *strategy.Env, id uint64) {
	w.Grid.OnTimer(env, id)
	w.look(env)
}

func (w *watch) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	w.Grid.OnBar(env, in, b)
	w.look(env)
}

func (w *watch) look(env *strategy.Env) {
	held, limits := env.Held(w.in), 0
	var all [exchange.Sell + 1]exchange.Fixed
	for _, o := range env.Orders() {
		if o.Request.Type == exchange.Limit {
			limits++
			all[o.Request.Side] += o.Remaining()
			if o.Request.TimeInForce != exchange.GTX || !slices.Contains(w.ladder.lines, o.Request.Price) {
				w.t.Errorf("order %+v is not post-only on a line", o.Request)
			}
		}
	}
	w.most = max(w.most, held.Abs())
	if all[exchange.Buy] > w.ladder.cells-w.ladder.above-held || all[exchange.Sell] > held+w.ladder.above {
		w.t.Errorf("it holds %v and could buy %v and sell %v more: that is beyond its cells", held, all[exchange.Buy], all[exchange.Sell])
	}
	if limits > 4*w.p.Window {
		w.t.Errorf("%d orders at work", limits)
	}
}

func TestPromises(t *testing.T) {
	for seed := range uint64(6) {
		cfg := market(12)
		cfg.Seed = seed
		var w *watch
		res := bundletest.Run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { w = &watch{Grid: New().(*Grid), t: t}; return w }))
		if res.Fills.Len() < 300 || w.refused > 5 || res.Orders.Rejected > 0 {
			t.Errorf("seed %d: %d fills, %+v", seed, res.Fills.Len(), res.Orders)
		}
		t.Logf("seed %d: %d fills, %d orders, at most %v held, net %v, %s", seed, res.Fills.Len(), res.Orders.Sent, w.most, res.Total.Net.Round(2), bundletest.Held(res))
	}
}

// falls lets the price fall by a share of it in the hour before the last.
func falls(cfg *backtest.Config, by string) *backtest.Config {
	g := &cfg.Data.Generate
	g.Moves = []backtest.MoveConfig{{At: time.Duration(g.Days)*24*time.Hour - 2*time.Hour, For: time.Hour, Asset: "BTC", By: fixed(by)}}
	return cfg
}

// dip is a grid whose price falls below all lines and comes back.
func dip(stop string) *backtest.Config {
	cfg := market(1, "lower", "58000", "upper", "62000", "cells", "16", "stop", stop, "bar", "1h", "window", "9")
	cfg.Data.Generate.Bar = time.Hour
	cfg.Data.Generate.Moves = []backtest.MoveConfig{
		{At: 10 * time.Hour, For: 3 * time.Hour, Asset: "BTC", By: fixed("-0.09")}, {At: 15 * time.Hour, For: 6 * time.Hour, Asset: "BTC", By: fixed("0.1")},
	}
	return cfg
}

// TestKilled: whenever it dies, and whatever it misses, in the end it holds what the ladder
// holds at that price: no order was forgotten, and none doubled. With a stop, nothing is left.
// The price falls below all lines, where an order that nobody sent is missing, and comes back.
func TestKilled(t *testing.T) {
	by := []bundletest.Way{bundletest.Untold, bundletest.ToldKeeps} // see TestKilledAndCancelled
	for _, c := range []struct {
		stop          string
		every, missed int
		want          string
	}{{"0", 17, 1, "UM BTCUSDT 0.16"}, {"0", 37, 4, "UM BTCUSDT 0.16"}, {"0.05", 37, 2, ""}} {
		res := bundletest.DeathsBy(t, dip(c.stop), New, bundletest.Every(c.every), c.missed, by, bundletest.Held)
		if got := bundletest.Held(res); got != c.want || res.Fills.Len() < 8 {
			t.Errorf("stop %s: %d fills, at the end %q, want %q", c.stop, res.Fills.Len(), got, c.want)
		}
	}
}

// TestKilledAndCancelled: where the orders of a dead process are cancelled, what the price passes
// meanwhile is not bought; nothing is bought twice, and with a stop nothing is left.
func TestKilledAndCancelled(t *testing.T) {
	by := []bundletest.Way{bundletest.ToldCancels}
	for _, stop := range []string{"0", "0.05"} {
		most, fewer := decimal.New(16, -2), 0
		bundletest.DeathsBy(t, dip(stop), New, bundletest.Every(37), 2, by, func(res *backtest.Result) string {
			for _, f := range res.Fills.All() {
				if f.Position.Abs().GreaterThan(most) {
					t.Errorf("stop %s: after %v it held %v", stop, f.At, f.Position)
				}
			}
			if stop == "0" && len(res.Open) == 1 && res.Open[0].Qty.IsPositive() {
				if res.Open[0].Qty.LessThan(most) {
					fewer++
				}
				return "it is long"
			}
			return bundletest.Held(res)
		})
		if stop == "0" && fewer == 0 && !testing.Short() {
			t.Error("nothing was missed: were the orders cancelled?")
		}
	}
}

// TestStopped: beyond the stop it is out, by the exchange's stop order, and stays out.
func TestStopped(t *testing.T) {
	cfg := market(2, "stop", "0.02")
	cfg.Data.Generate.Moves = []backtest.MoveConfig{
		{At: 12 * time.Hour, For: time.Hour, Asset: "BTC", By: fixed("-0.1")}, {At: 20 * time.Hour, For: time.Hour, Asset: "BTC", By: fixed("0.1")},
	}
	var g *Grid
	res := bundletest.Run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { g = New().(*Grid); return g }))
	native, last := 0, time.Duration(0)
	for _, f := range res.Fills.All() {
		if last = f.At.Sub(bundletest.Day); f.Tag == "stop" {
			native++
		}
	}
	if !g.memory.Stopped || native != 1 || last > 14*time.Hour || len(res.Open) > 0 || res.Orders.OpenAtEnd > 0 {
		t.Errorf("stopped %v, %d fills of stop orders, the last fill after %v, open %v, %d orders", g.memory.Stopped, native, last, bundletest.Held(res), res.Orders.OpenAtEnd)
	}
}

// TestStoppedWhileGone: the price leaves the bounds and comes back while nobody is there. The bot's
// stops close what is held, also what the ladder's orders fill behind that, and whoever comes back
// knows it from the tasks.
func TestStoppedWhileGone(t *testing.T) {
	cfg := market(2, "stop", "0.02")
	cfg.Data.Generate.Moves = []backtest.MoveConfig{
		{At: 12 * time.Hour, For: time.Hour, Asset: "BTC", By: fixed("-0.1")}, {At: 14 * time.Hour, For: time.Hour, Asset: "BTC", By: fixed("0.11")},
	}
	var g *Grid
	p := bundletest.Program{LocalProgram: func() strategy.Strategy { g = New().(*Grid); return g }, Missed: 130, Stale: 1}
	died := false
	p.Dies = func(_ int, e *exchange.Event) bool {
		now := !died && e.At > bundletest.Day.Add(11*time.Hour)
		died = died || now
		return now
	}
	res := bundletest.Run(t, cfg, p)
	native, last := 0, time.Duration(0)
	for _, f := range res.Fills.All() {
		if last = f.At.Sub(bundletest.Day); f.Tag == "stop" {
			native++
		}
	}
	if !g.memory.Stopped || native == 0 || last > 20*time.Hour || len(res.Open) > 0 || res.Orders.OpenAtEnd > 0 {
		t.Errorf("stopped %v, %d fills of stops, the last fill after %v, open %v, %d orders", g.memory.Stopped, native, last, bundletest.Held(res), res.Orders.OpenAtEnd)
	}
	t.Logf("%d fills of stops, the last fill after %v", native, last)
}

// TestDeleveraged: what the exchange has taken away is bought again, where it rests.
func TestDeleveraged(t *testing.T) {
	cfg := falls(market(1, "stop", "0", "window", "30"), "-0.12")
	cfg.Risk.OpenOrdersMax = 70
	cfg.Venue.Faults = []string{"at 23h50m adl UM BTCUSDT long 50%"}
	res := bundletest.Run(t, cfg, backtest.LocalProgram(New))
	if got := bundletest.Held(res); got != "UM BTCUSDT 0.15" { // below all lines: nothing is bought there
		t.Errorf("at the end %s, want half of what the cells had", got)
	}
	cfg = market(1, "stop", "0", "flat", "63000", "budget", "40000")
	cfg.Venue.Faults = []string{"at 12h adl UM BTCUSDT long 50%"}
	base := bundletest.Held(bundletest.Run(t, market(1, "stop", "0", "flat", "63000", "budget", "40000"), backtest.LocalProgram(New)))
	if got := bundletest.Held(bundletest.Run(t, cfg, backtest.LocalProgram(New))); got != base {
		t.Errorf("at the end %s, without deleveraging %s", got, base)
	}
}

// TestRefusedDoesNotFlood: a guard that refuses every order hears of it ever more rarely.
func TestRefusedDoesNotFlood(t *testing.T) {
	cfg := market(4)
	cfg.Risk.OrderNotionalMaxRatio = decimal.Zero
	res := bundletest.Run(t, cfg, backtest.LocalProgram(New))
	if n := res.Orders.Refused; n == 0 || n > 4*24*6 || res.Orders.Sent > 0 { // five at once, once an hour, and a few at first
		t.Errorf("%d refusals, %d orders in four days", n, res.Orders.Sent)
	}
}

func TestReadme(t *testing.T) { bundletest.Readme(t, New()) }
