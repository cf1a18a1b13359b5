package bundletest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// Day is the first of a generated market.
var Day = exchange.TimeOf(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC))

// Config is one strategy on some days of a generated market of bitcoin, on an account of
// 100,000 USDT, under limits that end no run: nobody is there to resume.
func Config(days int, bar time.Duration, params map[string]string) *backtest.Config {
	fee := backtest.FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	one := decimal.New(1, 0)
	cfg := &backtest.Config{Seed: 3, Risk: riskguard.DefaultLimits(), Strategies: []backtest.StrategyConfig{{Plugin: "it", Params: params}}}
	r := &cfg.Risk
	r.DailyLossMaxRatio, r.DrawdownMaxRatio, r.StrategyDailyLossMaxRatio, r.StrategyDrawdownMaxRatio = one, one, one, one
	r.LossStreakMax, r.ForcedFillsMax, r.ExecutionsPerMinuteMax = 1_000_000, 1_000_000, 10_000
	r.OrderNotionalMaxRatio, r.PositionMaxRatio, r.OpenOrdersNotionalMaxRatio = one, decimal.New(2, 0), decimal.New(40, 0)
	cfg.Data.Generate = backtest.GenerateConfig{Coin: "BTC", Days: days, Bar: bar, Start: Day}
	cfg.Account.Margin, cfg.Account.Leverage = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}, 5
	cfg.Venue.UM, cfg.Venue.CM = fee, fee
	cfg.Venue.Margin = backtest.FeeConfig{Maker: exchange.MustFixed("0.001"), Taker: exchange.MustFixed("0.001")}
	return cfg
}

// Params makes parameters of names and values in turn; of a name given twice the last counts.
func Params(pairs ...string) map[string]string {
	p := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		p[pairs[i]] = pairs[i+1]
	}
	return p
}

// Run runs a program to its end.
func Run(t testing.TB, cfg *backtest.Config, p backtest.Program) *backtest.Result {
	t.Helper()
	raced.Skip(t, "it has one goroutine")
	opt := backtest.Options{Programs: []backtest.Program{p}}
	if dies, ok := p.(Program); ok {
		opt = dies.options(cfg)
	}
	res, err := backtest.Run(context.Background(), cfg, opt)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Held is what is open at the end, on one line, such as "UM BTCUSDT 0.2; CM BTCUSD_PERP -50".
func Held(res *backtest.Result) string {
	var list []string
	for _, p := range res.Open {
		list = append(list, fmt.Sprint(p.Product, " ", p.Symbol, " ", p.Qty))
	}
	return strings.Join(list, "; ")
}

// Deaths runs a strategy without a death; with a restart before every event; and then once for
// each event (or each every-th of them) with a death at it: nobody handles that event and the
// next missed-1, no timer rings that was set before, and the memory is one event older still.
// Of a third of the deaths the kernel hears nothing, as when the whole bot was gone, of a third it
// hears and cancels what is open, and of the others it hears and keeps that; with PMBOT_DEATHS each
// is died in every way. What final makes of the result must be the same each time. The undisturbed result is
// returned, for a look at whether there was anything to disturb.
func Deaths(t *testing.T, cfg *backtest.Config, make func() strategy.Strategy, every, missed int, final func(*backtest.Result) string) *backtest.Result {
	t.Helper()
	return DeathsBy(t, cfg, make, every, missed, []Way{Untold, ToldCancels, ToldKeeps}, final)
}

// DeathsBy is Deaths by some ways only: the deaths have them one after the other.
func DeathsBy(t *testing.T, cfg *backtest.Config, make func() strategy.Strategy, every, missed int, by []Way, final func(*backtest.Result) string) *backtest.Result {
	t.Helper()
	raced.Skip(t, "it has one goroutine")
	events := 0
	p := Program{LocalProgram: make, Events: &events}
	base := Run(t, cfg, p)
	want, n := final(base), events
	// Of timers every other: one that Start sets at once would never come to an end.
	p.Dies = func(n int, e *exchange.Event) bool { return e.Kind != exchange.KindTimer || n%2 == 0 }
	if got := final(Run(t, cfg, p)); got != want {
		t.Errorf("restarted before every event: at the end %q, want %q", got, want)
	}
	p.Missed, p.Stale = missed, 1
	wrong, deaths := 0, 0
	for k := 0; k < n && wrong < 5; k += every {
		p.Dies = func(i int, _ *exchange.Event) bool { return i == k }
		ways := by
		if os.Getenv("PMBOT_DEATHS") == "" {
			ways = by[k/every%len(by):][:1]
		}
		for _, told := range ways {
			deaths++
			if got := final(told.Run(t, cfg, p)); got != want {
				wrong++
				t.Errorf("killed at event %d of %d, %v: at the end %q, want %q", k, n, told, got, want)
			}
		}
	}
	t.Logf("%d events, %d deaths, %d fills, at the end %q", n, deaths, base.Fills.Len(), want)
	return base
}

// Way is what the kernel hears of a death: Untold nothing, as when the whole bot was gone, else that
// the strategy's process is, and then its orders are cancelled or kept.
type Way int

const (
	Untold Way = iota
	ToldCancels
	ToldKeeps
)

func (w Way) String() string { return [...]string{"untold", "on_death = cancel", "on_death = keep"}[w] }

// Run runs a program that dies so.
func (w Way) Run(t testing.TB, cfg *backtest.Config, p Program) *backtest.Result {
	t.Helper()
	dies := *cfg
	dies.Strategies = slices.Clone(cfg.Strategies)
	if p.Tells = w != Untold; w == ToldKeeps {
		dies.Strategies[0].OnDeath = backtest.DeathKeeps
	}
	return Run(t, &dies, p)
}

// Every is how many events lie between two deaths of a test: 1 where time is no matter, and
// the step otherwise.
func Every(step int) int {
	switch {
	case os.Getenv("PMBOT_DEATHS") != "":
		return 1
	case testing.Short():
		return 10*step + 1
	}
	return step
}
