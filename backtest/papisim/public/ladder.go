package public

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// ladder is one side of an order book, the best price first.
type ladder struct {
	levels []exchange.Level
	bids   bool
}

// before says whether a is a better price than b on this side.
func (l *ladder) before(a, b exchange.Fixed) int {
	if l.bids {
		a, b = b, a
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (l *ladder) find(price exchange.Fixed) (int, bool) {
	return slices.BinarySearchFunc(l.levels, price, func(level exchange.Level, p exchange.Fixed) int {
		return l.before(level.Price, p)
	})
}

// set gives a price its quantity; 0 removes it.
func (l *ladder) set(level exchange.Level) {
	at, there := l.find(level.Price)
	switch {
	case there && level.Qty == 0:
		l.levels = slices.Delete(l.levels, at, at+1)
	case there:
		l.levels[at].Qty = level.Qty
	case level.Qty != 0:
		l.levels = slices.Insert(l.levels, at, level)
	}
}

// qty is what stands at a price.
func (l *ladder) qty(price exchange.Fixed) exchange.Fixed {
	if at, there := l.find(price); there {
		return l.levels[at].Qty
	}
	return 0
}

// best is the best level, or none.
func (l *ladder) best() exchange.Level {
	if len(l.levels) == 0 {
		return exchange.Level{}
	}
	return l.levels[0]
}

// prices appends the prices of all levels.
func (l *ladder) prices(to []exchange.Fixed) []exchange.Fixed {
	for _, level := range l.levels {
		to = append(to, level.Price)
	}
	return to
}

// depth is the order book of a symbol, under update ids of the simulation's own: those of
// a source may have holes or begin anew, which is no concern of whoever listens.
type depth struct {
	bids, asks ladder
	// last is the id of the last change, and at its time.
	last int64
	at   exchange.Time
	// pieces says that pieces of a book have come, so that best prices alone count no more.
	pieces bool
}

// touched are the prices that a change has given another quantity, or may have.
type touched struct{ bids, asks []exchange.Fixed }

func (t *touched) add(u touched) {
	t.bids, t.asks = append(t.bids, u.bids...), append(t.asks, u.asks...)
}

// apply takes a piece of a book and says which prices it has touched.
func (d *depth) apply(piece *exchange.Depth) touched {
	var t touched
	if piece.Snapshot {
		t.bids, t.asks = d.bids.prices(nil), d.asks.prices(nil)
		d.bids.levels, d.asks.levels = d.bids.levels[:0], d.asks.levels[:0]
	}
	for _, l := range piece.Bids {
		d.bids.set(l)
		t.bids = append(t.bids, l.Price)
	}
	for _, l := range piece.Asks {
		d.asks.set(l)
		t.asks = append(t.asks, l.Price)
	}
	d.uncross(len(piece.Bids) > 0, &t)
	return t
}

// uncross takes out what the other side has passed: a source that has lost a piece may
// still show it.
func (d *depth) uncross(bidsAreNew bool, t *touched) {
	for len(d.bids.levels) > 0 && len(d.asks.levels) > 0 && d.bids.levels[0].Price >= d.asks.levels[0].Price {
		if bidsAreNew {
			t.asks = append(t.asks, d.asks.levels[0].Price)
			d.asks.levels = slices.Delete(d.asks.levels, 0, 1)
		} else {
			t.bids = append(t.bids, d.bids.levels[0].Price)
			d.bids.levels = slices.Delete(d.bids.levels, 0, 1)
		}
	}
}

// best is the best bid and ask.
func (d *depth) best() exchange.BookTicker {
	b, a := d.bids.best(), d.asks.best()
	return exchange.BookTicker{Bid: b.Price, BidQty: b.Qty, Ask: a.Price, AskQty: a.Qty, UpdateID: d.last}
}
