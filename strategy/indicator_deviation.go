package strategy

import (
	"math"
	"math/bits"

	"github.com/pmbot/pmbot/exchange"
)

// StdDev is the standard deviation of the last n returns of a price, with n-1 in the
// denominator: what one bar's move usually is, as a ratio. Returns are counted in parts
// of 2^40, so that their sums are exact and nothing drifts.
type StdDev struct {
	window window[int64]
	last   exchange.Fixed
	sum    int64
	// hi:lo is the sum of squares in 128 bits.
	hi, lo uint64
}

// A return beyond ±4, which is 400%, counts as that, so that every sum stays in range.
const (
	returnOne = 1 << 40
	returnMax = 4 * returnOne
)

// NewStdDev makes a deviation of n returns, which takes n+1 prices.
func NewStdDev(n int) *StdDev { return &StdDev{window: newWindow[int64](max(n, 2))} }

// Push adds a price. Prices that are not above 0 are ignored.
func (s *StdDev) Push(price exchange.Fixed) {
	if price <= 0 {
		return
	}
	if s.last != 0 {
		r := float64(float64(price-s.last) / float64(s.last) * returnOne)
		s.push(int64(min(max(r, -returnMax), returnMax)))
	}
	s.last = price
}

func (s *StdDev) push(r int64) {
	out := s.window.push(r)
	s.sum += r - out
	var carry, borrow uint64
	hi, lo := square(r)
	s.lo, carry = bits.Add64(s.lo, lo, 0)
	s.hi += hi + carry
	hi, lo = square(out)
	s.lo, borrow = bits.Sub64(s.lo, lo, 0)
	s.hi -= hi + borrow
}

func square(r int64) (hi, lo uint64) {
	u := uint64(max(r, -r))
	return bits.Mul64(u, u)
}

// Ready says that n returns are in.
func (s *StdDev) Ready() bool { return s.window.full }

// Value is the deviation of a return of one bar as a ratio, 0.001 for 0.1%; 0 before the
// second return.
func (s *StdDev) Value() float64 {
	n := float64(s.window.count())
	if n < 2 {
		return 0
	}
	sum := float64(s.sum) / returnOne
	squares := (float64(float64(s.hi)*(1<<64)) + float64(s.lo)) / returnOne / returnOne
	return math.Sqrt(max(0, squares-float64(sum*sum)/n) / (n - 1))
}

// State is the last price and the returns that are in, oldest first.
func (s *StdDev) State() []int64 {
	state := []int64{int64(s.last)}
	for i := range s.window.count() {
		state = append(state, s.window.at(i))
	}
	return state
}

// Restore brings back what State returned; see [Indicator].
func (s *StdDev) Restore(state []int64) error {
	if len(state) < 1 || len(state)-1 > len(s.window.values) {
		return stateError("StdDev", len(s.window.values), len(state))
	}
	s.window.clear()
	s.last, s.sum, s.hi, s.lo = exchange.Fixed(state[0]), 0, 0, 0
	for _, r := range state[1:] {
		s.push(min(max(r, -returnMax), returnMax))
	}
	return nil
}
