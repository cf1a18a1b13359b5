package main

import (
	"context"
	"errors"
	"os/exec"
	"sync"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// TestProgramThatIsGone: a strategy whose program cannot be started again, such as while its
// file is replaced, stays halted, and the bot and the others go on.
func TestProgramThatIsGone(t *testing.T) {
	b, _ := stopping(t)
	p := &player{id: 1, label: "s"}
	b.players = &livePlayers{list: []*player{p}, lost: make(chan lostPlayer, 1)}
	b.cfg.Strategies = []backtest.StrategyConfig{{Plugin: "/does/not/exist", Label: "s"}}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	again := make(chan *player, 1)
	for range 3 {
		b.startAgain(ctx, p, again)
	}
	if p.failures != 3 || p.live.Load() != nil || b.guard.State(1, 0) != exchange.Halted {
		t.Errorf("%d failures, the strategy is %v", p.failures, b.guard.State(1, 0))
	}
}

// TestLostOnce: a session that ends while it is started is told twice, by its start and by
// itself. The second word must not end the session that has taken its place.
func TestLostOnce(t *testing.T) {
	b, _ := stopping(t)
	p := &player{id: 1, label: "s", session: 3}
	gate := host.NewGate(1)
	p.gate.Store(gate)
	b.strategyLost(t.Context(), lostPlayer{p, 2, errors.New("the one before")}, make(chan *player, 1))
	if p.gate.Load() != gate || p.failures != 0 {
		t.Errorf("%d failures, the gate is %p", p.failures, p.gate.Load())
	}
}

// TestStartAgainOfOneThatRuns: a strategy that a swap has started while it waited to be started
// again is let be.
func TestStartAgainOfOneThatRuns(t *testing.T) {
	b, _ := stopping(t)
	p := &player{id: 1, label: "s", session: 3, sessions: 3}
	b.players = &livePlayers{list: []*player{p}, lost: make(chan lostPlayer, 1)}
	b.cfg.Strategies = []backtest.StrategyConfig{{Plugin: "/does/not/exist", Label: "s"}}
	runs := &host.Live{}
	p.live.Store(runs)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	b.startAgain(ctx, p, make(chan *player, 1))
	if p.live.Load() != runs || p.session != 3 || p.sessions != 3 {
		t.Errorf("session %d of %d, runs %v", p.session, p.sessions, p.live.Load() == runs)
	}
}

// TestResumeBesideAPersonsOrder: a strategy that is started while an order of a person's plan is open
// in its place goes on with refs of its own. With one from among the plans' it would not be cleared
// when the process dies.
func TestResumeBesideAPersonsOrder(t *testing.T) {
	b, _ := stopping(t)
	wish := exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: engine.FlattenRef + 3, Request: exchange.OrderRequest{Inst: 1, Side: exchange.Sell, Type: exchange.Market, Qty: 1}}
	e := exchange.Event{Seq: b.kernel.Seq() + 1, At: b.kernel.Now(), Inst: 1}
	e.SetIntent(&wish)
	b.kernel.Apply(&e, &engine.Decision{Decision: exchange.Decision{Order: exchange.Order{
		ID: 2, ClientID: "pm-1-1-2", Strategy: 1, Ref: wish.Ref, Request: wish.Request, Status: exchange.StatusPendingNew,
	}}})
	r := b.resumeAt(b.kernel, &player{id: 1, label: "s"})
	if r.LastRef != b.kernel.Seq() || len(r.Orders) != 2 {
		t.Errorf("refs go on from %d, %d orders", r.LastRef, len(r.Orders))
	}
}

// TestSwapBackToADeafOne: when a swap comes to nothing and more has happened meanwhile than a gate
// keeps, the old program is started again. It would live on, and hear of nothing.
func TestSwapBackToADeafOne(t *testing.T) {
	b, _ := stopping(t)
	path, err := exec.LookPath("counter")
	if err != nil {
		t.Fatal(err)
	}
	plugin, err := host.Open(t.Context(), host.Spec{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close()
	live, err := plugin.Live(t.Context(), host.LiveConfig{
		Instruments: b.ins, ID: 1, Wish: func(host.Wishes) {}, Ended: func(err error) { t.Errorf("it has ended by itself: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &player{id: 1, label: "s", session: 3, sessions: 3}
	p.live.Store(live)
	b.players = &livePlayers{list: []*player{p}, lost: make(chan lostPlayer, 1)}
	ctx, end := context.WithCancel(t.Context())
	defer end()
	again, why := make(chan *player, 1), errors.New("the new one does not start")
	gate := host.NewHandover(live)
	if err := b.goBack(ctx, p, live, gate, why, again); err != why || p.failures != 0 || p.live.Load() != live {
		t.Fatalf("nothing was missed: %v, %d failures", err, p.failures)
	}
	gate = host.NewHandover(live)
	for i := range 200_001 {
		e := exchange.Event{Seq: uint64(i + 1), At: exchange.Time(i), Inst: 1}
		e.SetBookTicker(exchange.BookTicker{Bid: 1, BidQty: 1, Ask: 2, AskQty: 1})
		gate.Deliver(&e)
	}
	err = b.goBack(ctx, p, live, gate, why, again)
	if !errors.Is(err, why) || p.failures != 1 || p.live.Load() != nil || b.guard.State(1, 0) != exchange.Halted {
		t.Errorf("%v; %d failures, the strategy is %v", err, p.failures, b.guard.State(1, 0))
	}
}

// TestSavesAtOneTime: a strategy's memory that is saved by the minute and by the bot's stop at one
// time is what was asked for last, whichever was answered first.
func TestSavesAtOneTime(t *testing.T) {
	b, _ := stopping(t)
	b.dir = t.TempDir()
	p := &player{label: "s"}
	for range 20 {
		var group sync.WaitGroup
		for range 8 {
			n := p.asks()
			group.Go(func() {
				if err := b.keepMemory(p, n, &strategy.Saved{Version: int(n), State: []byte("{}")}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got, err := b.readMemory(p); err != nil || got.Version != int(p.saves.asked) {
			t.Fatalf("%+v, %v, want version %d", got, err, p.saves.asked)
		}
	}
}
