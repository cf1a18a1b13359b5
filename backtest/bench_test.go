package backtest_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/trend"
	"github.com/pmbot/pmbot/riskguard"
)

// minutes is about two years, the length of the published comparisons.
const minutes = 1_051_200

// benchConfig is trend on generated one-minute bars with funding, marks and indices.
func benchConfig(days int) *backtest.Config {
	fee := backtest.FeeConfig{Maker: exchange.MustFixed("0.0002"), Taker: exchange.MustFixed("0.0005")}
	cfg := &backtest.Config{Seed: 1, Risk: riskguard.DefaultLimits()}
	cfg.Risk.DailyLossMaxRatio, cfg.Risk.DrawdownMaxRatio = decimal.New(1, 0), decimal.New(1, 0) // nobody is there to resume
	cfg.Risk.StrategyDailyLossMaxRatio, cfg.Risk.StrategyDrawdownMaxRatio, cfg.Risk.LossStreakMax = decimal.New(1, 0), decimal.New(1, 0), 1_000_000
	cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(5, -1), decimal.New(1, 0)
	cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
	cfg.Data.Generate = backtest.GenerateConfig{
		Coin: "BTC", Days: days, Bar: time.Minute, Start: exchange.TimeOf(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(100000, 0)}
	cfg.Account.Leverage = 5
	cfg.Venue.UM, cfg.Venue.CM, cfg.Venue.Margin = fee, fee, fee
	cfg.Strategies = []backtest.StrategyConfig{{Plugin: "trend", Params: map[string]string{"fast": "50", "slow": "200"}}}
	return cfg
}

// BenchmarkBars is the whole run: generator, kernel, guard, venue, account, recorder.
func BenchmarkBars(b *testing.B) {
	programs := []backtest.Program{backtest.LocalProgram(trend.New)}
	for b.Loop() {
		start := time.Now()
		res, err := backtest.Run(context.Background(), benchConfig(minutes/1440), backtest.Options{Programs: programs})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(minutes/time.Since(start).Seconds()/1e6, "Mbars/s")
		b.ReportMetric(float64(res.Orders.Fills), "fills")
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapSys)/1e6, "heapMB")
	}
}

// BenchmarkBusy is a run that fills an order at every minute, so that what is recorded of
// fills, bookings and round trips weighs most.
func BenchmarkBusy(b *testing.B) {
	programs := []backtest.Program{backtest.LocalProgram(trend.New)}
	for b.Loop() {
		cfg := benchConfig(60)
		cfg.Strategies[0].Params = map[string]string{"fast": "1", "slow": "2"}
		start := time.Now()
		res, err := backtest.Run(context.Background(), cfg, backtest.Options{Programs: programs})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(res.Events)/time.Since(start).Seconds()/1e3, "kev/s")
		b.ReportMetric(float64(res.Orders.Fills), "fills")
	}
}
