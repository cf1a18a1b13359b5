package loop

import (
	"context"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// TestPanicEndsTheLoop: whoever brings an event runs the kernel, and some of them, such as
// net/http for its handlers, take a panic for something to go on from. The kernel must not
// stay taken for ever then, with orders at the exchange and nobody who says so.
func TestPanicEndsTheLoop(t *testing.T) {
	for name, bring := range map[string]func(f *fake){
		"take":    func(f *fake) { f.Take(trade(1)) },
		"put":     func(f *fake) { f.Put(*trade(1)) },
		"operate": func(f *fake) { _ = f.Operate(context.Background(), operator(exchange.Halted)) },
		"do":      func(f *fake) { _ = f.Do(context.Background(), func(*engine.Kernel) { panic("a bug") }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				armed := false
				f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error {
					if armed && (e.Kind == exchange.KindTrade || e.Kind == exchange.KindState) {
						panic("a bug")
					}
					return nil
				})
				f.open()
				f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(1)}})
				armed = true
				func() {
					defer func() {
						if p := recover(); p != "a bug" {
							t.Errorf("recovered %v", p)
						}
					}()
					bring(f)
				}()
				if err := f.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "a bug") {
					t.Errorf("Run: %v", err)
				}
				if err := f.Do(t.Context(), func(*engine.Kernel) {}); err == nil {
					t.Error("a question was answered by a kernel that is broken")
				}
				ctx, stop := context.WithTimeout(t.Context(), time.Second)
				defer stop()
				if asked, _, _ := f.CancelAll(ctx); asked != 1 {
					t.Errorf("%d orders were asked to end", asked)
				}
			})
		})
	}
}

// TestTimersOfAllTimes: a timer whose due time is absurd fires at once or never, and holds up
// no other.
func TestTimersOfAllTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := map[uint64]bool{}
		f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error {
			if e.Kind == exchange.KindTimer {
				fired[e.Timer().ID] = true
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = f.Run(ctx) }()
		synctest.Wait()
		now := exchange.TimeOf(time.Now())
		f.Wish(engine.Wishes{Timers: []exchange.Timer{
			{Strategy: 1, ID: 1, Due: math.MinInt64}, {Strategy: 1, ID: 2, Due: now.Add(time.Minute)}, {Strategy: 1, ID: 3, Due: exchange.Never},
		}})
		<-time.After(2 * time.Minute)
		if !fired[1] || !fired[2] || fired[3] {
			t.Errorf("fired: %v", fired)
		}
		stop()
		synctest.Wait()
	})
}

// TestManyTimersAtOnce: strategies in processes of their own may have as many timers pending
// as the host allows each; that all of them are due at once, as after a machine has slept,
// ends no bot.
func TestManyTimersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fired := 0
		f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error {
			if e.Kind == exchange.KindTimer {
				fired++
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		due := exchange.TimeOf(time.Now()).Add(time.Second)
		var timers []exchange.Timer
		for i := range uint64(30_000) {
			timers = append(timers, exchange.Timer{Strategy: 1, ID: i, Due: due})
		}
		f.Wish(engine.Wishes{Timers: timers})
		<-time.After(time.Minute)
		if fired != len(timers) || f.Err() != nil {
			t.Errorf("%d of %d timers fired: %v", fired, len(timers), f.Err())
		}
		stop()
		<-ended
	})
}
