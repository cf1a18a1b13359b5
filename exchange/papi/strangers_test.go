package papi

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// strange places an order past the kernel, as another process would, or a person.
func (l *lives) strange(clientID string, r exchange.OrderRequest) {
	l.t.Helper()
	o := exchange.Order{ID: 1 << 40, ClientID: clientID, Request: r, Status: exchange.StatusPendingNew}
	l.client.SetEpoch(l.guard.Epoch())
	if a := l.broker.send(l.t.Context(), &request{order: o, approved: l.approve(o, false)}); a.err != nil {
		l.t.Error(a.err)
	}
	l.say("%s is placed", clientID)
	l.pass(time.Second)
	l.pump()
}

// read lets the account be read n times.
func (l *lives) read(n int) {
	for range n {
		l.broker.CatchUp("look")
		l.pass(20 * time.Second)
		l.pump()
	}
}

func (l *lives) held(c exchange.Cause) exchange.TradingState {
	for _, h := range l.guard.States() {
		if h.Cause == c && h.Inst == 0 && h.Strategy == 0 {
			return h.State
		}
	}
	return exchange.Active
}

// TestStrangers: what others do in the account is told, or stops it, and is never touched.
func TestStrangers(t *testing.T) {
	f := exchange.MustFixed
	bid := exchange.OrderRequest{Inst: testUM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.010"), Price: f("49000")}
	t.Run("a person", func(t *testing.T) {
		onLives(t, func(l *lives) {
			l.ready()
			l.strange("web_1", bid)
			l.read(2)
			if d := l.kernel.Differences(); len(d) != 1 || d[0].Kind != exchange.ForeignOrder || d[0].Remedy != exchange.RemedyReport {
				t.Errorf("differences %+v", d)
			}
			if !l.openOrders(l.t.Context())["web_1"] || l.held(exchange.CauseTruth) != exchange.Active {
				t.Error("it was touched")
			}
		})
	})
	t.Run("another bot", func(t *testing.T) {
		onLives(t, func(l *lives) {
			l.ready()
			l.strange("pm-x9-1-1", bid)
			l.read(1)
			if l.held(exchange.CauseTruth) != exchange.Halted || len(l.reasons) != 1 || !strings.Contains(l.reasons[0], "another pmbot trades this account: BUY order pm-x9-1-1") {
				t.Errorf("reasons %v", l.reasons)
			}
			if !l.openOrders(l.t.Context())["pm-x9-1-1"] {
				t.Error("it was cancelled")
			}
		})
	})
	t.Run("a journal that was lost", func(t *testing.T) {
		onLives(t, func(l *lives) {
			l.ready()
			for _, r := range []exchange.OrderRequest{
				bid, {Inst: testUM, Side: exchange.Sell, Type: exchange.StopMarket, Qty: f("0.01"), Trigger: f("48000")},
				{Inst: testCM, Side: exchange.Buy, Type: exchange.Limit, Qty: f("2"), Price: f("49000")},
				{Inst: testCM, Side: exchange.Sell, Type: exchange.StopMarket, Qty: f("2"), Trigger: f("48000")},
				{Inst: testMargin, Side: exchange.Buy, Type: exchange.Limit, Qty: f("0.01"), Price: f("49000")},
				{Inst: testMargin, Side: exchange.Sell, Type: exchange.OCO, Qty: f("0.01"), Price: f("52000"), Trigger: f("48500")},
				{Inst: testUM, Side: exchange.Buy, Type: exchange.Market, Qty: f("0.1")},
			} {
				l.order(r)
				l.pass(time.Second)
			}
			l.show(l.price)
			l.pass(time.Second)
			l.kill()
			if n := len(l.openOrders(l.t.Context())); n != 8 { // the OCO is a list and two orders
				t.Errorf("%d open orders", n)
			}
			l.journal = nil
			l.live()
			l.ready()
			l.settle()
			if open := l.openOrders(l.t.Context()); len(open) > 0 {
				t.Errorf("left open are %v", open)
			}
			l.counted = map[string]bool{}
			if d, h := l.kernel.Differences(), l.kernel.Holdings(); len(d) > 0 || len(h) != 1 || h[0].Strategy != 0 || h[0].Qty.String() != "0.1" {
				t.Errorf("differences %+v, holdings %+v", d, h)
			}
		})
	})
}

// TestCutJournal kills the process at random and cuts off the end of its journal, which no
// journal of ours may lose: afterwards both agree on orders, and on positions or the account
// is halted and says why; then a person accepts, and all agree.
func TestCutJournal(t *testing.T) {
	seeds, seen := uint64(16), map[string]int{}
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			onLives(t, func(l *lives) {
				r := rand.New(rand.NewPCG(seed, 23))
				l.lossy = true
				l.ready()
				for range 30 + r.IntN(30) {
					l.act(r)
					l.pass(time.Duration(r.IntN(1500)) * time.Millisecond)
					l.pump()
				}
				l.die(r)
				l.journal = l.journal[:len(l.journal)-min(len(l.journal)/2, 1+r.IntN(60))]
				l.counted = map[string]bool{}
				l.live()
				l.ready()
				l.settle()
				seen[l.held(exchange.CauseTruth).String()]++
				differ := len(l.kernel.Differences())
				if halted := l.held(exchange.CauseTruth) == exchange.Halted; halted != (differ > 0) {
					t.Errorf("halted is %v, with %+v", halted, l.kernel.Differences())
				}
				l.happen(0, func(e *exchange.Event) {
					e.SetState(&exchange.StateChange{State: exchange.Active, Cause: exchange.CauseOperator, Accept: true, By: "ann"})
				})
				for _, h := range l.guard.States() { // fills of orders that the lost journal knew are nobody's
					if h.Cause == exchange.CauseWatch && h.Inst != 0 {
						l.happen(0, func(e *exchange.Event) {
							e.SetState(&exchange.StateChange{Inst: h.Inst, State: exchange.Active, Cause: exchange.CauseOperator, By: "ann"})
						})
					}
				}
				l.read(2)
				l.market()
				l.agreesNow()
			})
		})
	}
	t.Log(seen)
}
