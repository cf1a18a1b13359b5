package backtest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/strategy"
)

// TestLimits: a run tells of every limit how near it came, and the rows of a control have
// all its refusals.
func TestLimits(t *testing.T) {
	sizes := []string{"0.001", "0.05", "0.1", "0.3", "900000", "0.02"}
	tries := program(puppet{
		start: sees(time.Hour, 0),
		bar: func(p *puppet, env *strategy.Env, in *exchange.Instrument, b *exchange.Bar) {
			if p.n < len(sizes) {
				env.Send(strategy.Buy(in, exchange.MustFixed(sizes[p.n])).Market())
			}
			p.n++
		},
	})
	cfg := deskConfig(1, time.Hour)
	cfg.Risk.OrderNotionalMaxRatio = decimal.New(5, -2) // 5,000 USD
	res := runDesk(t, cfg, tries)
	refused := map[string]int{}
	for i, u := range res.Limits {
		refused[u.Rule] += u.Refused
		if u.Used.GreaterThan(decimal.New(1, 0)) || u.Used.IsNegative() || (u.Value == "") != (u.Strategy == "") || (u.Value == "") != (u.At == 0) {
			t.Errorf("%+v", u)
		}
		if i == 0 && u.Rule != "state" || u.Rule == "unimmr" && (u.Key != "risk.unimmr_min" || u.Limit != cfg.Risk.UniMMRMin.String()) {
			t.Errorf("%+v", u)
		}
		if u.Rule == "order-size" && (u.Strategy != "puppet" || u.Instrument != "UM BTCUSDT" || u.Refused == 0 || !u.Used.IsPositive()) {
			t.Errorf("%+v", u)
		}
	}
	if res.Orders.Refused == 0 || res.Fills.Len() == 0 {
		t.Errorf("%d refused, %d fills", res.Orders.Refused, res.Fills.Len())
	}
	for _, n := range res.Orders.ByRule {
		if refused[n.Rule] != n.Count {
			t.Errorf("%s: the limits have %d refusals, the orders %d", n.Rule, refused[n.Rule], n.Count)
		}
	}
	ins, err := exchange.NewInstruments()
	if err != nil {
		t.Fatal(err)
	}
	guard, err := riskguard.New(riskguard.Config{Instruments: ins, Tables: margin.Assumed(), Limits: cfg.Risk})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range guard.Uses() {
		if _, told := refused[u.Rule]; !told {
			t.Errorf("nothing is told of %s", u.Rule)
		}
	}
}
