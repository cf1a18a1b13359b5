package plot

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// walk is a random series with holes, in which several points may have one instant.
func walk(rng *rand.Rand, f *Frame, n int) []Point {
	points := make([]Point, n)
	for i := range points {
		at := f.from + exchange.Time(rng.Int64N(int64(f.to-f.from)))
		if rng.IntN(3) == 0 { // crowded in a hundredth of the time
			at = f.from + exchange.Time(rng.Int64N(int64(f.to-f.from)/100))
		}
		points[i] = Point{at, rng.NormFloat64()}
	}
	slices.SortStableFunc(points, func(a, b Point) int { return int(min(max(a.At-b.At, -1), 1)) })
	hole := false
	for i := range points {
		if rng.IntN(50) == 0 {
			hole = !hole
		}
		if hole {
			points[i].Value = math.NaN()
		}
	}
	return points
}

// A trace against a dumb look at all points: of every stretch it has the first, the
// lowest, the highest and the last, in order, and nothing that was not there.
func TestTraceKeepsExtremesOfEveryStretch(t *testing.T) {
	const limit = 400
	rng := rand.New(rand.NewPCG(5, 6))
	f := NewFrame(start, start.Add(1000*time.Hour))
	for _, n := range []int{0, 1, 2, limit, limit + 1, 3_000, 20_000} {
		all := walk(rng, f, n)
		got := f.thin(all, limit)
		if n <= limit {
			if !slices.EqualFunc(got, all, samePoint) {
				t.Errorf("%d points changed", n)
			}
			continue
		}
		if len(got) > limit || !samePoint(got[0], all[0]) || !samePoint(got[len(got)-1], all[n-1]) {
			t.Fatalf("%d of %d points, first %v, last %v", len(got), n, got[0], got[len(got)-1])
		}
		for i, p := range got {
			if !slices.ContainsFunc(all, func(q Point) bool { return samePoint(p, q) }) {
				t.Fatalf("%d points: %v was not there", n, p)
			}
			if i > 0 && p.At < got[i-1].At {
				t.Fatalf("%d points: %v comes after %v", n, p, got[i-1])
			}
		}
		for s := range limit / 4 {
			inside := func(list []Point) []Point {
				return slices.DeleteFunc(slices.Clone(list), func(p Point) bool { return f.part(p.At, limit/4) != s })
			}
			if a, b := summary(inside(all)), summary(inside(got)); a != b {
				t.Errorf("%d points, stretch %d: %v, want %v", n, s, b, a)
			}
		}
	}
}

func samePoint(a, b Point) bool {
	return a.At == b.At && math.Float64bits(a.Value) == math.Float64bits(b.Value)
}

// summary is the first, lowest, highest and last value, with holes as a number that no
// point has.
func summary(points []Point) [4]float64 {
	out := [4]float64{-99, math.Inf(1), math.Inf(-1), -99}
	for i, p := range points {
		v := p.Value
		if math.IsNaN(v) {
			v = -100
		} else {
			out[1], out[2] = min(out[1], v), max(out[2], v)
		}
		if i == 0 {
			out[0] = v
		}
		out[3] = v
	}
	return out
}

// A stack keeps the extremes of every edge, and its layers share their instants.
func TestStackKeepsEveryEdge(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	f := NewFrame(start, start.Add(1000*time.Hour))
	times := make([]exchange.Time, 50_000)
	layers := []Layer{{Name: "coins"}, {Name: "dollars"}, {Name: "debt"}}
	for i := range times {
		times[i] = start.Add(time.Duration(i) * 72 * time.Second)
		layers[0].Values = append(layers[0].Values, 100+rng.NormFloat64())
		layers[1].Values = append(layers[1].Values, 50+rng.NormFloat64())
		layers[2].Values = append(layers[2].Values, -20+rng.NormFloat64())
	}
	layers[1].Values[31_000], layers[2].Values[4_321] = 500, -300
	p := f.Panel("stack", Mid, Axis{})
	p.Stack(times, layers)
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range p.series {
		if len(s.points) > stackMax || len(s.base) != len(s.points) {
			t.Fatalf("%s has %d points over %d bases", s.name, len(s.points), len(s.base))
		}
		for i, pt := range s.points {
			if pt.At != p.series[0].points[i].At {
				t.Fatalf("%s is at %v where the first layer is at %v", s.name, pt.At, p.series[0].points[i].At)
			}
			low, high = min(low, pt.Value), max(high, pt.Value)
		}
	}
	if want := layers[0].Values[31_000] + 500; high != want || low != -300 {
		t.Errorf("from %v to %v, want -300 to %v", low, high, want)
	}
	if keys := p.Keys(); keys[2].Value != numeral(layers[2].Values[49_999], 0) {
		t.Errorf("the legend's debt is %s", keys[2].Value)
	}
}

// Round trips are bounded, and the widest of each kind stay.
func TestTripsKeepTheWidest(t *testing.T) {
	f := NewFrame(start, start.Add(time.Hour))
	for _, n := range []int{0, 1, 100, 101, 5_000} {
		trips := f.NewTrips(100)
		want := [2]float64{}
		for i := range n {
			at := start.Add(time.Duration(i) * time.Hour / time.Duration(n))
			trip := Trip{From: at, To: at.Add(time.Minute), Entry: 100, Exit: 100 + float64(i*7919%997), Won: i%3 == 0}
			trips.Add(trip)
			if k := i % 3 / 2; i%3 != 1 {
				want[k] = max(want[k], trip.Exit)
			}
		}
		got := [2]float64{}
		list := trips.list()
		for i, trip := range list {
			if i > 0 && trip.From < list[i-1].From {
				t.Fatalf("%d trips: out of order at %d", n, i)
			}
			k := 1
			if trip.Won {
				k = 0
			}
			got[k] = max(got[k], trip.Exit)
		}
		if len(list) > 100 || got[0] < want[0] || got[1] < want[1] {
			t.Errorf("%d of %d trips, %v, want %v", len(list), n, got, want)
		}
	}
}
