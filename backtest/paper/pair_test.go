package paper

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// filled is a course of one fill.
func filled(after time.Duration, price, qty, fee string, maker bool) course {
	c := course{status: exchange.StatusFilled, over: true, ended: exchange.Time(after)}
	e := exchange.Event{At: exchange.Time(after)}
	e.SetFill(&exchange.Fill{
		TradeID: 1, Price: exchange.MustFixed(price), Qty: exchange.MustFixed(qty), Fee: decimal.RequireFromString(fee), FeeAsset: "USDT", Maker: maker,
	})
	c.fill(&e)
	c.fill(&e) // told again, it counts once
	return c
}

func ended(s exchange.OrderStatus) course { return course{status: s, over: true} }

// TestCauses holds every cause to a pair that has it and a pair on the other side of its
// border.
func TestCauses(t *testing.T) {
	taken, rested := filled(20*time.Millisecond, "100", "1", "0.05", false), filled(time.Second, "100", "1", "0.02", true)
	none := ended(exchange.StatusCanceled)
	for _, c := range []struct {
		live, sim course
		buy       bool
		holed     bool
		want      Cause
	}{
		{live: taken, sim: taken, want: Same},
		{live: none, sim: none, want: Same},
		{live: taken, sim: taken, holed: true, want: Same}, // a hole that has changed nothing
		{live: taken, sim: none, holed: true, want: MissingData},
		{live: ended(exchange.StatusRejected), sim: rested, want: RejectedLive},
		{live: ended(exchange.StatusNotArrived), sim: none, want: RejectedLive},
		{live: ended(exchange.StatusRejected), sim: ended(exchange.StatusRejected), want: Same},
		{live: none, sim: ended(exchange.StatusRejected), want: RejectedSim},
		{live: rested, sim: course{status: exchange.StatusExpired, code: codePostOnly}, want: RejectedSim},
		{live: ended(exchange.StatusRejected), sim: course{status: exchange.StatusExpired, code: codePostOnly}, want: Same},
		{live: rested, sim: none, want: QueueLive},
		{live: none, sim: rested, want: QueueSim},
		{live: taken, sim: none, want: Missed},
		{live: none, sim: taken, want: MissedLive},
		{live: filled(20*time.Millisecond, "100", "0.5", "0.025", false), sim: taken, want: Partial},
		{live: filled(70*time.Millisecond, "100", "1", "0.05", false), sim: taken, want: Same},
		{live: filled(71*time.Millisecond, "100", "1", "0.05", false), sim: taken, want: Late},
		{live: filled(71*time.Millisecond, "101", "1", "0.05", false), sim: taken, want: Late},
		{live: filled(20*time.Millisecond, "101", "1", "0.0505", false), sim: taken, buy: true, want: Worse},
		{live: filled(20*time.Millisecond, "101", "1", "0.0505", false), sim: taken, want: Better},
		{live: filled(20*time.Millisecond, "99.9", "1", "0.04995", false), sim: taken, buy: true, want: Better},
		{live: filled(20*time.Millisecond, "100", "1", "0.04", false), sim: taken, want: Fees},
		{live: ended(exchange.StatusExpired), sim: none, want: Ended},
	} {
		p := pair{course: [2]course{c.live, c.sim}, holed: c.holed}
		p.order.Request.Side = exchange.Sell
		if c.buy {
			p.order.Request.Side = exchange.Buy
		}
		if got := p.judge(50 * time.Millisecond); got != c.want {
			t.Errorf("%+v\n%+v: %q, want %q", c.live, c.sim, got, c.want)
		}
	}
}
