package loop

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// TestEveryBringer has many goroutines bring events by every door at once. Each event
// happens once, those of one bringer in his order, never two at a time, and time never goes
// back. The race detector sees the hand-over of the kernel.
func TestEveryBringer(t *testing.T) {
	const bringers, each = 8, 2000
	var inside atomic.Int32
	last, count := map[int64]int64{}, 0
	var at exchange.Time
	var f *fake
	f = newFake(t, func(e *exchange.Event, w *engine.Wishes) error {
		if inside.Add(1) != 1 {
			t.Error("two at a time")
		}
		defer inside.Add(-1)
		if e.At < at {
			t.Errorf("%v after %v", e.At, at)
		}
		at = e.At
		if e.Kind != exchange.KindTrade {
			return nil
		}
		count++
		who, n := e.Trade().First, e.Trade().Last
		if n != last[who]+1 {
			t.Errorf("bringer %d: %d after %d", who, n, last[who])
		}
		last[who] = n
		if who < bringers && n%16 == 0 { // a broker that answers while it is asked
			echo := *trade(0)
			echo.SetTrade(exchange.Trade{Price: 1, Qty: 1, First: who + bringers, Last: n / 16})
			f.Put(echo)
		}
		return nil
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- f.Run(ctx) }()
	var wg sync.WaitGroup
	for who := range int64(bringers) {
		wg.Go(func() {
			var e exchange.Event
			for n := range int64(each) {
				e.Inst, e.At = um, 0
				e.SetTrade(exchange.Trade{Price: 1, Qty: 1, First: who, Last: n + 1})
				switch (who + n/100) % 3 {
				case 0:
					f.Take(&e)
				case 1:
					f.Put(e)
				default:
					f.Enqueue(e)
				}
				if n%64 == 0 {
					runtime.Gosched()
				}
			}
		})
	}
	wg.Wait()
	for waiting := true; waiting; { // Do is behind everything that waits
		if err := f.Do(ctx, func(*engine.Kernel) {}); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		waiting = !f.inbox.idle()
		f.mu.Unlock()
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if want := bringers*each + bringers*(each/16); count != want {
		t.Errorf("%d events have happened of %d", count, want)
	}
}

// TestNobodyIsLeftBehind stops bringing at every point around the moment when the runner
// leaves: what was put in must happen without another event and without Run.
func TestNobodyIsLeftBehind(t *testing.T) {
	var count atomic.Int64
	f := newFake(t, func(*exchange.Event, *engine.Wishes) error { count.Add(1); return nil })
	for round := range int64(20_000) {
		var pairOf sync.WaitGroup
		for range 2 {
			pairOf.Go(func() { f.Take(trade(round)) })
		}
		pairOf.Wait()
		if got := count.Load(); got != 2*(round+1) {
			t.Fatalf("round %d: %d events have happened", round, got)
		}
	}
}

// TestCarriesSoMuch holds how much one caller carries for others: then Run's goroutine does.
func TestCarriesSoMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		f := newFake(t, func(*exchange.Event, *engine.Wishes) error { count++; return nil })
		for n := range int64(10 * carryMax) {
			f.Enqueue(*trade(n))
		}
		<-f.wake // nobody hears of it but from him who leaves something behind
		f.Take(trade(-1))
		if count != carryMax {
			t.Errorf("the bringer of one event has carried %d", count)
		}
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = f.Run(ctx) }()
		synctest.Wait()
		if count != 10*carryMax+1 {
			t.Errorf("%d events have happened", count)
		}
		stop()
		synctest.Wait()
	})
}

// TestFullInbox fills the inbox with market data: new risk is refused at once, before what
// waits; when it is half empty a gap is told of each kind and instrument, books are asked for
// anew, and risk may be taken again. What is rare is never passed over.
func TestFullInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []string
		var retold []exchange.InstrumentID
		count := 0
		f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error {
			switch e.Kind {
			case exchange.KindTrade:
				count++
			case exchange.KindState:
				s := e.State()
				log = append(log, fmt.Sprintf("%d: %v %v %s", count, s.State, s.Cause, s.By))
			case exchange.KindGap:
				log = append(log, fmt.Sprintf("%d: gap %v of %d, %v", count, e.Gap().Kind, e.Inst, e.Gap().To.Sub(e.Gap().From)))
			default:
				log = append(log, fmt.Sprintf("%d: %v", count, e.Kind))
			}
			return nil
		}, func(c *Config) {
			c.MarketMax = 1000
			c.Retell = func(i exchange.InstrumentID) { retold = append(retold, i) }
		})
		for n := range int64(1002) {
			f.Enqueue(*trade(n))
		}
		<-time.After(time.Second)
		f.Enqueue(*trade(0))
		depth := exchange.Event{Inst: cm}
		depth.SetDepth(&exchange.Depth{})
		f.Enqueue(depth)
		funding := exchange.Event{Inst: um}
		funding.SetFunding(exchange.Funding{Rate: 1})
		f.Enqueue(funding)
		ctx, stop := context.WithCancel(t.Context())
		go func() { _ = f.Run(ctx) }()
		synctest.Wait()
		want := []string{
			"0: REDUCE_ONLY SHELL loop", "500: gap TRADE of 1, 1s", "500: gap DEPTH of 2, 0s", "500: ACTIVE SHELL loop", "1000: FUNDING",
		}
		if fmt.Sprint(log) != fmt.Sprint(want) || count != 1000 {
			t.Errorf("%d trades\n%q, want\n%q", count, log, want)
		}
		if fmt.Sprint(retold) != "[2]" {
			t.Errorf("books told anew: %v", retold)
		}
		if c := f.Counts(); c != (Counts{Most: 1002, Passed: 4, Overloads: 1}) {
			t.Errorf("counts %+v", c)
		}
		stop()
		synctest.Wait()
	})
}

// TestStopStands has the inbox full while the process is being stopped: neither the brake nor
// its end touches that.
func TestStopStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t, watching, func(c *Config) { c.MarketMax = 4 })
		f.open()
		stopping := operator(exchange.Halted)
		stopping.State().Cause = exchange.CauseShell
		if err := f.Operate(t.Context(), stopping); err != nil {
			t.Error(err)
		}
		for n := range int64(10) {
			f.Enqueue(*trade(n))
		}
		f.Take(trade(11))
		f.want("full", "SHELL")
		if f.config.Kernel.States()[0].State != exchange.Halted || f.Counts().Passed == 0 {
			t.Error(f.config.Kernel.States(), f.Counts())
		}
	})
}

// TestOverrun ends the loop when what tells of the account does not fit.
func TestOverrun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		count := 0
		f := newFake(t, func(*exchange.Event, *engine.Wishes) error { count++; return nil }, func(c *Config) { c.AccountMax = 10 })
		fill := exchange.Event{Inst: um}
		for n := range int64(11) {
			fill.SetFill(&exchange.Fill{TradeID: n, Side: exchange.Buy, Qty: 1, Price: 1, PositionSide: exchange.Both})
			f.Enqueue(fill)
		}
		if err := f.Run(t.Context()); err != ErrOverrun || count != 0 {
			t.Errorf("%v after %d events", err, count)
		}
		f.Take(trade(1))
		f.Put(fill)
		if err := f.Do(t.Context(), func(*engine.Kernel) {}); err != ErrOverrun || count != 0 {
			t.Errorf("%v after %d events", err, count)
		}
	})
}

// TestNoPlaceInTheFuture has a bringer whose clock is wrong.
func TestNoPlaceInTheFuture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := exchange.TimeOf(time.Now())
		var at []time.Duration
		f := newFake(t, func(e *exchange.Event, _ *engine.Wishes) error { at = append(at, e.At.Sub(now)); return nil })
		for _, d := range []time.Duration{-time.Second, time.Hour, -time.Minute} {
			e := trade(1)
			e.At = now.Add(d)
			f.Take(e)
			f.Put(*e)
		}
		if fmt.Sprint(at) != "[-1s -1s 0s 0s 0s 0s]" {
			t.Error(at)
		}
	})
}

// TestJournalFails ends the loop at the first event that cannot be written down: nothing is
// shown and nothing sent. CancelAll then ends the orders past the journal, and waits.
func TestJournalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no space left on device")
		shown := 0
		f := newFake(t, func(*exchange.Event, *engine.Wishes) error { shown++; return nil })
		f.open()
		f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(1), buy(2), buy(3)}})
		if len(f.broker.sent) != 3 {
			t.Fatalf("%d orders were sent", len(f.broker.sent))
		}
		if _, _, err := f.CancelAll(t.Context()); err == nil {
			t.Error("a loop that runs let its journal be passed by")
		}
		f.journal.fail, shown = full, 0
		f.Wish(engine.Wishes{Intents: []exchange.Intent{buy(4)}})
		if err := f.Run(t.Context()); !errors.Is(err, full) || shown != 0 || len(f.broker.sent) != 3 {
			t.Errorf("%v, %d events shown, %d orders sent", err, shown, len(f.broker.sent))
		}
		epoch := f.config.Kernel.Epoch()
		f.broker.answer = func(o exchange.Order, cancel bool) { // one order stays in doubt
			e := exchange.Event{Inst: um}
			e.SetOrderUpdate(&exchange.OrderUpdate{ClientID: o.ClientID, Status: exchange.StatusCanceled})
			if o.Ref != 2 {
				time.AfterFunc(time.Second, func() { f.Put(e) })
			}
		}
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		asked, left, err := f.CancelAll(ctx)
		if asked != 3 || fmt.Sprint(left) != "["+f.broker.sent[1].ClientID+"]" || err != context.DeadlineExceeded {
			t.Errorf("asked %d, left %v, %v", asked, left, err)
		}
		if last := f.broker.epochs[len(f.broker.epochs)-1]; last <= epoch {
			t.Errorf("the broker's epoch is %d, so that approvals of %d may still leave", last, epoch)
		}
	})
}

// TestStoppedIsStill waits in Run for whoever runs the kernel.
func TestStoppedIsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block, over := make(chan struct{}), false
		f := newFake(t, func(*exchange.Event, *engine.Wishes) error { <-block; return nil })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.Run(ctx) }()
		go func() { f.Take(trade(1)); over = true }()
		synctest.Wait()
		stop()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("Run has returned while the kernel runs")
		default:
		}
		close(block)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if f.Take(trade(2)); !over || f.journal.appended != 1 || f.journal.flushes == 0 || f.Err() != ErrStopped {
			t.Errorf("%v, %d events, %d flushes, %v", over, f.journal.appended, f.journal.flushes, f.Err())
		}
	})
}

// TestAskedInVain gives up a question before it is answered: it never is.
func TestAskedInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		f := newFake(t, func(*exchange.Event, *engine.Wishes) error { <-block; return nil })
		go f.Take(trade(1))
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		asked := false
		if err := f.Do(ctx, func(*engine.Kernel) { asked = true }); err != context.DeadlineExceeded {
			t.Error(err)
		}
		close(block)
		synctest.Wait()
		if err := f.Do(t.Context(), func(*engine.Kernel) {}); err != nil || asked {
			t.Errorf("%v, asked %v", err, asked)
		}
	})
}

// TestTakeAllocates holds that an event of the market costs no memory.
func TestTakeAllocates(t *testing.T) {
	f := newFake(t, watching)
	f.open()
	e := trade(1)
	if n := testing.AllocsPerRun(1000, func() { e.At = 0; f.Take(e) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
