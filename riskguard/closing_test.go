package riskguard

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestClosing: a person who closes a position passes limits and halts, and nobody else; what
// is sanity holds for him, too.
func TestClosing(t *testing.T) {
	f := exchange.MustFixed
	limits := DefaultLimits()
	limits.OrderNotionalMaxRatio, limits.MessagesPerSecondMax = limits.OrderNotionalMaxRatio.Shift(-2), 0 // nothing passes by itself
	for _, c := range []struct {
		name    string
		halt    exchange.Cause // CauseMarket is none
		by      string
		change  func(*exchange.OrderRequest)
		stale   bool
		all     bool // is refused
		refusal string
	}{
		{name: "a person", halt: exchange.CauseMarket, by: "ann"},
		{name: "a strategy", halt: exchange.CauseMarket, refusal: "message-rate"},
		{name: "a person, halted by a person", halt: exchange.CauseOperator, by: "ann"},
		{name: "a person, halted by a control", halt: exchange.CauseRisk, by: "ann"},
		{name: "a person, halted by a difference", halt: exchange.CauseTruth, by: "ann"},
		{name: "a strategy, halted", halt: exchange.CauseOperator, refusal: "state"},
		{name: "a person, without a stream", halt: exchange.CauseStream, by: "ann", refusal: "state"},
		{name: "a person, before the start", halt: exchange.CauseStart, by: "ann", refusal: "state"},
		{name: "a person, at old prices", halt: exchange.CauseMarket, by: "ann", stale: true, refusal: "freshness"},
		{name: "a person, and all is refused", halt: exchange.CauseMarket, by: "ann", all: true},
		{name: "a strategy, and all is refused", halt: exchange.CauseMarket, all: true, refusal: "state"},
		{name: "more than there is", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) { r.Qty = f("1.002") }, refusal: "message-rate"},
		{name: "without the flag", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) { r.ReduceOnly = false }, refusal: "message-rate"},
		{name: "the other way", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) { r.Side = exchange.Buy }, refusal: "message-rate"},
		{name: "not on the step", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) { r.Qty = f("0.0011") }, refusal: "filters"},
		{name: "a stop", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) {
			r.Type, r.Trigger = exchange.StopMarket, f("40000")
		}, refusal: "message-rate"},
		{name: "a leg of hedge mode that is not there", halt: exchange.CauseMarket, by: "ann", change: func(r *exchange.OrderRequest) {
			r.PositionSide = exchange.Long
		}, refusal: "message-rate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			limits.RefuseAll = c.all
			b := newBench(t, limits)
			fill := exchange.Event{At: b.now, Inst: benchUM}
			fill.SetFill(&exchange.Fill{TradeID: 1, Side: exchange.Buy, Qty: f("1"), Price: f("50000")})
			b.g.Apply(&fill)
			if c.halt != exchange.CauseMarket {
				halt := exchange.Event{At: b.now}
				halt.SetState(&exchange.StateChange{State: exchange.Halted, Cause: c.halt})
				b.g.Apply(&halt)
			}
			at := b.now
			if c.stale {
				at = at.Add(limits.FreshMark * 10)
			}
			r := exchange.OrderRequest{Inst: benchUM, Side: exchange.Sell, Type: exchange.Market, Qty: f("1"), ReduceOnly: true}
			if c.change != nil {
				c.change(&r)
			}
			o := exchange.Order{ID: 1, ClientID: "a", Request: r, Status: exchange.StatusPendingNew, Created: at}
			v := b.g.Check(exchange.Intent{Kind: exchange.IntentNew, By: c.by, Request: r}, o, false, at)
			switch {
			case v.Refusal == nil && c.refusal != "":
				t.Errorf("it passed; %s should have refused it", c.refusal)
			case v.Refusal != nil && v.Refusal.Rule != c.refusal:
				t.Errorf("%v, want %q", v.Refusal, c.refusal)
			}
		})
	}
}
