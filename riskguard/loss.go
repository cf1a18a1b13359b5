package riskguard

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// loss is what the account has lost: of actual equity, before haircuts, with what was paid in
// or out taken off. The account's own coins count: who holds them loses by them.
type loss struct {
	// day is the beginning of the UTC day, base what the account was worth then, and peak the
	// most that it was worth at any beginning of an hour; both in USD, moved along by what is
	// paid in and out. A day of 0 is none yet.
	day        exchange.Time
	base, peak decimal.Decimal
	// hour is when the peak is looked at next.
	hour exchange.Time
	// mark is the peak without what is finer than a Fixed, 0 while it is not known: a guard
	// that was restored finds it again.
	mark exchange.Fixed
	// daily and drawn say that a limit was passed, and what of it then.
	daily, drawn string
}

// readLoss holds the account as it is against the limits of losses, and says whether one was
// passed that was not, or a day is over in which one was.
func (g *Guard) readLoss(a *exchange.Account, at exchange.Time) bool {
	l, e, before := &g.loss, a.ActualEquity, g.loss
	if day := at.Floor(24 * time.Hour); l.day != day {
		l.day, l.base, l.daily = day, e, ""
	}
	if at >= l.hour {
		l.peak, l.hour, l.mark = decimal.Max(l.peak, e), at.Floor(time.Hour).Add(time.Hour), 0
	}
	if l.daily == "" {
		l.daily = passed("lost", "today", l.base, e, g.limits.DailyLossMaxRatio)
	}
	if l.drawn == "" {
		l.drawn = passed("fell", "from the peak", l.peak, e, g.limits.DrawdownMaxRatio)
	}
	return l.daily != before.daily || l.drawn != before.drawn
}

// calmHour notes peak and day's base where a band proves that no limit can be passed. While
// nothing rises above the peak that costs a comparison.
func (g *Guard) calmHour(at exchange.Time) {
	l, day := &g.loss, at.Floor(24*time.Hour)
	l.hour = at.Floor(time.Hour).Add(time.Hour)
	if l.day == day && l.mark != 0 && !g.model.ActualAbove(l.mark) {
		return
	}
	e := g.model.ActualEquity()
	if l.day != day {
		l.day, l.base = day, e
	}
	l.peak = decimal.Max(l.peak, e)
	l.mark, _ = exchange.FixedFromDecimal(l.peak.Truncate(exchange.FixedPlaces), exchange.RoundHalfUp)
}

// passed are the words for a loss beyond a ratio of what there was, "" without one.
func passed(how, since string, was, is, ratio decimal.Decimal) string {
	if no := beyondLoss(how, since, was, is, ratio); no != nil {
		return no.Value + ", limit " + no.Limit
	}
	return ""
}

// beyondLoss is the refusal of a loss beyond a ratio of what there was.
func beyondLoss(how, since string, was, is, ratio decimal.Decimal) *exchange.Refusal {
	lost, limit := was.Sub(is), was.Mul(ratio)
	if !was.IsPositive() || !lost.GreaterThan(limit) {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("%s %v USD %s", how, lost.RoundCeil(2), since),
		Limit: fmt.Sprintf("%v USD, %v of %v", limit.RoundFloor(2), ratio, was.Round(2)),
	}
}

// flow moves the marks of the losses by what is paid into the account or out of it. What has
// no price yet begins them anew when everything has.
func (g *Guard) flow(e *exchange.LedgerEntry) {
	switch e.Reason {
	case exchange.ReasonTransfer, exchange.ReasonDeposit, exchange.ReasonWithdraw:
	default:
		return
	}
	l := &g.loss
	g.pulse.calm, l.mark = false, 0
	index := g.model.Index(e.Asset)
	if index == 0 || l.day == 0 {
		l.day, l.peak, l.hour = 0, decimal.Zero, 0
		return
	}
	usd := e.Delta.Mul(index.Decimal())
	if e.Wallet.Debt() {
		usd = usd.Neg()
	}
	l.base, l.peak = l.base.Add(usd), l.peak.Add(usd)
}

// resumeLoss begins anew what was passed when a person lifts what it holds; else it would hold
// again at once. The peak goes only if it was passed.
func (g *Guard) resumeLoss() {
	l := &g.loss
	if l.daily == "" && l.drawn == "" {
		return
	}
	now := g.model.ActualEquity()
	if l.drawn != "" {
		l.peak = now
	}
	l.base, l.daily, l.drawn, l.mark = now, "", "", 0
	g.pulse.calm = false
}

// calmLoss is the least equity at which no limit is passed and the part of any equity that it
// may fall to, and whether there is nothing to wait for but the end of a day.
func (g *Guard) calmLoss() (floor decimal.Decimal, keep exchange.Fixed, quiet bool) {
	one := decimal.New(1, 0)
	ratio := decimal.Min(g.limits.DailyLossMaxRatio, g.limits.DrawdownMaxRatio)
	floor = decimal.Max(
		g.loss.base.Mul(one.Sub(g.limits.DailyLossMaxRatio)),
		g.loss.peak.Mul(one.Sub(g.limits.DrawdownMaxRatio)))
	keep, err := exchange.FixedFromDecimal(one.Sub(ratio).RoundCeil(exchange.FixedPlaces), exchange.RoundHalfUp)
	return floor, keep, err == nil && g.loss.day != 0 && g.loss.daily == "" && g.loss.drawn == ""
}

// loss: after a day's loss only reducing goes on until the UTC day is over; after a fall from
// the peak nothing does until a person resumes.
func (w *watch) loss() {
	l := &w.g.loss
	held := &w.g.states.account.causes[exchange.CauseLoss]
	if l.daily == "" && held.state == exchange.ReduceOnly && held.by == Watcher {
		w.change(exchange.StateChange{State: exchange.Active, Cause: exchange.CauseLoss, Reason: "another day"})
	}
	if l.daily != "" {
		w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: l.daily, Limit: "daily_loss_max_ratio"})
		w.hold(exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseLoss, Reason: l.daily})
	}
}

// drawdown is the part of loss that only a person lifts.
func (w *watch) drawdown() {
	if l := &w.g.loss; l.drawn != "" {
		w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: l.drawn, Limit: "drawdown_max_ratio"})
		w.hold(exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseLoss, Reason: l.drawn})
	}
}

// loss: no new risk beyond a limit of losses, also before the watch has held a state for it.
// While a fill's bookings may be under way there is no judging it; see pulse.go.
func (c *check) loss() *exchange.Refusal {
	l := &c.g.loss
	if no := c.ventureLoss(); no != nil {
		return no
	}
	if l.day == 0 || c.at.Sub(c.g.pulse.fill) < settleFor {
		return nil
	}
	now := c.g.model.ActualEquity()
	if no := beyondLoss("lost", "today", l.base, now, c.g.limits.DailyLossMaxRatio); no != nil {
		return no
	}
	return beyondLoss("fell", "from the peak", l.peak, now, c.g.limits.DrawdownMaxRatio)
}
