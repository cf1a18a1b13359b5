package market

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// workers is how many requests are under way at most. They wait for the budget there, so
	// that more would only wait.
	workers = 4
	// beatEvery is how often the clock is looked at for bars and settlements.
	beatEvery = time.Second
	// infoDelay is how long after a contractInfo exchangeInfo is asked: more are sent at once
	// when contracts deliver, and the answer may be behind the stream.
	infoDelay = 2 * time.Second
)

// chore is something to be done at a time, mostly a request. It is on its way once at most, so
// that there is never a queue.
type chore struct {
	due  exchange.Time // Never: nothing to do
	busy bool
	// do does it, without the mutex, and plans the next time.
	do func(context.Context)
}

func (f *Feed) addChore(do func(context.Context)) *chore {
	c := &chore{due: exchange.Never, do: do}
	f.chores = append(f.chores, c)
	return c
}

// plan makes a chore due at an instant and not before.
func (f *Feed) plan(c *chore, due exchange.Time) {
	c.due = due
	f.nudge()
}

// planBefore makes a chore due at an instant, if it is not due earlier.
func (f *Feed) planBefore(c *chore, due exchange.Time) {
	if due < c.due {
		f.plan(c, due)
	}
}

// nudge lets one of those who wait look again.
func (f *Feed) nudge() {
	select {
	case f.wake <- struct{}{}:
	default: // somebody is to look already
	}
}

// work does chores until the context ends.
func (f *Feed) work(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		c, wait := f.pick()
		if c == nil {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
			case <-f.wake:
			case <-timer.C:
			}
			continue
		}
		f.nudge() // another may be due
		c.do(ctx)
		f.release(c)
	}
}

// pick takes the chore that is due longest, or says how long there is nothing to do.
func (f *Feed) pick() (*chore, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(f.c.Socket.Now())
	var first *chore
	for _, c := range f.chores {
		if !c.busy && (first == nil || c.due < first.due) {
			first = c
		}
	}
	if first == nil {
		return nil, time.Minute
	}
	if first.due > f.now {
		return nil, min(first.due.Sub(f.now), time.Minute)
	}
	first.busy, first.due = true, exchange.Never
	return first, 0
}

func (f *Feed) release(c *chore) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.busy = false
	f.nudge()
}

// addChores makes the chores that are no instrument's. Those of REST are there only if there
// is a client.
func (f *Feed) addChores() {
	for p := exchange.UM; p <= exchange.Margin; p++ {
		if len(f.instruments.byName[p]) == 0 && !f.listens(p) {
			continue
		}
		f.universes[p] = newUniverse(p, f.c.Instruments)
		if f.c.REST == nil {
			continue
		}
		f.infos[p] = f.addChore(func(ctx context.Context) { f.fetchInfo(ctx, p) })
		if p != exchange.Margin {
			f.settles[p] = f.addChore(func(ctx context.Context) { f.fetchFundings(ctx, p) })
		}
	}
	f.beats = f.addChore(f.beat)
	if f.c.REST != nil && f.c.ClockEvery > 0 {
		f.clocks = f.addChore(f.measure)
	}
}

// listens says whether there is a stream of a product.
func (f *Feed) listens(p exchange.Product) bool {
	for _, s := range f.c.Streams {
		if s.Product == p {
			return true
		}
	}
	return false
}

// startChores makes due what is done at the start: the clock first.
func (f *Feed) startChores() {
	if f.clocks != nil {
		f.plan(f.clocks, 0)
	}
	for _, c := range f.infos {
		if c != nil && f.c.Refresh > 0 {
			f.plan(c, f.now)
		}
	}
	f.plan(f.beats, f.now.Add(beatEvery))
}

// beat lets time pass for what waits for an instant of the exchange's clock.
func (f *Feed) beat(context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(f.c.Socket.Now())
	now := f.exchangeNow()
	for _, in := range f.instruments.list {
		if len(in.bars) > 0 && (f.measured || f.clocks == nil) {
			f.passBars(in, now)
		}
		settles := f.settles[in.in.Product]
		if settles == nil {
			continue
		}
		in.funding.pass(now)
		if s := &in.funding; s.owed != 0 && now >= max(s.due, s.owed.Add(fundingDelay)) {
			f.planBefore(settles, f.now)
		}
	}
	f.plan(f.beats, f.now.Add(beatEvery))
}

// exchangeNow is the exchange's time, as well as it is known.
func (f *Feed) exchangeNow() exchange.Time { return f.now.Add(f.clock.Offset) }
