package book

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// side is one side of a book. The Price of its levels is a key: the price of an ask and
// minus the price of a bid, so that the lowest key is the best on both sides. The best
// level stands last, so that a change near it moves few others.
type side struct {
	levels []exchange.Level
	// horizon is the worst key of the snapshot. Beyond it a level is known only if it was
	// touched since.
	horizon exchange.Fixed
}

func (s *side) clear() { s.levels, s.horizon = s.levels[:0], math.MaxInt64 }

// load takes the levels of a snapshot, which come best first; others are put in order.
func (s *side) load(levels []exchange.Level, bids bool) {
	for i := len(levels) - 1; i >= 0; i-- {
		l := levels[i]
		if bids {
			l.Price = -l.Price
		}
		s.set(l.Price, l.Qty)
	}
	if len(s.levels) > 0 {
		s.horizon = s.levels[0].Price
	}
}

// set gives a price its quantity; 0 removes it, and removing what is not there is normal.
func (s *side) set(key, qty exchange.Fixed) {
	i := s.search(key)
	if found := i < len(s.levels) && s.levels[i].Price == key; found {
		if qty != 0 {
			s.levels[i].Qty = qty
			return
		}
		copy(s.levels[i:], s.levels[i+1:])
		s.levels = s.levels[:len(s.levels)-1]
		return
	}
	if qty == 0 {
		return
	}
	s.levels = append(s.levels, exchange.Level{})
	copy(s.levels[i+1:], s.levels[i:])
	s.levels[i] = exchange.Level{Price: key, Qty: qty}
}

// search returns the index of the first level whose key is not above the given one.
// Changes are spread over the whole book, so nothing is won by looking near the best price
// first. See BenchmarkApply.
func (s *side) search(key exchange.Fixed) int {
	low, high := 0, len(s.levels)
	for low < high {
		mid := int(uint(low+high) / 2)
		if s.levels[mid].Price > key {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// best returns the best level as stored, or the zero Level.
func (s *side) best() exchange.Level {
	if len(s.levels) == 0 {
		return exchange.Level{}
	}
	return s.levels[len(s.levels)-1]
}

// known counts the levels within the horizon.
func (s *side) known() int { return len(s.levels) - s.search(s.horizon) }
