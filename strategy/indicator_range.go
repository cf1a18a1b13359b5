package strategy

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// ATR is Wilder's average true range: how far a bar reaches, the gap from the close
// before included. The first n ranges are averaged evenly; from then on each counts 1/n.
type ATR struct {
	length, count int
	close         exchange.Fixed
	value         float64
}

// NewATR makes an average true range of length n.
func NewATR(n int) *ATR { return &ATR{length: clampLength(n)} }

// Push adds a closed bar.
func (a *ATR) Push(high, low, close exchange.Fixed) {
	if a.count > 0 {
		high, low = max(high, a.close), min(low, a.close)
	}
	a.count = min(a.count+1, a.length)
	a.value += ((high - low).Float() - a.value) / float64(a.count)
	a.close = close
}

// Ready says that n bars are in.
func (a *ATR) Ready() bool { return a.count == a.length }

// Value is the average range in units of price; 0 before the first bar.
func (a *ATR) Value() float64 { return a.value }

// State is the count, the last close and the value's bits.
func (a *ATR) State() []int64 {
	return []int64{int64(a.count), int64(a.close), int64(math.Float64bits(a.value))}
}

// Restore brings back what State returned; see [Indicator].
func (a *ATR) Restore(state []int64) error {
	if len(state) != 3 || state[0] < 0 || state[0] > int64(a.length) {
		return stateError("ATR", a.length, len(state))
	}
	a.count, a.close, a.value = int(state[0]), exchange.Fixed(state[1]), math.Float64frombits(uint64(state[2]))
	return nil
}

// Donchian is the channel of the last n bars: their highest high and lowest low. A
// breakout rule asks it before it pushes the bar that may break out.
type Donchian struct {
	length, count int
	at            int64 // number of the next bar
	highs, lows   extremes
}

// NewDonchian makes a channel of n bars.
func NewDonchian(n int) *Donchian {
	n = clampLength(n)
	return &Donchian{length: n, highs: newExtremes(n, 1), lows: newExtremes(n, -1)}
}

// Push adds a closed bar.
func (d *Donchian) Push(high, low exchange.Fixed) {
	d.highs.push(d.at, int64(d.length), high)
	d.lows.push(d.at, int64(d.length), low)
	d.at++
	d.count = min(d.count+1, d.length)
}

// Ready says that n bars are in.
func (d *Donchian) Ready() bool { return d.count == d.length }

// High is the highest high; 0 before the first bar.
func (d *Donchian) High() exchange.Fixed { return d.highs.best() }

// Low is the lowest low; 0 before the first bar.
func (d *Donchian) Low() exchange.Fixed { return d.lows.best() }

// State is the count, and how many bars ago each candidate was, with its price: highs,
// then lows.
func (d *Donchian) State() []int64 {
	state := []int64{int64(d.count), int64(d.highs.n), int64(d.lows.n)}
	for _, e := range []*extremes{&d.highs, &d.lows} {
		for i := range e.n {
			x := e.at(i)
			state = append(state, d.at-x.bar, int64(x.price))
		}
	}
	return state
}

// Restore brings back what State returned; see [Indicator].
func (d *Donchian) Restore(state []int64) error {
	bad := len(state) < 3 || state[0] < 0 || state[0] > int64(d.length) ||
		state[1] < 0 || state[2] < 0 || state[1] > state[0] || state[2] > state[0] ||
		int64(len(state)) != 3+2*(state[1]+state[2])
	if bad {
		return stateError("Donchian", d.length, len(state))
	}
	*d = *NewDonchian(d.length)
	d.count, d.at = int(state[0]), state[0]
	list := state[3:]
	for i, n := range state[1:3] {
		for range n {
			e := []*extremes{&d.highs, &d.lows}[i]
			*e.at(e.n) = extreme{d.at - list[0], exchange.Fixed(list[1])}
			e.n++
			list = list[2:]
		}
	}
	return nil
}

// extremes is the queue of prices that are, or may yet become, the largest (sign 1) or
// smallest (sign -1) of the last bars: each better than all that came after it. Every
// price enters and leaves once.
type extremes struct {
	queue   []extreme // a ring
	head, n int
	sign    exchange.Fixed
}

type extreme struct {
	bar   int64
	price exchange.Fixed
}

func newExtremes(n int, sign exchange.Fixed) extremes {
	return extremes{queue: make([]extreme, n), sign: sign}
}

// at returns the i-th place from the head, which may be the first free one.
func (e *extremes) at(i int) *extreme {
	i += e.head
	if i >= len(e.queue) {
		i -= len(e.queue)
	}
	return &e.queue[i]
}

func (e *extremes) push(bar, length int64, price exchange.Fixed) {
	if e.n > 0 && e.at(0).bar <= bar-length {
		e.head++
		if e.head == len(e.queue) {
			e.head = 0
		}
		e.n--
	}
	for e.n > 0 && e.sign*(e.at(e.n-1).price-price) <= 0 {
		e.n--
	}
	*e.at(e.n) = extreme{bar, price}
	e.n++
}

func (e *extremes) best() exchange.Fixed {
	if e.n == 0 {
		return 0
	}
	return e.at(0).price
}
