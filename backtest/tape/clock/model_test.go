package clock

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
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

// TestEnds: a late row at an end of a piece does not bend the model, and beyond the ends
// it stays level unless the drift is told. Before the first knot after a step, the lower of
// both levels is expected.
func TestEnds(t *testing.T) {
	at := func(i int) exchange.Time { return start.Floor(Window).Add(time.Duration(i) * Window) }
	for _, c := range []struct {
		knots string
		at    int
		want  time.Duration
	}{
		{"45 40*0", 0, 0}, {"40*0 45", 40, 0}, {"30..0*4 40*0", 0, 0},
		{"0..300*301", 400, 400 * ms}, {"0..300*301", -100, -100 * ms}, {"300..0*301", 400, -100 * ms},
		{"0..300*301 301..4000*2 4000..4300*301", -100, -100 * ms},
		{"12*0 12*1000", 11, 0}, {"12*0 12*1000", 12, 0}, {"12*0 12*1000", 13, 1000 * ms}, {"12*0 2*5000 12*1000", 13, 1000 * ms}, {"12*0 12*1000", 40, 1000 * ms},
	} {
		m := Fit(shape(t, c.knots))
		if got := m.Lag(at(c.at)); (got - c.want).Abs() > 3*ms {
			t.Errorf("%s: lag %v at knot %d, want %v", c.knots, got, c.at, c.want)
		}
	}
}

// TestAroundStep: between the pieces a row belongs to the upper one if it can.
func TestAroundStep(t *testing.T) {
	for _, by := range []int{1000, -1000} {
		m := Fit(shape(t, fmt.Sprintf("12*0 12*%d", by)))
		step := m.Report().Steps[0]
		event := step.From + (step.To-step.From)/2
		upper := max(0, time.Duration(by)*ms)
		for _, c := range []struct{ lag, want time.Duration }{ // above the upper level
			{2 * ms, 2 * ms}, {-2 * ms, -2 * ms}, {500 * ms, 500 * ms}, {-10 * ms, 990 * ms}, {-900 * ms, 100 * ms},
		} {
			got := m.Correct(event, event.Add(upper+c.lag), 0).Sub(event)
			if (got - c.want).Abs() > 2*ms {
				t.Errorf("step of %d: a row %v above the upper level has a latency of %v, want %v", by, c.lag, got, c.want)
			}
		}
	}
}

// TestLittleDrift: a rate that may be chance is not carried on beyond the ends.
func TestLittleDrift(t *testing.T) {
	var knots []Knot
	for i := range 30 {
		knots = append(knots, Knot{start.Add(time.Duration(i) * Window), time.Duration(i) * 60 * time.Microsecond})
	}
	m := Fit(knots)
	for _, since := range []time.Duration{-day, day} {
		if lag := m.Lag(start.Add(since)); lag != 0 && lag != 29*60*time.Microsecond {
			t.Errorf("lag %v after %v", lag, since)
		}
	}
}

// TestShortDrift: a drift needs a minute to be told, and 20 ppm are enough then.
func TestShortDrift(t *testing.T) {
	for _, c := range []struct {
		n    int
		each time.Duration
		ppm  float64
	}{{10, 500_000, 50}, {10, -500_000, -50}, {4, 10_000_000, 0}, {30, 150_000, 0}, {100, 150_000, 15}} {
		var knots []Knot
		for i := range c.n {
			knots = append(knots, Knot{start.Floor(Window).Add(time.Duration(i) * Window), time.Duration(i) * c.each})
		}
		if r := Fit(knots).Report(); r.DriftPPM != c.ppm {
			t.Errorf("%d knots, %v each: %s", c.n, c.each, r)
		}
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

// holds fits knots, however wrong, and looks at what must be true of any model.
func holds(t *testing.T, knots []Knot) {
	t.Helper()
	m := Fit(knots)
	_ = m.Report().String()
	for _, p := range m.pieces {
		before := exchange.Time(math.MinInt64)
		for _, e := range p.envelope {
			at := p.envelope.event(e.local())
			if at != e.At || at < before {
				t.Fatalf("corner %v became %v", e, at)
			}
			before = at
		}
	}
	for _, k := range append(knots, Knot{timeEnd - 1, 1 - timeEnd}, Knot{1, timeEnd - 2}) {
		m.Lag(k.At)
		m.Correct(k.At, k.local(), ms)
	}
}

// TestWildKnots: lags that no recording has do no harm.
func TestWildKnots(t *testing.T) {
	next := start.Floor(Window).Add(Window)
	for _, knots := range [][]Knot{
		{{next - 1, 1 - timeEnd}, {next, timeEnd - 1}},
		{{next - 1, timeEnd - 1}, {next, 1 - timeEnd}},
		{{1, 1 - timeEnd}, {timeEnd - 1, timeEnd - 1}},
		{{1, timeEnd - 1}, {timeEnd - 1, 1 - timeEnd}},
		shape(t, "0..30000000*4"), shape(t, "0..-30000000*4"), shape(t, "0..24000*4"), shape(t, "0..-24000*4"),
		shape(t, "0..300000*31"), shape(t, "0..-300000*31"), shape(t, "0..900000000*31"),
	} {
		holds(t, knots)
	}
}

// FuzzFit: no knots make it panic or leave a model that is not one.
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
		holds(t, knots)
	})
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
