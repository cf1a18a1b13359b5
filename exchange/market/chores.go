package market

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// workers is how many requests about instruments are under way at most. They wait for the
	// budget there, so that more would only wait.
	workers = 4
	// ownWorkers is the same for the feed's own requests, which must not stand behind hundreds
	// of snapshots.
	ownWorkers = 2
	// choreMax is how long a chore may take: longer than the turn of a minute, and a few answers
	// that do not come. A request whose turn would come later is refused, which is told, and
	// made again.
	choreMax = 2 * time.Minute
	// beatEvery is how often the clock is looked at for bars and settlements. One that is late
	// by beatLate shows that this process, or its machine, has slept.
	beatEvery = time.Second
	beatLate  = time.Second
	// clockSet is by how much the local clock must go otherwise than time, between two looks,
	// to have been set.
	clockSet = 500 * time.Millisecond
	// infoDelay is how long after a contractInfo exchangeInfo is asked: more are sent at once
	// when contracts deliver, and the answer may be behind the stream.
	infoDelay = 2 * time.Second
)

// chore is something to be done at a time, mostly a request. It is on its way once at most, so
// that there is never a queue.
type chore struct {
	list *chores
	due  exchange.Time // as planned; Never: nothing to do
	// at is due by the monotonic time since the feed was made: the local clock may be set.
	at   time.Duration
	busy bool
	// do does it, without the mutex, and plans the next time.
	do func(context.Context)
}

// chores are done by the same goroutines.
type chores struct {
	all []*chore
	// wake holds a token when a chore is due earlier than those who wait know.
	wake chan struct{}
}

// notDue is when a chore is due that is not.
const notDue = time.Duration(math.MaxInt64)

func (l *chores) add(do func(context.Context)) *chore {
	c := &chore{list: l, due: exchange.Never, at: notDue, do: do}
	l.all = append(l.all, c)
	return c
}

// elapsed is the monotonic time since the feed was made.
func (f *Feed) elapsed() time.Duration { return time.Since(f.made) }

// plan makes a chore due at an instant and not before.
func (f *Feed) plan(c *chore, due exchange.Time) {
	c.due, c.at = due, f.elapsed()+due.Sub(f.now)
	c.list.nudge()
}

// planBefore makes a chore due at an instant, if it is not due earlier.
func (f *Feed) planBefore(c *chore, due exchange.Time) {
	if due < c.due {
		f.plan(c, due)
	}
}

// nudge lets one of those who wait look again.
func (l *chores) nudge() {
	select {
	case l.wake <- struct{}{}:
	default: // somebody is to look already
	}
}

// work does chores of a list until the context ends.
func (f *Feed) work(ctx context.Context, l *chores) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		c, wait := f.pick(l)
		if c == nil {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
			case <-l.wake:
			case <-timer.C:
			}
			continue
		}
		l.nudge() // another may be due
		short, cancel := context.WithTimeout(ctx, choreMax)
		c.do(short)
		cancel()
		f.release(c)
	}
}

// pick takes the chore that is due longest, or says how long there is nothing to do.
func (f *Feed) pick(l *chores) (*chore, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(f.c.Socket.Now())
	var first *chore
	for _, c := range l.all {
		if !c.busy && (first == nil || c.at < first.at) {
			first = c
		}
	}
	if first == nil {
		return nil, time.Minute
	}
	if wait := first.at - f.elapsed(); wait > 0 {
		return nil, min(wait, time.Minute)
	}
	first.busy, first.due, first.at = true, exchange.Never, notDue
	return first, 0
}

func (f *Feed) release(c *chore) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.busy = false
	c.list.nudge()
}

// startWorkers starts those who do chores, and the beat. They end with the context.
func (f *Feed) startWorkers(ctx context.Context, wg *sync.WaitGroup) {
	for range workers {
		wg.Go(func() { f.work(ctx, &f.requests) })
	}
	for range ownWorkers {
		wg.Go(func() { f.work(ctx, &f.own) })
	}
	wg.Go(func() {
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				f.beat()
			}
		}
	})
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
		f.infos[p] = f.own.add(func(ctx context.Context) { f.fetchInfo(ctx, p) })
		if p != exchange.Margin {
			f.settles[p] = f.own.add(func(ctx context.Context) { f.fetchFundings(ctx, p) })
		}
	}
	if f.c.REST != nil && f.c.ClockEvery > 0 {
		f.clocks = f.own.add(f.measure)
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
	f.lookAtClock()
}

// beat lets time pass for what waits for an instant of the exchange's clock.
func (f *Feed) beat() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tick(f.c.Socket.Now())
	if f.lookAtClock() {
		f.mistrust()
	}
	if !f.measured && f.clocks != nil {
		return
	}
	now := f.exchangeNow()
	for _, in := range f.instruments.list {
		f.passBars(in, now)
		settles := f.settles[in.in.Product]
		if settles == nil {
			continue
		}
		in.funding.pass(now)
		if s := &in.funding; s.owed != 0 && now >= max(s.due, s.owed.Add(fundingDelay)) {
			f.planBefore(settles, f.now)
		}
	}
}

// lookAtClock says whether, since the last look, the local clock was set, or nobody was there
// to listen: the process was stopped, or the machine suspended.
func (f *Feed) lookAtClock() bool {
	local, elapsed := f.c.Socket.Now(), f.elapsed()
	passed := elapsed - f.lookedAfter
	set := local.Sub(f.lookedAt) - passed
	f.lookedAt, f.lookedAfter = local, elapsed
	return set.Abs() > clockSet || passed > beatEvery+beatLate
}

// mistrust takes silence for no proof of anything, and the exchange's clock for unknown, until
// the next messages and the next measurement.
func (f *Feed) mistrust() {
	for _, in := range f.instruments.list {
		in.doubt()
	}
	f.breaks++
	if f.clocks != nil {
		f.measured = false
		f.plan(f.clocks, f.now)
	}
}

// exchangeNow is the exchange's time, as well as it is known. It is no time of an event: that
// stands still while a clock that was set back is behind.
func (f *Feed) exchangeNow() exchange.Time { return f.c.Socket.Now().Add(f.clock.Offset) }
