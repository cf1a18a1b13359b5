package market

import (
	"math/rand/v2"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// ladder is one side of an order book. The Price of its rungs is a key: the price of an
// ask and minus the price of a bid, so that the lowest key is the best on both sides. It
// always has a rung.
type ladder struct {
	random *rand.PCG
	// rungs are best first; told is what they were when they were last told.
	rungs, told, scratch []exchange.Level
	// count is how many rungs there are to be; end is the worst key there can be.
	count int
	end   exchange.Fixed
	// tick is the grid of prices, and gap the usual distance of rungs in ticks.
	tick exchange.Fixed
	gap  int64
	// step is the grid of quantities, least the smallest and lots the usual one in steps.
	step        exchange.Fixed
	least, lots int64
}

// best is the best rung with its price.
func (s *ladder) best() exchange.Level { return rung(s.rungs[0]) }

// rung is a level of a ladder with its price for its key.
func rung(l exchange.Level) exchange.Level {
	return exchange.Level{Price: l.Price.Abs(), Qty: l.Qty}
}

// size draws a quantity: most often below the usual one, seldom four times that.
func (s *ladder) size(random uint64) exchange.Fixed {
	share := int64(random&0xffff) * int64(random>>16&0xffff) >> 16
	return exchange.Fixed(s.least+s.lots*share>>14) * s.step
}

// apart draws the distance to the next rung.
func (s *ladder) apart(random uint64) exchange.Fixed {
	return exchange.Fixed(1+int64(random>>32)%(2*s.gap-1)) * s.tick
}

// take takes up to a quantity from the best rung and returns it with its key. A rung that
// was taken from is told anew, even if others come who make it what it was.
func (s *ladder) take(qty exchange.Fixed) exchange.Level {
	s.told[len(s.told)-len(s.rungs)].Qty = 0
	r := &s.rungs[0]
	got := exchange.Level{Price: r.Price, Qty: min(r.Qty, qty)}
	if r.Qty -= got.Qty; r.Qty == 0 {
		s.rungs = s.rungs[:copy(s.rungs, s.rungs[1:])]
	}
	return got
}

// follow makes a key the limit of the side: what is better goes, and others come up to it
// if they are eager or the side has fallen far behind. Then others change their mind.
func (s *ladder) follow(limit exchange.Fixed, eager bool) {
	s.retreat(limit)
	if eager || len(s.rungs) == 0 || s.rungs[0].Price-limit > exchange.Fixed(4*s.gap)*s.tick {
		s.advance(limit)
	}
	s.stir()
	s.fill()
}

// retreat takes away what is better than a key.
func (s *ladder) retreat(limit exchange.Fixed) {
	n := 0
	for n < len(s.rungs) && s.rungs[n].Price < limit {
		n++
	}
	s.rungs = s.rungs[:copy(s.rungs, s.rungs[n:])]
}

// advance puts rungs before the best one, from a key on.
func (s *ladder) advance(limit exchange.Fixed) {
	s.scratch = s.scratch[:0]
	for key := limit; len(s.scratch) < s.count && (len(s.rungs) == 0 || key < s.rungs[0].Price); {
		random := s.random.Uint64()
		s.scratch = append(s.scratch, exchange.Level{Price: key, Qty: s.size(random)})
		if key += s.apart(random); key > s.end {
			break
		}
	}
	s.scratch = append(s.scratch, s.rungs[:min(len(s.rungs), s.count)]...)
	s.rungs, s.scratch = s.scratch, s.rungs
}

// stir changes the best rung every other time, and up to three others, most often near it.
func (s *ladder) stir() {
	random := s.random.Uint64()
	if random&1 == 0 {
		s.rungs[0].Qty = s.size(random >> 32)
	}
	for range random >> 1 & 3 {
		random = s.random.Uint64()
		i := int(random&0xff*(random>>8&0xff)) * len(s.rungs) >> 16
		kind, room := random>>16&7, int64(0) // free prices before the rung
		if i > 0 {
			room = int64((s.rungs[i].Price-s.rungs[i-1].Price)/s.tick) - 1
		}
		switch {
		case kind == 0 && i > 0:
			s.rungs = slices.Delete(s.rungs, i, i+1)
		case kind == 1 && room > 0:
			key := s.rungs[i-1].Price + exchange.Fixed(1+int64(random>>20&0xfff)%room)*s.tick
			s.rungs = slices.Insert(s.rungs, i, exchange.Level{Price: key, Qty: s.size(random >> 32)})
		default:
			s.rungs[i].Qty = s.size(random >> 32)
		}
	}
}

// fill makes the rungs as many as there are to be, or as prices allow, at the far end.
func (s *ladder) fill() {
	s.rungs = s.rungs[:min(len(s.rungs), s.count)]
	for len(s.rungs) < s.count {
		random := s.random.Uint64()
		key := s.rungs[len(s.rungs)-1].Price + s.apart(random)
		if key > s.end {
			return
		}
		s.rungs = append(s.rungs, exchange.Level{Price: key, Qty: s.size(random)})
	}
}

// whole appends all rungs as a snapshot tells them.
func (s *ladder) whole(dst []exchange.Level) []exchange.Level {
	for _, l := range s.rungs {
		dst = append(dst, rung(l))
	}
	return dst
}

// changes appends what is not as it was told, best first, and remembers it as told.
func (s *ladder) changes(dst []exchange.Level) []exchange.Level {
	now, told := s.rungs, s.told
	for len(now) > 0 || len(told) > 0 {
		switch {
		case len(told) == 0 || len(now) > 0 && now[0].Price < told[0].Price:
			dst = append(dst, rung(now[0]))
			now = now[1:]
		case len(now) == 0 || told[0].Price < now[0].Price:
			dst = append(dst, exchange.Level{Price: told[0].Price.Abs()})
			told = told[1:]
		default:
			if now[0].Qty != told[0].Qty {
				dst = append(dst, rung(now[0]))
			}
			now, told = now[1:], told[1:]
		}
	}
	s.told = append(s.told[:0], s.rungs...)
	return dst
}
