package riskguard

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// rung is how far uniMMR has come down.
type rung uint8

const (
	rungFine rung = iota
	rungWarn
	rungReduce
	rungHalt
)

// ladder is where uniMMR stands between the levels of the limits. It goes down at once, and up
// when uniMMR has been above the level's way out for a time.
type ladder struct {
	rung rung
	// uniMMR is as it was read when the rung was taken.
	uniMMR decimal.Decimal
	// better is since when uniMMR is above the way out, 0 if it is not.
	better exchange.Time
}

// reportedFor is how long the exchange's own uniMMR counts beside ours, if it is lower.
const reportedFor = time.Minute

// ladderWords begin the reason of what the ladder holds, by which it knows that again: the
// exchange's own word for the account is held by the same cause, and is not lifted here.
const ladderWords = "uniMMR "

// rungOf is the rung of a uniMMR; at a level it is reached.
func (l *Limits) rungOf(u decimal.Decimal) rung {
	switch {
	case u.LessThanOrEqual(l.UniMMRHalt):
		return rungHalt
	case u.LessThanOrEqual(l.UniMMRReduce):
		return rungReduce
	case u.LessThanOrEqual(l.UniMMRWarn):
		return rungWarn
	}
	return rungFine
}

// level is that of a rung.
func (l *Limits) level(r rung) decimal.Decimal {
	return [...]decimal.Decimal{rungWarn: l.UniMMRWarn, rungReduce: l.UniMMRReduce, rungHalt: l.UniMMRHalt}[r]
}

// readLadder finds the rung of the account as it is, and says whether it is another one.
func (g *Guard) readLadder(a *exchange.Account, at exchange.Time) bool {
	u := a.UniMMR
	if r := &g.reported; r.at != 0 && at.Sub(r.at) < reportedFor && r.account.UniMMR.IsPositive() {
		u = decimal.Min(u, r.account.UniMMR)
	}
	l, now := &g.ladder, g.limits.rungOf(u)
	out := g.limits.UniMMRWarn
	if l.rung > rungWarn {
		out = g.limits.UniMMRResume
	}
	switch {
	case now > l.rung:
		*l = ladder{rung: now, uniMMR: u}
		return true
	case u.LessThanOrEqual(out):
		l.better = 0
		return false
	case l.rung == rungFine:
		return false
	case l.better == 0:
		l.better = at
	}
	if at.Sub(l.better) < g.limits.UniMMRResumeAfter {
		return false
	}
	*l = ladder{rung: now, uniMMR: u}
	return true
}

// calmLadder is the line above which no rung is taken, and whether there is nothing to wait
// for.
func (g *Guard) calmLadder() (line exchange.Fixed, quiet bool) {
	line, err := exchange.FixedFromDecimal(g.limits.UniMMRWarn.RoundCeil(exchange.FixedPlaces), exchange.RoundHalfUp)
	return line, err == nil && g.ladder.rung == rungFine && !g.reportedLow()
}

// reportedLow says that the exchange has told a uniMMR of the ladder, which a band of ours says
// nothing of.
func (g *Guard) reportedLow() bool {
	r := &g.reported
	return r.at != 0 && g.pulse.last.Sub(r.at) < reportedFor && r.account.UniMMR.IsPositive() && g.limits.rungOf(r.account.UniMMR) > rungFine
}

// resumeLadder follows a person who lifts what it holds: between the level and its way out he
// is right, and below the level it holds again.
func (g *Guard) resumeLadder() {
	l := &g.ladder
	if l.rung > rungWarn && g.model.Missing() == nil {
		l.uniMMR = g.model.Account().UniMMR
		l.rung, l.better = g.limits.rungOf(l.uniMMR), 0
	}
}

// ladder: uniMMR has levels. At the first a person is told, with what to cut first; at the
// second only reducing goes on, until uniMMR has been above the way out for a time; at the
// third nothing does, until a person resumes. Binance limits to reduce-only at 1.2 and
// liquidates at 1.05.
func (w *watch) ladder() {
	g := w.g
	l := &g.ladder
	if held := &g.states.account.causes[exchange.CauseMargin]; l.rung < rungReduce && held.state == exchange.ReduceOnly &&
		held.by == Watcher && strings.HasPrefix(held.reason, ladderWords) && g.reported.account.Status <= exchange.StatusNormal {
		w.change(exchange.StateChange{
			State: exchange.Active, Cause: exchange.CauseMargin,
			Reason: fmt.Sprintf("uniMMR is above %v for %v", g.limits.UniMMRResume, g.limits.UniMMRResumeAfter),
		})
	}
	if l.rung == rungFine {
		return
	}
	level := g.limits.level(l.rung)
	value := fmt.Sprint(ladderWords, l.uniMMR.Round(4))
	a := exchange.Alert{Severity: exchange.SeverityWarning, Value: value + g.cutFirst(), Limit: level.String()}
	if l.rung > rungWarn {
		a.Severity = exchange.SeverityCritical
	}
	w.alert(0, a)
	c := exchange.StateChange{Cause: exchange.CauseMargin, Reason: value + ", limit " + level.String()}
	switch l.rung {
	case rungReduce:
		c.State = exchange.ReduceOnly
		w.hold(c)
	case rungHalt:
		c.State = exchange.Halted
		w.hold(c)
	}
}

// cutSpread is the spread that a plan reckons with: a market order pays half of it.
const cutSpread = exchange.FixedOne / 5000

// Derisk says which positions to cut first to bring uniMMR back above its way out of
// reduce-only, see [margin.Portfolio.Cuts]: what frees the most margin for its cost, and what
// opens a hedge last. It only tells: nobody cuts by itself.
func (g *Guard) Derisk() ([]margin.Cut, error) {
	return g.model.Cuts(g.limits.UniMMRResume, cutSpread)
}

// Closing says in which order to close all futures positions, see [margin.Portfolio.Closing].
// Without all prices it is margin.ErrMissing.
func (g *Guard) Closing() ([]margin.Cut, error) { return g.model.Closing(cutSpread) }

// cutFirst is the first step of the plan in words.
func (g *Guard) cutFirst() string {
	plan, err := g.model.Cuts(decimal.Max(g.limits.UniMMRResume, g.limits.UniMMRWarn), cutSpread)
	if err != nil || len(plan) == 0 {
		return ""
	}
	c := &plan[0]
	return fmt.Sprintf("; first %v %v %s, which frees %v USD of margin for %v USD", c.Side, c.Qty, g.ins.At(c.Inst).Name(), c.Freed.Round(2), c.Cost.Round(2))
}
