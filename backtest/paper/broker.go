package paper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/backtest/venue/link"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// accountEvery is how often the account is told by default.
const accountEvery = 5 * time.Second

// codeNotSent is the code of refusals of our own, as in exchange/papi: the kernel takes an
// update with a code for the answer to a request to amend or cancel.
const codeNotSent = -1

// Config is what a broker is made of.
type Config struct {
	// Venue is the account and its exchange.
	Venue venue.Config
	// Link is the way there. Without delays and faults there is none. Its Instruments are the
	// venue's, and its Feed must be no delay: live data has its own.
	Link link.Config
	// Opening is what the account holds when it goes on after a restart; it takes the place of
	// Venue.Balances and Venue.Positions. nil opens a new account.
	Opening *Opening
	// Indexed are the assets whose index price the feed brings, and Marked says of which
	// futures it brings marks; nil is all. What lacks is derived.
	Indexed []string
	Marked  func(exchange.InstrumentID) bool
	// Deliver takes what happens, in order. It is called with the broker's mutex held, so it
	// must only put the event where another goroutine takes it, as the loop's Enqueue does. The
	// payloads are the receiver's.
	Deliver func(exchange.Event)
	// Clock is the local clock.
	Clock func() exchange.Time
	// AccountEvery is how often the account is told, 5 s by default.
	AccountEvery time.Duration
}

// Opening is what an account holds that goes on after a restart, or that begins as a copy of
// another.
type Opening struct {
	// Balances are the amounts of all wallets; those of UM and CM may be below zero, those of
	// debts are owed.
	Balances []venue.Balance
	// Positions are those that are not flat.
	Positions []exchange.Position
	// Orders are those that are not over, as the kernel knows them.
	Orders []exchange.Order
}

// Broker is a loop's broker that trades with the simulated exchange. Its methods may be called
// from any goroutine.
type Broker struct {
	config Config

	// The mutex guards all that follows. Submit and Cancel are called by whoever runs the
	// kernel, Take by the feed's goroutine and the passing of time by Run's: the exchange does
	// one thing after the other, and what it says is delivered before the mutex is free, so
	// that nothing overtakes. Deliver is all that is called with it.
	mu    sync.Mutex
	venue *venue.Venue
	link  *link.Link // nil where the venue is at hand
	far   far
	open  bool
	epoch uint64
	// since is when the epoch began.
	since exchange.Time
	// changed is closed when a Drain may be over; nil if nobody waits.
	changed chan struct{}
	// armed is when Run wakes up by itself, and wake has it look again before.
	armed exchange.Time
	wake  chan struct{}
}

// far is the exchange as it is seen from here: the venue, or a link before it.
type far interface {
	Start(at exchange.Time)
	Market(e *exchange.Event)
	Submit(a riskguard.Approved, at exchange.Time)
	Cancel(o exchange.Order, at exchange.Time)
	Events() []exchange.Event
	Due() exchange.Time
	Advance(at exchange.Time)
}

// New makes a broker. Nothing happens before [Broker.Run], but market events may be shown.
func New(c Config) (*Broker, error) {
	if c.Deliver == nil || c.Clock == nil {
		return nil, errors.New("paper: somebody to deliver to and a clock are needed")
	}
	if c.AccountEvery == 0 {
		c.AccountEvery = accountEvery
	}
	if c.AccountEvery < 0 {
		return nil, fmt.Errorf("paper: the account cannot be told every %v", c.AccountEvery)
	}
	b := &Broker{config: c, wake: make(chan struct{}, 1)}
	var err error
	if b.venue, err = venue.New(c.Venue); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	b.far = b.venue
	return b, nil
}

// Submit sends an approved new order or amend. One whose approval does not hold is not sent
// and told to be Rejected.
func (b *Broker) Submit(a riskguard.Approved, at exchange.Time) {}

// Cancel asks the exchange to end an order.
func (b *Broker) Cancel(o exchange.Order, at exchange.Time) {}

// SetEpoch tells the guard's halt epoch: from then on nothing is sent that was approved in
// another. Epochs only grow; a lower one is an old message and changes nothing.
func (b *Broker) SetEpoch(epoch uint64) {}

// Drain waits until of all that was approved before an epoch each request is answered, or its
// outcome is told to be unknown.
func (b *Broker) Drain(ctx context.Context, epoch uint64) error { return ctx.Err() }

// CatchUp asks for the account to be read, and does not wait: it comes as an event of
// KindTruth, behind everything that it knows.
func (b *Broker) CatchUp(why string) {}

// Take shows the exchange a market event, before the loop is given it. The event stays the
// caller's.
func (b *Broker) Take(e *exchange.Event) {}

// Warnings are what a reader of the account's figures must know: what is derived, what is
// assumed, and how the venue had to help itself. One sentence each.
func (b *Broker) Warnings() []string { return nil }

// Run opens the account and lets time pass until the context ends, or the account cannot be
// valued any more. The error is nil if the context has ended.
func (b *Broker) Run(ctx context.Context) error { return nil }
