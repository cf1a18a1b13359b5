package loop

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Config is what a loop is made of. MarketMax, AccountMax and FlushEvery have defaults.
type Config struct {
	// Kernel is a new one, or one that was recovered. The loop owns it.
	Kernel     *engine.Kernel
	Broker     Broker
	Strategies Strategies
	Journal    Journal
	// Observer is nil for nobody.
	Observer Observer
	// Clock is the local clock; it never goes back.
	Clock func() exchange.Time
	// MarketMax is how many events of market data may wait, 65,536 by default; AccountMax how
	// many others, 262,144 by default.
	MarketMax, AccountMax int
	// FlushEvery is how long an event may stay out of the file when nothing is sent, 50 ms by
	// default.
	FlushEvery time.Duration
}

// Loop runs a kernel. Its methods may be called from any goroutine.
type Loop struct {
	config Config

	// The mutex guards the inbox and who runs the kernel, and is held for nanoseconds. No
	// channel instead, because whoever brings an event carries it through himself if he can.
	mu      sync.Mutex
	queue   queue
	running bool
	ended   error

	// wake has the goroutine of Run look at due again, which is when the next timer is due.
	wake chan struct{}
	due  atomic.Int64
	over chan struct{}

	// What follows belongs to whoever runs.
	driver *engine.Driver
	epoch  uint64
	behind bool // market data was passed over, and new risk is refused for it
	missed int
}

// New makes a loop. It starts no goroutine; nothing moves before Run but what is put in.
func New(c Config) (*Loop, error) {
	if c.Kernel == nil || c.Broker == nil || c.Strategies == nil || c.Journal == nil || c.Clock == nil {
		return nil, errors.New("loop: kernel, broker, strategies, journal and clock are needed")
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
	l := &Loop{config: c, wake: make(chan struct{}, 1), over: make(chan struct{})}
	l.driver = engine.NewDriver(c.Kernel, gate{l}, observed{l})
	l.driver.Record(c.Journal)
	l.driver.Resume()
	l.due.Store(int64(exchange.Never))
	return l, nil
}

// Take lets an event of the market happen, on the caller's goroutine if nobody else runs.
// The event is the caller's again when it returns.
func (l *Loop) Take(e *exchange.Event) {
	l.mu.Lock()
	if l.running || l.ended != nil || l.queue.len() > 0 {
		var own exchange.Kept
		own.Keep(e)
		l.add(item{event: own.Event, kind: anEvent})
		l.mu.Unlock()
		l.run()
		return
	}
	l.running = true
	l.mu.Unlock()
	err := l.deliver(e)
	l.mu.Lock()
	l.running = false
	l.mu.Unlock()
	if err != nil {
		l.end(err)
		return
	}
	l.run()
}

// Put lets an event happen. Its payload is the loop's from then on.
func (l *Loop) Put(e exchange.Event) {
	l.mu.Lock()
	l.add(item{event: e, kind: anEvent})
	l.mu.Unlock()
	l.run()
}

// Enqueue is Put for callers who hold something that a command may need, such as a broker's
// mutex: the event happens on another goroutine.
func (l *Loop) Enqueue(e exchange.Event) {
	l.mu.Lock()
	l.add(item{event: e, kind: anEvent})
	l.mu.Unlock()
	l.poke()
}

// Wish takes what a strategy in another process asks for. The slices are the loop's from
// then on.
func (l *Loop) Wish(w engine.Wishes) {
	l.mu.Lock()
	l.add(item{wishes: w, kind: aWish})
	l.mu.Unlock()
	l.run()
}

// Do calls f with the kernel between two events and waits for it. f must not change the
// kernel, keep what it is given, or call the loop.
func (l *Loop) Do(ctx context.Context, f func(*engine.Kernel)) error {
	done := make(chan struct{})
	l.mu.Lock()
	l.add(item{do: func(k *engine.Kernel) { f(k); close(done) }, kind: aQuestion})
	l.mu.Unlock()
	l.run()
	select {
	case <-done:
		return nil
	case <-l.over:
		return l.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Operate lets an operator's event happen, and waits until it has, and for one that stops
// something until nothing approved before it is on its way.
func (l *Loop) Operate(ctx context.Context, e exchange.Event) error {
	l.Put(e)
	var epoch uint64
	if err := l.Do(ctx, func(k *engine.Kernel) { epoch = k.Epoch() }); err != nil {
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

// Err is why the loop has ended, nil while it runs.
func (l *Loop) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// Run fires timers and keeps the journal up to date, until the context ends or the loop
// must. The error is nil if the context has ended.
func (l *Loop) Run(ctx context.Context) error {
	flush := time.NewTicker(l.config.FlushEvery)
	defer flush.Stop()
	for {
		timer := time.NewTimer(max(0, exchange.Time(l.due.Load()).Sub(l.config.Clock())))
		select {
		case <-ctx.Done():
			timer.Stop()
			return l.Err()
		case <-l.over:
			timer.Stop()
			return l.Err()
		case <-timer.C:
			l.tick(aTick)
		case <-flush.C:
			l.tick(aFlush)
		case <-l.wake:
			l.run()
		}
		timer.Stop()
	}
}

func (l *Loop) tick(k itemKind) {
	l.mu.Lock()
	l.add(item{kind: k})
	l.mu.Unlock()
	l.run()
}

func (l *Loop) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}
