package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// BenchmarkSamples is a run that holds a position and several assets and is sampled every
// minute, so that samples are most of its cost.
func BenchmarkSamples(b *testing.B) {
	holds := puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if p.n++; p.n == 1 {
			env.Send(strategy.Buy(in, exchange.FixedOne).Market())
		}
	}}
	cfg := deskConfig(20, time.Hour)
	cfg.Sample = time.Minute
	cfg.Account.Margin = map[string]decimal.Decimal{"BTC": decimal.New(2, 0), "USDT": decimal.New(5000, 0), "USDC": decimal.New(1000, 0)}
	for b.Loop() {
		start := time.Now()
		res := runDesk(b, cfg, program(holds))
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(len(res.Equity)), "ns/sample")
	}
}
