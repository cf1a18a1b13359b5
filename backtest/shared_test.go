package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// onBar trades once, at the close of the n-th bar.
func onBar(n int, side func(*exchange.Instrument, exchange.Fixed) strategy.Order, qty ...string) LocalProgram {
	return program(puppet{start: sees(time.Hour, 0), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if p.n++; p.n == n {
			for _, q := range qty {
				env.Send(side(in, exchange.MustFixed(q)).Market())
			}
		}
	}})
}

func twoPuppets() []StrategyConfig {
	return []StrategyConfig{{Plugin: "puppet", Label: "a"}, {Plugin: "puppet", Label: "b"}}
}

// explained holds the total against the change of equity, which for an account of
// dollars is all there is, but for the dollar's own price: the generator lets it wander
// by some parts in ten thousand.
func explained(t *testing.T, res *Result) {
	t.Helper()
	change := res.Margin.EquityEnd.Sub(res.Margin.EquityStart)
	if diff := res.Total.Net.Sub(change).Abs(); diff.GreaterThan(res.Margin.EquityStart.Shift(-4).Mul(decimal.NewFromInt(3))) {
		t.Errorf("the total is %v, equity changed by %v", res.Total.Net, change)
	}
	sum := decimal.Zero
	for _, l := range res.ByStrategy {
		sum = sum.Add(l.Net)
	}
	if diff := sum.Sub(res.Total.Net).Abs(); diff.GreaterThan(decimal.New(1, -2)) { // a house line of less is not shown
		t.Errorf("the strategies' lines add up to %v, the total is %v", sum, res.Total.Net)
	}
}

// TestTwoOnOneInstrument: one strategy is long, the other short by as much. The account
// is flat and Binance has realised the profit; each strategy still has its own position.
func TestTwoOnOneInstrument(t *testing.T) {
	res := runDesk(t, deskConfig(2, time.Hour, twoPuppets()...), onBar(3, strategy.Buy, "0.1"), onBar(20, strategy.Sell, "0.1"))
	explained(t, res)
	if len(res.Open) != 0 {
		t.Errorf("the account is flat, but %v is open", res.Open)
	}
	if a, b := res.ByStrategy[len(res.ByStrategy)-2].Price, res.ByStrategy[len(res.ByStrategy)-1].Price; a.IsZero() || b.IsZero() {
		t.Errorf("prices earned %v and %v; both positions are open", a, b)
	}
}

// TestLiquidatedTwo: two strategies hold one position, which Binance closes. Each has its
// share of the loss and no position left.
func TestLiquidatedTwo(t *testing.T) {
	liquidated := 0
	for seed := uint64(1); seed <= 12; seed++ {
		cfg := deskConfig(6, time.Hour, twoPuppets()...)
		cfg.Seed = seed
		cfg.Account.UM = map[string]decimal.Decimal{"USDT": decimal.New(700, 0)}
		cfg.Account.Leverage = 50
		cfg.Risk.OrderNotionalMaxRatio, cfg.Risk.PositionMaxRatio = decimal.New(10, 0), decimal.New(20, 0)
		cfg.Risk.OpenOrdersNotionalMaxRatio = decimal.NewFromInt(40)
		cfg.Risk.UniMMRMin, cfg.Risk.UniMMRShockMin = decimal.New(12, -1), decimal.New(105, -2)
		cfg.Risk.ShockCoin, cfg.Risk.ShockStable, cfg.Risk.ShockHaircut = decimal.Zero, decimal.Zero, decimal.Zero
		cfg.Risk.GrossExposureMaxRatio, cfg.Risk.NetExposureMaxRatio, cfg.Risk.CoinExposureMaxRatio = decimal.New(50, 0), decimal.New(50, 0), decimal.New(50, 0)
		cfg.Risk.PriceCollarMarket = decimal.New(5, -1)
		res := runDesk(t, cfg, onBar(1, strategy.Buy, "0.08"), onBar(2, strategy.Buy, "0.1", "0.07"))
		explained(t, res)
		if res.Margin.Liquidations == 0 || len(res.Open) > 0 {
			continue
		}
		liquidated++
		for _, l := range res.ByStrategy {
			if l.Name != "house" && !l.Price.IsNegative() {
				t.Errorf("seed %d: %s bears %v of the liquidation", seed, l.Name, l.Price)
			}
		}
	}
	if liquidated == 0 {
		t.Error("nobody was liquidated")
	}
}
