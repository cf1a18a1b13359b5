package basis

import (
	"fmt"
	"math"
	"math/rand/v2"
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

// market is a pair that trades often.
func market(days int, pairs ...string) *backtest.Config {
	p := bundletest.Params(append([]string{"bar", "15m", "window", "30", "enter", "1.5", "exit", "0", "cost", "0.0005", "size", "0.2", "slice", "0.1"}, pairs...)...)
	return bundletest.Config(days, 15*time.Minute, p)
}

// watch sees that a pair is hedged whenever none of its orders is at work.
type watch struct {
	*Basis
	t       *testing.T
	entered int
	open    decimal.Decimal // the most that was open so
}

func (w *watch) OnBar(env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
	if open := w.pair.Open(env).Abs(); len(env.Orders())+len(env.Tasks()) == 0 && open.GreaterThan(w.open) {
		w.open = open
	}
	w.Basis.OnBar(env, in, b)
}

func run(t *testing.T, cfg *backtest.Config) (*watch, *backtest.Result) {
	t.Helper()
	var w *watch
	res := bundletest.Run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { w = &watch{Basis: New().(*Basis), t: t}; return w }))
	return w, res
}

func TestHedged(t *testing.T) {
	for seed := range uint64(5) {
		cfg := market(10)
		cfg.Seed = seed
		w, res := run(t, cfg)
		if res.Fills.Len() < 20 || res.Orders.Refused+res.Orders.Rejected > 0 || w.open.GreaterThan(decimal.New(11, -4)) {
			t.Errorf("seed %d: %d fills, %+v, %v coins were open", seed, res.Fills.Len(), res.Orders, w.open)
		}
		t.Logf("seed %d: %d fills, net %v, funding %v, %v open, %s", seed, res.Fills.Len(), res.Total.Net.Round(2), res.Total.Funding.Round(2), w.open, bundletest.Held(res))
	}
}

// calendar is a perpetual against a quarterly contract that is delivered on the 28th day, and
// the next one.
func calendar(days int, pairs ...string) *backtest.Config {
	cfg := market(days, append([]string{
		"far", "UM:BTCUSDT_240329", "next", "UM:BTCUSDT_240628", "signal", "annual", "enter", "0.02", "exit", "-0.5", "bar", "1h",
	}, pairs...)...)
	cfg.Data.Generate.Bar = time.Hour
	cfg.Data.ExchangeInfo = []string{"testdata/fapi-dated.json"}
	return cfg
}

// TestRoll: two days before its delivery the dated contract is rolled into the next one, slice
// by slice, and the perpetual is not touched.
func TestRoll(t *testing.T) {
	w, res := run(t, calendar(34))
	rolled := map[string]int{}
	at := bundletest.Day.Add(26 * 24 * time.Hour)
	for _, f := range res.Fills.All() {
		if f.At >= at {
			rolled[f.Symbol]++
		}
		if f.Forced != 0 {
			t.Errorf("%v was forced", f.Fill)
		}
	}
	if got := bundletest.Held(res); got != "UM BTCUSDT 0.2; UM BTCUSDT_240628 -0.2" || rolled["BTCUSDT"] != 0 || rolled["BTCUSDT_240329"] != 2 || !w.open.IsZero() {
		t.Errorf("at the end %s, fills since the roll %v, %v coins were open", got, rolled, w.open)
	}
}

// TestOutBeforeDelivery: without a next contract both legs are closed.
func TestOutBeforeDelivery(t *testing.T) {
	_, res := run(t, calendar(27, "next", ""))
	var last exchange.Time
	for _, f := range res.Fills.All() {
		last = f.At
	}
	if end := last.Sub(bundletest.Day); len(res.Open) != 0 || res.Fills.Len() != 8 || end < 26*24*time.Hour || end > 27*24*time.Hour {
		t.Errorf("open %s, %d fills, the last after %v", bundletest.Held(res), res.Fills.Len(), end)
	}
}

// TestDelivered: a strategy that was dead over the delivery finds its dated leg settled, and
// opens the next one in its place.
func TestDelivered(t *testing.T) {
	cfg := calendar(34)
	from, to := bundletest.Day.Add(25*24*time.Hour), bundletest.Day.Add(29*24*time.Hour)
	res := bundletest.Run(t, cfg, bundletest.Program{LocalProgram: New, Missed: 1, Dies: func(_ int, e *exchange.Event) bool {
		return e.At > from && e.At < to
	}})
	if got := bundletest.Held(res); got != "UM BTCUSDT 0.2; UM BTCUSDT_240628 -0.2" {
		t.Errorf("at the end %s", got)
	}
}

// TestLegFails: what the guard lets not happen on the near leg does not begin on the far one. Where
// the exchange takes no order of it, what the far leg has opened is traded back, and nothing is
// opened for the time of cool; and when that comes while the pair is on, both legs stay.
func TestLegFails(t *testing.T) {
	cfg := market(3, "cool", "24h")
	cfg.Strategies[0].Allow.Symbols = []strategy.Symbol{{Product: exchange.CM, Name: "BTCUSD_PERP"}}
	_, res := run(t, cfg)
	if res.Fills.Len() != 0 || res.Orders.Refused == 0 || res.Orders.Refused > 3*24*4 {
		t.Errorf("%d fills, %+v", res.Fills.Len(), res.Orders)
	}
	for _, c := range []struct{ fault, exit, want string }{
		{"at 0h status UM BTCUSDT BREAK", "-0.5", ""},
		{"at 0h status UM BTCUSDT_240329 BREAK", "-0.5", ""},
		{"at 60h status UM BTCUSDT BREAK", "-0.5", "UM BTCUSDT 0.2; UM BTCUSDT_240329 -0.2"},
		{"at 60h status UM BTCUSDT_240329 BREAK", "-0.5", "UM BTCUSDT 0.2; UM BTCUSDT_240329 -0.2"},
	} {
		cfg := calendar(6, "next", "", "exit", c.exit, "cool", "24h")
		if cfg.Venue.Faults = []string{c.fault}; c.want != "" {
			cfg.Strategies[0].Params["roll"] = "580h" // from the fourth day on it wants to leave
		}
		w, res := run(t, cfg)
		if got := bundletest.Held(res); got != c.want || w.open.GreaterThan(decimal.New(11, -4)) || res.Orders.Rejected < 3 || res.Orders.Rejected > 3*6*24 {
			t.Errorf("%s: at the end %q, want %q, %v were open, %d fills, %+v", c.fault, got, c.want, w.open, res.Fills.Len(), res.Orders)
		}
	}
}

// TestDeleveraged: whichever leg the exchange takes a part of, the other follows or it is
// opened again; in the end they match.
func TestDeleveraged(t *testing.T) {
	for _, fault := range []string{"at 100h adl UM BTCUSDT long 50%", "at 100h adl UM BTCUSDT_240329 short 50%", "at 100h adl UM BTCUSDT_240329 short 100%", "at 100h adl UM BTCUSDT long 100%"} {
		cfg := calendar(6)
		cfg.Venue.Faults = []string{fault}
		w, res := run(t, cfg)
		forced := 0
		for _, f := range res.Fills.All() {
			if f.Forced != 0 {
				forced++
			}
		}
		if got := bundletest.Held(res); forced == 0 || got != "UM BTCUSDT 0.2; UM BTCUSDT_240329 -0.2" {
			t.Errorf("%s: %d forced fills, at the end %s, %v coins were open", fault, forced, got, w.open)
		}
	}
}

// TestFundingInterval: USD-M against COIN-M stands through settlements of eight hours, four and one:
// both legs are paid and pay at their times, and nothing is traded for it.
func TestFundingInterval(t *testing.T) {
	cfg := market(1, "bar", "1h", "enter", "1.5", "exit", "-100", "cost", "0.005")
	dear := func(hour int) int {
		if hour < 40 {
			return bundletest.Still(hour) + hour%2
		}
		return bundletest.Still(hour) + 600 // from then on contracts of COIN-M cost a hundredth more
	}
	w, res := run(t, bundletest.Tape(t, cfg, bundletest.Regimes,
		bundletest.Leg{Product: exchange.UM, Symbol: "BTCUSDT", Price: bundletest.Still},
		bundletest.Leg{Product: exchange.CM, Symbol: "BTCUSD_PERP", Price: dear}))
	if got := bundletest.Held(res); got != "UM BTCUSDT 0.199; CM BTCUSD_PERP -121" || w.open.GreaterThan(decimal.New(11, -4)) {
		t.Errorf("at the end %s, %v were open", got, w.open)
	}
	if n := res.Fills.Len(); n != 6 { // two slices, and the contract that was left of them
		t.Errorf("%d fills", n)
	}
	bundletest.Funded(t, res, bundletest.Regimes)
}

// TestKilled: whenever it dies, also while it opens and while it rolls, in the end the legs are
// what they would have been, and match.
func TestKilled(t *testing.T) {
	cfg := calendar(31, "bar", "4h")
	cfg.Data.Generate.Bar = 4 * time.Hour
	for _, c := range []struct{ every, missed int }{{29, 1}, {59, 5}} {
		res := bundletest.Deaths(t, cfg, New, bundletest.Every(c.every), c.missed, bundletest.Held)
		if got := bundletest.Held(res); got != "UM BTCUSDT 0.2; UM BTCUSDT_240628 -0.2" || res.Fills.Len() != 8 {
			t.Errorf("at the end %s, %d fills", got, res.Fills.Len())
		}
	}
}

// TestRestarted: what it has learnt comes back: with restarts all the time it trades the same, by a
// signal that needs it.
func TestRestarted(t *testing.T) {
	fills := func(p backtest.Program) (list []string) {
		for _, f := range bundletest.Run(t, market(8), p).Fills.All() {
			list = append(list, fmt.Sprint(f.At, f.Symbol, f.Side, f.Qty, f.Price))
		}
		return list
	}
	want := fills(backtest.LocalProgram(New))
	got := fills(bundletest.Program{LocalProgram: New, Dies: func(n int, e *exchange.Event) bool { return e.Kind == exchange.KindBar && n%7 == 0 }})
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("restarted, %d fills:\n%v\nwant %d:\n%v", len(got), got, len(want), want)
	}
}

// TestRefusedDoesNotFlood: a guard that refuses every order hears of it ever more rarely.
func TestRefusedDoesNotFlood(t *testing.T) {
	cfg := calendar(2, "bar", "5m")
	cfg.Data.Generate.Bar = 5 * time.Minute
	cfg.Risk.OrderNotionalMaxRatio = decimal.Zero
	_, res := run(t, cfg)
	if n := res.Orders.Refused; n < 10 || n > 2*24+6 || res.Orders.Sent > 0 { // of 576 closes
		t.Errorf("%d refusals, %d orders in two days", n, res.Orders.Sent)
	}
}

// TestLiveBars: live, bars that end together come one after the other, in any order.
func TestLiveBars(t *testing.T) {
	lot := exchange.Lot{Min: exchange.MustFixed("0.001"), Step: exchange.MustFixed("0.001")}
	ins, err := exchange.NewInstruments(
		exchange.Instrument{Product: exchange.UM, Symbol: "BTCUSDT", Base: "BTC", ContractSize: exchange.FixedOne, Lot: lot},
		exchange.Instrument{Product: exchange.CM, Symbol: "BTCUSD_PERP", Base: "BTC", ContractSize: 100 * exchange.FixedOne, Lot: exchange.Lot{Step: exchange.FixedOne}})
	if err != nil {
		t.Fatal(err)
	}
	rt, err := strategy.NewRuntime(New(), map[string]string{"window": "10", "cost": "0"}, ins, 1)
	if err != nil {
		t.Fatal(err)
	}
	wishes := 0
	for i := range exchange.Time(12) {
		for k := range exchange.Time(2) {
			inst := exchange.InstrumentID(1 + (i+k)%2)
			price := 60_000 * exchange.FixedOne
			if inst == 2 {
				price += exchange.Fixed(i%2) * exchange.FixedOne
			}
			if inst == 2 && i == 11 {
				price += 600 * exchange.FixedOne
			}
			end := bundletest.Day.Add(time.Duration(i+1) * time.Minute)
			e := exchange.Event{At: end.Add(time.Duration(2+40*k) * time.Millisecond), Inst: inst}
			e.SetBar(&exchange.Bar{Start: end.Add(-time.Minute), Interval: time.Minute, Open: price, High: price, Low: price, Close: price})
			for _, w := range rt.Deliver(&e).Intents {
				if wishes++; i != 11 || k != 1 || w.Kind != exchange.IntentPair || w.Request.Side != exchange.Sell {
					t.Errorf("bar %d of minute %d: %v %v", k, i, w.Kind, w.Request.Side)
				}
			}
		}
	}
	if wishes != 1 {
		t.Errorf("%d wishes", wishes)
	}
}

func TestStartMistakes(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"far", "UM:BTCUSDT", "UM BTCUSDT and UM BTCUSDT are no pair"},
		{"far", "UM:ETHUSDT", "UM BTCUSDT and UM ETHUSDT are no pair: take two futures of one coin"},
		{"far", "MARGIN:BTCUSDT", "are no pair"},
		{"near", "UM:BTCUSDT_240628", "near must be a perpetual"},
		{"exit", "0.02", "exit 0.02 must be below enter 0.02"},
		{"far", "CM:BTCUSD_PERP", "signal annual needs a dated contract"},
		{"next", "CM:BTCUSD_PERP", "next must be delivered after far"},
	} {
		cfg := calendar(1, "next", "", c.name, c.value)
		_, err := backtest.Run(t.Context(), cfg, backtest.Options{Programs: []backtest.Program{backtest.LocalProgram(New)}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: %v, want %q", c.name, c.value, err, c.want)
		}
	}
}

// TestStats holds the running sums against the definition, through a full window and a restart.
func TestStats(t *testing.T) {
	s, values := stats{window: 10}, []float64{}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		v := exchange.Fixed(random.Int64N(2_000_000) - 1_000_000)
		s.push(v)
		if values = append(values, float64(v)); len(values) > 10 {
			values = values[1:]
		}
		if i == 57 { // a restart
			old := s.values
			s = stats{window: 10}
			for _, v := range old {
				s.push(v)
			}
		}
		z, off, ok := s.score(500_000)
		if ok != (i >= 9) {
			t.Fatalf("value %d: ok %v", i, ok)
		}
		if !ok {
			continue
		}
		mean, sq := 0.0, 0.0
		for _, v := range values {
			mean += v / 10
		}
		for _, v := range values {
			sq += (v - mean) * (v - mean)
		}
		if want := (500_000 - mean) / math.Sqrt(sq/9); math.Abs(z-want) > 1e-9 || math.Abs(off-math.Abs(500_000-mean)/1e8) > 1e-12 {
			t.Fatalf("value %d: %v and %v, want %v", i, z, off, want)
		}
	}
}

func TestReadme(t *testing.T) { bundletest.Readme(t, New()) }
