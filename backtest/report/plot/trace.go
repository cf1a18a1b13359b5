package plot

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// Trace collects a series of any length in bounded memory and a time that grows with the
// length only: all points up to a limit, and then of each of equally long stretches of the
// frame's time the first, the lowest, the highest and the last. No extreme is lost, and a
// value that a step holds into the next stretch stays. A hole, of values that are NaN, is
// lost only if it begins and ends within a stretch.
type Trace struct {
	frame  *Frame
	limit  int
	points []Point
	// stretches take the place of points when there are more than limit.
	stretches []stretch
}

// stretch is what is kept of a stretch of time. low and high are numbers unless all
// values of the stretch are NaN.
type stretch struct {
	first, low, high, last Point
	filled                 bool
}

// NewTrace makes an empty trace, of as many points as the script is given of a series.
func (f *Frame) NewTrace() *Trace { return f.trace(detailMax) }

func (f *Frame) trace(limit int) *Trace { return &Trace{frame: f, limit: limit} }

// Add appends a point, in time order.
func (t *Trace) Add(at exchange.Time, value float64) {
	p := Point{at, value}
	if t.stretches == nil && len(t.points) < t.limit {
		t.points = append(t.points, p)
		return
	}
	if t.stretches == nil {
		t.stretches = make([]stretch, max(t.limit/4, 1))
		for _, known := range t.points {
			t.put(known)
		}
		t.points = nil
	}
	t.put(p)
}

func (t *Trace) put(p Point) {
	s := &t.stretches[t.frame.part(p.At, len(t.stretches))]
	if !s.filled {
		*s = stretch{p, p, p, p, true}
		return
	}
	s.last = p
	if p.Value < s.low.Value || math.IsNaN(s.low.Value) {
		s.low = p
	}
	if p.Value > s.high.Value || math.IsNaN(s.high.Value) {
		s.high = p
	}
}

// Points are the kept points in time order, at most as many as the limit.
func (t *Trace) Points() []Point {
	if t.stretches == nil {
		return t.points
	}
	out := make([]Point, 0, t.limit)
	keep := func(p Point) {
		if n := len(out); n == 0 || out[n-1].At != p.At || out[n-1].Value != p.Value {
			out = append(out, p)
		}
	}
	for _, s := range t.stretches {
		if !s.filled {
			continue
		}
		low, high := s.low, s.high
		if high.At < low.At {
			low, high = high, low
		}
		keep(s.first)
		if !math.IsNaN(low.Value) {
			keep(low)
			keep(high)
		}
		keep(s.last)
	}
	return out
}

// part says in which of equally long parts of the frame's time an instant lies.
func (f *Frame) part(at exchange.Time, parts int) int {
	share := float64(at-f.from) / float64(f.to-f.from)
	return min(max(int(share*float64(parts)), 0), parts-1)
}

// thin keeps at most limit points; see [Trace].
func (f *Frame) thin(points []Point, limit int) []Point {
	if len(points) <= limit {
		return points
	}
	t := f.trace(limit)
	for _, p := range points {
		t.Add(p.At, p.Value)
	}
	return t.Points()
}
