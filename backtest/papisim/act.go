package papisim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/public"
	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
)

// What somebody does to the exchange while it runs: a test, or whoever has the admin port.

// Now is the exchange's time.
func (s *Sim) Now() exchange.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now()
}

// forwardMax is how far time can be moved at once.
const forwardMax = 366 * day

// Forward moves time forward by at most a year, through everything that happens meanwhile.
// Requests are served on the way; when the context ends first, time stays where it came to.
func (s *Sim) Forward(ctx context.Context, by time.Duration) error {
	if by < 0 || by > forwardMax {
		return fmt.Errorf("time moves forward by 0s to %v, not by %v", forwardMax, by)
	}
	for by > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("time was stopped with %v to go: %w", by, err)
		}
		part := min(by, forwardStride)
		if err := s.forward(part); err != nil {
			return err
		}
		by -= part
	}
	return nil
}

// forwardStride is how far time moves at once: requests and the end of the program get their
// turn after each.
const forwardStride = time.Minute

func (s *Sim) forward(by time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.jump(by)
	return s.step(s.clock.now())
}

// speedMax is how fast time can pass.
const speedMax = 10_000

// SetSpeed lets so many seconds pass in one of ours, 1 to 10,000.
func (s *Sim) SetSpeed(speed int) error {
	if speed < 1 || speed > speedMax {
		return fmt.Errorf("a speed of %d is not within 1 to %d", speed, speedMax)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.pace(speed)
	return nil
}

// SkewClock sets how far the clock that requests meet is ahead of the exchange's time; below
// 0 it is behind. Timestamps are judged by it, and the time endpoints tell it.
func (s *Sim) SkewClock(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway.skew = exchange.Time(by)
}

// Change lets somebody change the venue: rates, filters, positions, money. What comes of it
// is told as if the exchange had done it by itself. The venue must not be kept.
func (s *Sim) Change(change func(v *venue.Venue, at exchange.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if err := s.step(now); err != nil {
		return err
	}
	before := s.brackets()
	err := change(s.venue, now)
	s.relist(now)
	s.tellBrackets(before, now)
	s.collect()
	s.tell()
	return err
}

// brackets are those of all instruments, by id.
func (s *Sim) brackets() [][]public.Bracket {
	list := make([][]public.Bracket, len(s.listed))
	for id := 1; id < len(list); id++ {
		for _, b := range s.venue.BracketsOf(exchange.InstrumentID(id)).Tiers {
			list[id] = append(list[id], public.Bracket(b))
		}
	}
	return list
}

// tellBrackets tells everyone of contracts that have other brackets than before.
func (s *Sim) tellBrackets(before [][]public.Bracket, at exchange.Time) {
	for id, now := range s.brackets() {
		if !slices.Equal(now, before[id]) {
			s.public.Brackets(exchange.InstrumentID(id), now, at)
		}
	}
}

// SetAccount changes what the exchange knows of the account beside its money. Keys that are
// older than Activated cannot trade any more.
func (s *Sim) SetAccount(a AccountType) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account, s.gateway.keys.account = a, a
}

// Account is what SetAccount changes.
func (s *Sim) Account() AccountType {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account
}

// SetPermissions ticks other boxes of a key.
func (s *Sim) SetPermissions(key string, p Permissions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.gateway.keys.byID[key]
	if c == nil {
		return errors.New("there is no such key")
	}
	if err := p.check(); err != nil {
		return err
	}
	c.Permissions = p
	return nil
}

// jumper is a market whose prices can be moved.
type jumper interface {
	Jump(asset string, factor exchange.Fixed) error
}

// ErrRecorded says that a market's prices are what they were.
var ErrRecorded = errors.New("the market is recorded: its prices cannot be moved, but marks and indexes can be shifted")

// Jump moves the price of an asset by a factor, 0.01 to 100: index, marks and books follow
// with the market's next events.
func (s *Sim) Jump(asset string, factor exchange.Fixed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.feed.source.(jumper)
	if !ok {
		return ErrRecorded
	}
	return m.Jump(asset, factor)
}

// Shift multiplies marks and index prices of a coin by a factor, 0.01 to 100, until another
// one is set; 1 ends it. Trades and books stay where they are.
func (s *Sim) Shift(coin string, factor exchange.Fixed) error {
	if factor < exchange.FixedOne/100 || factor > 100*exchange.FixedOne {
		return fmt.Errorf("a factor of %v is not within 0.01 to 100", factor)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if err := s.step(now); err != nil {
		return err
	}
	if s.venue.IndexOf(coin) <= 0 && !slices.ContainsFunc(s.ins.All(), func(in exchange.Instrument) bool { return in.Base == coin }) {
		return fmt.Errorf("there is no coin %q here: name one that has an index or a contract", coin)
	}
	before := s.shift(coin)
	if s.shifts[coin] = factor; factor == exchange.FixedOne {
		delete(s.shifts, coin)
	}
	for id := exchange.InstrumentID(1); int(id) <= s.ins.Len(); id++ {
		if m := s.public.Mark(id); s.ins.At(id).Base == coin && m.Price > 0 {
			m.Price, m.Index = unscaled(m.Price, before), unscaled(m.Index, before)
			e := exchange.Event{At: now, Exchange: now, Inst: id}
			e.SetMark(m)
			s.show(&e)
		}
	}
	if index := s.venue.IndexOf(coin); index > 0 {
		e := exchange.Event{At: now, Exchange: now}
		e.SetAssetIndex(&exchange.AssetIndex{Asset: coin, Price: unscaled(index, before)})
		s.show(&e)
	}
	return nil
}

func (s *Sim) shift(coin string) exchange.Fixed {
	if f, ok := s.shifts[coin]; ok {
		return f
	}
	return exchange.FixedOne
}

// show lets venue and public see a market event, and tells what comes of it.
func (s *Sim) show(e *exchange.Event) {
	if len(s.shifts) > 0 {
		shifted := *e
		s.shiftEvent(&shifted)
		e = &shifted
	}
	s.venue.Market(e)
	s.public.Market(e)
	s.collect()
	s.tell()
}

// shiftEvent applies the shifts to a mark, a funding or an index price.
func (s *Sim) shiftEvent(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindMark:
		m, by := e.Mark(), s.shift(s.ins.At(e.Inst).Base)
		m.Price, m.Index, m.Settle = scaled(m.Price, by), scaled(m.Index, by), scaled(m.Settle, by)
		e.SetMark(m)
	case exchange.KindFunding:
		f := e.Funding()
		f.Mark = scaled(f.Mark, s.shift(s.ins.At(e.Inst).Base))
		e.SetFunding(f)
	case exchange.KindAssetIndex:
		a := *e.AssetIndex()
		a.Price = scaled(a.Price, s.shift(a.Asset))
		e.SetAssetIndex(&a)
	}
}

// scaled is a price times a factor; one that is out of range stays.
func scaled(price, by exchange.Fixed) exchange.Fixed {
	if by == exchange.FixedOne {
		return price
	}
	p, err := exchange.FixedFromDecimal(price.Decimal().Mul(by.Decimal()), exchange.RoundHalfUp)
	if err != nil {
		return price
	}
	return p
}

// unscaled takes a factor out again.
func unscaled(price, by exchange.Fixed) exchange.Fixed {
	p, err := exchange.FixedFromDecimal(price.Decimal().DivRound(by.Decimal(), exchange.FixedPlaces), exchange.RoundHalfUp)
	if err != nil {
		return price
	}
	return p
}

// keyIDs are the ids of the keys, sorted.
func (s *Sim) keyIDs() []string {
	var list []string
	for id := range s.gateway.keys.byID {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}
