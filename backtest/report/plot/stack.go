package plot

import (
	"math"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Layer is one series of a stack.
type Layer struct {
	Style, Name string
	Values      []float64
}

// Stack adds layers on top of each other, those above zero upward and those below zero
// downward; all have a value for each of the instants. NaN counts as nothing.
func (p *Panel) Stack(times []exchange.Time, layers []Layer) {
	first := len(p.series)
	up, down := make([]float64, len(times)), make([]float64, len(times))
	p.hold(0)
	for _, l := range layers {
		s := series{kind: layerKind, style: l.Style, name: l.Name, last: math.NaN()}
		s.points, s.base = make([]Point, len(times)), make([]float64, len(times))
		for i, v := range l.Values {
			side := up
			if v < 0 {
				side = down
			}
			if math.IsNaN(v) {
				v = 0
			}
			s.base[i] = side[i]
			side[i] += v
			s.points[i] = Point{times[i], side[i]}
			s.last = v
			p.hold(side[i])
		}
		p.series = append(p.series, s)
	}
	keep := p.frame.stackInstants(p.series[first:], stackMax)
	for i := first; i < len(p.series); i++ {
		s := &p.series[i]
		s.points, s.base = pick(s.points, keep), pick(s.base, keep)
	}
}

// stackInstants are the indices that are kept of a stack, the same for all its layers: of
// each stretch of time the first, the last, and where a layer's edge is lowest or highest.
func (f *Frame) stackInstants(layers []series, limit int) []int {
	if len(layers) == 0 {
		return nil
	}
	points := layers[0].points
	stretches := limit / (2*len(layers) + 2)
	var out []int
	for i := 0; i < len(points); {
		begin, part := i, -1
		if len(points) > limit {
			part = f.part(points[i].At, max(stretches, 1))
		}
		for i++; part >= 0 && i < len(points) && f.part(points[i].At, max(stretches, 1)) == part; {
			i++
		}
		found := []int{begin, i - 1}
		for _, l := range layers {
			low, high := begin, begin
			for k := begin; k < i; k++ {
				if l.points[k].Value < l.points[low].Value {
					low = k
				}
				if l.points[k].Value > l.points[high].Value {
					high = k
				}
			}
			found = append(found, low, high)
		}
		slices.Sort(found)
		out = append(out, slices.Compact(found)...)
	}
	return out
}

// pick is the elements at these indices.
func pick[T any](list []T, indices []int) []T {
	out := make([]T, len(indices))
	for i, k := range indices {
		out[i] = list[k]
	}
	return out
}
