package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// builder makes bars that strategies subscribed to and the data lacks, from trades or
// from shorter bars. A built bar is delivered when its interval is over, at that very
// instant; an interval without trades makes no bar, and neither does one of which the
// beginning was not read. Bars built from trades have no quote volume.
type builder struct {
	bars []buildingBar
	slab []exchange.Bar
	used int
	// from is where the data begins: bars that start before are incomplete.
	from exchange.Time
}

// buildingBar is one series under construction.
type buildingBar struct {
	inst exchange.InstrumentID
	from exchange.Kind // KindTrade or KindBar
	bar  exchange.Bar  // without a price, nothing has come yet
	step time.Duration // of the shorter bars, 0 for trades
}

func (s *buildingBar) open() bool { return s.bar.Open != 0 }

func (s *buildingBar) end() exchange.Time { return s.bar.Start.Add(s.bar.Interval) }

func (b *builder) want(inst exchange.InstrumentID, interval time.Duration, from exchange.Kind, step time.Duration) {
	b.bars = append(b.bars, buildingBar{inst: inst, from: from, step: step, bar: exchange.Bar{Interval: interval}})
	if b.slab == nil {
		b.slab = make([]exchange.Bar, feedEvents)
	}
}

func (b *builder) reset() { b.used = 0 }

// close appends every bar whose interval is over at t, in order of time. One built of
// shorter bars waits past its end: the last of these comes at that very instant, and add
// sees to it.
func (b *builder) close(out []exchange.Event, t exchange.Time) []exchange.Event {
	first := len(out)
	for i := range b.bars {
		s := &b.bars[i]
		if !s.open() || t < s.end() || s.from == exchange.KindBar && t == s.end() {
			continue
		}
		out = b.emit(out, s)
	}
	if len(out) > first+1 { // after a pause bars of several lengths are over
		slices.SortStableFunc(out[first:], func(x, y exchange.Event) int { return cmp.Compare(x.At, y.At) })
	}
	return out
}

// emit appends a finished bar and begins the next.
func (b *builder) emit(out []exchange.Event, s *buildingBar) []exchange.Event {
	done, end := s.bar, s.end()
	s.bar = exchange.Bar{Interval: s.bar.Interval}
	if done.Start < b.from {
		return out
	}
	if b.used == len(b.slab) { // the old slab stays alive as long as events point to it
		b.slab, b.used = make([]exchange.Bar, 2*len(b.slab)), 0
	}
	bar := &b.slab[b.used]
	b.used++
	*bar = done
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
			s.fold(e.At, ofTrade(e.Trade()))
		case exchange.KindBar:
			part := e.Bar()
			if part.Interval != s.step {
				continue
			}
			s.fold(part.Start, *part)
			if e.At == s.end() {
				out = b.emit(out, s)
			}
		}
	}
	return out
}

// ofTrade is the bar of one row of trades, which stands for as many as it names.
func ofTrade(t exchange.Trade) exchange.Bar {
	b := exchange.Bar{Open: t.Price, High: t.Price, Low: t.Price, Close: t.Price, Volume: exchange.WideOf(t.Qty), Trades: 1}
	if !t.BuyerMaker {
		b.TakerBuy = b.Volume
	}
	if t.First > 0 && t.Last > t.First {
		b.Trades += t.Last - t.First
	}
	return b
}

// fold adds a piece that begins at a time within the bar.
func (s *buildingBar) fold(at exchange.Time, piece exchange.Bar) {
	if !s.open() {
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
