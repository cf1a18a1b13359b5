package riskguard

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// At trade the guard judges the account as a whole, and only pictures of it that are whole: in
// the middle of an instant one leg of a hedge has its new mark and the other not yet, and
// between a fill and its bookings a profit is gone and not there yet. So it reads the account
// at beats: when the first event of a later time comes, before that is folded in, once in a
// second at most, and later while fills come. What a reading finds is state, and the watch
// tells of it.
//
// Most beats cost a comparison: while prices stay in a band in which no level can be reached,
// there is nothing to read.

const (
	// beatEvery is the least time between two readings.
	beatEvery = time.Second
	// settleFor is how long after a fill its bookings may be under way, and settleMost how
	// long fills can put off a reading.
	settleFor, settleMost = time.Second, 5 * time.Second
)

// pulse says when the account is read.
type pulse struct {
	// next is from when on the next event has it read, last when it was read.
	next, last exchange.Time
	// fill is when the last fill was.
	fill exchange.Time
	// calm says that a band was proven for the levels as they are. It is found anew by a
	// guard that was restored, so nothing may depend on it.
	calm bool
}

// settle puts the next reading off: a fill's bookings come behind it.
func (p *pulse) settle(at exchange.Time) {
	p.fill = at
	p.next = min(max(p.next, at.Add(settleFor)), p.last.Add(settleMost))
}

// beat reads the account as it was before an event of this time.
func (g *Guard) beat(at exchange.Time) {
	p := &g.pulse
	g.rested(at)
	g.awaitCopy(at)
	p.next, p.last = at.Add(beatEvery), at
	switch {
	case g.blind():
		return
	case p.calm && g.model.Proven():
		if at >= g.loss.hour {
			g.calmHour(at)
			g.markVentures(at)
		}
		return
	}
	p.calm = false
	if g.model.Missing() != nil {
		return
	}
	a := g.model.Account()
	g.due = g.readLadder(&a, at) || g.due
	g.due = g.readLoss(&a, at) || g.due
	g.due = g.readVentures(at) || g.due
	g.seekCalm()
}

// seekCalm looks for the band in which no level can be reached.
func (g *Guard) seekCalm() bool {
	line, quiet := g.calmLadder()
	floor, keep, still := g.calmLoss()
	g.pulse.calm = quiet && still && g.model.Steady(line, floor, keep)
	for g.pulse.calm && !g.calmVentures() {
		g.pulse.calm = g.model.Narrow()
	}
	return g.pulse.calm
}

// Quiet says that a market event, if it came next, would give the watch nothing to find. It is
// conservative, and of events that are quiet now each one stays quiet after the others.
func (g *Guard) Quiet(e *exchange.Event) bool {
	if len(g.limits.Hedged) > 0 || len(g.moved) > 0 || len(g.doubted) > 0 || e.Kind == exchange.KindAssetIndex && g.offPeg(e.AssetIndex()) {
		return false
	}
	if e.Kind == exchange.KindClock || e.Kind == exchange.KindFunding {
		return false
	}
	if !g.copied.silent && g.copyLate(e.At) {
		return false
	}
	if g.blind() {
		return true
	}
	if g.drift.reading != nil {
		return false // what comes may judge it
	}
	if !(g.pulse.calm && g.model.Proven()) && !g.seekCalm() {
		return false
	}
	switch e.Kind {
	case exchange.KindMark:
		return g.model.InMarkBand(e.Inst, e.Mark().Price)
	case exchange.KindAssetIndex:
		return g.model.InIndexBand(e.AssetIndex().Asset, e.AssetIndex().Price)
	}
	return true
}
