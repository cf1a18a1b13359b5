package paper

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/derive"
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
	// Indexed are the assets whose index price the feed brings; of others that the account
	// needs one is derived. Marked says of which futures the feed brings marks, nil of all.
	Indexed []string
	// Lends tells at the start what loans cost, as a backtest does for strategies that borrow.
	Lends  bool
	Marked func(*exchange.Instrument) bool
	// Deliver takes what happens, in order. It is called with the broker's mutex held, so it
	// must only put the event where another goroutine takes it, as the loop's Enqueue does. The
	// payloads are the receiver's.
	Deliver func(exchange.Event)
	// Live is called once, by Run's goroutine and without the mutex, when the account has been
	// opened and read: from then on everything is told as it happens. nil is nobody.
	Live func(why string)
	// Clock is the local clock.
	Clock func() exchange.Time
	// AccountEvery is how often the account is told, 5 s by default.
	AccountEvery time.Duration
}

// Broker is a loop's broker that trades with the simulated exchange. Its methods may be called
// from any goroutine.
type Broker struct {
	config Config
	wake   chan struct{} // has Run look again when something is due

	// The mutex guards all that follows. Submit and Cancel are called by whoever runs the
	// kernel, Take by the feed's goroutine and the passing of time by Run's: the exchange does
	// one thing after the other, and what it says is delivered before the mutex is free, so
	// that nothing overtakes. Deliver is all that is called with it.
	mu    sync.Mutex
	venue *venue.Venue
	link  *link.Link // nil where the venue is at hand
	far   far
	rules *derive.Rules
	// opening are the promises and constants of the rules, and warnings their names.
	opening  []exchange.Event
	warnings []string
	expanded []exchange.Event // see Take

	opened bool
	early  []exchange.Order // to be cancelled when the account is opened
	epoch  uint64
	began  exchange.Time // when the epoch did
	// changed is closed when a Drain may be over; nil if nobody waits.
	changed chan struct{}
	// armed is when Run looks again by itself.
	armed exchange.Time
}

// far is the exchange as it is seen from here: the venue, or a link before it.
type far interface {
	Start(at exchange.Time)
	Resume(orders []exchange.Order, at exchange.Time) error
	Market(e *exchange.Event)
	Submit(a riskguard.Approved, at exchange.Time)
	Cancel(o exchange.Order, at exchange.Time)
	Events() []exchange.Event
	Due() exchange.Time
	Advance(at exchange.Time)
	Err() error
}

// New makes a broker. Nothing is told before [Broker.Run], but market events may be shown.
// Errors name the part of the configuration that is wrong.
func New(c Config) (*Broker, error) {
	if c.Deliver == nil || c.Clock == nil {
		return nil, errors.New("paper: somebody to deliver to and a clock are needed")
	}
	if c.AccountEvery == 0 {
		c.AccountEvery = accountEvery
	}
	if c.AccountEvery < 0 {
		return nil, fmt.Errorf("paper: the account cannot be told every %v; give a positive time", c.AccountEvery)
	}
	b := &Broker{config: c, wake: make(chan struct{}, 1), armed: exchange.Never}
	var err error
	if b.venue, err = venue.New(c.Venue); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	if c.Opening != nil {
		if err := c.Opening.adopt(b.venue, c.Clock()); err != nil {
			return nil, fmt.Errorf("paper: %w", err)
		}
	}
	b.far = b.venue
	if l := &c.Link; l.Needed() {
		l.Instruments = c.Venue.Instruments
		if b.link, err = link.New(b.venue, *l); err != nil {
			return nil, fmt.Errorf("paper: %w", err)
		}
		if b.link.Delays() {
			return nil, errors.New("paper: market data of a dry run takes the time that it takes: leave out the delay of the feed and outages of the market")
		}
		b.far = b.link
	}
	if err := b.derive(); err != nil {
		return nil, fmt.Errorf("paper: %w", err)
	}
	return b, nil
}

// Submit sends an approved new order, amend or act. One whose approval does not hold is not sent,
// and told to be Rejected; it may be wished again.
func (b *Broker) Submit(a riskguard.Approved, at exchange.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := max(at, b.config.Clock())
	switch {
	case !b.opened:
		b.refuse(a, now, "not sent: the account is not open yet")
		return
	case !a.Valid(b.epoch, now):
		b.refuse(a, now, "not sent: the approval is over")
		return
	}
	b.far.Submit(a, now)
	b.settle()
}

// refuse answers a request that is not sent: a new order is over, an amended one stands as it
// stood.
func (b *Broker) refuse(a riskguard.Approved, at exchange.Time, why string) {
	if act := a.Act(); act.Kind != 0 {
		b.tellAct(act, exchange.ActRejected, at, why)
		return
	}
	o := a.Order()
	u := exchange.OrderUpdate{
		ID: o.ID, ClientID: o.ClientID, VenueID: o.VenueID, Status: exchange.StatusRejected, Price: o.Request.Price, Qty: o.Request.Qty,
		Code: codeNotSent, Reason: why, Retryable: true,
	}
	if a.Amend() {
		stands, open := b.venue.Order(o.ClientID)
		if !open || stands.Status.Final() {
			return // what has become of it is told
		}
		u.Status, u.Price, u.Qty, u.Filled = stands.Status, stands.Request.Price, stands.Request.Qty, stands.Filled
	}
	e := exchange.Event{At: at, Inst: o.Request.Inst}
	e.SetOrderUpdate(&u)
	b.config.Deliver(e)
}

// Cancel asks the exchange to end an order.
func (b *Broker) Cancel(o exchange.Order, at exchange.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.opened {
		b.early = append(b.early, o)
		return
	}
	b.far.Cancel(o, max(at, b.config.Clock()))
	b.settle()
}

// SetEpoch tells the guard's halt epoch: from then on nothing is sent that was approved in
// another. Epochs only grow; a lower one is an old message and changes nothing.
func (b *Broker) SetEpoch(epoch uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch > b.epoch {
		b.epoch, b.began = epoch, b.config.Clock()
		b.changes()
	}
}

// Drain waits until of all that was approved before an epoch each request is answered, or its
// outcome is told to be unknown and it cannot arrive any more. Without a link that is at once.
func (b *Broker) Drain(ctx context.Context, epoch uint64) error {
	for {
		changed := b.draining(epoch)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// draining is what to wait for before asking again, nil if nothing is under way.
func (b *Broker) draining(epoch uint64) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.epoch >= epoch && (b.link == nil || !b.link.Underway(b.began)) {
		return nil
	}
	if b.changed == nil {
		b.changed = make(chan struct{})
	}
	return b.changed
}

// changes has those look again who wait for requests to be answered.
func (b *Broker) changes() {
	if b.changed != nil {
		close(b.changed)
		b.changed = nil
	}
}

// CatchUp asks for the account to be read, and does not wait: it comes as an event of
// KindTruth, behind everything that it knows. Before the account is opened there is nothing to
// read, and then it is read anyway.
func (b *Broker) CatchUp(string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.opened {
		return
	}
	b.read()
	b.settle()
}

// Warnings are what a reader of the account's figures must know: what is derived, what is
// assumed, and how the venue had to help itself. One sentence each.
func (b *Broker) Warnings() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := append([]string{}, b.warnings...)
	var assets []string
	for _, h := range b.venue.Holdings() {
		assets = append(assets, h.Asset)
	}
	list = append(list, b.config.Venue.Tables.Warnings(b.config.Venue.Instruments, assets)...)
	if b.link != nil {
		list = append(list, b.link.Missed()...)
	}
	return append(list, b.venue.Warnings()...)
}

// Account is what the account is worth now; what has no price yet counts as nothing.
func (b *Broker) Account() exchange.Account {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.venue.Account()
}
