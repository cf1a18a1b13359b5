package clock

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// slewMax, as 1/2000 or 500 ppm, is how far the rate of a clock strays within a piece:
	// the most by which ntpd and adjtime slew. Steeper ends of a hull are latency.
	slewMax = 2000
	// doubt is the rise over a piece that says nothing about its clock, for event times are
	// whole milliseconds and a network is not the same all day; doubtNoises adds to it in
	// terms of [noise].
	doubt       = 2 * time.Millisecond
	doubtNoises = 4
	// slack is how far below the model a row may fall and still belong to a piece. Rows
	// fall below by the difference of smallest latencies within a window, less than 1 ms
	// where rows are dense.
	slack = 5 * time.Millisecond
)

// piece is the clock between two steps.
type piece struct {
	// from and to are the event times of its outer knots.
	from, to exchange.Time
	envelope envelope
	// rise is by how much the smallest lag grew over run, the middle half of the piece.
	rise, run time.Duration
}

// Model is a recorder's clock against the exchange's: what the smallest lag was at every
// instant. It is a chain of pieces between steps. Each is the lower convex hull of its
// knots without ends that stray from its mean rate by more than 500 ppm, which are latency,
// and goes on beyond its ends at that rate, or level where too little is known to tell a
// rate. A Model does not change and may be used by many at a time.
type Model struct {
	pieces []piece
	report Report
}

// Fit makes the model of the knots of one leg, in any order. Without knots the model
// corrects nothing.
//
// Two kinds of knots are left out: those of stalls, which lie far above the model, and one
// or two that lie far below all of their neighbours: rows with a damaged time, or a clock
// that was set in the first or last two windows. [Report.Strays] counts the latter.
func Fit(knots []Knot) *Model {
	knots = Merge(knots)
	if len(knots) == 0 {
		return &Model{report: Report{Steady: true}}
	}
	drift := trendOf(knots)
	flat := drift.remove(knots)
	scatter := noise(flat)
	least := max(stepMin, stepNoises*scatter)
	sound := supported(flat, least)
	m := &Model{}
	for _, l := range levels(settled(sound), least) {
		m.pieces = append(m.pieces, newPiece(drift.restore(l.knots), scatter))
	}
	m.judge(drift.restore(sound), scatter)
	m.report.Strays = len(knots) - len(sound)
	return m
}

// newPiece fits the knots between two steps, of which there is at least one.
func newPiece(knots []Knot, scatter time.Duration) piece {
	h := hull(knots)
	p := piece{from: knots[0].At, to: knots[len(knots)-1].At}
	// The rate is that of the hull's middle half, which neither end can spoil.
	whole := joined(h, 0, 1)
	span := p.to.Sub(p.from)
	p.rise, p.run = whole.lag(p.to.Add(-span/4))-whole.lag(p.from.Add(span/4)), span-span/2
	rise, run := p.rise, p.run
	if !tells(rise, run, scatter) {
		rise, run = 0, 1
	}
	// strays says whether an edge is steeper than the rate by more than slewMax; sign is -1
	// for edges that fall against it.
	strays := func(a, b Knot, sign time.Duration) bool {
		dx := b.At.Sub(a.At)
		mean := time.Duration(scale(int64(dx), int64(rise), int64(run)))
		return sign*(b.Lag-a.Lag-mean) > dx/slewMax
	}
	for len(h) > 1 && strays(h[0], h[1], -1) {
		h = h[1:]
	}
	for n := len(h); n > 1 && strays(h[n-2], h[n-1], 1); n = len(h) {
		h = h[:n-1]
	}
	p.envelope = joined(h, rise, run)
	return p
}

// tells says whether a rise over the middle half of a piece is more than chance, and no
// more than a clock can drift.
func tells(rise, run, scatter time.Duration) bool {
	return run > 0 && rise.Abs() > doubt/2+doubtNoises*scatter/2 && rise.Abs() < run/2
}

// joined connects knots by straight edges and goes on beyond them at a rate.
func joined(h []Knot, rise, run time.Duration) envelope {
	v := envelope{{h[0], rise, run}}
	for i := 1; i < len(h); i++ {
		v = append(v, edge{h[i-1], h[i].Lag - h[i-1].Lag, h[i].At.Sub(h[i-1].At)})
	}
	return append(v, edge{h[len(h)-1], rise, run})
}

// Lag returns the smallest lag that the model expects of a row with an event time, rounded
// down. Between two pieces, where the step lies that parts them, it is the lower of both.
func (m *Model) Lag(event exchange.Time) time.Duration {
	low, high := m.around(event)
	if low == nil {
		return 0
	}
	return min(low.envelope.lag(event), high.envelope.lag(event))
}

// Correct returns when a row would have come, by the exchange's clock, had the smallest
// latency been base: where the local clock, in the model, stood behind by the smallest lag
// when it showed local, plus base. For a clock that is off by a constant this is
// local - [Model.Lag](event) + base.
//
// Within a piece the result depends on local alone and never falls as local grows, so rows
// keep their order; rows one nanosecond apart may become equal. event only tells the
// piece. Between two pieces, where the step is not seen, a row belongs to the one with the
// larger lag if it can have come with that lag, else to the other: rows of the lower piece
// whose latency exceeds the step are so given a latency that is short by the step. At a
// step local times jump and corrected times go on; rows that were sent before it and came
// after it seem late or early by the step.
//
// Rows that made the knots, strays aside, get a latency of at least base; others may fall
// below by what the smallest latency varies within a window. Where nothing is known, without knots or
// for times outside 1970 to 2116, local is returned as it is.
func (m *Model) Correct(event, local exchange.Time, base time.Duration) exchange.Time {
	if !known(event) || !known(local) {
		return local
	}
	p, high := m.around(event)
	if p == nil {
		return local
	}
	if p != high {
		low := p
		if low.envelope.lag(event) > high.envelope.lag(event) {
			low, high = high, low
		}
		if p = low; local.Sub(event) >= high.envelope.lag(event)-slack {
			p = high
		}
	}
	return p.envelope.event(local).Add(base)
}

// around returns the piece that an instant belongs to, twice, or the two that it lies
// between. Both are nil without pieces.
func (m *Model) around(event exchange.Time) (before, after *piece) {
	if len(m.pieces) == 0 {
		return nil, nil
	}
	low, high := 0, len(m.pieces)-1
	for low < high {
		if mid := (low + high) / 2; event <= m.pieces[mid].to {
			high = mid
		} else {
			low = mid + 1
		}
	}
	p := &m.pieces[low]
	if low > 0 && event < p.from {
		return &m.pieces[low-1], p
	}
	return p, p
}
