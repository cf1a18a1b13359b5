package python_test

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/plugins/plugintest"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// remote is a strategy in a plugin process, as a backtest wants it.
type remote struct {
	ctx    context.Context
	plugin *host.Plugin
	name   string
}

func (r remote) Describe(params map[string]string) (backtest.Description, error) {
	d, err := r.plugin.Describe(r.ctx, r.name, params)
	return backtest.Description(d), err
}

func (r remote) Start(params map[string]string, ins *exchange.Instruments, id exchange.StrategyID) (backtest.Player, error) {
	return r.plugin.Start(r.name, params, ins, id)
}

// config is a run on the generated two-leg market, in which nothing but the strategies ends
// a trade.
func config(days int, strategies ...backtest.StrategyConfig) *backtest.Config {
	one := decimal.New(1, 0)
	cfg := &backtest.Config{Seed: 7, Risk: riskguard.DefaultLimits(), Strategies: strategies}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = one, one
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = one, one, 1_000_000
	cfg.Data.Generate = backtest.GenerateConfig{
		Coin: "BTC", Days: days, Bar: time.Minute, Start: exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": one}
	return cfg
}

func run(t *testing.T, cfg *backtest.Config, programs ...backtest.Program) *backtest.Result {
	t.Helper()
	result, err := backtest.Run(t.Context(), cfg, backtest.Options{Programs: programs})
	check(t, err)
	return result
}

// TestSameHash runs the example and the bundled strategy that it is written after, on a
// linear and on an inverse contract: the results are the same.
func TestSameHash(t *testing.T) {
	python := remote{t.Context(), open(t, "examples/trend.py"), ""}
	for _, c := range []struct {
		symbol, qty string
	}{{"UM:BTCUSDT", "0.02"}, {"CM:BTCUSD_PERP", "5"}} {
		cfg := config(3, backtest.StrategyConfig{Plugin: "trend", Label: "trend", Params: map[string]string{
			"symbol": c.symbol, "qty": c.qty, "fast": "12", "slow": "60",
		}})
		here, there := run(t, cfg, backtest.LocalProgram(trend.New)), run(t, cfg, python)
		if here.Hash != there.Hash || here.Events != there.Events {
			t.Errorf("%s: %s with %d events in Go, %s with %d in Python", c.symbol, here.Hash, here.Events, there.Hash, there.Events)
		}
		if here.Fills.Len() < 30 {
			t.Errorf("%s: only %d fills, too few to prove anything", c.symbol, here.Fills.Len())
		}
	}
}

// TestTwoPrograms has a Go program and a Python program share one account in one backtest:
// each sees what the other does to it, and the result is that of two strategies in Go.
func TestTwoPrograms(t *testing.T) {
	trendParams := map[string]string{"symbol": "UM:BTCUSDT", "qty": "0.02", "fast": "12", "slow": "60"}
	probeParams := map[string]string{"symbol": "CM:BTCUSD_PERP", "every": "5", "bars": "true"}
	cfg := config(1,
		backtest.StrategyConfig{Plugin: "probe", Label: "probe", Params: probeParams},
		backtest.StrategyConfig{Plugin: "trend", Label: "trend", Params: trendParams})
	inGo := remote{t.Context(), plugintest.Open(t, plugintest.Serve), "probe"}
	inPython := remote{t.Context(), open(t, "examples/trend.py"), ""}
	probe := backtest.LocalProgram(func() strategy.Strategy { return &plugintest.Probe{} })
	want := run(t, cfg, probe, backtest.LocalProgram(trend.New))
	if got := run(t, cfg, inGo, inPython); got.Hash != want.Hash {
		t.Errorf("%s of a Go and a Python program, %s of two in this process", got.Hash, want.Hash)
	}
	otherWay := remote{t.Context(), open(t, "tests/probe.py"), "probe"}
	if got := run(t, cfg, otherWay, backtest.LocalProgram(trend.New)); got.Hash != want.Hash {
		t.Errorf("%s of a Python and a Go program, %s of two in this process", got.Hash, want.Hash)
	}
	if want.Fills.Len() < 10 || want.Orders.Refused == 0 {
		t.Errorf("%d fills and %d refusals, too few to prove anything", want.Fills.Len(), want.Orders.Refused)
	}
}

// TestTasksHash: pairs and stops that the bot does for a strategy are the same wherever the
// strategy runs: in this process, as a Go program and as a Python program.
func TestTasksHash(t *testing.T) {
	cfg := config(2, backtest.StrategyConfig{Plugin: "tasker", Label: "tasker"})
	want := run(t, cfg, backtest.LocalProgram(func() strategy.Strategy { return &plugintest.Tasker{} }))
	for name, program := range map[string]backtest.Program{
		"Go": remote{t.Context(), plugintest.Open(t, plugintest.Serve), "tasker"}, "Python": remote{t.Context(), open(t, "tests/tasker.py"), "tasker"},
	} {
		if got := run(t, cfg, program); got.Hash != want.Hash {
			t.Errorf("%s: %s, and %s in this process", name, got.Hash, want.Hash)
		}
	}
	tags := map[string]int{}
	for _, f := range want.Fills.All() {
		tags[f.Symbol+" "+f.Tag]++
	}
	if tags["BTCUSDT pair"] < 100 || tags["BTCUSD_PERP pair"] < 100 || tags["BTCUSD_PERP rest"] < 3 || want.Orders.Rejected+want.Orders.Refused > 0 {
		t.Errorf("fills %v, orders %+v: too few to prove anything, or refusals", tags, want.Orders)
	}
}
