package budget

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Scheduler makes requests wait for their turn in a Budget. It has no goroutine of its own:
// those who wait wake themselves, and whoever wakes serves all.
type Scheduler struct {
	now func() time.Time
	// The mutex is held for microseconds and never while waiting: callers are many, and
	// none of them could own the state.
	mu     sync.Mutex
	budget *Budget
	queues [classes][]*waiter
}

// waiter stands in the queue of its class until it is served.
type waiter struct {
	request Request
	served  chan struct{} // closed once one of the two below is set
	ticket  Ticket
	err     error
}

// NewScheduler starts with nothing used and nobody waiting. now is the exchange's time as
// well as it is known.
func NewScheduler(l Limits, now func() time.Time) (*Scheduler, error) {
	b, err := New(l)
	if err != nil {
		return nil, err
	}
	return &Scheduler{now: now, budget: b}, nil
}

// Try lets a request leave that need not wait. It says false of all others, also of those
// that never may leave: Wait says why. Every ticket must be given to Settle or Return.
func (s *Scheduler) Try(r Request) (Ticket, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.serve(now)
	if len(s.queues[r.Class]) > 0 {
		return Ticket{}, false
	}
	t, until, err := s.budget.Take(r, now)
	return t, err == nil && !until.After(now)
}

// Wait blocks until a request may leave. It answers with a [Refusal] at once when the
// request never may, when the queue is full or when its turn would come after the deadline
// of ctx. Every ticket must be given to Settle or Return.
func (s *Scheduler) Wait(ctx context.Context, r Request) (Ticket, error) {
	w, err := s.enter(ctx, r)
	if err != nil {
		return Ticket{}, err
	}
	for {
		timer := time.NewTimer(s.pause())
		select {
		case <-w.served:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if done, t, err := s.leave(ctx, w); done {
			return t, err
		}
	}
}

// enter serves a request at once or puts it in its queue.
func (s *Scheduler) enter(ctx context.Context, r Request) (*waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, gaveUp(err)
	}
	w := &waiter{request: r, served: make(chan struct{})}
	now := s.now()
	s.serve(now)
	if err := s.budget.never(r, now); err != nil {
		return nil, err
	}
	if len(s.queues[r.Class]) >= s.budget.limits.QueueMax {
		return nil, &Refusal{Err: ErrBusy, Reason: fmt.Sprintf("%d %v wait", len(s.queues[r.Class]), r.Class)}
	}
	s.queues[r.Class] = append(s.queues[r.Class], w)
	s.serve(now)
	if w.isServed() {
		return w, w.err
	}
	if deadline, ok := ctx.Deadline(); ok {
		if until, _ := s.budget.ready(r, now); until.Sub(now) > time.Until(deadline) {
			s.remove(w)
			return nil, &Refusal{Err: ErrLate, Reason: fmt.Sprintf("%v wait", r.Class), Until: until}
		}
	}
	return w, nil
}

// leave ends the waiting of one that is served or whose context has ended, and else serves
// whoever can be.
func (s *Scheduler) leave(ctx context.Context, w *waiter) (bool, Ticket, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if !w.isServed() {
		s.serve(now)
	}
	if w.isServed() {
		return true, w.ticket, w.err
	}
	if err := ctx.Err(); err != nil {
		s.remove(w)
		return true, Ticket{}, gaveUp(err)
	}
	return false, Ticket{}, nil
}

// gaveUp is the refusal of a request whose context has ended.
func gaveUp(err error) *Refusal {
	return &Refusal{Err: fmt.Errorf("%w: %w", ErrLate, err), Reason: "the caller gave up"}
}

// Settle closes a ticket with what came back.
func (s *Scheduler) Settle(t Ticket, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.budget.Settle(t, a, now)
	s.serve(now)
}

// Return gives back a ticket whose request was not sent.
func (s *Scheduler) Return(t Ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget.Return(t)
	s.serve(s.now())
}

// Usage is what this minute has used so far.
func (s *Scheduler) Usage() Usage {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.budget.Usage(s.now())
}

// Lower sets the limit of weight to a lower one that the exchange has told, and says whether
// it was lower.
func (s *Scheduler) Lower(weight int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if weight <= 0 || weight >= s.budget.limits.Weight {
		return false
	}
	s.budget.limits.Weight = weight
	return true
}

// serve lets all go that can, the most urgent first. Who cannot go holds up its own class
// only: another may have room where this one has none.
func (s *Scheduler) serve(now time.Time) {
	for c := range s.queues {
		for len(s.queues[c]) > 0 {
			w := s.queues[c][0]
			t, until, err := s.budget.Take(w.request, now)
			if err == nil && until.After(now) {
				break
			}
			w.ticket, w.err = t, err
			close(w.served)
			s.queues[c] = slices.Delete(s.queues[c], 0, 1)
		}
	}
}

// next is the earliest instant at which somebody who waits may be served.
func (s *Scheduler) next(now time.Time) time.Time {
	var next time.Time
	for _, queue := range s.queues {
		if len(queue) == 0 {
			continue
		}
		if at, _ := s.budget.ready(queue[0].request, now); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// pause is how long a waiter sleeps before it looks again.
func (s *Scheduler) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	return max(s.next(now).Sub(now), 0)
}

func (s *Scheduler) remove(w *waiter) {
	queue := &s.queues[w.request.Class]
	*queue = slices.DeleteFunc(*queue, func(v *waiter) bool { return v == w })
}

func (w *waiter) isServed() bool {
	select {
	case <-w.served:
		return true
	default:
		return false
	}
}
