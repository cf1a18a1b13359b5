package loop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// operator is an operator's word on the whole account.
func operator(s exchange.TradingState) exchange.Event {
	var e exchange.Event
	e.SetState(&exchange.StateChange{State: s, Cause: exchange.CauseOperator, Reason: "a test", By: "tester"})
	return e
}

// TestOperatorsFirst has what an operator says pass everything that waits, wishes included,
// and keep its own order: a halt behind a resume is a halt.
func TestOperatorsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		first := true
		f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error {
			if e.Kind == exchange.KindTimer && first {
				first = false
				<-block
			}
			return nil
		})
		f.open()
		go f.put(0, func(e *exchange.Event) { e.SetTimer(&exchange.Timer{}) })
		synctest.Wait()
		for ref := range uint64(5) {
			f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(ref + 1)}})
		}
		said := make(chan error, 2)
		for _, s := range []exchange.TradingState{exchange.Active, exchange.Halted} {
			go func() { said <- f.Operate(t.Context(), operator(s)) }()
			synctest.Wait()
		}
		close(block)
		synctest.Wait()
		if err := errors.Join(<-said, <-said); err != nil || len(f.broker.sent) != 0 {
			t.Errorf("%v, %d orders were sent behind the halt", err, len(f.broker.sent))
		}
		if err := f.Operate(t.Context(), operator(exchange.Active)); err != nil {
			t.Error(err)
		}
		if f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(9)}}); len(f.broker.sent) != 1 {
			t.Errorf("%d orders were sent after the resume", len(f.broker.sent))
		}
	})
}

// drains is a broker with requests on their way.
type drains struct {
	noBroker
	free  chan struct{}
	epoch uint64
}

func (b *drains) Drain(ctx context.Context, epoch uint64) error {
	b.epoch = epoch
	select {
	case <-b.free:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestHaltIsAcknowledged when the broker has drained, and with the epoch that the broker was
// told before; a halt that cannot be acknowledged holds all the same.
func TestHaltIsAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &drains{free: make(chan struct{})}
		f := newFake(t, watching, func(c *Config) { c.Broker = b })
		f.open()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		err := f.Operate(ctx, operator(exchange.Halted))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the halt holds") {
			t.Error(err)
		}
		if last := b.epochs[len(b.epochs)-1]; b.epoch != last || last != f.config.Kernel.Epoch() {
			t.Errorf("drained %d, told %v", b.epoch, b.epochs)
		}
		close(b.free)
		if err := f.Operate(t.Context(), operator(exchange.Halted)); err != nil {
			t.Error(err)
		}
		if f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(1)}}); len(b.sent) != 0 {
			t.Error("an order was sent in a halt")
		}
	})
}

// TestTimers fires in the order of their times, also those that are due at once, and wakes up
// for one that comes before the one it waits for.
func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, log := time.Now(), []string{}
		f := newFake(t, func(e *exchange.Event, w *engine.Wishes) error {
			if e.Kind == exchange.KindTimer {
				id := e.Timer().ID
				log = append(log, fmt.Sprint(id, " ", e.At.Sub(exchange.TimeOf(began))))
				if id == 1 {
					w.Timers = append(w.Timers, exchange.Timer{Strategy: 1, ID: 4, Due: e.At.Add(time.Second)})
				}
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = f.Run(ctx) }()
		set := func(id uint64, d time.Duration) {
			f.Wish(engine.Wishes{Timers: []exchange.Timer{{Strategy: 1, ID: id, Due: exchange.TimeOf(began).Add(d)}}})
		}
		set(2, time.Hour)
		synctest.Wait()
		set(1, time.Minute)
		set(3, 0)
		<-time.After(2 * time.Hour)
		if got := strings.Join(log, ", "); got != "3 0s, 1 1m0s, 4 1m1s, 2 1h0m0s" {
			t.Error(got)
		}
		stop()
		synctest.Wait()
	})
}
