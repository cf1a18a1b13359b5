package clock

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestGauge compares with a map of windows, for rows in any order.
func TestGauge(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		rows := recording{seed: seed, span: time.Duration(1+rnd.Int64N(72)) * time.Hour, every: 3 * time.Second,
			least: 3 * ms, mean: 20 * ms, clock: drifting(0, 40)}.rows()
		knots := gather(rows).Knots()
		if len(knots) > knotsMax {
			t.Fatalf("seed %d: %d knots", seed, len(knots))
		}
		window := Window
		var want map[exchange.Time]Knot
		for ; want == nil || len(want) > knotsMax; window *= 2 {
			want = map[exchange.Time]Knot{}
			for _, r := range rows {
				k := Knot{r.event, r.local.Sub(r.event)}
				old, ok := want[r.event.Floor(window)]
				if !ok || k.lower(old) {
					want[r.event.Floor(window)] = k
				}
			}
		}
		if len(knots) != len(want) {
			t.Fatalf("seed %d: %d knots, want %d", seed, len(knots), len(want))
		}
		for _, k := range knots {
			if k != want[k.At.Floor(window/2)] {
				t.Fatalf("seed %d: knot %v", seed, k)
			}
		}
		rnd.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if !slices.Equal(gather(rows).Knots(), knots) {
			t.Errorf("seed %d: other knots for another order of rows", seed)
		}
	}
}

// TestGaugeIsBounded feeds a year, then times from anywhere, and counts.
func TestGaugeIsBounded(t *testing.T) {
	g := &Gauge{}
	for i := range 366 * 1440 {
		at := start.Add(time.Duration(i) * time.Minute)
		g.Add(at, at.Add(ms))
	}
	if n := len(g.knots); n > knotsMax || n < knotsMax/2 {
		t.Errorf("%d knots of a year", n)
	}
	rnd := rand.New(rand.NewPCG(1, 8))
	for range 100_000 {
		g.Add(exchange.Time(rnd.Uint64()), exchange.Time(rnd.Uint64()))
		g.Add(exchange.Time(rnd.Uint64()>>2), exchange.Time(rnd.Uint64()>>2))
	}
	if n := len(g.knots); n > knotsMax {
		t.Errorf("%d knots", n)
	}
	if c := cap(g.knots); c > 2*knotsMax {
		t.Errorf("room for %d knots", c)
	}
	text, err := json.Marshal(g.Knots())
	if err != nil || len(text) > 48<<10 {
		t.Errorf("%d bytes of JSON, %v", len(text), err)
	}
	rows := example(1)
	if n := testing.AllocsPerRun(1, func() { // the run before the measured one grows the knots
		for _, r := range rows {
			g.Add(r.event, r.local)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMerge: neither order nor grouping of the lists matters, and nothing is lost.
func TestMerge(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	a := gather(example(1)).Knots()
	b := gather(example(2)).Knots()
	c := gather(recording{seed: 3, span: 3 * day, every: time.Second, least: ms, mean: 10 * ms, clock: constant(0)}.rows()).Knots()
	want := Merge(a, b, c)
	mixed := slices.Concat(c, b, a)
	rnd.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	given := slices.Clone(mixed)
	for i, got := range [][]Knot{Merge(c, b, a), Merge(Merge(a, c), b), Merge(mixed), Merge(want, want)} {
		if !slices.Equal(got, want) {
			t.Errorf("merge %d is another", i)
		}
	}
	if !slices.Equal(mixed, given) {
		t.Error("the list given was changed")
	}
	for _, k := range mixed {
		i := slices.IndexFunc(want, func(o Knot) bool { return o.At.Floor(Window) == k.At.Floor(Window) })
		if i < 0 || k.lower(want[i]) {
			t.Fatalf("knot %v is lost", k)
		}
	}
	if !slices.IsSortedFunc(want, func(a, b Knot) int { return int(a.At.Sub(b.At)) }) {
		t.Error("not by time")
	}
	if got := Merge(nil, []Knot{{0, ms}, {-1, ms}, {1 << 62, ms}, {start, 1 << 62}, {start, -1 << 62}}); len(got) != 0 {
		t.Errorf("knots that cannot be: %v", got)
	}
}

// TestEqualLags: of equal lags the earliest is the knot, in a gauge and in a merge, and a
// list that was handed out stays as it is.
func TestEqualLags(t *testing.T) {
	early, late := Knot{start, ms}, Knot{start + 1, ms}
	var g Gauge
	g.Add(late.At, late.local())
	given := g.Knots()
	g.Add(early.At, early.local())
	if got := g.Knots(); len(got) != 1 || got[0] != early || given[0] != late {
		t.Errorf("gauge: %v, before %v", got, given)
	}
	if got := Merge([]Knot{late}, []Knot{early}); len(got) != 1 || got[0] != early {
		t.Errorf("merge: %v", got)
	}
}

// TestKnotJSON holds the form in which tapes keep knots.
func TestKnotJSON(t *testing.T) {
	text, err := json.Marshal([]Knot{{exchange.Millis(1723161256299), -1268969685}})
	if want := `[{"at":"2024-08-08T23:54:16.299Z","lag_ns":-1268969685}]`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

func BenchmarkAdd(b *testing.B) {
	rows := example(1)
	g := gather(rows)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := &rows[i%len(rows)]
		g.Add(r.event, r.local)
	}
}
