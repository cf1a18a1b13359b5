package riskguard

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// A strategy may lose no more in a day than a part of what the account had at the day's
// beginning, and fall no more from its best. The account's own limits would come late: others
// may have won meanwhile what this one has lost.

// ventureLosses are the marks that a strategy's losses are held against, as [loss] has them of
// the account: in USD, of what it has made since it began.
type ventureLosses struct {
	Base decimal.Decimal `json:"base"`
	// Begun is what it had made when its budget of losses began.
	Begun decimal.Decimal `json:"begun,omitzero"`
	Daily string          `json:"daily,omitzero"`
	Day   exchange.Time   `json:"day"`
	Drawn string          `json:"drawn,omitzero"`
	Hour  exchange.Time   `json:"hour"`
	Peak  decimal.Decimal `json:"peak"`
	Spent string          `json:"spent,omitzero"`
}

// bounded says whether a ratio bounds anything.
func bounded(ratio decimal.Decimal) bool { return ratio.LessThan(decimal.New(1, 0)) }

// venturesBounded says whether losses of strategies are held against anything.
func (l *Limits) venturesBounded() bool {
	return bounded(l.StrategyDailyLossMaxRatio) || bounded(l.StrategyDrawdownMaxRatio)
}

// ofStrategy is a limit of a strategy as a whole. An override of the strategy fits it on every
// instrument; one of an instrument alone says nothing of what it does elsewhere.
func (g *Guard) ofStrategy(s exchange.StrategyID, limit func(*Limits) decimal.Decimal) decimal.Decimal {
	if len(g.sets.all) == 1 || g.ins.Len() == 0 {
		return limit(&g.limits)
	}
	most := decimal.Zero
	for _, set := range g.sets.of[s][1:] {
		most = decimal.Max(most, limit(&g.sets.all[set].limits))
	}
	return most
}

func dailyRatio(l *Limits) decimal.Decimal    { return l.StrategyDailyLossMaxRatio }
func drawdownRatio(l *Limits) decimal.Decimal { return l.StrategyDrawdownMaxRatio }

// lostBeyond is the refusal of a strategy's loss beyond a ratio of what the account had at the
// beginning of the day.
func (g *Guard) lostBeyond(how, since string, was, is, ratio decimal.Decimal) *exchange.Refusal {
	lost, limit := was.Sub(is), g.loss.base.Mul(ratio)
	if !bounded(ratio) || !lost.GreaterThan(limit) {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("the strategy %s %v USD %s", how, lost.RoundCeil(2), since),
		Limit: fmt.Sprintf("%v USD, %v of the account's %v", limit.RoundFloor(2), ratio, g.loss.base.Round(2)),
	}
}

// words are a refusal's in one line, "" without one.
func words(no *exchange.Refusal) string {
	if no == nil {
		return ""
	}
	return no.Value + ", limit " + no.Limit
}

// readVentures holds what the strategies have made against their limits, and says whether one was
// passed that was not, or a day is over in which one was. The account was read before.
func (g *Guard) readVentures(at exchange.Time) (found bool) {
	if !g.sets.bounded {
		return false
	}
	for i := 1; i < len(g.ventures); i++ {
		v := &g.ventures[i]
		if v.idle() {
			continue
		}
		s, l, now := exchange.StrategyID(i), &v.losses, g.worth(v)
		before := *l
		l.mark(now, at)
		if l.Daily == "" {
			l.Daily = words(g.lostBeyond("lost", "today", l.Base, now, g.ofStrategy(s, dailyRatio)))
		}
		if l.Drawn == "" {
			l.Drawn = words(g.lostBeyond("fell", "from its peak", l.Peak, now, g.ofStrategy(s, drawdownRatio)))
		}
		if l.Spent == "" {
			l.Spent = words(g.spent(s, now))
		}
		found = found || l.Daily != before.Daily || l.Drawn != before.Drawn || l.Spent != before.Spent
	}
	return found
}

// mark notes what a strategy had made at the beginnings of days and hours. It began with nothing.
func (l *ventureLosses) mark(now decimal.Decimal, at exchange.Time) {
	if day := at.Floor(24 * time.Hour); l.Day != day {
		if l.Day != 0 {
			l.Base = now
		}
		l.Day, l.Daily = day, ""
	}
	if at >= l.Hour {
		l.Peak, l.Hour = decimal.Max(l.Peak, now), at.Floor(time.Hour).Add(time.Hour)
	}
}

// calmVentures says whether no strategy can pass a limit while prices stay in the band of the
// model, and none has.
func (g *Guard) calmVentures() bool {
	for i := 1; i < len(g.ventures); i++ {
		v := &g.ventures[i]
		if v.streak.Until != 0 {
			return false
		}
		if v.idle() || !g.sets.bounded {
			continue
		}
		s, l := exchange.StrategyID(i), &v.losses
		least, most := g.within(v)
		// Of any beginning of a day or an hour in the band, too.
		if l.Day == 0 || l.Daily != "" || l.Drawn != "" || l.Spent != "" || g.spent(s, least) != nil ||
			g.lostBeyond("", "", decimal.Max(l.Base, most), least, g.ofStrategy(s, dailyRatio)) != nil ||
			g.lostBeyond("", "", decimal.Max(l.Peak, most), least, g.ofStrategy(s, drawdownRatio)) != nil {
			return false
		}
	}
	return true
}

// markVentures notes days and hours where the band proves that no limit can be passed.
func (g *Guard) markVentures(at exchange.Time) {
	for i := 1; i < len(g.ventures) && g.sets.bounded; i++ {
		if v := &g.ventures[i]; !v.idle() {
			v.losses.mark(g.worth(v), at)
		}
	}
}

// resumeVenture begins anew what was passed when a person lifts what it holds.
func (g *Guard) resumeVenture(s *exchange.StateChange) {
	if s.Strategy == 0 || s.Inst != 0 || int(s.Strategy) >= len(g.ventures) {
		return
	}
	v := &g.ventures[s.Strategy]
	v.streak = streak{Spent: v.streak.Order}
	if l := &v.losses; l.Daily != "" || l.Drawn != "" {
		now := g.worth(v)
		if l.Drawn != "" {
			l.Peak = now
		}
		l.Base, l.Daily, l.Drawn = now, "", ""
	}
	if l := &v.losses; l.Spent != "" {
		l.Begun, l.Spent = g.worth(v), ""
	}
	g.pulse.calm = false
}

// ventureLoss: no new risk of a strategy beyond its limits of losses, also before the watch has
// held a state for it.
func (c *check) ventureLoss() *exchange.Refusal {
	g := c.g
	v := &g.ventures[c.order.Strategy]
	if g.loss.day == 0 || g.pulse.calm && g.model.Proven() && len(g.sets.all) == 1 || v.idle() || !c.set.limits.venturesBounded() {
		return nil
	}
	now := g.worth(v)
	if no := g.lostBeyond("lost", "today", v.losses.Base, now, c.set.limits.StrategyDailyLossMaxRatio); no != nil {
		return no
	}
	return g.lostBeyond("fell", "from its peak", v.losses.Peak, now, c.set.limits.StrategyDrawdownMaxRatio)
}

// strategyLoss: after a day's loss, or a streak of losses, a strategy only reduces until the day or
// the pause is over; after the loss of its budget until a person resumes it; after a fall from its best it does nothing until a person resumes it.
func (w *watch) strategyLoss() {
	for i := 1; i < len(w.g.ventures); i++ {
		v, s, name := &w.g.ventures[i], exchange.StrategyID(i), w.name
		c := exchange.StateChange{Strategy: s, State: exchange.Active, Cause: exchange.CauseLoss}
		if k := &v.streak; k.Until != 0 {
			w.name = "streak"
			w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityWarning, Value: k.Why, Limit: fmt.Sprint(w.g.streakMax(s))})
			c.State, c.Reason = exchange.ReduceOnly, fmt.Sprintf("%s; until %v", k.Why, k.Until)
		}
		w.name = name
		if l := &v.losses; l.Drawn != "" {
			w.name = "strategy-drawdown"
			w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityCritical, Value: l.Drawn, Limit: "strategy_drawdown_max_ratio"})
			c.State, c.Reason = exchange.Halted, l.Drawn
		} else if l.Spent != "" {
			w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityCritical, Value: l.Spent, Limit: "budget.loss_usd"})
			c.State, c.Reason = exchange.ReduceOnly, l.Spent+", until a person resumes it"
		} else if l.Daily != "" {
			w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityCritical, Value: l.Daily, Limit: "strategy_daily_loss_max_ratio"})
			c.State, c.Reason = exchange.ReduceOnly, l.Daily
		}
		w.name = name
		held := &w.g.states.strategy[s].causes[exchange.CauseLoss]
		switch {
		case c.State != exchange.Active:
			w.hold(c)
		case held.state == exchange.ReduceOnly && held.by == Watcher:
			c.Reason = "another day, or the pause is over"
			w.change(c)
		}
	}
}
