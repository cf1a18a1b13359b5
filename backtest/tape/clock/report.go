package clock

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// farMin is the smallest lag from which on a recording is called fast or far. Light
	// in fibre goes around the earth in a fifth of that.
	farMin = time.Second
	// driftMin, in billionths, and driftRise over the whole recording are the least that is
	// called a drift. Good quartz keeps 20 ppm.
	driftMin  = 20_000
	driftRise = 5 * time.Millisecond
	// driftSpan is the shortest recording in which a drift is looked for.
	driftSpan = time.Minute
)

// Step is a change of the smallest lag that lasts: the clock was set, or the route changed.
type Step struct {
	// From and To are the event times of the last row known to be before it and of the first
	// known to be after it.
	From exchange.Time `json:"from"`
	To   exchange.Time `json:"to"`
	// Size is by how much the smallest lag grew: above 0 when the clock was set forward.
	Size time.Duration `json:"size_ns"`
}

// Report is what lags tell about a recorder's clock.
type Report struct {
	// Knots is how many windows of time the verdict rests on, Strays how many more were left
	// out because of a row that no clock explains.
	Knots  int `json:"knots"`
	Strays int `json:"strays,omitempty"`
	// From and To are the event times of the outer knots.
	From exchange.Time `json:"from"`
	To   exchange.Time `json:"to"`
	// Smallest is the smallest lag of all.
	Smallest time.Duration `json:"smallest_lag_ns"`
	// Slow says that Smallest is negative, which cannot be: rows came before they were sent,
	// so the clock was slow at that moment by more than -Smallest.
	Slow bool `json:"slow"`
	// Far says that Smallest is above one second: a fast clock or a far recorder. Lags
	// cannot tell which.
	Far bool `json:"far"`
	// DriftPPM is the rate at which the clock gains, in millionths, negative when it loses;
	// Drift is what that makes between From and To. Both are 0 unless the recording is long
	// enough to tell and the drift above 20 ppm or 5 ms. A lasting change that is too small
	// to be a step reads as drift.
	DriftPPM float64       `json:"drift_ppm"`
	Drift    time.Duration `json:"drift_ns"`
	// Steps are by time.
	Steps []Step `json:"steps,omitempty"`
	// Steady says that there is neither drift nor step.
	Steady bool `json:"steady"`
}

// Report returns the verdict on the clock.
func (m *Model) Report() Report {
	r := m.report
	r.Steps = append([]Step(nil), r.Steps...)
	return r
}

// judge fills the report from the pieces and all sound knots.
func (m *Model) judge(sound []Knot, scatter time.Duration) {
	r := &m.report
	*r = Report{Knots: len(sound), From: sound[0].At, To: sound[len(sound)-1].At, Smallest: floor(sound)}
	r.Slow, r.Far = r.Smallest < 0, r.Smallest > farMin
	span := r.To.Sub(r.From)
	var rise, run time.Duration
	for _, p := range m.pieces {
		rise += p.rise
		run += p.run
	}
	var billionths int64
	if span >= driftSpan && tells(rise, run, scatter) {
		billionths = scale(billion, int64(rise), int64(run))
		drift := time.Duration(scale(int64(span), int64(rise), int64(run)))
		if billionths > driftMin || billionths < -driftMin || drift.Abs() > driftRise {
			r.DriftPPM, r.Drift = float64(billionths)/1000, drift
		}
	}
	for i := 1; i < len(m.pieces); i++ {
		p, q := &m.pieces[i-1], &m.pieces[i]
		size := q.envelope.lag(q.from) - p.envelope.lag(p.to)
		if r.Drift != 0 {
			size -= time.Duration(scale(int64(q.from.Sub(p.to)), int64(rise), int64(run)))
		}
		r.Steps = append(r.Steps, Step{From: p.to, To: q.from, Size: size})
	}
	r.Steady = r.Drift == 0 && len(r.Steps) == 0
}

// String says it in one sentence without a full stop.
func (r Report) String() string {
	if r.Knots == 0 {
		return "clock unknown: no row has both a local and an event time"
	}
	var b strings.Builder
	switch {
	case r.Slow:
		fmt.Fprintf(&b, "clock at least %s slow (smallest lag %s)", inSeconds(-r.Smallest), inMillis(r.Smallest))
	case r.Far:
		fmt.Fprintf(&b, "smallest lag %s: a fast clock or a far recorder, lags cannot tell which", inSeconds(r.Smallest))
	default:
		fmt.Fprintf(&b, "smallest lag %s, plausible", inMillis(r.Smallest))
	}
	span := r.To.Sub(r.From).Round(time.Second)
	if r.Steady && span > 0 {
		fmt.Fprintf(&b, "; steady over %v", span)
	}
	if r.Drift != 0 {
		fmt.Fprintf(&b, "; drifts by %+.3f ppm (%+.3f ms over %v)", r.DriftPPM, float64(r.Drift)/1e6, span)
	}
	for i, s := range r.Steps {
		if i == stepsShown {
			fmt.Fprintf(&b, "; %d more steps", len(r.Steps)-i)
			break
		}
		fmt.Fprintf(&b, "; steps by %+.3f ms between %v and %v", float64(s.Size)/1e6, s.From, s.To)
	}
	if r.Strays > 0 {
		fmt.Fprintf(&b, "; %d of %d windows left out for a row that no clock explains", r.Strays, r.Strays+r.Knots)
	}
	return b.String()
}

// stepsShown bounds the sentence of a recording with many steps.
const stepsShown = 5

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f s", float64(d)/1e9) }
func inMillis(d time.Duration) string  { return fmt.Sprintf("%.3f ms", float64(d)/1e6) }
