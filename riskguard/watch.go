package riskguard

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Between orders the guard watches over the account. Each watcher looks at one thing and says
// what a person should know of it and which states should hold, as things are now; what differs
// from what was told and what holds becomes an event. The driver lets it happen, so it is in the
// journal and takes effect as everything does: watching changes nothing.

// watcher is one control at trade.
type watcher struct {
	name string
	look func(*watch)
}

// watchers are the controls at trade, in the order in which they look.
func watchers() []watcher {
	return []watcher{
		{"account-status", (*watch).accountStatus},
		{"clock", (*watch).clock},
		{"ladder", (*watch).ladder},
		{"drift", (*watch).watchDrift},
		{"loss", (*watch).loss},
		{"drawdown", (*watch).drawdown},
		{"strategy-loss", (*watch).strategyLoss},
		{"happened", (*watch).hasHappened},
		{"stranger-orders", (*watch).strangerOrders},
		{"adl", (*watch).adl},
		{"income", (*watch).incomeGap},
		{"drop-copy", (*watch).dropCopy},
		{"loan-watch", (*watch).loanWatch},
		{"depeg", (*watch).depeg},
		{"negative", (*watch).negative},
		{"concentration", (*watch).concentration},
		{"leg-gap", (*watch).legGap},
		{"pace", (*watch).pace},
		{"bands", (*watch).bands},
		{"plugin", (*watch).plugin},
	}
}

// Watcher is who sets the states that the watch sets.
const Watcher = "guard's watch"

// watch is one look around.
type watch struct {
	g    *Guard
	name string // of the watcher
	at   exchange.Time
	// told says which of Guard.alerts stand as before.
	told  []bool
	found []exchange.Event
}

// Watch looks around and appends what should happen: changes of trading states, by [Watcher], and
// alerts. There is something to see only after an event that matters, see [Guard.Apply]; else it
// costs nothing. It changes nothing that an answer depends on. A guard that was restored waits for such
// an event, too: a snapshot is taken after a look.
func (g *Guard) Watch(at exchange.Time, found []exchange.Event) []exchange.Event {
	if !g.due {
		return found
	}
	g.due = false
	w := watch{g: g, at: at, told: make([]bool, len(g.alerts)), found: found}
	for i := range g.watchers {
		w.name = g.watchers[i].name
		g.watchers[i].look(&w)
	}
	for i, told := range w.told {
		if !told {
			a := g.alerts[i].Alert
			a.Over = true
			w.tell(g.alerts[i].inst, &a)
		}
	}
	return w.found
}

// alert says what a person should know now. An alert that no look repeats is over.
func (w *watch) alert(inst exchange.InstrumentID, a exchange.Alert) {
	a.Control = w.name
	if at := w.g.alerted(inst, &a); at >= 0 {
		w.told[at] = true
		if w.g.alerts[at].Severity == a.Severity {
			return // it stands; that its numbers move is no news
		}
	}
	w.tell(inst, &a)
}

// news is an alert of something that has happened: another one of the kind is told, too.
func (w *watch) news(inst exchange.InstrumentID, a exchange.Alert) {
	a.Control = w.name
	at := w.g.alerted(inst, &a)
	if at >= 0 {
		w.told[at] = true
	}
	if at < 0 || w.g.alerts[at].Value != a.Value || w.g.alerts[at].Severity != a.Severity {
		w.tell(inst, &a)
	}
}

func (w *watch) tell(inst exchange.InstrumentID, a *exchange.Alert) {
	e := exchange.Event{At: w.at, Inst: inst}
	e.SetAlert(a)
	w.found = append(w.found, e)
}

// withMore is a text for people that stands for so many more.
func withMore(text string, more int) string {
	if more == 0 {
		return text
	}
	return fmt.Sprintf("%s, and %d more", text, more)
}

// hold has a cause hold a state on a scope, unless it holds that one or a stricter one. What a
// watcher holds a person lifts, or the watcher by change.
func (w *watch) hold(c exchange.StateChange) {
	if s := w.g.states.of(c.Inst, c.Strategy); s == nil || s.causes[c.Cause].state <= c.State {
		return
	}
	w.change(c)
}

func (w *watch) change(c exchange.StateChange) {
	c.By = Watcher
	e := exchange.Event{At: w.at, Inst: c.Inst}
	e.SetState(&c)
	w.found = append(w.found, e)
}

// alert is one that stands, of an instrument if it is of one.
type alert struct {
	exchange.Alert
	inst  exchange.InstrumentID
	since exchange.Time
}

// alerted is the place of the alert for the same control, instrument, strategy and asset, -1
// without one.
func (g *Guard) alerted(inst exchange.InstrumentID, a *exchange.Alert) int {
	return slices.IndexFunc(g.alerts, func(b alert) bool {
		return b.inst == inst && b.Control == a.Control && b.Strategy == a.Strategy && b.Asset == a.Asset
	})
}

// applyAlert remembers what was told, until it is over.
func (g *Guard) applyAlert(e *exchange.Event) {
	a := e.Alert()
	at := g.alerted(e.Inst, a)
	switch {
	case a.Over && at >= 0:
		g.alerts = slices.Delete(g.alerts, at, at+1)
	case at >= 0:
		g.alerts[at].Alert = *a
	case !a.Over:
		g.alerts = append(g.alerts, alert{*a, e.Inst, e.At})
	}
}

// Standing is an alert that stands.
type Standing struct {
	exchange.Alert
	// Inst is the instrument that it is of, 0 if it is of none.
	Inst exchange.InstrumentID
	// Since is when it was told first.
	Since exchange.Time
}

// Alerts are those that stand, oldest first.
func (g *Guard) Alerts() []Standing {
	list := make([]Standing, len(g.alerts))
	for i, a := range g.alerts {
		list[i] = Standing{a.Alert, a.inst, a.since}
	}
	return list
}

// reported is what the exchange has said last of the account as a whole.
type reported struct {
	account exchange.Account
	at      exchange.Time // 0 if it has said nothing
}

// accountStatus: the exchange's own word for the account is NORMAL. Any other comes with
// reduce-only, and where it is liquidating with a halt: it cancels and sells by its own rules
// then, and orders of ours would be in its way.
func (w *watch) accountStatus() {
	r := &w.g.reported
	if r.at == 0 || r.account.Status <= exchange.StatusNormal {
		return
	}
	w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: "the exchange says " + r.account.Status.String(), Limit: exchange.StatusNormal.String()})
	state := exchange.ReduceOnly
	if r.account.Status >= exchange.StatusActiveLiquidation {
		state = exchange.Halted
	}
	w.hold(exchange.StateChange{State: state, Cause: exchange.CauseMargin, Reason: "the exchange says " + r.account.Status.String()})
}
