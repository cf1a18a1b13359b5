package stats

import (
	"context"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/hedge"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/riskguard"
)

// sampleRun is forty days of the sample that "pmbot backtest" runs: two strategies on one
// account and a generated market.
func sampleRun(t *testing.T) *backtest.Result {
	t.Helper()
	fee := backtest.FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &backtest.Config{Seed: 1, Sample: time.Hour, Risk: riskguard.DefaultLimits(), Strategies: []backtest.StrategyConfig{
		{Plugin: "trend", Label: "trend", Params: map[string]string{
			"symbol": "UM:BTCUSDT", "bar": "15m", "sizing": "volatility", "target_vol": "0.007", "vol_bars": "96", "leverage": "0.5"}},
		{Plugin: "hedge", Label: "hedge", Params: map[string]string{
			"coin": "BTC", "leg": "CM:BTCUSD_PERP", "second": "UM:BTCUSDT", "split": "0.4", "style": "taker", "bar": "15m"}},
	}}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(9, -1), decimal.New(6, -1)
	cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	cfg.Data.Generate = backtest.GenerateConfig{Coin: "BTC", Days: 40, Bar: 15 * time.Minute, Start: start}
	cfg.Account.Margin = map[string]decimal.Decimal{"USDT": decimal.New(100_000, 0)}
	cfg.Account.CM = map[string]decimal.Decimal{"BTC": decimal.New(5, -1)}
	cfg.Account.Leverage = 5
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, fee
	r, err := backtest.Run(context.Background(), cfg, backtest.Options{Programs: []backtest.Program{backtest.LocalProgram(trend.New), backtest.LocalProgram(hedge.New)}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestIndependentOnTheSample: on the data of a run of the program itself the two
// computations agree too, and with what the run has summed up while it went on.
func TestIndependentOnTheSample(t *testing.T) {
	r := sampleRun(t)
	if r.Orders.Fills < 100 || len(r.Equity) < 900 {
		t.Fatalf("the run has %d fills and %d samples", r.Orders.Fills, len(r.Equity))
	}
	agree(t, "sample", r, map[string]bool{})
	s := Of(r)
	if got := s.Get("max_drawdown_pct").Number; !got.Equal(r.Margin.DrawdownPct) {
		t.Errorf("the largest drawdown is %v, the run says %v", got, r.Margin.DrawdownPct)
	}
	for key, want := range map[string]exchange.Time{"max_drawdown_from": r.Margin.DrawdownFrom, "max_drawdown_to": r.Margin.DrawdownTo} {
		if got := s.Get(key).Number; got.IntPart() != int64(want) {
			t.Errorf("%s is %v, the run says %v", key, exchange.Time(got.IntPart()), want)
		}
	}
	checkDocument(t, r)
}
