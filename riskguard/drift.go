package riskguard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Every limit on margin is held against the model's account, so the model is held against the
// exchange's: equity and maintenance margin of each reading of the account, against the range
// that the model's own had around it. The exchange has computed its values at an instant that
// nobody here knows, at prices that may not have come yet or not any more.

const (
	// driftBefore and driftAfter are what counts as around a reading.
	driftBefore, driftAfter = 10 * time.Second, 3 * time.Second
	// driftEvery is how often the own values are noted, and driftNotes how many notes are kept.
	driftEvery, driftNotes = time.Second, 16
	// driftExpects is how long after a reading another one is expected: no notes are taken later,
	// since a long run over bars has few readings and no time for them.
	driftExpects = 15 * time.Minute
)

// driftLeast is the difference in USD that is none, whatever the account is worth.
var driftLeast = decimal.New(1, 0)

// drift is how the model compares with readings of the account.
type drift struct {
	notes []driftNote // oldest first
	// pending is the instant whose last values are to be noted when a later one begins, 0 without
	// one. While a reading waits there is none.
	pending exchange.Time
	// reading is the one that waits for what comes after it, nil if none does.
	reading *driftNote
	// beyond is how many readings running were too far off, the last one judged at an instant;
	// words say how far.
	beyond int
	judged exchange.Time
	words  string
}

// driftNote is equity and maintenance margin at an instant.
type driftNote struct {
	At     exchange.Time   `json:"at"`
	Equity decimal.Decimal `json:"equity"`
	Maint  decimal.Decimal `json:"maint"`
}

// compare begins with a reading. One that has no money in it, though nothing but that explains
// its uniMMR, is only about the status.
func (g *Guard) compare(a *exchange.Account, at exchange.Time) {
	d := &g.drift
	g.judge(at, false)
	if a.Equity.IsZero() && a.MaintMargin.IsZero() && a.UniMMR.LessThan(decimal.NewFromInt(exchange.UniMMRMax)) {
		return
	}
	d.reading, d.pending = &driftNote{At: at, Equity: a.Equity, Maint: a.MaintMargin}, 0
	g.note(at)
}

// observe notes the own values from time to time and judges a reading when it is old enough.
// Before a reading it only asks for a note: most are around none, and a note costs the whole
// account.
func (g *Guard) observe(at exchange.Time) {
	d := &g.drift
	n := len(d.notes)
	switch {
	case n == 0 || d.pending != 0 || at.Sub(d.notes[n-1].At) < driftEvery:
	case d.reading == nil:
		if at.Sub(g.reported.at) <= driftExpects {
			d.pending = at
		}
	case at.Sub(d.reading.At) >= driftAfter:
		if g.judge(at, true); d.notes[len(d.notes)-1].At < at {
			d.pending = at
		}
	default:
		g.note(at)
	}
}

// recall takes the note that was asked for, before an event of a later instant is folded in. If
// that is too late for any reading from now on to have it around, nobody needs it.
func (g *Guard) recall(at exchange.Time) {
	d := &g.drift
	if d.pending == 0 || at <= d.pending {
		return
	}
	if at.Sub(d.pending) <= driftBefore {
		g.note(d.pending)
	}
	d.pending = 0
}

// note keeps the own values. Without all prices there are none.
func (g *Guard) note(at exchange.Time) {
	d := &g.drift
	if g.model.Missing() != nil {
		return
	}
	if len(d.notes) == driftNotes {
		d.notes = slices.Delete(d.notes, 0, 1)
	}
	d.notes = append(d.notes, driftNote{At: at, Equity: g.model.Equity(), Maint: g.model.MaintMargin()})
}

// judge holds the reading that waits against the range of the own values, to which those of now
// are added if they may be: a note widens it, so one that agrees without needs none. What nobody
// can compare, because the own picture is not whole, neither counts nor clears.
func (g *Guard) judge(at exchange.Time, now bool) {
	d := &g.drift
	r := d.reading
	if d.reading = nil; r == nil || g.blind() || g.fault != nil {
		return
	}
	low, high, known := d.around(r)
	if now && (!known || !g.agrees(r, &low, &high)) {
		g.note(at)
		low, high, known = d.around(r)
	}
	if !known {
		return
	}
	d.judged, g.due = at, true
	if g.agrees(r, &low, &high) {
		d.beyond, d.words = 0, ""
		return
	}
	d.beyond = min(d.beyond+1, driftReadingsMost)
	span := func(low, high decimal.Decimal) string {
		if low.Equal(high) {
			return low.StringFixed(2)
		}
		return low.StringFixed(2) + " to " + high.StringFixed(2)
	}
	d.words = fmt.Sprintf("equity is %s USD at the exchange and %s here, maintenance margin %s and %s, in %s running; net here: %s",
		r.Equity.StringFixed(2), span(low.Equity, high.Equity), r.Maint.StringFixed(2), span(low.Maint, high.Maint), readings(d.beyond), g.nets())
}

// around is the range of the own values around a reading, unknown without a note.
func (d *drift) around(r *driftNote) (low, high driftNote, known bool) {
	for _, n := range d.notes {
		switch {
		case r.At.Sub(n.At) > driftBefore:
		case !known:
			low, high, known = n, n, true
		default:
			low.Equity, high.Equity = decimal.Min(low.Equity, n.Equity), decimal.Max(high.Equity, n.Equity)
			low.Maint, high.Maint = decimal.Min(low.Maint, n.Maint), decimal.Max(high.Maint, n.Maint)
		}
	}
	return low, high, known
}

// agrees says whether a reading is as near to a range as the limits want it.
func (g *Guard) agrees(r, low, high *driftNote) bool {
	return !off(r.Equity, low.Equity, high.Equity, g.limits.DriftEquityMax) && !off(r.Maint, low.Maint, high.Maint, g.limits.DriftMaintMax)
}

// off says whether a value is further from a range than a ratio of it allows.
func off(value, low, high, ratio decimal.Decimal) bool {
	far := decimal.Max(low.Sub(value), value.Sub(high))
	return far.GreaterThan(driftLeast) && far.GreaterThan(value.Abs().Mul(ratio))
}

func readings(n int) string {
	if n == 1 {
		return "1 reading"
	}
	return fmt.Sprint(n, " readings")
}

// netsMost is how many assets are named.
const netsMost = 8

// nets are the net amounts of the assets that the account has, in the order in which they
// became known.
func (g *Guard) nets() string {
	var list []string
	for i := range g.assets {
		if n := g.model.Net(g.assets[i].name); !n.IsZero() {
			if len(list) == netsMost {
				list = append(list, "and more")
				break
			}
			list = append(list, g.assets[i].name+" "+n.Round(8).String())
		}
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// watchDrift: while the model is not the exchange's account, no new risk is taken by it. A
// person who resumes has seen it, and it takes as many readings again.
func (w *watch) watchDrift() {
	d, l := &w.g.drift, &w.g.limits
	if d.beyond < max(1, l.DriftReadings) {
		return
	}
	limit := fmt.Sprintf("%v of equity and %v of maintenance margin in %s running", l.DriftEquityMax, l.DriftMaintMax, readings(l.DriftReadings))
	w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: d.words, Limit: limit})
	if d.judged == w.at {
		w.hold(exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: "the margin model is not the exchange's: " + d.words})
	}
}

// driftReadingsMost bounds the count, as it does the limit.
const driftReadingsMost = 100

// driftSnapshot is drift as a snapshot has it.
type driftSnapshot struct {
	Beyond  int           `json:"beyond,omitzero"`
	Judged  exchange.Time `json:"judged,omitzero"`
	Notes   []driftNote   `json:"notes"`
	Pending exchange.Time `json:"pending,omitzero"`
	Reading *driftNote    `json:"reading,omitzero"`
	Words   string        `json:"words,omitzero"`
}

func (d *drift) snapshot() *driftSnapshot {
	if len(d.notes) == 0 && d.reading == nil && d.beyond == 0 && d.judged == 0 {
		return nil
	}
	return &driftSnapshot{Beyond: d.beyond, Judged: d.judged, Notes: append([]driftNote{}, d.notes...), Pending: d.pending, Reading: d.reading, Words: d.words}
}

func (s *driftSnapshot) drift() (drift, error) {
	if len(s.Notes) > driftNotes || s.Beyond < 0 || s.Beyond > driftReadingsMost {
		return drift{}, fmt.Errorf("drift has %d notes and %d readings, which cannot be", len(s.Notes), s.Beyond)
	}
	return drift{notes: s.Notes, pending: s.Pending, reading: s.Reading, beyond: s.Beyond, judged: s.Judged, words: s.Words}, nil
}
