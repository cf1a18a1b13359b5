package carry

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

// market is a carry whose thresholds the generated funding passes now and then.
func market(days int, pairs ...string) *backtest.Config {
	p := bundletest.Params(append([]string{"bar", "1h", "fundings", "2", "size", "0.2", "slice", "0.1", "cost", "0", "enter", "0.001", "exit", "0", "horizon", "240h"}, pairs...)...)
	cfg := bundletest.Config(days, time.Hour, p)
	cfg.Risk.BorrowMaxUSD = decimal.New(40_000, 0)
	cfg.Venue.Money.Interest = true
	cfg.Venue.Money.Rates = map[string]exchange.Fixed{"BTC": exchange.MustFixed("0.00001"), "USDT": exchange.MustFixed("0.00001")}
	return cfg
}

// reverse is one that borrows: the loan rate is assumed to be so low that a positive funding
// is worth it, for the generated one is seldom negative.
func reverse(days int, pairs ...string) *backtest.Config {
	return market(days, append([]string{"direction", "reverse", "enter", "-0.05", "exit", "-0.1", "loan_rate", "0"}, pairs...)...)
}

// watch sees that the carry is hedged whenever none of its orders is at work.
type watch struct {
	*Carry
	open  decimal.Decimal // the most that was open so
	loans []string
}

func (w *watch) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	if open := w.pair.Open(env).Abs(); len(env.Orders())+len(env.Tasks()) == 0 && open.GreaterThan(w.open) {
		w.open = open
	}
	w.Carry.OnBar(env, in, b)
}

func (w *watch) OnLoan(env *strategy.Env, u *exchange.ActUpdate) {
	if u.Status.Final() {
		w.loans = append(w.loans, fmt.Sprint(u.Kind, " ", u.Status))
	}
	w.Carry.OnLoan(env, u)
}

func run(t *testing.T, cfg *backtest.Config) (*watch, *backtest.Result) {
	t.Helper()
	var w *watch
	res := bundletest.Run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { w = &watch{Carry: New().(*Carry)}; return w }))
	return w, res
}

// held is what is open at the end, and coins and debt to a thousandth.
func held(res *backtest.Result) string {
	list := []string{bundletest.Held(res)}
	for _, b := range res.Balances {
		if b.Asset == "BTC" && !b.End.Round(3).IsZero() {
			list = append(list, fmt.Sprint(b.Wallet, " ", b.End.Round(3)))
		}
	}
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "; ")
}

func TestLong(t *testing.T) {
	for seed := range uint64(4) {
		cfg := market(20)
		cfg.Seed = seed
		w, res := run(t, cfg)
		if res.Fills.Len() < 4 || res.Orders.Refused+res.Orders.Rejected > 0 || w.open.GreaterThan(decimal.New(1, -3)) {
			t.Errorf("seed %d: %d fills, %+v, %v coins were open", seed, res.Fills.Len(), res.Orders, w.open)
		}
		t.Logf("seed %d: %d fills, net %v, funding %v, %v open, %s", seed, res.Fills.Len(), res.Total.Net.Round(2), res.Total.Funding.Round(2), w.open, held(res))
	}
}

func TestReverse(t *testing.T) {
	w, res := run(t, reverse(6))
	if got := held(res); got != "UM BTCUSDT 0.2; LOAN 0.2" || strings.Join(w.loans, ", ") != "BORROW DONE" || res.Orders.Rejected > 0 {
		t.Errorf("at the end %s, told %v, %+v", got, w.loans, res.Orders)
	}
}

// TestLegFails: what the guard lets not happen on the margin pair does not begin on the perpetual.
// Where the exchange takes no order of it, what the perpetual has opened is traded back, and nothing
// is opened for the time of cool; and when that comes while the carry is on, both legs stay.
func TestLegFails(t *testing.T) {
	for _, cfg := range []*backtest.Config{market(6, "cool", "48h"), reverse(6, "cool", "48h")} {
		cfg.Strategies[0].Allow.Symbols = []strategy.Symbol{{Product: exchange.UM, Name: "BTCUSDT"}}
		_, res := run(t, cfg)
		if res.Fills.Len() != 0 || res.Orders.Refused == 0 || res.Orders.Refused > 7*24 {
			t.Errorf("%d fills, %+v", res.Fills.Len(), res.Orders)
		}
	}
	eager := []string{"enter", "-0.05", "exit", "-0.1", "cool", "48h"}
	for _, c := range []struct {
		cfg         *backtest.Config
		fault, want string
	}{
		{market(6, eager...), "at 0h status MARGIN BTCUSDT BREAK", ""},
		{reverse(6, "cool", "48h"), "at 0h status MARGIN BTCUSDT BREAK", ""},
		{market(6, eager...), "at 0h status UM BTCUSDT BREAK", ""},
		{market(6, append(eager, "unimmr_min", "1000")...), "at 80h status MARGIN BTCUSDT BREAK", "UM BTCUSDT -0.2; MARGIN 0.2"},
		{market(6, append(eager, "unimmr_min", "1000")...), "at 80h status UM BTCUSDT BREAK", "UM BTCUSDT -0.2; MARGIN 0.2"},
	} {
		c.cfg.Venue.Faults = []string{c.fault}
		if c.want != "" { // and now it wants to leave
			c.cfg.Venue.Faults = append(c.cfg.Venue.Faults, "at 90h brackets UM BTCUSDT x0.001")
			c.cfg.Risk.DriftMaintMax, c.cfg.Risk.DriftReadings = decimal.New(1, 0), 100 // nobody tells the guard of it
		}
		w, res := run(t, c.cfg)
		if got := held(res); got != c.want || w.open.GreaterThan(decimal.New(1, -3)) || res.Orders.Rejected < 3 || res.Orders.Rejected > 3*6*24 {
			t.Errorf("%s: at the end %q, want %q, %v were open, %d fills, %+v", c.fault, got, c.want, w.open, res.Fills.Len(), res.Orders)
		}
	}
}

// TestNoLoan: where nothing can be borrowed nothing is sold or bought, and nobody is asked
// every hour.
func TestNoLoan(t *testing.T) {
	cfg := reverse(6)
	cfg.Risk.BorrowMaxUSD = decimal.Zero
	w, res := run(t, cfg)
	if res.Fills.Len() != 0 || res.Orders.Refused == 0 || res.Orders.Refused > 144 || len(w.loans) != 0 {
		t.Errorf("%d fills, %+v, told %v", res.Fills.Len(), res.Orders, w.loans)
	}
	cfg = reverse(6)
	cfg.Venue.Faults = []string{"at 0h borrowable BTC 0"}
	if w, res = run(t, cfg); res.Fills.Len() != 0 || len(w.loans)+res.Orders.Refused == 0 || len(w.loans)+res.Orders.Refused > 144 {
		t.Errorf("%d fills, told %v", res.Fills.Len(), w.loans)
	}
}

// TestDeleveraged: the exchange takes the perpetual, or half of it, and the coins follow before
// anything is opened again.
func TestDeleveraged(t *testing.T) {
	for _, c := range []struct{ side, part, want string }{
		{"short", "50%", "UM BTCUSDT -0.2; MARGIN 0.2"}, {"short", "100%", "UM BTCUSDT -0.2; MARGIN 0.2"},
		{"long", "50%", "UM BTCUSDT 0.2; LOAN 0.2"}, {"long", "100%", "UM BTCUSDT 0.2; LOAN 0.2"},
	} {
		cfg := market(6, "enter", "-0.05", "exit", "-0.1")
		if c.side == "long" {
			cfg = reverse(6)
		}
		cfg.Venue.Faults = []string{"at 100h adl UM BTCUSDT " + c.side + " " + c.part}
		w, res := run(t, cfg)
		forced := 0
		for _, f := range res.Fills.All() {
			if f.Forced != 0 {
				forced++
			}
		}
		if got := held(res); got != c.want || forced == 0 || res.Orders.Rejected > 0 {
			t.Errorf("%s %s: at the end %s, %d forced fills, %v were open, %+v", c.side, c.part, got, forced, w.open, res.Orders)
		}
	}
}

// TestFloor: what would bring uniMMR near the floor is not added; and when the exchange asks
// for more margin, so that it falls below, the carry is taken off for a day and then tried again.
func TestFloor(t *testing.T) {
	run := func(floor string, faults ...string) *backtest.Result {
		cfg := market(6, "enter", "-0.05", "exit", "-0.1", "size", "1", "slice", "0.25", "unimmr_min", floor)
		cfg.Risk.CollateralAssetMaxRatio = decimal.New(1, 0)
		cfg.Risk.DriftMaintMax, cfg.Risk.DriftReadings = decimal.New(1, 0), 100 // nobody tells the guard of the fault
		cfg.Venue.Faults = faults
		_, res := run(t, cfg)
		return res
	}
	if free, low := run("3"), run("500"); bundletest.Held(free) != "UM BTCUSDT -1" || bundletest.Held(low) != "UM BTCUSDT -0.75" {
		t.Errorf("without a floor that counts %s, with one %s", held(free), held(low))
	}
	var flat, next time.Duration // when it was taken off, and tried again
	for _, f := range run("200", "at 60h brackets UM BTCUSDT x0.001").Fills.All() {
		switch at := f.At.Sub(bundletest.Day); {
		case flat != 0 && next == 0 && f.Tag == "enter":
			next = at
		case flat == 0 && f.Product == exchange.UM && f.Position.IsZero():
			flat = at
		}
	}
	if flat < 60*time.Hour || flat > 72*time.Hour || next-flat < 18*time.Hour || next-flat > 30*time.Hour {
		t.Errorf("it was taken off after %v and tried again after %v", flat, next)
	}
}

// TestRefusedDoesNotFlood: a guard that refuses every order hears of it ever more rarely.
func TestRefusedDoesNotFlood(t *testing.T) {
	cfg := market(2, "enter", "-0.05", "exit", "-0.1", "bar", "5m")
	cfg.Data.Generate.Bar = 5 * time.Minute
	cfg.Risk.OrderNotionalMaxRatio = decimal.Zero
	if _, res := run(t, cfg); res.Orders.Refused < 10 || res.Orders.Refused > 2*24+6 || res.Orders.Sent > 0 { // of 576 closes
		t.Errorf("%+v", res.Orders)
	}
}

func TestStartMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"perp", "CM:BTCUSD_PERP", "are no carry: take a margin pair and the UM perpetual of its coin"},
		{"perp", "UM:ETHUSDT", "are no carry"},
		{"spot", "UM:BTCUSDT", "are no carry"},
		{"exit", "0.5", "exit 0.5 must be below enter 0.001"},
		{"direction", "short", "is none of long, reverse, both"},
	} {
		_, err := backtest.Run(t.Context(), market(1, c.name, c.value), backtest.Options{Programs: []backtest.Program{backtest.LocalProgram(New)}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

func TestReadme(t *testing.T) { bundletest.Readme(t, New()) }
