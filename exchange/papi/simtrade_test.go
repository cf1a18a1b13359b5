package papi

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// TestSimOrders goes through an order of each kind at the simulated exchange.
func TestSimOrders(t *testing.T) {
	f := exchange.MustFixed
	withSim(t, func(d *trader) {
		limit := exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.010"), Price: f("49000")}
		resting := d.submit(limit)
		cm, pair := limit, limit
		cm.Inst, cm.Qty, pair.Inst = testCM, f("10"), testMargin
		inCM := d.submit(cm)
		d.submit(pair)
		market := limit
		market.Type, market.Price = exchange.Market, 0
		d.submit(market)
		stop := limit
		stop.Side, stop.Type, stop.Price, stop.Trigger, stop.ReduceOnly = exchange.Sell, exchange.StopMarket, 0, f("48000"), true
		stop.WorkingType = exchange.MarkPrice
		d.submit(stop)
		cmStop := stop
		cmStop.Inst, cmStop.Qty, cmStop.ReduceOnly = testCM, f("5"), false
		d.submit(cmStop)
		oco := exchange.OrderRequest{Inst: testMargin, Side: exchange.Sell, Type: exchange.OCO, Qty: f("0.01"), Price: f("55000"), Trigger: f("47000")}
		d.submit(oco)
		d.pass(time.Second)
		amended := resting
		amended.Request.Price, amended.Request.Qty, amended.Status = f("49500"), f("0.020"), exchange.StatusWorking
		d.broker.Submit(d.approve(amended, true), 0)
		inCM.Status = exchange.StatusWorking
		d.broker.Cancel(inCM, 0)
		d.pass(time.Second)
		d.agree()
		d.show(f("49200"))
		d.pass(time.Second)
		d.show(f("47900"))
		d.pass(time.Second)
		d.show(f("46900"))
		d.pass(time.Second)
		d.show(f("46800"))
		d.pass(2 * time.Second)
		d.agree()
		for id, want := range map[string]exchange.OrderStatus{
			"pm-1-1": exchange.StatusFilled, "pm-1-2": exchange.StatusCanceled, "pm-1-3": exchange.StatusFilled, "pm-1-4": exchange.StatusFilled,
			"pm-1-5": exchange.StatusFinished, "pm-1-6": exchange.StatusFinished, "pm-1-7": exchange.StatusFinished,
			"pm-1-7-l": exchange.StatusExpired, "pm-1-7-s": exchange.StatusFilled,
		} {
			if d.status[id] != want {
				t.Errorf("%s is %v, want %v", id, d.status[id], want)
			}
		}
		if len(d.fills) != 6 {
			t.Errorf("%d fills", len(d.fills))
		}
	})
}

// TestSimFaults trades at random while the exchange and the way to it fail, and holds what
// was told against the exchange's truth when the faults are over.
func TestSimFaults(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			withSim(t, func(d *trader) {
				r := rand.New(rand.NewPCG(seed, 7))
				for range 120 {
					d.step(r)
					d.pass(time.Duration(r.IntN(3000)) * time.Millisecond)
				}
				d.sim.ClearFaults(0)
				d.pass(3 * time.Minute)
				d.broker.CatchUp("the faults are over")
				d.pass(time.Minute)
				if d.broker.State() != Live {
					t.Errorf("state %v", d.broker.State())
				}
				d.agree()
			})
		})
	}
}

// step does one thing at random.
func (d *trader) step(r *rand.Rand) {
	switch n := r.IntN(10); {
	case n < 5:
		d.submit(d.wish(r))
	case n < 6 && len(d.sent) > 0:
		o := d.sent[r.IntN(len(d.sent))]
		d.mu.Lock()
		o.Status = d.status[o.ClientID]
		d.mu.Unlock()
		if !o.Status.Final() {
			d.broker.Cancel(o, 0)
		}
	case n < 7 && len(d.sent) > 0:
		o := d.sent[r.IntN(len(d.sent))]
		d.mu.Lock()
		o.Status = d.status[o.ClientID]
		d.mu.Unlock()
		if q := &o.Request; q.Type == exchange.Limit && q.Inst != testMargin && o.Status == exchange.StatusWorking {
			q.Price, q.Qty = d.price-exchange.Fixed(q.Side.Sign()*int64(r.IntN(300)-30))*exchange.FixedOne, q.Qty*2
			d.broker.Submit(d.approve(o, true), 0)
		}
	case n < 8:
		d.show(d.price + exchange.Fixed(r.IntN(601)-300)*exchange.FixedOne)
	default:
		d.trouble(r, false)
	}
}

// trouble lets something fail; of what is orderly no fill is told behind a later one.
func (d *trader) trouble(r *rand.Rand, orderly bool) {
	faults := []papisim.FaultKind{
		papisim.FaultLostRequest, papisim.FaultLostReply, papisim.FaultReset, papisim.FaultEmpty, papisim.FaultTruncated,
		papisim.FaultUnknown503, papisim.FaultDown503, papisim.FaultThrottled503, papisim.FaultUnknown, papisim.FaultTimeout,
		papisim.FaultTimestamp, papisim.FaultEngineLate, papisim.FaultCancel, papisim.FaultLateReply,
		papisim.FaultEventRepeated, papisim.FaultEventUnknown, papisim.FaultKeyDead, papisim.FaultSilent, papisim.FaultClosed,
	}
	if !orderly {
		faults = append(faults, papisim.FaultEventLost, papisim.FaultEventLate, papisim.FaultEventReordered)
	}
	fault := papisim.Fault{Kind: faults[r.IntN(len(faults))], NotExecuted: r.IntN(2) == 0, Delay: papisim.Duration(time.Duration(1+r.IntN(4)) * time.Second)}
	if r.IntN(3) > 0 {
		fault.Path = "/papi/v1/um/order"
	}
	if _, err := d.sim.Inject(fault); err != nil {
		fault.NotExecuted, fault.Path = false, ""
		if _, err := d.sim.Inject(fault); err != nil {
			d.t.Fatal(err)
		}
	}
}

// wish is an order at random, near the market.
func (d *trader) wish(r *rand.Rand) exchange.OrderRequest {
	f := exchange.MustFixed
	q := exchange.OrderRequest{
		Inst: exchange.InstrumentID(1 + r.IntN(3)), Side: exchange.Side(1 + r.IntN(2)), Type: exchange.Limit, Qty: f("0.002"),
		Price: d.price + exchange.Fixed(r.IntN(801)-400)*exchange.FixedOne,
	}
	if q.Inst == testCM {
		q.Qty = f("2")
	}
	switch r.IntN(6) {
	case 0:
		q.Type, q.Price = exchange.Market, 0
	case 1:
		q.TimeInForce = exchange.IOC
	case 2:
		q.Type, q.Price, q.Trigger = exchange.StopMarket, 0, d.price+exchange.Fixed(q.Side.Sign()*int64(100+r.IntN(300)))*exchange.FixedOne
	case 3:
		if q.Inst == testMargin && q.Side == exchange.Sell {
			q.Type, q.Price, q.Trigger = exchange.OCO, d.price+400*exchange.FixedOne, d.price-400*exchange.FixedOne
		}
	}
	return q
}

// TestSimForced: an execution that was forced on us is told as such, and positions and money
// agree with it; so it is with a loan that is taken, charged and repaid.
func TestSimForced(t *testing.T) {
	withSim(t, func(d *trader) {
		d.submit(exchange.OrderRequest{Inst: testUM, Side: exchange.Sell, Type: exchange.Market, Qty: exchange.MustFixed("0.4")})
		d.pass(time.Second)
		d.show(exchange.MustFixed("50010"))
		d.pass(time.Second)
		err := d.sim.Change(func(v *venue.Venue, at exchange.Time) error {
			return v.ADL(testUM, exchange.Both, exchange.MustFixed("0.5"), at)
		})
		if err != nil {
			t.Fatal(err)
		}
		d.pass(time.Second)
		if lines := strings.Join(d.log, "\n"); !strings.Contains(lines, ", forced ADL") {
			t.Errorf("no forced fill\n%s", lines)
		}
		for _, step := range []func(v *venue.Venue, at exchange.Time) error{
			func(v *venue.Venue, at exchange.Time) error { return v.Borrow("USDT", decimal.New(500, 0), at) },
			func(v *venue.Venue, at exchange.Time) error { return v.Repay("USDT", decimal.New(200, 0), at) },
		} {
			if err := d.sim.Change(step); err != nil {
				t.Fatal(err)
			}
			d.pass(time.Second)
			d.agree()
		}
		if err := d.sim.Forward(t.Context(), 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		d.pass(5 * time.Minute)
		d.agree()
	})
}
