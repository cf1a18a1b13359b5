package clock

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// knotsMax bounds the knots of a Gauge, and with them its memory (10 kB) and the metadata
// that keeps them (about 60 bytes a knot as JSON). An hour has 360 knots of 10 seconds, a
// day 540 of 160 seconds.
const knotsMax = 600

// Gauge gathers knots from rows as they pass: one a window of 10 seconds, and of twice,
// four times as much and so on when there would be more than 600. The rows may come in any
// order; the same rows give the same knots. The zero value is ready to use.
type Gauge struct {
	// window is the length of a window, 0 before the first row.
	window time.Duration
	// knots has one knot for each window that had a row, by time.
	knots []Knot
	// index is the knot of the window that the last row was in, from until to.
	index    int
	from, to exchange.Time
}

// Add takes note of a row. Rows that lack a time are passed over, as are those with one
// outside 1970 to 2116. It costs some nanoseconds and allocates only while knots grow.
func (g *Gauge) Add(event, local exchange.Time) {
	if !known(event) || !known(local) {
		return
	}
	k := Knot{At: event, Lag: local.Sub(event)}
	if event < g.from || event >= g.to {
		g.enter(k)
		return
	}
	if k.lower(g.knots[g.index]) {
		g.knots[g.index] = k
	}
}

// enter goes to the window of k, which is not that of the row before.
func (g *Gauge) enter(k Knot) {
	if g.window == 0 {
		g.window = Window
	}
	g.from = k.At.Floor(g.window)
	g.to = g.from.Add(g.window)
	// Rows mostly come by time, so the window is mostly a new one at the end.
	g.index = len(g.knots)
	if g.index > 0 && g.knots[g.index-1].At >= g.from {
		g.index, _ = slices.BinarySearchFunc(g.knots, g.from, func(k Knot, from exchange.Time) int { return cmp.Compare(k.At, from) })
	}
	if g.index < len(g.knots) && g.knots[g.index].At < g.to {
		if k.lower(g.knots[g.index]) {
			g.knots[g.index] = k
		}
		return
	}
	g.knots = slices.Insert(g.knots, g.index, k)
	for len(g.knots) > knotsMax {
		g.window *= 2
		g.knots = thin(g.knots, g.window)
		g.from, g.to = 0, 0 // the next row looks for its window anew
	}
}

// Knots returns what was gathered so far, by time.
func (g *Gauge) Knots() []Knot { return slices.Clone(g.knots) }
