// Package queue estimates the place in line of a resting order from what the public sees:
// the whole quantity at its price, and the trades there. The exchange serves the orders
// at a price in the order of their time, but tells nobody where an order stands.
//
// A [Place] belongs to one order. It promises that what is ahead is never negative, never
// more than what is shown, and that a probabilistic place is never worse than the
// conservative one that has seen the same. The simulated exchange (backtest/venue) moves
// it; nothing else does. Start at [Model].
//
// # What both models hold
//
// An order that joins has everything shown at its price ahead of it, and whoever joins
// later is behind. A trade at the price by an aggressor of the other side takes from the
// front: first from what is ahead, and what is left of it reaches the order. What is shown
// cannot be less than what is ahead.
//
// # Conservative
//
// Every order that is cancelled stood behind us. So only trades bring the order forward,
// and a shown quantity below what is ahead. Others call this the risk-averse model.
//
// # Probabilistic
//
// A fall d of the shown quantity that no trade explains was cancelled partly ahead and
// partly behind. The part behind is
//
//	d * f(behind) / (f(behind) + f(ahead)),   f(x) = x^n,   n = 1, 2 or 3
//
// and no more than what stands behind; the rest came from ahead. The formula is that of
// E. Rigtorp, "Estimating order queue position" (2013), and of the answer to question 3782
// on Quantitative Finance Stack Exchange; hftbacktest documents it as its probability queue
// models and offers the power function among them, n = 3 in its examples. It starts with
// all cancels ahead, when nobody is behind yet, and ends with all behind, when nobody is
// ahead; the larger n, the steeper between. All is computed in integers and rounded
// against us.
//
// # Trades and book told at one instant
//
// Trades and book come on streams of their own, so a fall of the shown quantity can be
// told before the trade that made it. A trade that is not younger than the shown quantity
// is therefore set against what that quantity has brought the order forward already: no
// quantity counts twice.
package queue

import (
	"fmt"
	"math/bits"

	"github.com/pmbot/pmbot/exchange"
)

// Model says how a place is estimated. The zero Model is Conservative; the others are the
// power n of the probabilistic function, 1 to 3.
type Model uint8

const (
	// Conservative moves forward by trades only.
	Conservative Model = 0
	// Probabilistic shares cancels between ahead and behind, with the power 3.
	Probabilistic Model = 3
)

var names = [...]string{"conservative", "probabilistic-1", "probabilistic-2", "probabilistic"}

// String is the name that [Parse] reads.
func (m Model) String() string {
	if int(m) < len(names) {
		return names[m]
	}
	return fmt.Sprintf("Model(%d)", uint8(m))
}

// Parse reads "conservative", "probabilistic", which has the power 3, or
// "probabilistic-1", -2 and -3 with the power named.
func Parse(s string) (Model, error) {
	if s == "probabilistic-3" {
		return Probabilistic, nil
	}
	for m, name := range names {
		if s == name {
			return Model(m), nil
		}
	}
	return 0, fmt.Errorf("%q is not conservative, probabilistic or probabilistic-1 to -3", s)
}

// Valid says whether the model is one of those that Parse knows.
func (m Model) Valid() bool { return int(m) < len(names) }

// MarshalText writes the name.
func (m Model) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what [Parse] reads.
func (m *Model) UnmarshalText(b []byte) (err error) {
	*m, err = Parse(string(b))
	return err
}

// Place is where one resting order stands in the line at its price. The zero Place is
// unknown: it lets no trade at the price through. Quantities are in the instrument's unit.
type Place struct {
	known bool
	// ahead is what must trade before the order does.
	ahead exchange.Fixed
	// shown is the quantity at the price that was told last, and seen that it is still the
	// one to compare with; printed is what has traded there since.
	seen           bool
	shown, printed exchange.Fixed
	// at is the time of shown. fell is by how much it has fallen at that time without a
	// trade, and gained by how much that brought the order forward: trades of that time
	// may come yet.
	at           exchange.Time
	fell, gained exchange.Fixed
}

// Join puts the order at the end of the line of what is shown at its price since at. Trades
// up to then are in it. Without knowledge of what is shown the place stays unknown until
// [Place.Show] or [Place.Front].
func (p *Place) Join(shown exchange.Fixed, known bool, at exchange.Time) {
	*p = Place{}
	if known {
		const all = exchange.FixedMax // of what is told late
		*p = Place{known: true, ahead: shown, seen: true, shown: shown, at: at, fell: all, gained: all}
	}
}

// Known says whether the place is known.
func (p *Place) Known() bool { return p.known }

// Ahead is what must trade at the price before the order does, if the place is known.
func (p *Place) Ahead() exchange.Fixed { return p.ahead }

// Front says that nothing is ahead: the market has traded or quoted through the price.
func (p *Place) Front() {
	p.known, p.ahead, p.fell, p.gained = true, 0, 0, 0
}

// Lose says that the shown quantity will not be told for a while. The next one is compared
// with nothing: it only bounds what is ahead.
func (p *Place) Lose() { p.seen, p.printed, p.fell, p.gained = false, 0, 0, 0 }

// Trade tells a trade at the price by an aggressor of the other side. Of it, orders of
// ours that come first have taken all but left. It returns what of that reaches the order.
func (p *Place) Trade(qty, left exchange.Fixed, at exchange.Time) exchange.Fixed {
	if !p.known {
		return 0
	}
	if at > p.at {
		p.fell, p.gained = 0, 0
	}
	told := min(p.fell, qty)
	p.fell -= told
	p.printed = add(p.printed, qty-told)
	early := min(p.gained, left)
	p.gained -= early
	left -= early
	passed := min(p.ahead, left)
	p.ahead -= passed
	return left - passed
}

// Show tells the whole quantity that others have at the price now. An order whose place
// was unknown joins the line behind all of it.
func (p *Place) Show(m Model, qty exchange.Fixed, at exchange.Time) {
	if !p.known {
		p.Join(qty, true, at)
		return
	}
	if at > p.at {
		p.fell, p.gained, p.at = 0, 0, at
	}
	before := p.ahead
	if fell := p.shown - qty - p.printed; p.seen && fell > 0 {
		p.fell = add(p.fell, fell)
		if m != Conservative {
			behind := max(0, p.shown-p.printed-p.ahead)
			p.ahead -= min(p.ahead, share(fell, p.ahead, behind, int(m)))
		}
	}
	p.ahead = min(p.ahead, qty)
	p.gained = add(p.gained, before-p.ahead)
	p.shown, p.printed, p.seen = qty, 0, true
}

// add is the sum of two quantities, or the largest there is.
func add(a, b exchange.Fixed) exchange.Fixed { return min(a, exchange.FixedMax-b) + b }

// weightBits are the bits that quantities keep before they are raised to a power. Below
// 21 units of an asset that is all of them.
const weightBits = 31

// share is the part of a fall that came from ahead, rounded down: fell times ahead^n
// through ahead^n plus behind^n.
func share(fell, ahead, behind exchange.Fixed, n int) exchange.Fixed {
	if behind == 0 {
		return fell
	}
	drop := max(0, bits.Len64(uint64(max(ahead, behind)))-weightBits)
	a, b := uint64(ahead)>>drop, shiftUp(uint64(behind), 0, drop)
	var over, under [2]uint64 // a^n and b^n, high word first
	over[1], under[1] = a, b
	for range n - 1 {
		over[0], over[1] = times(over, a)
		under[0], under[1] = times(under, b)
	}
	// The sum of both must fit in a word.
	drop = 0
	if high := max(over[0], under[0]); high != 0 || max(over[1], under[1]) >= 1<<62 {
		drop = bits.Len64(high) + 2
	}
	x := over[0]<<(64-drop) | over[1]>>drop
	y := shiftUp(under[1], under[0], drop)
	hi, lo := bits.Mul64(uint64(fell), x)
	part, _ := bits.Div64(hi, lo, x+y) // hi < x, for fell has at most 63 bits; y is not 0
	return exchange.Fixed(part)
}

// times multiplies a number of two words that is below 2^64 by one below 2^33.
func times(x [2]uint64, by uint64) (high, low uint64) { return bits.Mul64(x[1], by) }

// shiftUp shifts two words right by less than 64 bits into one, rounding up.
func shiftUp(low, high uint64, by int) uint64 {
	shifted := high<<(64-by) | low>>by
	if low&(1<<by-1) != 0 {
		shifted++
	}
	return shifted
}
