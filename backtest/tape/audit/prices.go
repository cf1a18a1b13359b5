package audit

import (
	"math/bits"

	"github.com/pmbot/pmbot/exchange"
)

// neighbours judges values by those around them: each waits until enough others have come
// after it.
type neighbours[T any] struct {
	// side is how many values before and after one tell what is usual.
	side  int
	judge func(body *T, n *neighbours[T])

	window []neighbour[T]
	// next is the one to be judged.
	next int
	// low and high bound the others, known how many of them have a value.
	low, high exchange.Fixed
	known     int
	scratch   []exchange.Fixed
}

// neighbour is a value, 0 for none, and what it belongs to.
type neighbour[T any] struct {
	value exchange.Fixed
	body  T
}

// push takes the next value.
func (n *neighbours[T]) push(value exchange.Fixed, body T) {
	if len(n.window) == 2*n.side+1 {
		copy(n.window, n.window[1:])
		n.window[2*n.side] = neighbour[T]{value, body}
		n.next--
	} else {
		n.window = append(n.window, neighbour[T]{value, body})
	}
	if len(n.window)-n.next > n.side {
		n.step()
	}
}

// end judges those that have waited.
func (n *neighbours[T]) end() {
	for n.next < len(n.window) {
		n.step()
	}
	n.window, n.next = n.window[:0], 0
}

// othersMin is how many others tell what is usual.
const othersMin = 3

// step judges the next one.
func (n *neighbours[T]) step() {
	n.low, n.high, n.known = exchange.FixedMax, 0, 0
	for i := max(0, n.next-n.side); i < min(len(n.window), n.next+n.side+1); i++ {
		if v := n.window[i].value; i != n.next && v != 0 {
			n.low, n.high = min(n.low, v), max(n.high, v)
			n.known++
		}
	}
	n.judge(&n.window[n.next].body, n)
	n.next++
}

// enough says whether there are others to judge by.
func (n *neighbours[T]) enough() bool { return n.known >= othersMin }

// usual gives the medians that a value must agree with one of: that of all others, that
// of those before and that of those after. A market that jumps agrees with one side.
func (n *neighbours[T]) usual() (medians [3]exchange.Fixed) {
	from, to := max(0, n.next-n.side), min(len(n.window), n.next+n.side+1)
	before, after := n.median(from, n.next), n.median(n.next+1, to)
	return [3]exchange.Fixed{n.median(from, to), before, after}
}

// median is the middle of the others from one index to another, 0 of none.
func (n *neighbours[T]) median(from, to int) exchange.Fixed {
	n.scratch = n.scratch[:0]
	for i := from; i < to; i++ {
		if v := n.window[i].value; i != n.next && v != 0 {
			n.scratch = append(n.scratch, v)
		}
	}
	if len(n.scratch) == 0 {
		return 0
	}
	return median(n.scratch)
}

// off says whether a price is more than some percent away from what is usual, and gives
// that. One that is near the lowest and the highest is near every median.
func (n *neighbours[T]) off(price exchange.Fixed, percent int64) (exchange.Fixed, bool) {
	if !n.enough() || !apart(price, n.low, percent) && !apart(price, n.high, percent) {
		return 0, false
	}
	usual := n.usual()
	for _, m := range usual {
		if m != 0 && !apart(price, m, percent) {
			return 0, false
		}
	}
	return usual[0], true
}

// apart says whether a price is more than some percent of another away from it.
func apart(price, other exchange.Fixed, percent int64) bool {
	d := price - other
	if d < 0 {
		d = -d
	}
	hi, lo := bits.Mul64(uint64(d), 100)
	mostHi, mostLo := bits.Mul64(uint64(other), uint64(percent))
	return hi > mostHi || hi == mostHi && lo > mostLo
}
