package clock

import (
	"encoding/binary"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// example is a recording with everything in it: drift, two steps and crowded minutes.
func example(seed uint64) []row {
	clock := set(set(drifting(-400*ms, 35), 2*time.Hour, 700*ms), 4*time.Hour, -900*ms)
	return recording{seed: seed, span: 6 * time.Hour, every: 200 * ms, least: 3 * ms, mean: 5 * ms, clock: clock}.rows()
}

// TestKnotsGetBase: rows that made the knots have at least the base latency, and in each
// piece one has no more.
func TestKnotsGetBase(t *testing.T) {
	for seed := range uint64(10) {
		knots := gather(example(seed)).Knots()
		m := Fit(knots)
		for _, base := range []time.Duration{0, 3 * ms} {
			least := make([]time.Duration, len(m.pieces))
			for i := range least {
				least[i] = time.Hour
			}
			for _, k := range knots {
				latency := m.Correct(k.At, k.local(), base).Sub(k.At)
				if latency < base {
					t.Errorf("seed %d: knot of %v has a latency of %v", seed, k.At, latency)
				}
				for i, p := range m.pieces {
					if k.At >= p.from && k.At <= p.to {
						least[i] = min(least[i], latency)
					}
				}
			}
			for i, l := range least {
				if l != base {
					t.Errorf("seed %d: the smallest latency of piece %d is %v, want %v", seed, i, l, base)
				}
			}
			for _, p := range m.pieces {
				for _, e := range p.envelope {
					if at := m.Correct(e.At, e.local(), base); at != e.At.Add(base) {
						t.Errorf("seed %d: a knot on the hull has a latency of %v", seed, at.Sub(e.At))
					}
					if lag := m.Lag(e.At); lag != e.Lag {
						t.Errorf("seed %d: lag %v at a knot of %v", seed, lag, e.Lag)
					}
				}
			}
		}
	}
}

// TestOrderIsKept: within a piece later local times stay later, whatever the event times.
func TestOrderIsKept(t *testing.T) {
	m := Fit(gather(example(1)).Knots())
	if len(m.pieces) != 3 {
		t.Fatalf("%d pieces: %s", len(m.pieces), m.Report())
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, p := range m.pieces {
		event := func() exchange.Time { return p.from + exchange.Time(rnd.Int64N(int64(p.to-p.from)+1)) }
		local := event().Add(m.Lag(event()))
		before := m.Correct(event(), local, 0)
		for range 10000 {
			local += exchange.Time(rnd.Int64N(1 << rnd.IntN(34)))
			at := m.Correct(event(), local, 0)
			if at < before {
				t.Fatalf("local time %d became %d, after %d", local, at, before)
			}
			before = at
		}
	}
}

// TestLagAndCorrectAgree: a row with exactly the smallest lag was received as it was sent.
func TestLagAndCorrectAgree(t *testing.T) {
	m := Fit(gather(example(2)).Knots())
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 10000 {
		p := m.pieces[rnd.IntN(len(m.pieces))]
		event := p.from + exchange.Time(rnd.Int64N(int64(p.to-p.from)+1))
		if off := m.Correct(event, event.Add(m.Lag(event)), 0).Sub(event); off < -1 || off > 0 {
			t.Fatalf("a row of the smallest lag is off by %d ns", off)
		}
	}
}

// TestHull compares with the definition: corners are knots, every knot is on or above
// each edge's line, and slopes grow.
func TestHull(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		var knots []Knot
		for at := exchange.Time(1); len(knots) < 1+rnd.IntN(60); at += 1 + exchange.Time(rnd.Int64N(1<<rnd.IntN(40))) {
			knots = append(knots, Knot{at, time.Duration(rnd.Int64N(1<<61)-1<<60) >> rnd.IntN(60)})
		}
		h := hull(knots)
		if h[0] != knots[0] || h[len(h)-1] != knots[len(knots)-1] {
			t.Fatalf("seed %d: the hull does not begin and end with the knots", seed)
		}
		for i := 1; i < len(h); i++ {
			a, b := h[i-1], h[i]
			for _, k := range knots {
				// (k - a) * dx >= dy * (k.At - a.At), and on the line only between its ends
				left := new(big.Int).Mul(big.NewInt(int64(k.Lag-a.Lag)), big.NewInt(int64(b.At-a.At)))
				right := new(big.Int).Mul(big.NewInt(int64(b.Lag-a.Lag)), big.NewInt(int64(k.At-a.At)))
				if c := left.Cmp(right); c < 0 || c == 0 && (k.At < a.At || k.At > b.At) {
					t.Fatalf("seed %d: knot %v against the edge %v to %v", seed, k, a, b)
				}
			}
		}
	}
}

// TestScale compares with exact integers.
func TestScale(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 6))
	for range 100_000 {
		x := int64(rnd.Uint64()) >> rnd.IntN(64)
		den := 1 + rnd.Int64N(1<<62)>>rnd.IntN(62)
		num := rnd.Int64N(2*den+1) - den
		want := new(big.Int).Mul(big.NewInt(x), big.NewInt(num))
		rest := new(big.Int)
		want.DivMod(want, big.NewInt(den), rest) // Euclidean, which is down for den above 0
		if got := scale(x, num, den); want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("scale(%d, %d, %d) = %d, want %v", x, num, den, got, want)
		}
	}
}

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

// TestFewKnots: a model of nothing corrects nothing, one of a moment shifts.
func TestFewKnots(t *testing.T) {
	none := Fit(nil)
	if at := none.Correct(start, start.Add(ms), 5*ms); at != start.Add(ms) || none.Lag(start) != 0 {
		t.Errorf("without knots: %v, lag %v", at, none.Lag(start))
	}
	if at := (&Model{}).Correct(start, start.Add(ms), 5*ms); at != start.Add(ms) {
		t.Errorf("zero model: %v", at)
	}
	one := Fit([]Knot{{start, -7 * ms}})
	for _, since := range []time.Duration{-time.Hour, 0, time.Hour} {
		event := start.Add(since)
		if at := one.Correct(event, event.Add(-5*ms), ms); at != event.Add(3*ms) || one.Lag(event) != -7*ms {
			t.Errorf("%v after the knot: %v, lag %v", since, at.Sub(event), one.Lag(event))
		}
	}
	if at := one.Correct(start, 0, ms); at != 0 {
		t.Errorf("a row without a local time: %v", at)
	}
	// Equal times: every row of the recording has the same local time, as after a stall.
	var g Gauge
	for i := range 600 {
		g.Add(start.Add(time.Duration(i)*time.Second), start.Add(11*time.Minute))
	}
	if r := Fit(g.Knots()).Report(); !r.Steady || r.Smallest != 61*time.Second {
		t.Errorf("equal local times: %s", r)
	}
	g = Gauge{}
	for i := range 1000 {
		g.Add(start, start.Add(time.Duration(i)))
	}
	if got := g.Knots(); len(got) != 1 || got[0] != (Knot{start, 0}) {
		t.Errorf("equal event times: %v", got)
	}
}

// TestKnotJSON holds the form in which tapes keep knots.
func TestKnotJSON(t *testing.T) {
	text, err := json.Marshal([]Knot{{exchange.Millis(1723161256299), -1268969685}})
	if want := `[{"at":"2024-08-08T23:54:16.299Z","lag_ns":-1268969685}]`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

// FuzzFit: no knots, however wrong, make it panic or break the order of local times.
func FuzzFit(f *testing.F) {
	for _, text := range []string{"12*0 12*1000", "12*0 -86400000 360*-500 12*0", "120000..0*13 12*0 20*5000 40*1000"} {
		var seed []byte
		for _, k := range shape(f, text) {
			seed = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(seed, uint64(k.At)), uint64(k.Lag))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var knots []Knot
		for ; len(data) >= 16; data = data[16:] {
			knots = append(knots, Knot{exchange.Time(binary.BigEndian.Uint64(data)), time.Duration(binary.BigEndian.Uint64(data[8:]))})
		}
		m := Fit(knots)
		_ = m.Report().String()
		for _, p := range m.pieces {
			before := exchange.Time(-1 << 63)
			for _, e := range p.envelope {
				at := p.envelope.event(e.local())
				if at != e.At || at < before {
					t.Fatalf("corner %v became %v", e, at)
				}
				before = at
			}
		}
		for _, k := range knots {
			m.Lag(k.At)
			m.Correct(k.At, k.local(), ms)
		}
	})
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

func BenchmarkCorrect(b *testing.B) {
	rows := example(1)
	m := Fit(gather(rows).Knots())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := &rows[i%len(rows)]
		m.Correct(r.event, r.local, ms)
	}
}

func BenchmarkFit(b *testing.B) {
	knots := gather(recording{span: day, every: time.Second, least: ms, mean: 5 * ms, clock: drifting(0, 20)}.rows()).Knots()
	b.ReportAllocs()
	for b.Loop() {
		Fit(knots)
	}
}
