package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/engine/loop"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// fullDisk is a journal that takes events until an intent comes.
type fullDisk struct{}

func (fullDisk) Append(e *exchange.Event, _ *engine.Decision) error {
	if e.Kind == exchange.KindIntent {
		return errors.New("no space left on device")
	}
	return nil
}
func (fullDisk) Commit(engine.Urgency) error   { return nil }
func (fullDisk) Flush() error                  { return nil }
func (fullDisk) Full() bool                    { return false }
func (fullDisk) Snapshot(*engine.Kernel) error { return nil }

// cancelling is an exchange that ends what it is asked to end.
type cancelling struct {
	loop     *loop.Loop
	canceled []string
}

func (*cancelling) Submit(riskguard.Approved, exchange.Time) {}
func (*cancelling) SetEpoch(uint64)                          {}
func (*cancelling) Drain(context.Context, uint64) error      { return nil }
func (*cancelling) CatchUp(string)                           {}
func (*cancelling) Run(context.Context) error                { return nil }
func (c *cancelling) Cancel(o exchange.Order, at exchange.Time) {
	c.canceled = append(c.canceled, o.ClientID)
	e := exchange.Event{At: at, Inst: o.Request.Inst}
	e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: o.ClientID, Status: exchange.StatusCanceled})
	go c.loop.Put(e)
}

// stopping is a bot with one open order, whose disk is full.
func stopping(t *testing.T) (*bot, *cancelling) {
	t.Helper()
	known, err := backtest.EmbeddedInstruments()
	if err != nil {
		t.Fatal(err)
	}
	c := &console{out: io.Discard, err: io.Discard}
	b := &bot{console: c, cfg: &runConfig{}, log: slog.New(slog.DiscardHandler), players: &livePlayers{}, flags: &runFlags{quiet: true}}
	b.printer = c.newStatusPrinter(false, true)
	all, err := exchange.NewInstruments(known...)
	if err != nil {
		t.Fatal(err)
	}
	in, err := all.Find(exchange.UM, "BTCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	if b.ins, err = exchange.NewInstruments(*in); err != nil {
		t.Fatal(err)
	}
	if b.guard, err = riskguard.New(riskguard.Config{Instruments: b.ins, Tables: margin.Assumed(), Limits: riskguard.DefaultLimits(), Strategies: 1, Permits: riskguard.Unbound(1)}); err != nil {
		t.Fatal(err)
	}
	b.kernel = engine.New(engine.Config{Instruments: b.ins, Guard: b.guard, Strategies: 1, ClientPrefix: "pm-1"})
	wish := exchange.Intent{Kind: exchange.IntentNew, Strategy: 1, Ref: 1, Request: exchange.OrderRequest{Inst: 1, Side: exchange.Buy, Type: exchange.Limit, Qty: 1, Price: 1}}
	e := exchange.Event{Seq: 1, At: 1, Inst: 1}
	e.SetIntent(&wish)
	b.kernel.Apply(&e, &engine.Decision{Decision: exchange.Decision{Order: exchange.Order{
		ID: 1, ClientID: "pm-1-1-1", Strategy: 1, Ref: 1, Request: wish.Request, Status: exchange.StatusPendingNew,
	}}})
	if b.clock, err = loop.NewClock(0); err != nil {
		t.Fatal(err)
	}
	at := &cancelling{}
	b.broker = at
	b.loop, err = loop.New(loop.Config{Kernel: b.kernel, Broker: at, Strategies: b.players, Journal: fullDisk{}, Clock: b.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	at.loop = b.loop
	return b, at
}

// TestStopOnAFullDisk: a loop that ends while the bot is being stopped, because what it was
// asked to do cannot be written down, leaves no order behind that nobody watches over.
func TestStopOnAFullDisk(t *testing.T) {
	for policy, want := range map[stopPolicy]int{stopCancel: 1, stopFlatten: 1, stopKeep: 0} {
		b, at := stopping(t)
		b.cfg.Stop = stopConfig{Policy: policy, Within: 10 * time.Second}
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.loop.Run(ctx) }()
		e := b.stop(ctx)
		end()
		if err := <-ended; (err == nil) != (policy == stopKeep) {
			t.Errorf("%s: the loop ended with %v", policy, err)
		}
		if len(at.canceled) != want || e.late != (policy == stopFlatten) {
			t.Errorf("%s: %d orders were cancelled; late is %v", policy, len(at.canceled), e.late)
		}
	}
}
