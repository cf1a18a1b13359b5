package paper

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Exchange is a loop's broker, by which an account trades.
type Exchange interface {
	Submit(a riskguard.Approved, at exchange.Time)
	Cancel(o exchange.Order, at exchange.Time)
	SetEpoch(epoch uint64)
	Drain(ctx context.Context, epoch uint64) error
	CatchUp(why string)
}

// ShadowConfig is what a shadow is made of.
type ShadowConfig struct {
	// Live carries out what is approved; its answers are the kernel's.
	Live Exchange
	// Paper is the simulated exchange beside it. Its Opening, Deliver and Live are the shadow's
	// own and must be nil.
	Paper Config
	// Tolerance is how far apart in time two things may be that count as the same, 50 ms by
	// default.
	Tolerance time.Duration
	// Grace is how long a simulated order may outlive the live one, 10 s by default. Then it is
	// cancelled: the accounts would part for good.
	Grace time.Duration
	// Kept is how many differences are kept word for word, 1,000 by default: the newest.
	Kept int
}

const (
	toleranceDefault = 50 * time.Millisecond
	graceDefault     = 10 * time.Second
	keptDefault      = 1000
	// pairsMax bounds the orders that are watched; beyond it the oldest is judged as it stands.
	pairsMax = 4096
)

// Shadow trades live and has a simulated exchange do the same beside it, from the same account
// and the same market. What the simulation answers enters no kernel: it is held against what
// the live exchange has done, and what differs is explained. See [Report].
//
// The simulated account begins as a copy of the first reading of the live one; nothing is
// compared before. Its methods may be called from any goroutine.
type Shadow struct {
	config ShadowConfig
	sim    *Broker
	begun  chan struct{} // closed when the live account has been read

	// The mutex guards what follows. Both exchanges tell of orders by goroutines of their own.
	// It is the innermost: nobody is called with it held.
	mu    sync.Mutex
	books books
	ready bool // begun is closed
}

// NewShadow makes a shadow.
func NewShadow(c ShadowConfig) (*Shadow, error) {
	if c.Live == nil {
		return nil, fmt.Errorf("paper: a shadow needs a live broker")
	}
	if c.Paper.Opening != nil || c.Paper.Deliver != nil || c.Paper.Live != nil {
		return nil, fmt.Errorf("paper: a shadow's opening and deliveries are its own: leave them out")
	}
	if c.Tolerance == 0 {
		c.Tolerance = toleranceDefault
	}
	if c.Grace == 0 {
		c.Grace = graceDefault
	}
	if c.Kept == 0 {
		c.Kept = keptDefault
	}
	if c.Tolerance < 0 || c.Grace < 0 || c.Kept < 0 {
		return nil, fmt.Errorf("paper: a shadow's tolerance %v, grace %v and %d kept differences must not be below 0", c.Tolerance, c.Grace, c.Kept)
	}
	s := &Shadow{config: c, begun: make(chan struct{}), books: newBooks(c)}
	c.Paper.Deliver = func(e exchange.Event) { s.note(simulated, &e) }
	var err error
	s.sim, err = New(c.Paper)
	return s, err
}

// Submit sends live, then has the simulation do the same.
func (s *Shadow) Submit(a riskguard.Approved, at exchange.Time) {
	s.mu.Lock()
	ready := s.ready
	if ready && a.Act().Kind == 0 {
		s.books.sent(a.Order(), a.Amend(), max(at, s.config.Paper.Clock()))
	}
	s.mu.Unlock()
	s.config.Live.Submit(a, at)
	if ready {
		s.sim.Submit(a, at)
	}
}

// Cancel ends an order in both.
func (s *Shadow) Cancel(o exchange.Order, at exchange.Time) {
	s.config.Live.Cancel(o, at)
	if s.isReady() {
		s.sim.Cancel(o, at)
	}
}

// SetEpoch tells both of the guard's halt epoch.
func (s *Shadow) SetEpoch(epoch uint64) {
	s.config.Live.SetEpoch(epoch)
	s.sim.SetEpoch(epoch)
}

// Drain waits for the live exchange.
func (s *Shadow) Drain(ctx context.Context, epoch uint64) error {
	return s.config.Live.Drain(ctx, epoch)
}

// CatchUp reads the live account.
func (s *Shadow) CatchUp(why string) { s.config.Live.CatchUp(why) }

// Take shows the simulated exchange a market event, before the loop is given it.
func (s *Shadow) Take(e *exchange.Event) {
	s.sim.Take(e)
	if e.Kind == exchange.KindGap {
		s.mu.Lock()
		s.books.gap(e)
		s.mu.Unlock()
	}
}

// Hear is told what the live broker delivers, before the loop is: its first reading of the
// account is what the simulation begins with. The event stays the caller's.
func (s *Shadow) Hear(e *exchange.Event) {
	if e.Kind == exchange.KindTruth && !s.isReady() {
		s.begin(e.Truth())
		return
	}
	s.note(live, e)
}

func (s *Shadow) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// begin gives the simulation the live account.
func (s *Shadow) begin(t *exchange.Truth) {
	opening, left := openingOf(t)
	err := s.sim.adopt(opening)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books.notes = append(s.books.notes, left...)
	if err != nil {
		s.books.notes = append(s.books.notes, fmt.Sprintf("the simulated account begins empty: %v", err))
	}
	s.books.began, s.books.equity, s.ready = s.config.Paper.Clock(), t.Account.Equity, true
	close(s.begun)
}

// adopt has an account that is not opened yet go on with another.
func (b *Broker) adopt(o *Opening) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := o.adopt(b.venue, b.config.Clock()); err != nil {
		return err
	}
	b.config.Opening = o
	return nil
}

// openingOf makes an account a copy of one that was read, with its open orders that are ours;
// left says what it lacks. What the kernel calls them is not known, so they have numbers that
// no kernel gives.
func openingOf(t *exchange.Truth) (o *Opening, left []string) {
	const first = exchange.OrderID(1) << 62
	o = &Opening{Balances: t.Balances, Positions: t.Positions}
	lists := map[string]exchange.OrderID{}
	for i := range t.Orders {
		order := t.Orders[i].Order
		if !t.Orders[i].Ours {
			left = append(left, fmt.Sprintf("order %s is not ours and has no shadow", order.ClientID))
			continue
		}
		order.ID, order.Parent = first+exchange.OrderID(i), 0
		if order.Request.Type == exchange.OCO {
			limit, stop := exchange.OCOLegs(order.ClientID)
			lists[limit], lists[stop] = order.ID, order.ID
		}
		o.Orders = append(o.Orders, order)
	}
	for i := range o.Orders {
		if list, leg := lists[o.Orders[i].ClientID]; leg && list < o.Orders[i].ID {
			o.Orders[i].Parent = list
		}
	}
	return o, left
}

// note takes down what one of the two has said of the account.
func (s *Shadow) note(who side, e *exchange.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		s.books.note(who, e)
	}
}

// lookEvery is how often pairs are looked through for orders that outlive each other.
const lookEvery = time.Second

// Run waits for the first reading of the live account and then lets the simulation live, until
// the context ends. The error is nil if the context has ended. What makes the simulation
// impossible ends the comparison alone: it is noted in the report.
func (s *Shadow) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.begun:
	}
	var looking sync.WaitGroup
	defer looking.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	looking.Go(func() { s.look(ctx) })
	if err := s.sim.Run(ctx); err != nil {
		s.mu.Lock()
		s.books.notes = append(s.books.notes, fmt.Sprintf("the simulation has ended: %v", err))
		s.mu.Unlock()
		<-ctx.Done()
	}
	return nil
}

// look ends simulated orders that have outlived the live ones.
func (s *Shadow) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.config.Paper.Clock()
		s.mu.Lock()
		outlived := s.books.outlived(now)
		s.mu.Unlock()
		for _, o := range outlived {
			s.sim.Cancel(o, now)
		}
	}
}

// Report is how the two compare by now. It may be asked for at any time.
func (s *Shadow) Report() Report {
	account, missing := s.sim.worth()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.books.report()
	r.Warnings = append(r.Warnings, s.sim.warnings...)
	if !missing {
		r.Equity.Simulated = account.Equity
	}
	return r
}

// worth is what the account is worth, and whether a price is missing for that.
func (b *Broker) worth() (a exchange.Account, missing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.venue.Account(), b.venue.Missing() != nil
}

// money is a sum by asset and reason.
type money map[moneyKey]decimal.Decimal

type moneyKey struct {
	asset  string
	reason exchange.Reason
}
