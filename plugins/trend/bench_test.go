package trend

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// A quiet bar through the runtime: the share of a backtest that the strategy costs.
func BenchmarkBar(b *testing.B) {
	for _, rule := range []string{"sma", "ema", "breakout"} {
		b.Run(rule, func(b *testing.B) {
			d := newDesk(b, params("rule", rule, "fast", "10", "slow", "50", "mode", "long"))
			e := exchange.Event{At: d.now, Inst: d.in.ID}
			bar := exchange.Bar{Interval: time.Minute}
			e.SetBar(&bar)
			b.ReportAllocs()
			for i := range b.N {
				bar.Close = exchange.Fixed(1_000_000_000 - i%1000) // falls: the strategy stays flat
				bar.High, bar.Low = bar.Close+5, bar.Close-5
				d.rt.Deliver(&e)
			}
		})
	}
}
