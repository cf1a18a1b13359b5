package loop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// carryMax is how many items one caller carries through before he goes back to what he
// does, such as reading his socket; Run's goroutine takes over. runMax is how many it carries
// before it looks at its timers and its context.
const carryMax, runMax = 64, 4096

// Run fires timers, carries what others leave in the inbox, and keeps the journal and the
// reading of the account up to date, until the context ends or the loop must. When it
// returns nobody runs the kernel any more. The error is nil if the context has ended.
func (l *Loop) Run(ctx context.Context) error {
	flush, read := time.NewTicker(l.config.FlushEvery), time.NewTicker(l.config.CatchUpEvery)
	defer flush.Stop()
	defer read.Stop()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(l.untilDue())
		select {
		case <-ctx.Done():
			l.end(ErrStopped)
			<-l.still
			if err := l.Err(); err != ErrStopped {
				return err
			}
			return l.config.Journal.Flush()
		case <-l.over:
			<-l.still
			return l.Err()
		case <-timer.C:
			l.enter(&item{kind: aTick})
		case <-flush.C:
			l.enter(&item{kind: aFlush})
			l.overdue()
		case <-read.C:
			l.reread()
		case <-l.wake:
		}
		l.carry(runMax)
		l.retell()
	}
}

// untilDue is how long to wait for the next timer.
func (l *Loop) untilDue() time.Duration {
	due := exchange.Time(l.due.Load())
	if due == exchange.Never {
		return time.Hour
	}
	now := l.config.Clock()
	if due <= now { // also one of so long ago that no duration could tell
		return 0
	}
	return due.Sub(now)
}

// carry takes up to so many items out of the inbox and lets them happen, unless somebody
// does so already. What is left is for Run's goroutine, or for whoever comes before it.
func (l *Loop) carry(most int) {
	l.mu.Lock()
	if l.running {
		l.mu.Unlock()
		return
	}
	for ; l.ended == nil && most > 0 && l.inbox.next(&l.next); most-- {
		l.running = true
		l.mu.Unlock()
		err := l.runItem()
		l.mu.Lock()
		l.next = item{}
		l.leave(err)
	}
	left := l.ended == nil && !l.inbox.idle()
	l.mu.Unlock()
	if left {
		l.poke()
	}
}

// runItem lets the item that was taken out happen.
func (l *Loop) runItem() error {
	defer l.broken()
	return l.happen(&l.next)
}

// broken ends the loop when the kernel has panicked, and lets the panic go on. Where that ends
// the process nothing is lost. But whoever runs the kernel may be one whose panics others take
// for something to go on from, as net/http does: nobody would run the kernel ever again, and
// its orders would stay at the exchange.
func (l *Loop) broken() {
	p := recover()
	if p == nil {
		return
	}
	l.mu.Lock()
	l.leave(fmt.Errorf("%w: %v", errBroken, p))
	l.mu.Unlock()
	panic(p)
}

var errBroken = errors.New("loop: the kernel has panicked")

// leave says that the kernel is nobody's, and ends the loop if it cannot go on; the mutex is
// held.
func (l *Loop) leave(err error) {
	l.running = false
	if err != nil {
		l.finish(err)
	}
	if l.ended != nil {
		l.rest()
	}
}

// happen lets one thing happen.
func (l *Loop) happen(i *item) error {
	switch i.kind {
	case anEvent:
		return l.deliver(&i.event)
	case aWish:
		return l.after(l.driver.Wish(&i.wishes, l.config.Clock()))
	case aTick:
		return l.after(l.driver.FireTimers(l.config.Clock()))
	case aFlush:
		return l.config.Journal.Flush()
	case aQuestion:
		i.question.answer(l.config.Kernel)
	case anOrder:
		err := l.deliver(&i.event)
		if err == nil {
			i.question.answer(l.config.Kernel)
		}
		return err
	case theBrake:
		return l.brake(exchange.ReduceOnly, "market data was passed over: the inbox is full")
	case theGaps:
		return l.tellGaps()
	}
	return nil
}

// deliver lets an event happen, and what the shell itself concludes from it.
func (l *Loop) deliver(e *exchange.Event) error {
	if err := l.after(l.driver.Deliver(e)); err != nil {
		return err
	}
	return l.conclude(e)
}

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

// tellGaps tells of what was passed over, and that new risk may be taken again.
func (l *Loop) tellGaps() error {
	l.mu.Lock()
	holes := l.inbox.holes
	l.inbox.holes = nil
	l.mu.Unlock()
	now := l.config.Clock()
	for _, h := range holes {
		e := exchange.Event{At: now, Inst: h.inst}
		e.SetGap(&exchange.Gap{Kind: h.kind, From: h.from, To: h.to, Reason: "passed over: the inbox was full"})
		if err := l.deliver(&e); err != nil {
			return err
		}
		if h.kind == exchange.KindDepth {
			l.mu.Lock()
			l.books = append(l.books, h.inst)
			l.mu.Unlock()
		}
	}
	l.poke()
	return l.brake(exchange.Active, "what was passed over is told")
}

// brake has new risk refused while market data is passed over, or lifts that. What somebody
// else has set for the process, such as its stop, stands.
func (l *Loop) brake(s exchange.TradingState, why string) error {
	held := l.config.Kernel.States()
	of := func(h riskguard.Held) bool { return h.Cause == exchange.CauseShell && h.Inst == 0 && h.Strategy == 0 }
	if i := slices.IndexFunc(held, of); i >= 0 && held[i].By != by {
		return nil
	}
	e := exchange.Event{At: l.config.Clock()}
	e.SetState(&exchange.StateChange{State: s, Cause: exchange.CauseShell, Reason: why, By: by})
	return l.deliver(&e)
}

// by is who has said what the loop says of its own.
const by = "loop"

// retell asks for the books of which pieces were passed over.
func (l *Loop) retell() {
	l.mu.Lock()
	books := l.books
	l.books = nil
	l.mu.Unlock()
	if l.config.Retell == nil {
		return
	}
	for _, inst := range books {
		l.config.Retell(inst)
	}
}

// end ends the loop for a reason.
func (l *Loop) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.finish(err)
}

// finish is end for who holds the mutex.
func (l *Loop) finish(err error) {
	if l.ended != nil {
		return
	}
	l.ended = err
	close(l.over)
	if !l.running {
		l.rest()
	}
}

// rest says that the loop has ended and the kernel rests; the mutex is held.
func (l *Loop) rest() {
	select {
	case <-l.still:
	default:
		close(l.still)
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

// CatchUp makes the gate an [engine.Reader].
func (g gate) CatchUp(why string) { g.l.CatchUp(why) }

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
