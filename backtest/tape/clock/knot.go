package clock

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Window is the shortest time that has a knot of its own. Windows begin at whole
// multiples of their length since 1970, so those of different series agree.
const Window = 10 * time.Second

// Knot is the smallest lag in a window of time. Of equal lags it is the earliest.
type Knot struct {
	// At is the event time of the row with that lag, by the exchange's clock.
	At exchange.Time `json:"at"`
	// Lag is its local receive time less At. It is negative where the local clock is slow
	// by more than the latency.
	Lag time.Duration `json:"lag_ns"`
}

// timeEnd bounds the instants that a lag is taken from, 1970 to 2116, so that differences
// of lags and of times fit 64 bits.
const timeEnd = 1 << 62

func known(t exchange.Time) bool { return t > 0 && t < timeEnd }

// valid says whether a knot, which may come from a damaged file, can be calculated with.
func (k Knot) valid() bool { return known(k.At) && k.Lag > -timeEnd && k.Lag < timeEnd }

// local is what the recorder's clock showed when the row came.
func (k Knot) local() exchange.Time { return k.At.Add(k.Lag) }

// lower says whether k takes the place of o in a window of both.
func (k Knot) lower(o Knot) bool { return k.Lag < o.Lag || k.Lag == o.Lag && k.At < o.At }

// Merge joins the knots of the series of one leg: the smallest lag of each [Window], by
// time. Neither the order of the lists nor that within a list matters. Knots that cannot
// be, outside 1970 to 2116, are left out.
func Merge(lists ...[]Knot) []Knot {
	var all []Knot
	for _, list := range lists {
		for _, k := range list {
			if k.valid() {
				all = append(all, k)
			}
		}
	}
	slices.SortFunc(all, func(a, b Knot) int { return cmp.Compare(a.At, b.At) })
	return thin(all, Window)
}

// thin keeps, in place, the lowest knot of each window of sorted knots.
func thin(knots []Knot, window time.Duration) []Knot {
	kept := knots[:0]
	for _, k := range knots {
		if last := len(kept) - 1; last < 0 || kept[last].At.Floor(window) != k.At.Floor(window) {
			kept = append(kept, k)
		} else if k.lower(kept[last]) {
			kept[last] = k
		}
	}
	return kept
}
