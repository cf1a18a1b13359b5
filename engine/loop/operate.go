package loop

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// question is a call with the kernel that somebody waits for, or has given up.
type question struct {
	ask   func(*engine.Kernel)
	taken atomic.Bool // by who answers, or by who gives up, whoever is first
	done  chan struct{}
	err   error // why there is no answer; to be read when done is closed
}

func (q *question) answer(k *engine.Kernel) {
	if q.taken.CompareAndSwap(false, true) {
		defer close(q.done)
		q.err = errBroken
		q.ask(k)
		q.err = nil
	}
}

// await waits for the answer. When it returns an error nobody will call ask any more.
func (l *Loop) await(ctx context.Context, q *question) error {
	why := func() error { return ctx.Err() }
	select {
	case <-q.done:
		return q.err
	case <-l.over:
		why = l.Err
	case <-ctx.Done():
	}
	if q.taken.CompareAndSwap(false, true) {
		return why()
	}
	<-q.done // it is being answered, which takes no time
	return q.err
}

// Do calls f with the kernel between two events and waits for it. f must not change the
// kernel, keep what it is given, or call the loop. After an error f has not been called and
// will not be.
func (l *Loop) Do(ctx context.Context, f func(*engine.Kernel)) error {
	q := &question{ask: f, done: make(chan struct{})}
	l.enter(&item{kind: aQuestion, question: q})
	l.carry(carryMax)
	return l.await(ctx, q)
}

// Operate lets an operator's event happen before everything that waits, and returns when it
// has. For one that stops something it returns when nothing that was approved before is on
// its way, which is when the halt is acknowledged. If the context ends before, the event may
// still happen; it does not if the loop has ended. It must not be called on a goroutine that
// the broker needs for its answers.
func (l *Loop) Operate(ctx context.Context, e exchange.Event) error {
	l.stamp(&e)
	var epoch uint64
	q := &question{ask: func(k *engine.Kernel) { epoch = k.Epoch() }, done: make(chan struct{})}
	l.enter(&item{kind: anOrder, event: e, question: q})
	l.carry(carryMax)
	if err := l.await(ctx, q); err != nil {
		return err
	}
	if e.Kind != exchange.KindState || e.State().State == exchange.Active {
		return nil
	}
	if err := l.config.Broker.Drain(ctx, epoch); err != nil {
		return fmt.Errorf("the halt holds, but requests sent before it have not been answered yet: %w", err)
	}
	return nil
}

// parting is what is still heard of orders when the loop has ended.
type parting struct {
	waiting map[string]bool // client ids of orders that were asked to end
	done    chan struct{}
}

// hear notes that an order is over.
func (p *parting) hear(e *exchange.Event) {
	if p == nil || e.Kind != exchange.KindOrderUpdate || !e.OrderUpdate().Status.Final() {
		return
	}
	if id := e.OrderUpdate().ClientID; p.waiting[id] {
		delete(p.waiting, id)
		if len(p.waiting) == 0 {
			close(p.done)
		}
	}
}

// CancelAll asks the exchange to end every order that the kernel knows, past the journal, and
// waits until the broker has told the end of each or the context ends. It is for a loop that
// has ended because it cannot go on, whose orders would stay behind; nothing that was
// approved leaves any more. The next start finds out what became of them. It returns how
// many it has asked for, and the client ids of those that have not been told to be over.
func (l *Loop) CancelAll(ctx context.Context) (asked int, left []string, err error) {
	select {
	case <-l.still:
	default:
		return 0, nil, errors.New("loop: CancelAll is for a loop that has ended")
	}
	orders := l.config.Kernel.Orders()
	p := &parting{waiting: map[string]bool{}, done: make(chan struct{})}
	for i := range orders {
		p.waiting[orders[i].ClientID] = true
	}
	l.mu.Lock()
	l.parting = p
	l.mu.Unlock()
	l.config.Broker.SetEpoch(l.config.Kernel.Epoch() + 1)
	at := l.config.Clock()
	for i := range orders {
		l.config.Broker.Cancel(orders[i], at)
	}
	if len(orders) == 0 {
		return 0, nil, nil
	}
	select {
	case <-p.done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range orders { // in their order
		if id := orders[i].ClientID; p.waiting[id] {
			left = append(left, id)
		}
	}
	return len(orders), left, err
}
