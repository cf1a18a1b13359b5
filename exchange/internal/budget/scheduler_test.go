package budget

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small has room for ten: reads may use 5 of them, orders 7, reads of risk and reducing
// orders 8, and cancels all.
var small = Limits{Weight: 10, Orders: 10, SharePercent: 90, Slack: 500 * time.Millisecond, QueueMax: 4}

func newScheduler(t *testing.T, l Limits) *Scheduler {
	t.Helper()
	s, err := NewScheduler(l, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// line collects who was served, and when, in the order of their service.
type line struct {
	wg sync.WaitGroup
	sync.Mutex
	names []string
	start time.Time
}

func (l *line) join(ctx context.Context, s *Scheduler, name string, r Request) {
	l.wg.Go(func() {
		ticket, err := s.Wait(ctx, r)
		l.Lock()
		defer l.Unlock()
		switch {
		case err == nil:
			s.Settle(ticket, Answer{Status: 200})
			l.names = append(l.names, fmt.Sprintf("%s %v", name, time.Since(l.start)))
		case errors.As(err, new(*Refusal)):
			l.names = append(l.names, fmt.Sprintf("%s %v: %v", name, time.Since(l.start), errors.Unwrap(err)))
		default:
			l.names = append(l.names, err.Error())
		}
	})
	synctest.Wait()
}

func (l *line) want(t *testing.T, want ...string) {
	t.Helper()
	l.wg.Wait()
	if !slices.Equal(l.names, want) {
		t.Errorf("served\n%s\nwant\n%s", strings.Join(l.names, "\n"), strings.Join(want, "\n"))
	}
}

// TestOrderOfService fills a minute and lets every class wait, the least urgent first.
func TestOrderOfService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		ctx := t.Context()
		l.join(ctx, s, "filler", Request{Class: Cancel, Weight: 10})
		for _, r := range []Request{{Class: Read, Weight: 1}, {Class: Order, Weight: 1}, {Class: Reduce, Weight: 1}, {Class: Risk, Weight: 1}, {Class: Cancel, Weight: 1}} {
			l.join(ctx, s, r.Class.String()+" 1", r)
			l.join(ctx, s, r.Class.String()+" 2", r)
		}
		l.wg.Wait()
		slices.Sort(l.names) // goroutines that are served at one instant report in any order
		var first []string
		for _, name := range l.names {
			if strings.HasSuffix(name, " 1m0.5s") {
				first = append(first, strings.TrimSuffix(name, " 1m0.5s"))
			}
		}
		// Both of each class up to 7 in all, and one read, which the orders left no room for,
		// goes in the next minute.
		want := []string{"cancels 1", "cancels 2", "orders 1", "reads of risk 1", "reads of risk 2", "reducing orders 1", "reducing orders 2"}
		if !slices.Equal(first, want) {
			t.Errorf("served first %q, want %q", first, want)
		}
		if len(l.names) != 11 {
			t.Errorf("served %q", l.names)
		}
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		l.join(t.Context(), s, "filler", Request{Class: Read, Weight: 5})
		l.join(t.Context(), s, "large", Request{Class: Read, Weight: 5})
		l.join(t.Context(), s, "small", Request{Class: Read, Weight: 1})
		l.want(t, "filler 0s", "large 1m0.5s", "small 2m0.5s")
	})
}

func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		ctx, cancel := context.WithCancel(t.Context())
		l.join(ctx, s, "filler", Request{Class: Read, Weight: 5})
		for i := range 5 {
			l.join(ctx, s, fmt.Sprint("read ", i), Request{Class: Read, Weight: 1})
		}
		l.join(ctx, s, "cancel", Request{Class: Cancel, Weight: 1})
		cancel()
		l.wg.Wait()
		slices.Sort(l.names[3:])
		l.want(t, "filler 0s", "read 4 0s: queue full", "cancel 0s", "read 0 0s: no budget in time: context canceled", "read 1 0s: no budget in time: context canceled",
			"read 2 0s: no budget in time: context canceled", "read 3 0s: no budget in time: context canceled")
		if n := len(s.queues[Read]); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		l.join(t.Context(), s, "filler", Request{Class: Read, Weight: 5})
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		long, cancel := context.WithTimeout(t.Context(), time.Minute+time.Second)
		defer cancel()
		l.join(short, s, "short", Request{Class: Read, Weight: 1}) // refused at once, not after a minute
		l.join(long, s, "long", Request{Class: Read, Weight: 1})
		l.want(t, "filler 0s", "short 0s: no budget in time", "long 1m0.5s")
		<-short.Done()
		l.join(short, s, "late", Request{Class: Cancel, Weight: 1})
		if got := l.names[3]; got != "late 1m0.5s: no budget in time: context deadline exceeded" {
			t.Error(got)
		}
	})
}

// TestBanEndsWaiting bans while requests wait: none may sit in a queue for days.
func TestBanEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		ticket, err := s.Wait(t.Context(), Request{Class: Read, Weight: 5})
		if err != nil {
			t.Fatal(err)
		}
		l.join(t.Context(), s, "waiting", Request{Class: Read, Weight: 1})
		s.Settle(ticket, Answer{Status: 418, RetryAfter: time.Hour})
		synctest.Wait()
		l.join(t.Context(), s, "cancel", Request{Class: Cancel, Weight: 1})
		l.want(t, "waiting 0s: banned by the exchange", "cancel 0s: banned by the exchange")
		<-time.After(time.Hour)
		l.join(t.Context(), s, "after", Request{Class: Cancel, Weight: 1})
		if l.want(t, l.names[0], l.names[1], "after 1h0m0s"); !s.Usage().Paused.IsZero() {
			t.Errorf("%+v", s.Usage())
		}
	})
}

// TestWakes lets a place become free before the minute ends.
func TestWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := newScheduler(t, small), line{start: time.Now()}
		ticket, err := s.Wait(t.Context(), Request{Class: Read, Weight: 5})
		if err != nil {
			t.Fatal(err)
		}
		l.join(t.Context(), s, "read", Request{Class: Read, Weight: 1})
		<-time.After(time.Second)
		s.Return(ticket) // it was not sent
		l.want(t, "read 1s")
		if got, err := s.Wait(t.Context(), Request{Class: Order, Weight: 1, Orders: 1}); err != nil {
			t.Fatal(err)
		} else if s.Settle(got, Answer{Status: 503, Code: codeThrottled}); time.Until(s.Usage().OrdersPaused) != throttled1 {
			t.Errorf("%+v", s.Usage())
		}
		l.join(t.Context(), s, "order", Request{Class: Order, Weight: 1, Orders: 1})
		l.join(t.Context(), s, "reduce", Request{Class: Reduce, Weight: 1, Orders: 1})
		l.want(t, "read 1s", "reduce 1s", "order 1.2s")
	})
}

// TestTry: what need not wait leaves at once, and never before somebody of its class who
// waits.
func TestTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(t, small)
		order := Request{Class: Order, Weight: 3, Orders: 1}
		var tickets []Ticket
		for range 2 {
			ticket, ok := s.Try(order)
			if !ok {
				t.Fatal("there is room for two")
			}
			tickets = append(tickets, ticket)
		}
		if _, ok := s.Try(order); ok {
			t.Error("a third of seven")
		}
		if _, ok := s.Try(Request{Class: Order, Weight: 8, Orders: 1}); ok {
			t.Error("one that never may leave")
		}
		if used := s.Usage(); used.Weight != 6 || used.Orders != 2 {
			t.Errorf("what was not let go counts: %+v", used)
		}
		l := &line{start: time.Now()}
		l.join(t.Context(), s, "waits", order)
		if _, ok := s.Try(Request{Class: Order, Weight: 1, Orders: 1}); ok {
			t.Error("it passed one who waits")
		}
		if ticket, ok := s.Try(Request{Class: Cancel, Weight: 1}); !ok {
			t.Error("those who wait held up another class")
		} else {
			s.Return(ticket)
		}
		for _, ticket := range tickets {
			s.Settle(ticket, Answer{Status: 200})
		}
		l.want(t, "waits 1m0.5s")
	})
}

// TestLower: a limit that the exchange tells is kept from the next request on if it is lower;
// who waits for more than it allows is let go with the reason.
func TestLower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(t, Limits{Weight: 100, SharePercent: 90, QueueMax: 4})
		for _, c := range []struct {
			weight int
			lower  bool
		}{{101, false}, {100, false}, {0, false}, {-5, false}} {
			if s.Lower(c.weight) != c.lower {
				t.Errorf("a limit of %d is lower than 100", c.weight)
			}
		}
		l := &line{start: time.Now()}
		l.join(t.Context(), s, "heavy", Request{Class: Cancel, Weight: 60})
		l.join(t.Context(), s, "waits", Request{Class: Cancel, Weight: 60})
		if !s.Lower(50) {
			t.Error("50 is not lower than 100")
		}
		if _, ok := s.Try(Request{Class: Risk, Weight: 1}); ok {
			t.Error("beyond 80% of 50, of which 60 are used")
		}
		l.want(t, "heavy 0s", "waits 0s: more than the budget")
	})
}
