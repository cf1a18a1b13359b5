package grid

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ladder is the lines, and what follows from them. The cells above the price hold: each has
// bought at its lower line and sells at its upper one. So the position says which cells hold,
// from the top down, and nothing has to be remembered.
type ladder struct {
	in    *exchange.Instrument
	lines []exchange.Fixed // from the lowest; a cell lies between each two
	qty   exchange.Fixed   // of a cell
	// above is how many cells hold where the position is flat.
	above int
	off   exchange.Fixed // the stop, of the bound
}

// rung is an order that a line wants.
type rung struct {
	side       exchange.Side
	price, qty exchange.Fixed
}

func newLadder(in *exchange.Instrument, p *Params) (ladder, error) {
	l := ladder{in: in, qty: p.Qty, off: p.Stop}
	if p.Lower >= p.Upper {
		return l, fmt.Errorf("lower %v must be below upper %v", p.Lower, p.Upper)
	}
	if p.Lower.Round(in.Tick, exchange.RoundDown) != p.Lower || p.Upper.Round(in.Tick, exchange.RoundDown) != p.Upper {
		return l, fmt.Errorf("lower %v and upper %v must be whole ticks of %s, %v", p.Lower, p.Upper, in.Name(), in.Tick)
	}
	step := root(p.Upper.Decimal().DivRound(p.Lower.Decimal(), places), p.Cells)
	at := p.Lower.Decimal()
	for i := range p.Cells + 1 {
		line := p.Lower + (p.Upper-p.Lower)/exchange.Fixed(p.Cells)*exchange.Fixed(i)
		if p.Spacing == "geometric" {
			var err error
			if line, err = exchange.FixedFromDecimal(at.Round(exchange.FixedPlaces), exchange.RoundDown); err != nil {
				return l, err
			}
			at = at.Mul(step).Round(places)
		}
		if i == p.Cells {
			line = p.Upper
		}
		l.lines = append(l.lines, line.Round(in.Tick, exchange.RoundDown))
		if i > 0 && l.lines[i] <= l.lines[i-1] {
			return l, fmt.Errorf("%d cells between %v and %v are narrower than a tick of %s, %v", p.Cells, p.Lower, p.Upper, in.Name(), in.Tick)
		}
	}
	flat := p.Flat
	if flat == 0 {
		flat = p.Lower + (p.Upper-p.Lower)/2
	}
	if flat < p.Lower || flat > p.Upper {
		return l, fmt.Errorf("flat %v must be from lower %v to upper %v, or 0 for half way", flat, p.Lower, p.Upper)
	}
	for _, line := range l.lines[:p.Cells] {
		if line >= flat {
			l.above++
		}
	}
	return l, nil
}

// places is how exactly a ratio between lines is worked out.
const places = 20

// root is the n-th root of a ratio above 1, found by halving, rounded down.
func root(ratio decimal.Decimal, n int) decimal.Decimal {
	low, high, half := decimal.New(1, 0), ratio, decimal.New(5, -1)
	for range 80 {
		middle := low.Add(high).Mul(half).Round(places)
		power := decimal.New(1, 0)
		for range n {
			power = power.Mul(middle).Round(places)
		}
		if power.GreaterThan(ratio) {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}

// cells is how many there are.
func (l *ladder) cells() int { return len(l.lines) - 1 }

// cost is what the larger side is worth with all its cells held, at the dearest it may be
// held at: in quote, or in USD for contracts that pay in coins.
func (l *ladder) cost() decimal.Decimal {
	long, short := decimal.Zero, decimal.Zero
	for i := range l.cells() {
		if i < l.cells()-l.above {
			long = long.Add(l.in.Notional(l.qty, l.lines[i]))
		} else {
			short = short.Add(l.in.Notional(l.qty, l.lines[i+1]))
		}
	}
	return decimal.Max(long, short)
}

// room is how much more of a side the hard bound lets be held.
func (l *ladder) room(held exchange.Fixed, s exchange.Side) exchange.Fixed {
	in := held + l.qty*exchange.Fixed(l.above) // what the cells hold
	if s == exchange.Sell {
		return in
	}
	return l.qty*exchange.Fixed(l.cells()) - in
}

// stop is the price at which what is held is given up: long below the lines, short above.
func (l *ladder) stop(held exchange.Fixed) exchange.Fixed {
	bound, off, round := l.lines[0], l.off.Decimal().Neg(), exchange.RoundFloor
	if held < 0 {
		bound, off, round = l.lines[len(l.lines)-1], l.off.Decimal(), exchange.RoundCeil
	}
	at, err := exchange.FixedFromDecimal(bound.Decimal().Mul(decimal.New(1, 0).Add(off)), round)
	if err != nil {
		return bound // out of range
	}
	return at.Round(l.in.Tick, round)
}

// rungs is what the lines want when so much is held: every cell sells what it holds at its
// upper line and buys what it lacks at its lower one, no more than window lines a side. What
// would take, because the price has gone past its line, waits at the next line that rests, and
// a line has at most the quantity of a cell: the rest follows.
func (l *ladder) rungs(held, price exchange.Fixed, window int) []rung {
	in := min(max(held+l.qty*exchange.Fixed(l.above), 0), l.qty*exchange.Fixed(l.cells()))
	var buys, sells []rung
	for i := l.cells() - 1; i >= 0; i-- { // from the highest buy down
		has := min(l.qty, in)
		in -= has
		buys = l.put(buys, rung{exchange.Buy, l.rests(exchange.Buy, l.lines[i], price), l.qty - has})
		sells = l.put(sells, rung{exchange.Sell, l.rests(exchange.Sell, l.lines[i+1], price), has})
	}
	slices.SortFunc(sells, func(a, b rung) int { return cmp.Compare(a.price, b.price) })
	return append(buys[:min(window, len(buys))], sells[:min(window, len(sells))]...)
}

// put adds a rung to those of its side, with the one of its price if there is one.
func (l *ladder) put(list []rung, r rung) []rung {
	if r.qty == 0 || r.price == 0 {
		return list
	}
	if have := find(list, r.side, r.price); have != nil {
		have.qty = min(have.qty+r.qty, l.qty)
		return list
	}
	return append(list, r)
}

// rests is the line nearest to a wanted one at which an order would rest, 0 if there is none.
func (l *ladder) rests(s exchange.Side, line, price exchange.Fixed) exchange.Fixed {
	i, found := slices.BinarySearch(l.lines, price)
	if s == exchange.Buy {
		if i == 0 {
			return 0
		}
		return min(line, l.lines[i-1])
	}
	if found {
		i++
	}
	if i == len(l.lines) {
		return 0
	}
	return max(line, l.lines[i])
}

func find(list []rung, s exchange.Side, price exchange.Fixed) *rung {
	for i := range list {
		if list[i].side == s && list[i].price == price {
			return &list[i]
		}
	}
	return nil
}
