package backtest

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
	"github.com/pmbot/pmbot/strategy"
)

// TestStopBeforeLiquidation: a bar falls through a protective stop and closes where the
// account would be liquidated. The stop was reached on the way, so it fills, and nobody
// is liquidated. Some of the seeds fall like that.
func TestStopBeforeLiquidation(t *testing.T) {
	raced.Skip(t, "it has one goroutine")
	stopped := 0
	for seed := uint64(1); seed <= 40; seed++ {
		cfg := deskConfig(15, 8*time.Hour)
		cfg.Seed = seed
		cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(500, 0)}
		cfg.Account.Leverage = 25
		cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(10, 0), decimal.New(20, 0)
		cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
		cfg.Risk.UniMMRMin, cfg.Risk.UniMMRShockMin = decimal.New(12, -1), decimal.New(105, -2)
		cfg.Risk.ShockCoin, cfg.Risk.ShockStable, cfg.Risk.ShockHaircut = decimal.Zero, decimal.Zero, decimal.Zero
		cfg.Risk.GrossExposureMaxRatio, cfg.Risk.NetExposureMaxRatio, cfg.Risk.CoinExposureMaxRatio = decimal.New(50, 0), decimal.New(50, 0), decimal.New(50, 0)
		cfg.Risk.PriceCollarMarket = decimal.New(5, -1)
		buyer := program(puppet{start: sees(8*time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			if p.n++; p.n == 1 {
				env.Send(strategy.Buy(in, exchange.MustFixed("0.08")).Market())
				env.Send(strategy.Buy(in, exchange.MustFixed("0.075")).Market())
				env.Send(strategy.Sell(in, exchange.MustFixed("0.155")).Stop((b.Close - b.Close/26).Round(in.Tick, exchange.RoundDown)).ReduceOnly())
			}
		}})
		res := runDesk(t, cfg, buyer)
		if res.Fills.Len() > 2 {
			stopped++
		}
		if res.Margin.Liquidations > 0 {
			t.Errorf("seed %d: liquidated, with %d fills", seed, res.Fills.Len())
		}
	}
	if stopped < 3 {
		t.Errorf("the stop was reached in %d markets, too few to show anything", stopped)
	}
}

// TestWarmupTimers: a timer due in the warm-up is history also when no event comes
// between it and the start of the run, which is at From and not at the next event.
func TestWarmupTimers(t *testing.T) {
	var seen []string
	waker := program(puppet{
		start: func(p *puppet, env *strategy.Env) error {
			env.At(day.Add(2*time.Hour+20*time.Minute), 1)
			env.At(day.Add(2*time.Hour+50*time.Minute), 2)
			return sees(time.Hour, 2)(p, env)
		},
		timer: func(p *puppet, env *strategy.Env, _ uint64) {
			state := " live"
			if env.Warming() {
				state = " warming"
			}
			seen = append(seen, since(env.Now())+state)
		},
	})
	cfg := deskConfig(1, time.Hour)
	cfg.From = day.Add(2*time.Hour + 30*time.Minute)
	res := runDesk(t, cfg, waker)
	if want := []string{"2h20m0s warming", "2h50m0s live"}; !slices.Equal(seen, want) {
		t.Errorf("timers fired %v, want %v", seen, want)
	}
	if first := res.Equity[0].At; first != cfg.From {
		t.Errorf("the first sample is of %v, want From", since(first))
	}
}
