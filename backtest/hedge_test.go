package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestHedgeMode runs a strategy that holds a long and a short of one symbol: both are open
// at the end, its view has them apart, and what the run says to have earned is what the
// account has gained.
func TestHedgeMode(t *testing.T) {
	cfg := deskConfig(2, time.Hour)
	cfg.Account.HedgeMode = true
	var long, short decimal.Decimal
	res := runDesk(t, cfg, program(puppet{
		start: sees(time.Hour, 0),
		bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
			switch p.n++; p.n {
			case 2:
				env.Send(strategy.Buy(in, exchange.FixedOne/5).Leg(exchange.Long))
			case 12:
				env.Send(strategy.Sell(in, exchange.FixedOne/10).Leg(exchange.Short))
			case 22:
				env.Send(strategy.Sell(in, exchange.FixedOne/10).Leg(exchange.Long))
				env.Send(strategy.Buy(in, exchange.FixedOne/10)) // names no leg: rejected
			}
			long, short = env.Leg(in, exchange.Long).Qty, env.Leg(in, exchange.Short).Qty
		},
	}))
	tenth := decimal.New(1, -1)
	if !long.Equal(tenth) || !short.Equal(tenth.Neg()) {
		t.Errorf("the view has legs of %v and %v, want 0.1 and -0.1", long, short)
	}
	if len(res.Open) != 2 || res.Fills.Len() != 3 || res.Orders.Rejected != 1 {
		t.Fatalf("open %+v, %d fills, %+v", res.Open, res.Fills.Len(), res.Orders)
	}
	unrealized := res.Open[0].Unrealized.Add(res.Open[1].Unrealized)
	gained := res.Balances[0].End.Sub(res.Balances[0].Start).Add(unrealized)
	if off := gained.Sub(res.Total.Net).Abs(); off.GreaterThan(decimal.New(1, -2)) { // a USDT is not quite a dollar
		t.Errorf("the account gained %v, the report says %v", gained, res.Total.Net)
	}
}
