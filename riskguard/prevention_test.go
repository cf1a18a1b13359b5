package riskguard

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestPrevention: with "stp" orders that may take, and name no prevention, get one; what carries
// it then passes where it would meet another strategy's resting order.
func TestPrevention(t *testing.T) {
	l := DefaultLimits()
	l.SelfTrade = PreventSelfTrade
	b := newBench(t, l)
	b.do([]string{"send", "a", "sell", "UM", "0.003", "limit", "50010"})
	b.do([]string{"ack", "a"})
	for _, c := range []struct {
		inst    exchange.InstrumentID
		request exchange.OrderRequest
		want    exchange.STP
	}{
		{benchUM, exchange.OrderRequest{Type: exchange.Limit}, exchange.ExpireMaker},
		{benchUM, exchange.OrderRequest{Type: exchange.Market}, exchange.ExpireMaker},
		{benchUM, exchange.OrderRequest{Type: exchange.Limit, TimeInForce: exchange.IOC}, exchange.ExpireMaker},
		{benchUM, exchange.OrderRequest{Type: exchange.Limit, STP: exchange.ExpireTaker}, exchange.ExpireTaker},
		{benchUM, exchange.OrderRequest{Type: exchange.Limit, STP: exchange.STPNone}, exchange.STPNone},
		{benchUM, exchange.OrderRequest{Type: exchange.Limit, TimeInForce: exchange.GTX}, exchange.STPDefault},
		{benchUM, exchange.OrderRequest{Type: exchange.Limit, TimeInForce: exchange.FOK}, exchange.STPDefault},
		{benchUM, exchange.OrderRequest{Type: exchange.StopMarket}, exchange.STPDefault},
		{b.inst("CM"), exchange.OrderRequest{Type: exchange.Limit}, exchange.STPDefault},
		{b.inst("MARGIN"), exchange.OrderRequest{Type: exchange.Limit}, exchange.ExpireMaker},
		{99, exchange.OrderRequest{Type: exchange.Limit}, exchange.STPDefault},
	} {
		o := exchange.Order{Strategy: 2, Request: c.request}
		o.Request.Inst = c.inst
		if got := b.g.Prevention(&o); got != c.want {
			t.Errorf("%+v: %v, want %v", c.request, got, c.want)
		}
	}
	o := b.order([]string{"buy", "UM", "0.003", "limit", "50010"})
	o.Strategy = 2
	if b.check(o, false) == "passes" {
		t.Error("an order without prevention may not meet our own")
	}
	o.Request.STP = b.g.Prevention(&o)
	if answer := b.check(o, false); answer != "passes" {
		t.Error(answer)
	}
	for _, other := range []SelfTrade{RefuseSelfTrade, AllowSelfTrade} {
		l.SelfTrade = other
		o.Request.STP = exchange.STPDefault
		if got := newBench(t, l).g.Prevention(&o); got != exchange.STPDefault {
			t.Errorf("%v: %v", other, got)
		}
	}
}
