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
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/bundletest"
	"github.com/pmbot/pmbot/plugins/hedge"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/strategy"
)

// answer is how a case is tried: here, by a test or script of the strategy's own, or not at all
// and why.
type answer struct {
	here func(t *testing.T)
	own  string
	why  string
}

// TestSix is what every bundled strategy must stand: a death at any event, a leg that fails, or where
// there is one every order, deleveraging, and a funding interval that goes from eight hours to four
// and one.
func TestSix(t *testing.T) {
	for _, s := range []struct {
		name                          string
		killed, fails, adl, intervals answer
	}{
		{"hedge", answer{here: hedgeKilled}, answer{own: "TestOneLegFails"}, answer{here: hedgeDeleveraged}, answer{here: hedgeIntervals}},
		{"carry", answer{own: "TestKilled"}, answer{own: "TestLegFails"}, answer{own: "TestDeleveraged"}, answer{own: "TestFundingInterval"}},
		{"basis", answer{own: "TestKilled"}, answer{own: "TestLegFails"}, answer{own: "TestDeleveraged"}, answer{own: "TestFundingInterval"}},
		{"mm", answer{here: makerKilled}, answer{here: makerRefused}, answer{here: makerDeleveraged}, answer{here: makerIntervals}},
		{"grid", answer{own: "TestKilled"}, answer{own: "TestRefusedDoesNotFlood"}, answer{own: "TestDeleveraged"}, answer{here: gridIntervals}},
		{"trend", answer{here: trendKilled}, answer{here: trendContractFails}, answer{here: trendDeleveraged}, answer{here: trendIntervals}},
	} {
		for what, a := range map[string]answer{"killed": s.killed, "leg fails": s.fails, "deleveraged": s.adl, "funding interval": s.intervals} {
			t.Run(s.name+" "+what, func(t *testing.T) {
				switch {
				case a.here != nil:
					a.here(t)
				case a.own != "" && !has(t, filepath.Join("..", "..", "plugins", s.name), a.own):
					t.Errorf("plugins/%s has no %s", s.name, a.own)
				case a.own == "" && a.why == "":
					t.Error("it is neither tried nor said why not")
				}
			})
		}
	}
}

// has says whether a folder has a test of that name, or a file.
func has(t *testing.T, dir, name string) bool {
	t.Helper()
	if strings.Contains(name, "/") {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "\nfunc "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}

// hedged is half a coin that is owned and hedged on both products.
func hedged() *backtest.Config {
	cfg := bundletest.Config(3, time.Hour, bundletest.Params("style", "taker", "second", "UM:BTCUSDT", "band", "0.01", "bar", "1h"))
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(5, -1)}
	return cfg
}

// exposure is what the account has of the coin in the end, open positions and what they have won
// included, to a fiftieth of a coin: what the band and a contract let be.
func exposure(res *backtest.Result) string {
	sum := decimal.Zero
	for _, b := range res.Balances {
		if b.Asset == "BTC" {
			sum = sum.Add(b.End)
		}
	}
	legs := 0
	for _, p := range res.Open {
		if legs++; p.Product == exchange.CM {
			sum = sum.Add(p.Unrealized).Add(p.Qty.Mul(decimal.New(100, 0)).DivRound(p.Mark.Decimal(), 8))
		} else {
			sum = sum.Add(p.Qty)
		}
	}
	return fmt.Sprintf("%v coins exposed, %d legs", sum.Abs().Mul(decimal.New(50, 0)).Truncate(0), legs)
}

func hedgeKilled(t *testing.T) {
	res := bundletest.Deaths(t, hedged(), hedge.New, bundletest.Every(17), 3, exposure)
	if got := exposure(res); got != "0 coins exposed, 2 legs" || res.Fills.Len() < 2 {
		t.Errorf("at the end %s, %d fills", got, res.Fills.Len())
	}
}

// hedgeDeleveraged: what the exchange takes is sold again at the next close.
func hedgeDeleveraged(t *testing.T) {
	for _, fault := range []string{"at 40h adl UM BTCUSDT short 50%", "at 40h adl CM BTCUSD_PERP short 100%"} {
		cfg := hedged()
		cfg.Venue.Faults = []string{fault}
		res := bundletest.Run(t, cfg, backtest.LocalProgram(hedge.New))
		if got := exposure(res); got != "0 coins exposed, 2 legs" || forced(res) != 1 {
			t.Errorf("%s: at the end %s, %d forced fills", fault, got, forced(res))
		}
	}
}

// hedgeIntervals: the hedge stands through settlements of eight hours, four and one, is paid and pays
// at their times, and trades nothing for it.
func hedgeIntervals(t *testing.T) {
	cfg := bundletest.Tape(t, hedged(), bundletest.Regimes,
		bundletest.Leg{Product: exchange.UM, Symbol: "BTCUSDT", Price: bundletest.Still},
		bundletest.Leg{Product: exchange.CM, Symbol: "BTCUSD_PERP", Price: bundletest.Still})
	res := bundletest.Run(t, cfg, backtest.LocalProgram(hedge.New))
	if got := exposure(res); got != "0 coins exposed, 2 legs" || res.Fills.Len() != 2 {
		t.Errorf("at the end %s, %d fills", got, res.Fills.Len())
	}
	bundletest.Funded(t, res, bundletest.Regimes)
}

func forced(res *backtest.Result) (n int) {
	for _, f := range res.Fills.All() {
		if f.Forced != 0 {
			n++
		}
	}
	return n
}

// trending follows a market that rises by a tenth on its last day.
func trending(pairs ...string) *backtest.Config {
	cfg := bundletest.Config(6, time.Hour, bundletest.Params(append([]string{
		"rule", "breakout", "slow", "24", "qty", "0.2", "stop", "6", "bar", "1h",
	}, pairs...)...))
	cfg.Data.Generate.Moves = []backtest.MoveConfig{{At: 5 * 24 * time.Hour, For: 18 * time.Hour, Asset: "BTC", By: exchange.MustFixed("0.1")}}
	return cfg
}

// trendKilled: the stop ends a rise, and when the price rises again the signal is no new one: it
// stays out, whatever it has forgotten of the time between two saves.
func trendKilled(t *testing.T) {
	cfg := trending("slow", "48", "stop", "2")
	cfg.Data.Generate.Moves = []backtest.MoveConfig{
		{At: 56 * time.Hour, For: 10 * time.Hour, Asset: "BTC", By: exchange.MustFixed("0.08")},
		{At: 76 * time.Hour, For: 6 * time.Hour, Asset: "BTC", By: exchange.MustFixed("-0.07")},
		{At: 96 * time.Hour, For: 20 * time.Hour, Asset: "BTC", By: exchange.MustFixed("0.09")},
	}
	res := bundletest.Deaths(t, cfg, trend.New, bundletest.Every(17), 2, bundletest.Held)
	if got := bundletest.Held(res); got != "" || res.Fills.Len() != 2 {
		t.Errorf("at the end %q, %d fills", got, res.Fills.Len())
	}
}

// trendDeleveraged: the whole position is taken while the trend lasts, and bought again.
func trendDeleveraged(t *testing.T) {
	for _, part := range []string{"50%", "100%"} {
		cfg := trending("stop", "0")
		cfg.Venue.Faults = []string{"at 140h adl UM BTCUSDT long " + part}
		res := bundletest.Run(t, cfg, backtest.LocalProgram(trend.New))
		if got := bundletest.Held(res); got != "UM BTCUSDT 0.2" || forced(res) != 1 {
			t.Errorf("%s: at the end %q, %d forced fills", part, got, forced(res))
		}
	}
}

// trendContractFails: a contract that the guard refuses does not stop the other.
func trendContractFails(t *testing.T) {
	cfg := trending("second", "CM:BTCUSD_PERP", "qty", "1")
	cfg.Risk.OrderNotionalMaxRatio = decimal.New(3, 0)
	cfg.Strategies[0].Allow.Symbols = []strategy.Symbol{{Product: exchange.UM, Name: "BTCUSDT"}}
	res := bundletest.Run(t, cfg, backtest.LocalProgram(trend.New))
	if got := bundletest.Held(res); got != "UM BTCUSDT 1" || res.Orders.Refused == 0 || res.Orders.Refused > 6*24 {
		t.Errorf("at the end %q, %+v", got, res.Orders)
	}
	delete(cfg.Strategies[0].Params, "second")
	alone := bundletest.Run(t, cfg, backtest.LocalProgram(trend.New))
	fills := func(res *backtest.Result) (list []string) {
		for _, f := range res.Fills.All() {
			list = append(list, fmt.Sprint(f.At, " ", f.Side, " ", f.Qty))
		}
		return list
	}
	if got, want := fills(res), fills(alone); !slices.Equal(got, want) {
		t.Errorf("it traded %v, without the other %v", got, want)
	}
}
