package papi

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// stage is a kernel with the broker at its side, without strategies.
type stage struct {
	*trader
	kernel *engine.Kernel
	driver *engine.Driver
	ref    uint64
}

func (s *stage) Deliver(*exchange.Event, *engine.Wishes) error { return nil }

func newStage(d *trader) *stage {
	s := &stage{trader: d}
	ins := d.broker.config.Instruments
	d.guard = newSimGuard(d.t, ins)
	s.kernel = engine.New(engine.Config{Instruments: ins, Guard: d.guard, Strategies: 1, ClientPrefix: "pm"})
	s.driver = engine.NewDriver(s.kernel, d.broker, s)
	s.market()
	s.pump()
	s.happen(0, func(e *exchange.Event) { e.SetState(&exchange.StateChange{State: exchange.Active}) })
	d.client.SetEpoch(d.guard.Epoch())
	return s
}

// happen lets the kernel see an event.
func (s *stage) happen(inst exchange.InstrumentID, set func(*exchange.Event)) {
	e := exchange.Event{At: exchange.TimeOf(time.Now()), Inst: inst}
	set(&e)
	if err := s.driver.Deliver(&e); err != nil {
		s.t.Fatal(err)
	}
}

// market shows the kernel the prices that the exchange has.
func (s *stage) market() {
	for inst := testUM; inst <= testMargin; inst++ {
		if inst != testMargin {
			s.happen(inst, func(e *exchange.Event) { e.SetMark(exchange.Mark{Price: s.price}) })
		}
		s.happen(inst, func(e *exchange.Event) { e.SetTrade(exchange.Trade{Price: s.price, Qty: 1}) })
	}
	s.happen(0, func(e *exchange.Event) { e.SetAssetIndex(&exchange.AssetIndex{Asset: "BTC", Price: s.price}) })
	s.happen(0, func(e *exchange.Event) {
		e.SetAssetIndex(&exchange.AssetIndex{Asset: "USDT", Price: exchange.FixedOne})
	})
}

// pump gives the kernel what the broker has delivered.
func (s *stage) pump() {
	for {
		s.mu.Lock()
		events := s.events
		s.events = nil
		s.mu.Unlock()
		if len(events) == 0 {
			return
		}
		for i := range events {
			if err := s.driver.Deliver(&events[i]); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// wishes enters a wish.
func (s *stage) wishes(in exchange.Intent) {
	in.Strategy = 1
	if err := s.driver.Wish(&engine.Wishes{Intents: []exchange.Intent{in}}, exchange.TimeOf(time.Now())); err != nil {
		s.t.Fatal(err)
	}
}

// TestKernelAgrees lets a kernel trade through the broker while everything fails that can,
// and holds what it believes in the end against the exchange: its open orders, and with its
// guard's equity its positions and balances. No fill is told behind a later one: a position's
// entry price depends on their order, and is for reconciliation to put right.
func TestKernelAgrees(t *testing.T) {
	seeds := uint64(12)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			withSim(t, func(d *trader) {
				s := newStage(d)
				r := rand.New(rand.NewPCG(seed, 11))
				for range 150 {
					s.act(r)
					d.pass(time.Duration(r.IntN(2500)) * time.Millisecond)
					s.pump()
				}
				d.sim.ClearFaults(0)
				d.pass(3 * time.Minute)
				s.pump()
				d.broker.CatchUp("the faults are over")
				d.pass(time.Minute)
				s.market()
				s.pump()
				s.agree()
				s.agrees()
			})
		})
	}
}

// act does one thing at random.
func (s *stage) act(r *rand.Rand) {
	switch n := r.IntN(10); {
	case n < 5:
		s.ref++
		s.wishes(exchange.Intent{Kind: exchange.IntentNew, Ref: s.ref, Request: s.wish(r)})
	case n < 6 && s.ref > 0:
		s.wishes(exchange.Intent{Kind: exchange.IntentCancel, Ref: 1 + r.Uint64N(s.ref)})
	case n < 7 && s.ref > 0:
		orders := s.kernel.Orders()
		if len(orders) == 0 {
			return
		}
		o := orders[r.IntN(len(orders))]
		if q := o.Request; q.Type == exchange.Limit && q.Inst != testMargin {
			q.Price, q.Qty = s.price-exchange.Fixed(q.Side.Sign()*int64(r.IntN(300)-30))*exchange.FixedOne, q.Qty*2
			s.wishes(exchange.Intent{Kind: exchange.IntentAmend, Ref: o.Ref, Request: q})
		}
	case n < 8:
		s.show(s.price + exchange.Fixed(r.IntN(601)-300)*exchange.FixedOne)
		s.market()
	default:
		s.trouble(r, true)
	}
}

// agrees compares.
func (s *stage) agrees() {
	s.t.Helper()
	ctx := s.t.Context()
	open := s.openOrders(ctx)
	for _, o := range s.kernel.Orders() {
		if triggered := o.Status == exchange.StatusTriggered; !open[o.ClientID] && !triggered {
			s.t.Errorf("the kernel has %s as %v, and the exchange has not", o.ClientID, o.Status)
		}
		if o.Status == exchange.StatusUnknown {
			s.t.Errorf("the kernel is in doubt about %s", o.ClientID)
		}
		delete(open, o.ClientID)
	}
	for id := range open {
		s.t.Errorf("the exchange has %s, and the kernel has not", id)
	}
	a, err := s.client.Account(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	model := s.guard.Account()
	if diff := model.ActualEquity.Sub(a.ActualEquity).Abs(); diff.GreaterThan(decimal.New(1, -4)) {
		s.t.Errorf("equity is %v by the kernel and %v by the exchange", model.ActualEquity, a.ActualEquity)
	}
	if diff := model.MaintMargin.Sub(a.AccountMaintMargin).Abs(); diff.GreaterThan(decimal.New(1, -4)) {
		s.t.Errorf("maintenance margin is %v by the kernel and %v by the exchange", model.MaintMargin, a.AccountMaintMargin)
	}
	if s.t.Failed() {
		s.t.Log("\n" + strings.Join(s.log, "\n"))
	}
}
