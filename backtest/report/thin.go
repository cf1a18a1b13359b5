package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// pointsMax is how many points a line of a chart has: about two a pixel.
	pointsMax = 2000
	// stepsMax is how many price steps, marksMax how many marks of fills a chart has.
	stepsMax = 1000
	marksMax = 2000
)

// point is a value of a series at an instant; NaN where the series has no value.
type point struct {
	at exchange.Time
	v  float64
}

// thin keeps at most limit points: the first, the last, and of each of equally many
// points between them the lowest and the highest, in their order. No extreme is lost. A
// hole that is narrower than such a group closes.
func thin(points []point, limit int) []point {
	if len(points) <= limit || limit < 4 {
		return points
	}
	groups := (limit - 2) / 2
	inner := points[1 : len(points)-1]
	out := append(make([]point, 0, limit), points[0])
	for g := range groups {
		part := inner[g*len(inner)/groups : (g+1)*len(inner)/groups]
		low, high := extremes(part)
		if low > high {
			low, high = high, low
		}
		out = append(out, part[low])
		if high != low {
			out = append(out, part[high])
		}
	}
	return append(out, points[len(points)-1])
}

// extremes returns the indices of the lowest and the highest value, both 0 if all are
// NaN.
func extremes(points []point) (low, high int) {
	for i, p := range points {
		if math.IsNaN(p.v) {
			continue
		}
		if math.IsNaN(points[low].v) || p.v < points[low].v {
			low = i
		}
		if math.IsNaN(points[high].v) || p.v > points[high].v {
			high = i
		}
	}
	return low, high
}

// thinPrices merges neighbouring steps until at most limit are left. Each keeps the
// first open, the last close, the highest high and the lowest low.
func thinPrices(steps []backtest.PricePoint, limit int) []backtest.PricePoint {
	if len(steps) <= limit {
		return steps
	}
	out := make([]backtest.PricePoint, limit)
	for i := range out {
		part := steps[i*len(steps)/limit : (i+1)*len(steps)/limit]
		merged := part[0]
		for _, p := range part[1:] {
			merged.High, merged.Low, merged.Close = max(merged.High, p.High), min(merged.Low, p.Low), p.Close
		}
		out[i] = merged
	}
	return out
}

// mark is a fill in a chart, or the extreme one of several that stand too close together
// to be told apart.
type mark struct {
	fill *backtest.FillRow
	// stands is how many fills the mark stands for, itself included.
	stands int
}

// markClass is what a mark looks like.
type markClass uint8

const (
	buyMaker markClass = iota
	buyTaker
	sellMaker
	sellTaker
	forcedFill
	markClasses
)

func classOf(f *backtest.FillRow) markClass {
	switch {
	case f.Forced != exchange.NotForced:
		return forcedFill
	case f.Side == exchange.Buy && f.Maker:
		return buyMaker
	case f.Side == exchange.Buy:
		return buyTaker
	case f.Maker:
		return sellMaker
	default:
		return sellTaker
	}
}

// thinMarks keeps, when there are more fills than limit, of each class and each stretch
// of time the lowest and the highest, so that the best and the worst price of the run are
// among them. fills are in time order, and so are the marks.
func thinMarks(fills []*backtest.FillRow, from, to exchange.Time, limit int) []mark {
	if len(fills) <= limit || to <= from {
		out := make([]mark, 0, min(len(fills), limit))
		for _, f := range fills[:min(len(fills), limit)] {
			out = append(out, mark{f, 1})
		}
		return out
	}
	type group struct {
		low, high *backtest.FillRow
		count     int
	}
	stretches := limit / (2 * int(markClasses))
	groups := make([]group, stretches*int(markClasses))
	for _, f := range fills {
		share := float64(f.At-from) / float64(to-from)
		stretch := min(max(int(share*float64(stretches)), 0), stretches-1)
		g := &groups[stretch*int(markClasses)+int(classOf(f))]
		if g.low == nil || f.Price < g.low.Price {
			g.low = f
		}
		if g.high == nil || f.Price > g.high.Price {
			g.high = f
		}
		g.count++
	}
	var out []mark
	for _, g := range groups {
		switch {
		case g.low == nil:
		case g.low == g.high:
			out = append(out, mark{g.low, g.count})
		default:
			out = append(out, mark{g.low, g.count / 2}, mark{g.high, g.count - g.count/2})
		}
	}
	slices.SortStableFunc(out, func(a, b mark) int { return cmp.Compare(a.fill.At, b.fill.At) })
	return out
}
