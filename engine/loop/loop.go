package loop

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Config is what a loop is made of. Kernel, Broker, Strategies, Journal and Clock have no
// default.
type Config struct {
	// Kernel is a new one, or one that was recovered. The loop owns it.
	Kernel     *engine.Kernel
	Broker     Broker
	Strategies Strategies
	Journal    Journal
	// Observer is nil for nobody.
	Observer Observer
	// Clock is the local clock; it never goes back. See [Clock].
	Clock func() exchange.Time
	// Manual says that the process waits for a person's resume at its start, also when the
	// account is found as it was left.
	Manual bool
	// CatchUpEvery is how often the account is read again while the stream is live, 1 min by
	// default.
	CatchUpEvery time.Duration
	// Retell is asked for an instrument's whole book after pieces of it were passed over, by
	// Run's goroutine; nil if nobody can.
	Retell func(exchange.InstrumentID)
	// MarketMax is how many events of market data may wait, 65,536 by default; AccountMax how
	// many others, 262,144 by default.
	MarketMax, AccountMax int
	// FlushEvery is how long an event may stay out of the file when nothing is sent, 50 ms by
	// default.
	FlushEvery time.Duration
}

// check refuses what is missing and fills in what has a default.
func (c *Config) check() error {
	if c.Kernel == nil || c.Broker == nil || c.Strategies == nil || c.Journal == nil || c.Clock == nil {
		return errors.New("loop: kernel, broker, strategies, journal and clock are needed")
	}
	if c.MarketMax < 0 || c.AccountMax < 0 || c.FlushEvery < 0 || c.CatchUpEvery < 0 {
		return errors.New("loop: a limit or interval is below 0")
	}
	if c.MarketMax == 0 {
		c.MarketMax = 1 << 16
	}
	if c.AccountMax == 0 {
		c.AccountMax = 1 << 18
	}
	if c.FlushEvery == 0 {
		c.FlushEvery = 50 * time.Millisecond
	}
	if c.CatchUpEvery == 0 {
		c.CatchUpEvery = time.Minute
	}
	return nil
}

// Loop runs a kernel. Its methods may be called from any goroutine.
type Loop struct {
	config Config

	// The mutex guards the inbox and who runs the kernel, and is held for nanoseconds. No
	// channel instead, because whoever brings an event carries it through himself if he can.
	mu      sync.Mutex
	inbox   inbox
	running bool
	ended   error
	parting *parting
	next    item                            // what whoever runs has taken out
	scopes  map[scope]exchange.TradingState // what Stream and Market told last
	books   []exchange.InstrumentID         // to be told anew
	asked   map[string]bool                 // readings of the account that were asked for, by why
	reading exchange.Time                   // when such a reading began, 0 without one

	// wake has the goroutine of Run look at the inbox and at due, which is when the next
	// timer is due.
	wake chan struct{}
	due  atomic.Int64
	// over is closed when the loop has ended, and still when nobody runs the kernel after it.
	over, still chan struct{}

	// What follows belongs to whoever runs.
	driver *engine.Driver
	epoch  uint64
	start  starting
}

// New makes a loop. It starts no goroutine; nothing moves before Run but what is put in.
func New(c Config) (*Loop, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	l := &Loop{
		config: c, scopes: map[scope]exchange.TradingState{}, asked: map[string]bool{},
		wake: make(chan struct{}, 1), over: make(chan struct{}), still: make(chan struct{}),
	}
	l.inbox.marketMax, l.inbox.accountMax = c.MarketMax, c.AccountMax
	l.driver = engine.NewDriver(c.Kernel, gate{l}, observed{l})
	l.driver.Record(c.Journal)
	l.driver.Resume()
	l.due.Store(int64(exchange.Never))
	return l, nil
}

// Take lets an event of the market happen, on the caller's goroutine if nobody else runs.
// The event is the caller's again when it returns.
func (l *Loop) Take(e *exchange.Event) {
	l.stamp(e)
	l.mu.Lock()
	if l.running || l.ended != nil || !l.inbox.idle() {
		l.keep(e)
		l.mu.Unlock()
		l.carry(carryMax)
		return
	}
	l.running = true
	l.mu.Unlock()
	err := l.runEvent(e)
	l.mu.Lock()
	l.leave(err)
	more := !l.inbox.idle()
	l.mu.Unlock()
	if more {
		l.carry(carryMax)
	}
}

// runEvent lets a caller's event happen.
func (l *Loop) runEvent(e *exchange.Event) error {
	defer l.broken()
	return l.deliver(e)
}

// keep puts a copy of a caller's event in the inbox, if there is room; the mutex is held.
func (l *Loop) keep(e *exchange.Event) {
	if passable(e.Kind) && l.inbox.full() {
		l.add(&item{kind: anEvent, event: *e}) // passed over, so no copy of the payload
		return
	}
	var own exchange.Kept
	own.Keep(e)
	l.add(&item{kind: anEvent, event: own.Event})
}

// Put lets an event happen. Its payload is the loop's from then on.
func (l *Loop) Put(e exchange.Event) {
	l.stamp(&e)
	l.enter(&item{kind: anEvent, event: e})
	l.carry(carryMax)
}

// Enqueue is Put for callers who hold something that a command may need, such as a broker's
// mutex: the event happens on another goroutine.
func (l *Loop) Enqueue(e exchange.Event) {
	l.stamp(&e)
	l.enter(&item{kind: anEvent, event: e})
	l.poke()
}

// Wish takes what a strategy in another process asks for. The slices are the loop's from
// then on.
func (l *Loop) Wish(w engine.Wishes) {
	l.enter(&item{kind: aWish, wishes: w})
	l.carry(carryMax)
}

// enter puts an item in the inbox, or answers that it is full.
func (l *Loop) enter(i *item) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(i)
}

// stamp gives an event the time of its entrance if it has none, or one that is yet to come:
// it would take the kernel's time with it, and nothing would be stale or late any more.
func (l *Loop) stamp(e *exchange.Event) {
	if now := l.config.Clock(); e.At == 0 || e.At > now {
		e.At = now
	}
}

// Err is why the loop has ended, nil while it runs. After a context's end it is [ErrStopped].
func (l *Loop) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// Counts is how full the inbox was.
type Counts struct {
	// Most is how many events have waited at once, and Passed how many of the market were
	// passed over, in Overloads times of a full inbox.
	Most      int
	Passed    uint64
	Overloads uint64
}

// Counts may be read at any time.
func (l *Loop) Counts() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inbox.counts
}

func (l *Loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
