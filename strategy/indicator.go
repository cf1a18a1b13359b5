package strategy

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/pmbot/pmbot/exchange"
)

// Indicator is what all indicators share. They take one value or bar at a time with
// Push, in constant time and without allocation.
//
// Indicators are for decisions, so their values are float64 unless they are prices that
// did occur. Sums are kept in integers where they could drift.
type Indicator interface {
	// Ready says that as many values are in as the indicator's length asks for.
	Ready() bool
	// State is the indicator's memory as a list of integers, for a [Saver].
	State() []int64
	// Restore brings an indicator of the same length back to exactly where State was
	// called, or fails and leaves it as it was.
	Restore(state []int64) error
}

// States collects the states of indicators, to be saved as one value.
func States(list ...Indicator) [][]int64 {
	states := make([][]int64, len(list))
	for i, x := range list {
		states[i] = x.State()
	}
	return states
}

// RestoreStates brings the same indicators in the same order back. After an error the
// strategy must not be used, for some may have been restored and others not.
func RestoreStates(states [][]int64, list ...Indicator) error {
	if len(states) != len(list) {
		return fmt.Errorf("state has %d indicators, not %d", len(states), len(list))
	}
	for i, x := range list {
		if err := x.Restore(states[i]); err != nil {
			return err
		}
	}
	return nil
}

// LengthMax bounds the length of an indicator. Lengths outside of 1 to LengthMax are
// brought there.
const LengthMax = 1 << 20

// Snap brings an indicator's number back to exact ones: to the nearest eighth decimal,
// and from there to a whole number of steps, a tick or a lot, in the named direction.
// Numbers that are out of range, or none, are refused with ok=false.
func Snap(x float64, step exchange.Fixed, r exchange.Rounding) (f exchange.Fixed, ok bool) {
	scaled := math.Round(float64(x * float64(exchange.FixedOne)))
	if !(math.Abs(scaled) < 1<<63) { // also false for NaN
		return 0, false
	}
	return exchange.Fixed(scaled).Round(step, r), true
}

func clampLength(n int) int { return min(max(n, 1), LengthMax) }

// window is the last values pushed, oldest at next once it is full.
type window[T any] struct {
	values []T
	next   int
	full   bool
}

func newWindow[T any](n int) window[T] { return window[T]{values: make([]T, clampLength(n))} }

// push adds a value and returns the one that falls out, the zero value before that.
func (w *window[T]) push(v T) (out T) {
	if w.full {
		out = w.values[w.next]
	}
	w.values[w.next] = v
	w.next++
	if w.next == len(w.values) {
		w.next, w.full = 0, true
	}
	return out
}

func (w *window[T]) count() int {
	if w.full {
		return len(w.values)
	}
	return w.next
}

// at returns the i-th value, from the oldest.
func (w *window[T]) at(i int) T {
	if w.full {
		i += w.next
		if i >= len(w.values) {
			i -= len(w.values)
		}
	}
	return w.values[i]
}

func (w *window[T]) clear() { w.next, w.full = 0, false }

// SMA is the mean of the last n values. Its sum is exact, so two averages over the same
// prices compare without rounding: see [SMA.Compare].
type SMA struct {
	window window[exchange.Fixed]
	// hi:lo is the sum in 128 bits.
	hi int64
	lo uint64
}

// NewSMA makes an average of n values.
func NewSMA(n int) *SMA { return &SMA{window: newWindow[exchange.Fixed](n)} }

// Push adds a value, from n on in place of the oldest.
func (s *SMA) Push(v exchange.Fixed) {
	out := s.window.push(v)
	s.add(int64(v))
	s.subtract(int64(out))
}

func (s *SMA) add(v int64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, uint64(v), 0)
	s.hi += v>>63 + int64(carry)
}

func (s *SMA) subtract(v int64) {
	var borrow uint64
	s.lo, borrow = bits.Sub64(s.lo, uint64(v), 0)
	s.hi -= v>>63 + int64(borrow)
}

// Ready says that n values are in.
func (s *SMA) Ready() bool { return s.window.full }

// Value is the mean of what is in, correct to about one part in 10^15; 0 before the
// first value.
func (s *SMA) Value() float64 {
	n := s.window.count()
	if n == 0 {
		return 0
	}
	return exchange.WideFromWords(s.hi, s.lo).Float() / float64(n)
}

// Compare is -1, 0 or +1 as the mean of s is below, equal to or above that of t, exactly.
// An average without values is 0.
func (s *SMA) Compare(t *SMA) int {
	// sum(s)/n against sum(t)/m is sum(s)·m against sum(t)·n. A sum has at most 63+20
	// bits and a length 20, so the products fit.
	ahi, alo := scale128(s.hi, s.lo, uint64(max(t.window.count(), 1)))
	bhi, blo := scale128(t.hi, t.lo, uint64(max(s.window.count(), 1)))
	switch {
	case ahi < bhi || ahi == bhi && alo < blo:
		return -1
	case ahi > bhi || alo > blo:
		return 1
	default:
		return 0
	}
}

// scale128 is hi:lo times n. It wraps alike for both signs, as two's complement does.
func scale128(hi int64, lo, n uint64) (int64, uint64) {
	carry, low := bits.Mul64(lo, n)
	return int64(uint64(hi)*n + carry), low
}

// State is the values that are in, oldest first.
func (s *SMA) State() []int64 {
	state := make([]int64, s.window.count())
	for i := range state {
		state[i] = int64(s.window.at(i))
	}
	return state
}

// Restore brings back what State returned; see [Indicator].
func (s *SMA) Restore(state []int64) error {
	if len(state) > len(s.window.values) {
		return stateError("SMA", len(s.window.values), len(state))
	}
	s.window.clear()
	s.hi, s.lo = 0, 0
	for _, v := range state {
		s.Push(exchange.Fixed(v))
	}
	return nil
}

func stateError(name string, length, numbers int) error {
	return fmt.Errorf("state of %d numbers is not one of a %s of length %d", numbers, name, length)
}

// EMA is the exponential mean of length n: each value moves it by 2/(n+1) of the
// distance. It starts at the first value.
type EMA struct {
	length, count int
	weight, value float64
}

// NewEMA makes an exponential mean of length n.
func NewEMA(n int) *EMA {
	n = clampLength(n)
	return &EMA{length: n, weight: 2 / float64(n+1)}
}

// Push moves the mean by a value.
func (m *EMA) Push(v exchange.Fixed) {
	if m.count == 0 {
		m.value = v.Float()
	} else {
		m.value += float64(m.weight * (v.Float() - m.value))
	}
	m.count = min(m.count+1, m.length)
}

// Ready says that n values are in.
func (m *EMA) Ready() bool { return m.count == m.length }

// Value is the mean; 0 before the first value.
func (m *EMA) Value() float64 { return m.value }

// State is the count and the mean's bits.
func (m *EMA) State() []int64 { return []int64{int64(m.count), int64(math.Float64bits(m.value))} }

// Restore brings back what State returned; see [Indicator].
func (m *EMA) Restore(state []int64) error {
	if len(state) != 2 || state[0] < 0 || state[0] > int64(m.length) {
		return stateError("EMA", m.length, len(state))
	}
	m.count, m.value = int(state[0]), math.Float64frombits(uint64(state[1]))
	return nil
}
