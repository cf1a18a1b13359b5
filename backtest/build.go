package backtest

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// builder makes bars that strategies subscribed to and the data lacks, from trades or
// from shorter bars. A built bar is delivered when its interval is over, at that very
// instant; an interval without trades makes no bar.
type builder struct {
	bars []buildingBar
	slab []exchange.Bar
	used int
}

// buildingBar is one series under construction.
type buildingBar struct {
	inst exchange.InstrumentID
	from exchange.Kind // KindTrade or KindBar
	bar  exchange.Bar  // bar.Start is 0 before the first price
	step time.Duration // of the shorter bars, 0 for trades
}

func (b *builder) want(inst exchange.InstrumentID, interval time.Duration, from exchange.Kind, step time.Duration) {
	b.bars = append(b.bars, buildingBar{inst: inst, from: from, step: step, bar: exchange.Bar{Interval: interval}})
	if b.slab == nil {
		b.slab = make([]exchange.Bar, feedEvents)
	}
}

func (b *builder) reset() { b.used = 0 }

// close appends every bar whose interval is over at t. One built of shorter bars waits
// past its end: the last of these comes at that very instant, and add sees to it.
func (b *builder) close(out []exchange.Event, t exchange.Time) []exchange.Event {
	for i := range b.bars {
		s := &b.bars[i]
		end := s.bar.Start.Add(s.bar.Interval)
		if s.bar.Start == 0 || t < end || s.from == exchange.KindBar && t == end {
			continue
		}
		out = b.emit(out, s, end)
	}
	return out
}

func (b *builder) emit(out []exchange.Event, s *buildingBar, end exchange.Time) []exchange.Event {
	if b.used == len(b.slab) { // the old slab stays alive as long as events point to it
		b.slab, b.used = make([]exchange.Bar, 2*len(b.slab)), 0
	}
	bar := &b.slab[b.used]
	b.used++
	*bar = s.bar
	s.bar = exchange.Bar{Interval: s.bar.Interval}
	out = append(out, exchange.Event{At: end, Inst: s.inst})
	out[len(out)-1].SetBar(bar)
	return out
}

// add folds a price event into the bars built of its kind. A shorter bar that ends when
// its longer one does completes it.
func (b *builder) add(out []exchange.Event, e *exchange.Event) []exchange.Event {
	for i := range b.bars {
		s := &b.bars[i]
		if s.inst != e.Inst || s.from != e.Kind {
			continue
		}
		switch e.Kind {
		case exchange.KindTrade:
			t := e.Trade()
			s.fold(e.At, exchange.Bar{Open: t.Price, High: t.Price, Low: t.Price, Close: t.Price, Volume: exchange.WideOf(t.Qty), Trades: 1})
		case exchange.KindBar:
			part := e.Bar()
			if part.Interval != s.step {
				continue
			}
			s.fold(part.Start, *part)
			if end := s.bar.Start.Add(s.bar.Interval); e.At == end {
				out = b.emit(out, s, end)
			}
		}
	}
	return out
}

// fold adds a piece that begins at a time within the bar.
func (s *buildingBar) fold(at exchange.Time, piece exchange.Bar) {
	if s.bar.Start == 0 {
		piece.Start, piece.Interval = at.Floor(s.bar.Interval), s.bar.Interval
		s.bar = piece
		return
	}
	s.bar.High, s.bar.Low = max(s.bar.High, piece.High), min(s.bar.Low, piece.Low)
	s.bar.Close = piece.Close
	s.bar.Trades += piece.Trades
	s.bar.Volume = sum(s.bar.Volume, piece.Volume)
	s.bar.QuoteVolume = sum(s.bar.QuoteVolume, piece.QuoteVolume)
	s.bar.TakerBuy = sum(s.bar.TakerBuy, piece.TakerBuy)
}

// sum adds volumes; 128 bits hold whatever a tape can hold.
func sum(a, b exchange.Wide) exchange.Wide {
	s, err := a.Add(b)
	if err != nil {
		return a
	}
	return s
}

// drop forgets what was wanted of an instrument.
func (b *builder) drop(inst exchange.InstrumentID) {
	b.bars = slices.DeleteFunc(b.bars, func(s buildingBar) bool { return s.inst == inst })
}
