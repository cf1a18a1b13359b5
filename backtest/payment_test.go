package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestSettlements: what a payment is of is the exposure of its instant, what was paid is
// that times the rate, and the rate before it is the last payment's: on UM and CM, for the
// legs of hedge mode, and with news that come late.
func TestSettlements(t *testing.T) {
	for _, c := range []struct {
		name, leg string
		hedge     bool
		answer    string
		rows      int
	}{
		{"linear", "UM:BTCUSDT", false, "", 29},
		{"inverse", "CM:BTCUSD_PERP", false, "", 29},
		{"two legs", "UM:BTCUSDT", true, "", 58},
		{"two legs, inverse", "CM:BTCUSD_PERP", true, "", 58},
		{"late", "CM:BTCUSD_PERP", true, "50s", 58},
	} {
		cfg := deskConfig(10, time.Hour)
		cfg.Sample, cfg.Account.HedgeMode, cfg.Venue.Latency.Answer = time.Hour, c.hedge, c.answer
		cfg.Account.Margin = map[string]decimal.Decimal{"BTC": decimal.New(3, 0)}
		cfg.From = day.Add(9 * time.Hour) // one settlement is history
		cfg.Strategies[0].Params = map[string]string{"leg": c.leg}
		res := runDesk(t, cfg, program(holder(c.hedge)))
		if len(res.Settlements) != c.rows {
			t.Errorf("%s: %d settlements", c.name, len(res.Settlements))
		}
		checkSettlements(t, c.name, res)
	}
}

// holder buys once, in hedge mode also the other leg, of another size.
func holder(hedge bool) puppet {
	return puppet{start: sees(time.Hour, 9), bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, _ *exchange.Bar) {
		if env.Warming() {
			return
		}
		size := exchange.FixedOne / 2
		if in.Inverse() {
			size = 200 * exchange.FixedOne
		}
		switch p.n++; {
		case p.n > 1:
		case hedge:
			env.Send(strategy.Buy(in, 2*size).Leg(exchange.Long).Market())
			env.Send(strategy.Sell(in, size).Leg(exchange.Short).Market())
		default:
			env.Send(strategy.Sell(in, size).Market())
		}
	}}
}

func checkSettlements(t *testing.T, name string, res *Result) {
	t.Helper()
	exposure := map[exchange.Time]decimal.Decimal{}
	for _, s := range res.Equity {
		for _, e := range s.Exposure {
			exposure[s.At] = exposure[s.At].Add(e.USD)
		}
	}
	cent, sum := decimal.New(1, -2), decimal.Zero
	var before exchange.Fixed
	for i, s := range res.Settlements {
		if off := s.NotionalUSD.Mul(s.Rate.Decimal()).Add(s.USD).Abs(); s.Rate == 0 || off.GreaterThan(decimal.New(1, -3)) {
			t.Errorf("%s: %v USD at %v are not what a rate of %v asks of %v", name, s.USD, s.At, s.Rate, s.NotionalUSD)
		}
		if s.Estimate == nil || s.Previous == nil {
			t.Fatalf("%s: the generated market has both forecasts of %v: %+v", name, s.At, s)
		}
		if sum = sum.Add(s.NotionalUSD); i+1 < len(res.Settlements) && res.Settlements[i+1].At == s.At {
			if !s.NotionalUSD.IsPositive() || !res.Settlements[i+1].NotionalUSD.IsNegative() {
				t.Errorf("%s: legs of %v and %v", name, s.NotionalUSD, res.Settlements[i+1].NotionalUSD)
			}
			continue // the other leg is of the same settlement
		}
		if off := sum.Sub(exposure[s.At]).Abs(); off.GreaterThan(cent) {
			t.Errorf("%s: a payment of %v USD, but an exposure of %v at %v", name, sum, exposure[s.At], s.At)
		}
		if sum = decimal.Zero; i > 1 && *s.Previous != before {
			t.Errorf("%s: at %v the rate before is %v, want %v", name, s.At, *s.Previous, before)
		}
		before = s.Rate
	}
}

// TestSettlementWithoutMark: where the exchange settles at the last price because there is
// no mark, the payment tells the position.
func TestSettlementWithoutMark(t *testing.T) {
	a := attributed(t, 1)
	r := newRecorder(a.ins, []string{"a"})
	r.attribution, r.live = *a, true
	funding := exchange.Event{At: day, Inst: 1}
	funding.SetFunding(exchange.Funding{Rate: exchange.MustFixed("-0.0004")})
	r.settles(&funding)
	paid := exchange.Event{At: day.Add(time.Second), Exchange: day, Inst: 1}
	paid.SetLedger(&exchange.LedgerEntry{Asset: "USDT", Wallet: exchange.WalletUM, Reason: exchange.ReasonFunding, Delta: decimal.New(4, 0)})
	r.observe(&paid)
	if s := r.settled[0]; s.At != day || s.NotionalUSD.String() != "9998" || s.Previous != nil || s.Estimate != nil {
		t.Errorf("%+v", s)
	}
}
