package clock

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// row is what a recording knows of the time of a frame.
type row struct {
	event, local exchange.Time
	arrival      exchange.Time // by the exchange's clock, where a test knows it
}

func gather(rows []row) *Gauge {
	g := &Gauge{}
	for _, r := range rows {
		g.Add(r.event, r.local)
	}
	return g
}

// corrected returns the latencies that a model leaves, smallest first.
func corrected(m *Model, rows []row, base time.Duration) (latency []time.Duration) {
	for _, r := range rows {
		latency = append(latency, m.Correct(r.event, r.local, base).Sub(r.event))
	}
	slices.Sort(latency)
	return latency
}

const start = exchange.Time(1_723_161_255_030_314_667)

// recording makes rows from a seed: a clock, and latencies that are at least least and
// exponential above it, with a crowded minute now and then.
type recording struct {
	seed  uint64
	span  time.Duration
	every time.Duration // mean distance of rows
	least time.Duration // smallest latency
	mean  time.Duration // of what comes on top of it
	calm  bool          // no crowded minutes
	// clock is the error of the local clock after a time.
	clock func(since time.Duration) time.Duration
}

func (c recording) rows() (rows []row) {
	rnd := rand.New(rand.NewPCG(c.seed, 1))
	var since, busy, last time.Duration
	for since < c.span {
		since += time.Duration(rnd.ExpFloat64() * float64(c.every))
		mean := c.mean
		if since >= busy && !c.calm && rnd.Float64() < float64(c.every)/float64(2*time.Hour) {
			busy = since + time.Duration(rnd.ExpFloat64()*float64(30*time.Second))
		}
		if since < busy {
			mean *= 50
		}
		// Frames of one connection arrive in order.
		arrival := max(since+c.least+time.Duration(rnd.ExpFloat64()*float64(mean)), last)
		last = arrival
		rows = append(rows, row{start.Add(since).Floor(time.Millisecond), start.Add(arrival + c.clock(arrival)), start.Add(arrival)})
	}
	return rows
}

func constant(d time.Duration) func(time.Duration) time.Duration {
	return func(time.Duration) time.Duration { return d }
}

func drifting(offset time.Duration, ppm int64) func(time.Duration) time.Duration {
	return func(since time.Duration) time.Duration { return offset + since/1_000_000*time.Duration(ppm) }
}

// set adds a step to a clock.
func set(clock func(time.Duration) time.Duration, at, by time.Duration) func(time.Duration) time.Duration {
	return func(since time.Duration) time.Duration {
		if since >= at {
			return clock(since) + by
		}
		return clock(since)
	}
}

const (
	ms   = time.Millisecond
	day  = 24 * time.Hour
	some = 2 * ms // how well a synthetic clock must be recovered
)

// TestSyntheticClocks fits clocks that are known.
func TestSyntheticClocks(t *testing.T) {
	for _, c := range []struct {
		name  string
		rec   recording
		drift float64 // ppm
		steps []time.Duration
		slow  bool
		far   bool
		off   time.Duration // how well the clock is recovered, if not some
	}{
		{name: "right", rec: recording{span: day, clock: constant(0)}},
		{name: "slow", rec: recording{span: time.Hour, clock: constant(-1270 * ms)}, slow: true},
		{name: "fast", rec: recording{span: time.Hour, clock: constant(2 * time.Second)}, far: true},
		{name: "gains", rec: recording{span: day, clock: drifting(0, 50)}, drift: 50},
		{name: "loses", rec: recording{span: day, clock: drifting(0, -50)}, drift: -50, slow: true},
		{name: "gains much", rec: recording{span: 3 * time.Hour, clock: drifting(0, 5000)}, drift: 5000, off: 10 * ms},
		{name: "gains for six minutes", rec: recording{span: 6 * time.Minute, clock: drifting(0, 50), calm: true}, drift: 50},
		{name: "forward", rec: recording{span: day, clock: set(constant(0), 11*time.Hour, time.Second)}, steps: []time.Duration{time.Second}},
		{name: "backward", rec: recording{span: day, clock: set(constant(0), 11*time.Hour, -time.Second)}, steps: []time.Duration{-time.Second}, slow: true},
		{name: "an hour backward", rec: recording{span: day, clock: set(constant(0), 11*time.Hour, -time.Hour)}, steps: []time.Duration{-time.Hour}, slow: true},
		{name: "small step", rec: recording{span: time.Hour, clock: set(constant(0), 20*time.Minute, 60*ms)}, steps: []time.Duration{60 * ms}},
		{name: "short", rec: recording{span: 4 * time.Minute, clock: set(constant(0), 2*time.Minute, -128*ms), calm: true},
			steps: []time.Duration{-128 * ms}, slow: true},
		{name: "drift and step", rec: recording{span: day, clock: set(drifting(0, 50), 5*time.Hour, -3*time.Second)}, drift: 50,
			steps: []time.Duration{-3 * time.Second}, slow: true},
		{name: "drift, disciplined by steps", rec: recording{span: day, clock: set(set(set(drifting(0, -30), 6*time.Hour, 648*ms), 12*time.Hour, 648*ms), 18*time.Hour, 648*ms)},
			drift: -30, steps: []time.Duration{648 * ms, 648 * ms, 648 * ms}, slow: true},
		{name: "sparse", rec: recording{span: day, every: time.Minute, clock: constant(0), calm: true}, off: 10 * ms},
		{name: "sparse, drift and step", rec: recording{span: 10 * day, every: 30 * time.Minute, clock: set(drifting(0, 50), 5*day, 20*time.Second), calm: true},
			drift: 50, steps: []time.Duration{20 * time.Second}, off: 15 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(3) {
				rec := c.rec
				rec.seed, rec.least, rec.mean = seed, 3*ms, 5*ms
				if rec.every == 0 {
					rec.every = 300 * ms
				}
				if c.off == 0 {
					c.off = some
				}
				rows := rec.rows()
				m := Fit(gather(rows).Knots())
				r := m.Report()
				if r.Slow != c.slow || r.Far != c.far || (r.DriftPPM != 0) != (c.drift != 0) || len(r.Steps) != len(c.steps) ||
					r.Steady != (c.drift == 0 && len(c.steps) == 0) || r.Strays != 0 {
					t.Fatalf("seed %d: %s", seed, r)
				}
				if off := r.DriftPPM - c.drift; off > 1 || off < -1 {
					t.Errorf("seed %d: drift %v", seed, r.DriftPPM)
				}
				for i, s := range r.Steps {
					if off := s.Size - c.steps[i]; off.Abs() > 2*c.off {
						t.Errorf("seed %d: step %v, want %v", seed, s.Size, c.steps[i])
					}
				}
				recovered(t, m, rec, rows, c.off)
			}
		})
	}
}

// recovered compares corrected times with when rows arrived in truth. Of the rows near a
// step, those that waited for long may be off by the step.
func recovered(t *testing.T, m *Model, rec recording, rows []row, off time.Duration) {
	t.Helper()
	wrong := 0
	for _, r := range rows {
		if d := m.Correct(r.event, r.local, rec.least).Sub(r.arrival); d.Abs() > off {
			if wrong++; wrong == 1 {
				t.Logf("seed %d: row of %v corrected wrong by %v", rec.seed, r.event, d)
			}
		}
	}
	if limit := 40 * (len(m.pieces) - 1); wrong > limit {
		t.Errorf("seed %d: %d of %d rows are off by more than %v; %s", rec.seed, wrong, len(rows), off, m.Report())
	}
}
