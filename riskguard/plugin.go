package riskguard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// A strategy's process is beyond our control: it may be slow, hang or die. What it wishes in answer
// to what is long past is refused; one that is late again and again only reduces; and what one that
// is gone has left open is the kernel's to clear away.

// life is what is known of a strategy's process.
type life struct {
	// clears says that open orders are cancelled when the process is gone or too late.
	clears bool
	// gone is since when the process is gone, 0 while it is there, and why says why.
	gone exchange.Time
	why  string
	// late are the last answers that came too late, oldest first, and lagging is since when there
	// have been too many of them, 0 if there have not.
	late    []exchange.Time
	lagging exchange.Time
}

// RulePlugin is the name of the control over answers that come too late.
const RulePlugin = "plugin"

const (
	// lateMost is how many answers of a strategy may come too late within lateFor; with that
	// many it only reduces.
	lateMost = 3
	lateFor  = time.Minute
)

// plugin: what answers an event of long ago was decided on a market that is gone. Wishes of people
// and of the house answer none, nor do those of a strategy for which time stands still meanwhile.
func (c *check) plugin() *exchange.Refusal {
	age, most := c.at.Sub(c.answers), c.set.limits.PluginAnswerMax
	if c.answers == 0 || age <= most {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("an answer to an event of %v ago", age), Limit: most.String(), Passes: "an answer to a newer one",
	}
}

// NoteLate counts an order that was refused because its answer came too late.
func (g *Guard) NoteLate(s exchange.StrategyID, at exchange.Time) {
	if s == 0 || int(s) >= len(g.lives) {
		return
	}
	g.due = true
	l := &g.lives[s]
	if l.late = append(l.late, at); len(l.late) > lateMost {
		l.late = slices.Delete(l.late, 0, len(l.late)-lateMost)
	}
	if len(l.late) == lateMost && at.Sub(l.late[0]) < lateFor && l.lagging == 0 {
		l.lagging = at
	}
}

// applyStrategy notes that a process runs or is gone.
func (g *Guard) applyStrategy(e *exchange.Event) {
	g.due = true
	s := e.Strategy()
	if s.Strategy == 0 || int(s.Strategy) >= len(g.lives) {
		return
	}
	l := life{clears: s.Clears}
	if !s.Running {
		l.gone, l.why = max(e.At, 1), s.Reason
	}
	g.lives[s.Strategy] = l
	if r := &g.ramps[s.Strategy]; s.Print != "" && s.Print != r.print {
		*r = ramp{s.Print, e.At}
	}
}

// resumedLives forgets how late strategies were that a person resumes.
func (g *Guard) resumedLives(s *exchange.StateChange) {
	for i := range g.lives {
		if ofAll(s, i) {
			g.lives[i].late, g.lives[i].lagging = nil, 0
		}
	}
}

// Clears says since when the open orders of a strategy are to be cleared away, and up to when they
// must have been created for that; since is 0 if they are not. Of a process that is gone it is all
// of them, of one that is too late those that it had then.
func (g *Guard) Clears(s exchange.StrategyID) (since, created exchange.Time) {
	if s == 0 || int(s) >= len(g.lives) || !g.lives[s].clears {
		return 0, 0
	}
	if l := &g.lives[s]; l.gone != 0 {
		return l.gone, exchange.Never
	}
	return g.lives[s].lagging, g.lives[s].lagging
}

// Clearing says that there may be orders to be cleared away.
func (g *Guard) Clearing() bool {
	return slices.ContainsFunc(g.lives, func(l life) bool { return l.clears && (l.gone != 0 || l.lagging != 0) })
}

// plugin: a process that is gone is told while it is, and what is late again and again only reduces
// until a person resumes it.
func (w *watch) plugin() {
	for i := range w.g.lives {
		l, s := &w.g.lives[i], exchange.StrategyID(i)
		kept := "its open orders stay"
		if l.clears {
			kept = "its open orders are cancelled, but for stops that only close"
		}
		switch {
		case l.gone != 0:
			w.news(0, exchange.Alert{ // that it has failed again is news
				Strategy: s, Severity: exchange.SeverityCritical, Limit: "its process must run",
				Value: fmt.Sprintf("its process is gone, %s: %s", kept, strings.TrimSpace(l.why)),
			})
		case l.lagging != 0:
			value, limit := fmt.Sprintf("%d answers came too late, %s", lateMost, kept), fmt.Sprintf("%d within %v", lateMost-1, lateFor)
			w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityWarning, Value: value, Limit: limit})
			w.hold(exchange.StateChange{Strategy: s, State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: value + ", limit " + limit})
		}
	}
}

// lifeSnapshot is a life as a snapshot has it.
type lifeSnapshot struct {
	Clears   bool                `json:"clears,omitzero"`
	Gone     exchange.Time       `json:"gone,omitzero"`
	Lagging  exchange.Time       `json:"lagging,omitzero"`
	Late     []exchange.Time     `json:"late,omitzero"`
	Strategy exchange.StrategyID `json:"strategy"`
	Why      string              `json:"why,omitzero"`
}

func (g *Guard) snapshotLives() (list []lifeSnapshot) {
	for i, l := range g.lives {
		if l.clears || l.gone != 0 || l.lagging != 0 || len(l.late) > 0 {
			list = append(list, lifeSnapshot{l.clears, l.gone, l.lagging, l.late, exchange.StrategyID(i), l.why})
		}
	}
	return list
}

// restoreLives brings them back. That of a strategy that is not configured any more is nobody's.
func (g *Guard) restoreLives(list []lifeSnapshot) error {
	for _, l := range list {
		if len(l.Late) > lateMost {
			return fmt.Errorf("%d late answers of strategy %d are more than the %d that are remembered", len(l.Late), l.Strategy, lateMost)
		}
		if l.Strategy != 0 && int(l.Strategy) < len(g.lives) {
			g.lives[l.Strategy] = life{l.Clears, l.Gone, l.Why, l.Late, l.Lagging}
		}
	}
	return nil
}
