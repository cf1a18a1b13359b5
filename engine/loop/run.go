package loop

import (
	"context"
	"fmt"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// run takes what is in the inbox, unless somebody does so already.
func (l *Loop) run() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for !l.running && l.ended == nil && l.queue.len() > 0 {
		l.running = true
		for l.ended == nil && l.queue.len() > 0 {
			next := l.queue.pop()
			l.mu.Unlock()
			err := l.take(&next)
			l.mu.Lock()
			if err != nil {
				l.finish(err)
			}
		}
		l.running = false
	}
}

// take lets one thing happen.
func (l *Loop) take(i *item) error {
	switch i.kind {
	case anEvent:
		return l.deliver(&i.event)
	case aWish:
		return l.after(l.driver.Wish(&i.wishes, l.config.Clock()))
	case aTick:
		return l.after(l.driver.FireTimers(l.config.Clock()))
	case aFlush:
		if err := l.config.Journal.Flush(); err != nil {
			return err
		}
	case aQuestion:
		i.do(l.config.Kernel)
	}
	return nil
}

// deliver lets an event happen, and first tells what was passed over before it.
func (l *Loop) deliver(e *exchange.Event) error { return l.after(l.driver.Deliver(e)) }

// after tells the broker of a new epoch, when the next timer is due, and begins a new
// segment of the journal when it is time.
func (l *Loop) after(err error) error {
	if err != nil {
		return err
	}
	gate{l}.tell()
	due, any := l.driver.NextTimer()
	if !any {
		due = exchange.Never
	}
	if old := exchange.Time(l.due.Swap(int64(due))); due < old {
		l.poke()
	}
	if l.config.Journal.Full() {
		return l.config.Journal.Snapshot(l.config.Kernel)
	}
	return nil
}

// end ends the loop for a reason.
func (l *Loop) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finish(err)
}

// finish is end for who holds the mutex.
func (l *Loop) finish(err error) {
	if l.ended == nil {
		l.ended = err
		close(l.over)
	}
}

// gate is the broker as the driver sees it: it hears of a new halt epoch before it is given
// anything that was approved in it.
type gate struct{ l *Loop }

func (g gate) tell() {
	if e := g.l.config.Kernel.Epoch(); e != g.l.epoch {
		g.l.epoch = e
		g.l.config.Broker.SetEpoch(e)
	}
}

func (g gate) Submit(a riskguard.Approved, at exchange.Time) {
	g.tell()
	g.l.config.Broker.Submit(a, at)
}

func (g gate) Cancel(o exchange.Order, at exchange.Time) {
	g.tell()
	g.l.config.Broker.Cancel(o, at)
}

// observed are the strategies, with an observer beside them.
type observed struct{ l *Loop }

func (o observed) Deliver(e *exchange.Event, w *engine.Wishes) error {
	if obs := o.l.config.Observer; obs != nil {
		obs.Observe(e)
	}
	return o.l.config.Strategies.Deliver(e, w)
}

// CancelAll asks the exchange to end every order that the kernel knows, past the journal: it
// is for a loop that has ended because it cannot write, whose orders would stay behind.
func (l *Loop) CancelAll(ctx context.Context) (asked int, err error) {
	select {
	case <-l.over:
	default:
		return 0, fmt.Errorf("loop: CancelAll is for a loop that has ended")
	}
	at := l.config.Clock()
	for _, o := range l.config.Kernel.Orders() {
		l.config.Broker.Cancel(o, at)
		asked++
	}
	return asked, ctx.Err()
}
