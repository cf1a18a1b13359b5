package clock

import (
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// side is how many knots must hold a level before a step and after it.
	side = 3
	// stepMin is the smallest step that is told from latency. ntpd steps a clock that is
	// off by 128 ms and slews below that.
	stepMin = 50 * time.Millisecond
	// stepNoises is the same in terms of [noise], for recordings whose smallest lags vary.
	stepNoises = 5
	// stallMax is the longest time above the level that is latency: a stalled connection, a
	// crowded line. A clock that is set stays set for longer; ntpd waits 300 s to step.
	stallMax = 5 * time.Minute
	// endMin is the same for the beginning and the end of a recording, where the level that
	// it left or will come back to is not seen.
	endMin = time.Minute
	// drain is the fall of lag, one in so many beyond the trend, that only a draining queue
	// shows: rows that were sent over many seconds arrive at once.
	drain = 100

	billion = 1_000_000_000
)

// trend is a steady growth of lag, in billionths of the time since an instant.
type trend struct {
	from exchange.Time
	rate int64
}

// trendOf is the median rate between a knot and the next, which no step and no stall can
// move. It is exact enough to compare neighbours, not to tell a drift.
func trendOf(knots []Knot) trend {
	var rates []int64
	for i := 1; i < len(knots); i++ {
		run := knots[i].At.Sub(knots[i-1].At)
		rise := min(max(knots[i].Lag-knots[i-1].Lag, -run/2), run/2) // no clock drifts by half
		rates = append(rates, scale(billion, int64(rise), int64(run)))
	}
	if len(rates) == 0 {
		return trend{}
	}
	slices.Sort(rates)
	return trend{knots[0].At, rates[len(rates)/2]}
}

// since is the growth up to an instant.
func (t trend) since(at exchange.Time) time.Duration {
	return time.Duration(scale(int64(at-t.from), t.rate, billion))
}

// remove returns the knots of the clock without the trend.
func (t trend) remove(knots []Knot) []Knot {
	flat := make([]Knot, len(knots))
	for i, k := range knots {
		flat[i] = Knot{k.At, k.Lag - t.since(k.At)}
	}
	return flat
}

// restore undoes remove, to the nanosecond.
func (t trend) restore(flat []Knot) []Knot {
	knots := make([]Knot, len(flat))
	for i, k := range flat {
		knots[i] = Knot{k.At, k.Lag + t.since(k.At)}
	}
	return knots
}

// noise is how much the lag usually differs from one knot to the next, the median.
func noise(knots []Knot) time.Duration {
	if len(knots) < 2 {
		return 0
	}
	var jumps []time.Duration
	for i := 1; i < len(knots); i++ {
		jumps = append(jumps, (knots[i].Lag - knots[i-1].Lag).Abs())
	}
	slices.Sort(jumps)
	return jumps[len(jumps)/2]
}

// supported leaves out knots so far below their neighbours that neither clock nor latency
// explains them: a row with a damaged time makes such a knot. Two others of the twenty
// nearest must be as low. A handful of knots is too few to tell.
func supported(knots []Knot, far time.Duration) []Knot {
	const near, support = 20, 2
	if len(knots) <= 2*side {
		return knots
	}
	var kept []Knot
	for i, k := range knots {
		from := max(0, min(i-near/2, len(knots)-1-near))
		others := -1 // k itself is counted below
		for _, o := range knots[from:min(from+near+1, len(knots))] {
			if o.Lag-k.Lag <= far {
				others++
			}
		}
		if others >= support {
			kept = append(kept, k)
		}
	}
	return kept
}

// settled leaves out knots of draining queues: the lag falls off steeply after them, and
// they are not level with the knot before, as those before a step are.
func settled(knots []Knot) []Knot {
	steep := func(a, b Knot) bool { return (b.Lag - a.Lag).Abs() > b.At.Sub(a.At)/drain }
	var kept []Knot
	for i, k := range knots {
		falls := i+1 < len(knots) && knots[i+1].Lag < k.Lag && steep(k, knots[i+1])
		if !falls || i > 0 && !steep(knots[i-1], k) {
			kept = append(kept, k)
		}
	}
	return kept
}

// level is a stretch of knots between two steps.
type level struct {
	knots []Knot
	// up says that the step before it led upward.
	up bool
}

// levels splits knots where the smallest lag changes by more than least and stays changed.
// Stretches above their neighbours that end too soon are latency and left out, and what
// they parted is looked at again.
func levels(knots []Knot, least time.Duration) []level {
	first, end := knots[0].At, knots[len(knots)-1].At
	for {
		all := split(knots, least)
		last := len(all) - 1
		var calm []Knot
		for i, l := range all {
			from, to, limit := l.knots[0].At, l.knots[len(l.knots)-1].At, stallMax
			if i == 0 {
				from, limit = first, endMin
			}
			if i == last {
				to, limit = end, endMin
			}
			above := (i == 0 || l.up) && (i == last || !all[i+1].up)
			if last == 0 || !above || to.Sub(from) >= limit {
				calm = append(calm, l.knots...)
			}
		}
		if len(calm) == len(knots) {
			return all
		}
		knots = calm
	}
}

// split cuts at every change that holds for side knots on both sides.
func split(knots []Knot, least time.Duration) []level {
	var all []level
	from, up := 0, false
	cut := func(i int, rises bool) {
		all = append(all, level{knots[from:i], up})
		from, up = i, rises
	}
	for i := side; i+side <= len(knots); i++ {
		if i-from < side {
			continue
		}
		switch change(knots, i, least) {
		case 1:
			// A knot from the middle of the change would be the lowest of the upper level and
			// bend its hull. Among the knots of the lower level it is harmless.
			at := i
			for j := i + 1; j < i+side && j+side <= len(knots); j++ {
				if change(knots, j, least) == 1 {
					at = j
				}
			}
			cut(at, true)
		case -1:
			cut(i, false)
		}
	}
	return append(all, level{knots[from:], up})
}

// change is 1 where the knots from i on lie above those before, -1 where they lie below,
// and where knots[i-1] and knots[i] belong to the change.
func change(knots []Knot, i int, least time.Duration) int {
	before, after := floor(knots[i-side:i]), floor(knots[i:i+side])
	switch {
	case after-before > least && after-knots[i-1].Lag > least:
		return 1
	case before-after > least && before-knots[i].Lag > least:
		return -1
	}
	return 0
}

func floor(knots []Knot) time.Duration {
	least := knots[0].Lag
	for _, k := range knots[1:] {
		least = min(least, k.Lag)
	}
	return least
}
