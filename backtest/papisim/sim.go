package papisim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// Sim is one simulated exchange with one account. Its ServeHTTP serves all hosts; Run lets
// time pass for those who only listen.
type Sim struct {
	// mu is held while the exchange does anything: net/http calls from a goroutine for each
	// request, and a matching engine serves one after the other.
	mu sync.Mutex

	clock   clock
	ins     *exchange.Instruments
	venue   *venue.Venue
	public  *public.Service
	feed    feed
	records records
	ledger  ledger
	skew    Skew
	// marginCall is the account's own alarm level of uniMMR, "" for none.
	marginCall string
	quotas     quotas
	// downloads are the bulk files that were asked for, the oldest first.
	downloads []download
	gateway   gateway
	faults    faults
	shifts    map[string]exchange.Fixed // of marks and indexes, by coin
	account   AccountType

	// listed are the instruments as everyone has been shown them last, by id.
	listed  []*exchange.Instrument
	sockets []*socket // in the order of opening
	hearers hearers
	user    userStream
	late    []lateFrame // of market streams, by due
	witness witness
}

// feedBuffer is how many market events are read at a time.
const feedBuffer = 256

// feed is the source with the events that have been read and are not due yet.
type feed struct {
	source Source
	buf    [feedBuffer]exchange.Event
	next   []exchange.Event
	ended  bool
}

// peek is the event that comes next, nil when there are no more.
func (f *feed) peek() (*exchange.Event, error) {
	for len(f.next) == 0 && !f.ended {
		n, err := f.source.Next(f.buf[:])
		f.next = f.buf[:n]
		if errors.Is(err, io.EOF) {
			f.ended = true
		} else if err != nil {
			return nil, fmt.Errorf("market of the simulated exchange: %w", err)
		}
	}
	if len(f.next) == 0 {
		return nil, nil
	}
	return &f.next[0], nil
}

// New makes an exchange and opens its account. Errors name the part of the configuration
// that is wrong.
func New(c Config) (*Sim, error) {
	if c.Source == nil {
		return nil, errors.New("papisim: no market")
	}
	if c.FirstOrderID < 0 || c.FirstOrderID > 1<<62 {
		return nil, fmt.Errorf("papisim: first order id %d is not from 0 to 2^62", c.FirstOrderID)
	}
	c.Venue.Orders.Lenient = true
	v, err := venue.New(c.Venue)
	if err != nil {
		return nil, fmt.Errorf("papisim: %w", err)
	}
	s := &Sim{
		clock: newClock(c.Start, c.Speed), ins: c.Venue.Instruments, venue: v,
		public: public.New(c.Venue.Instruments), feed: feed{source: c.Source}, account: c.Account,
		records: newRecords(c.Venue.Seed, c.FirstOrderID), ledger: newLedger(), quotas: newQuotas(),
		faults: newFaults(c.Venue.Seed), shifts: map[string]exchange.Fixed{},
		hearers: hearers{}, user: newUserStream(c.Venue.Seed), witness: witness{c.Witness, map[public.Key][]exchange.Product{}},
	}
	if s.gateway, err = newGateway(&c, s.routes()); err != nil {
		return nil, fmt.Errorf("papisim: %w", err)
	}
	s.listed = make([]*exchange.Instrument, s.ins.Len()+1)
	for id := exchange.InstrumentID(1); int(id) < len(s.listed); id++ {
		s.listed[id] = v.Instrument(id)
	}
	v.Start(c.Start)
	s.know()
	s.collect()
	s.tell()
	return s, nil
}

// idle is how long Run sleeps at most: sockets are looked at that often.
const idle = time.Second

// Run lets the exchange's time pass until the context ends or the market fails, and drops
// all sockets then. Without it time passes only when somebody asks.
func (s *Sim) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer s.Disconnect(true)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait, err := s.pass()
		if err != nil {
			return err
		}
		timer.Reset(wait)
	}
}

// pass does what is due and says how long there is nothing to do then.
func (s *Sim) pass() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.step(s.clock.now()); err != nil {
		return 0, err
	}
	wait := idle
	if e, err := s.feed.peek(); err != nil {
		return 0, err
	} else if e != nil {
		wait = min(wait, s.clock.until(e.At))
	}
	return min(wait, s.clock.until(min(s.venue.Due(), s.dueStreams()))), nil
}

// step lets the exchange's time move to an instant: market events and the venue's own chores
// happen in their order. The caller holds mu.
func (s *Sim) step(to exchange.Time) error {
	for {
		e, err := s.feed.peek()
		if err != nil {
			return err
		}
		due := s.venue.Due()
		if at := s.dueStreams(); at <= to && at <= due && (e == nil || at <= e.At) {
			s.passStreams(at)
			continue
		}
		if e == nil || e.At > to || due < e.At {
			if due > to {
				return nil
			}
			s.venue.Advance(due)
			s.relist(due)
			s.collect()
			s.tell()
			continue
		}
		s.feed.next = s.feed.next[1:]
		s.show(e)
		if due <= e.At { // it came with a chore of the venue's
			s.relist(e.At)
		}
	}
}

// relist shows everyone what has become of instruments that the venue has changed: others'
// wishes, or delivery.
func (s *Sim) relist(at exchange.Time) {
	for i := range s.ins.Len() {
		id := exchange.InstrumentID(i + 1)
		if in := s.venue.Instrument(id); s.listed[id] != in {
			s.listed[id] = in
			s.public.Instrument(*in, at)
		}
	}
}

// collect takes down what the venue has said. Whoever calls sees to it that it is told.
func (s *Sim) collect() {
	events := s.venue.Events()
	for i := range events {
		s.learn(&events[i])
		s.ledger.learn(s, &events[i])
	}
}
