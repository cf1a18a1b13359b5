package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// states are the trading states of the account, the instruments and the strategies.
type states struct {
	account        scope
	inst, strategy []scope // by number; instrument 0 and strategy 0 are never set
}

// scope is what each cause sets on one of them, and the strictest of that.
type scope struct {
	causes    [exchange.Causes]hold
	effective exchange.TradingState
}

// hold is the state that a cause sets, since when, and why and by whom for people. The
// words are of the last change, also where it left the state as it was.
type hold struct {
	state      exchange.TradingState
	since      exchange.Time
	reason, by string
}

// newStates halts the account by CauseStart and nothing else.
func newStates(instruments, strategies int) states {
	s := states{account: newScope(), inst: make([]scope, instruments+1), strategy: make([]scope, strategies+1)}
	for i := range s.inst {
		s.inst[i] = newScope()
	}
	for i := range s.strategy {
		s.strategy[i] = newScope()
	}
	s.account.set(exchange.CauseStart, hold{reason: "not started yet", by: "kernel"})
	return s
}

func newScope() scope {
	s := scope{effective: exchange.Active}
	for i := range s.causes {
		s.causes[i].state = exchange.Active
	}
	return s
}

// set has a cause hold a state, and Active lift what it held. Since stays where the state
// does.
func (s *scope) set(c exchange.Cause, h hold) {
	if was := &s.causes[c]; was.state == h.state {
		h.since = was.since
	}
	s.causes[c] = h
	s.effective = exchange.Active
	for i := range s.causes {
		s.effective = min(s.effective, s.causes[i].state)
	}
}

// of is the scope that a change names, nil if there is none of that number.
func (s *states) of(inst exchange.InstrumentID, strategy exchange.StrategyID) *scope {
	switch {
	case int(inst) >= len(s.inst) || int(strategy) >= len(s.strategy):
		return nil
	case inst != 0:
		return &s.inst[inst]
	case strategy != 0:
		return &s.strategy[strategy]
	default:
		return &s.account
	}
}

// applyState sets what a cause holds on a scope and tells in the event what holds then.
// Every change begins a new halt epoch, one that lifts a state too, so that what was
// approved under another state is never sent. A scope that is not known is halted anyway,
// and a state or a cause that nobody knows halts for a person to look at.
func (g *Guard) applyState(e *exchange.Event) {
	g.epoch++
	s := e.State()
	scope := g.states.of(s.Inst, s.Strategy)
	if scope == nil {
		s.Effective = exchange.Halted
		return
	}
	h := hold{state: s.State, since: e.At, reason: s.Reason, by: s.By}
	switch {
	case s.State > exchange.Active || s.Cause >= exchange.Causes:
		h.state, h.reason = exchange.Halted, fmt.Sprintf("a change to %v by %v makes no sense", s.State, s.Cause)
		scope.set(exchange.CauseRisk, h)
	case s.Cause == exchange.CauseOperator && s.State == exchange.Active:
		for _, c := range lifted() {
			scope.set(c, h)
		}
		if scope == &g.states.account {
			g.resumeLadder()
			g.drift.beyond = 0
			g.income.words = ""
			g.acceptCopy()
			g.resumeLoss()
		}
		g.resumed(s)
		g.resumeVenture(s)
		g.resumeFare(s)
		g.resumedLives(s)
	default:
		scope.set(s.Cause, h)
	}
	s.Effective = scope.effective
}

// lifted are the causes that a person lifts who resumes.
func lifted() [7]exchange.Cause {
	return [...]exchange.Cause{
		exchange.CauseOperator, exchange.CauseRisk, exchange.CauseTruth,
		exchange.CauseMargin, exchange.CauseLoss, exchange.CausePace, exchange.CauseWatch,
	}
}

// applyStart halts the account until the process that begins has been found fit and its
// user stream lives. What the process before could not do, keep up with its inbox, run a
// strategy or follow a market, has ended with it; what a person, a failed control or a
// difference to the exchange holds stays. The limits are the configuration's.
func (g *Guard) applyStart(e *exchange.Event) {
	g.epoch++
	g.contact.anew()
	g.copied = dropCopy{}
	g.forgetRates()
	lifted := hold{state: exchange.Active}
	held := hold{state: exchange.Halted, since: e.At, reason: "a process begins", by: "start"}
	g.states.account.set(exchange.CauseShell, lifted)
	g.states.account.set(exchange.CauseStart, held)
	g.states.account.set(exchange.CauseStream, held)
	for i := range g.states.inst {
		g.states.inst[i].set(exchange.CauseMarket, lifted)
	}
	for i := range g.states.strategy {
		g.states.strategy[i].set(exchange.CauseStrategy, lifted)
	}
	clear(g.lives) // no process of the one before is there
	g.applyPrints(e.At)
	if err := g.setLimits(g.config.Limits); err != nil {
		g.halt(e, err)
	}
}

// applyReload replaces the limits. What was approved under the old ones is not sent. Limits
// that make no sense, which whoever made the event should have refused, halt the account.
func (g *Guard) applyReload(e *exchange.Event) {
	g.epoch++
	limits, err := ParseLimits(e.Reload().Limits)
	if err == nil {
		err = g.setLimits(limits)
	}
	if err != nil {
		g.halt(e, fmt.Errorf("a reload of the limits: %w", err))
	}
}

// halt stops the account for a person to look at.
func (g *Guard) halt(e *exchange.Event, why error) {
	g.states.account.set(exchange.CauseRisk, hold{state: exchange.Halted, since: e.At, reason: why.Error(), by: "guard"})
}

// State is the strictest trading state that holds for a strategy on an instrument. What
// is not known is halted.
func (g *Guard) State(s exchange.StrategyID, inst exchange.InstrumentID) exchange.TradingState {
	if int(s) >= len(g.sent) || int(inst) >= len(g.states.inst) {
		return exchange.Halted
	}
	return min(g.states.account.effective, g.states.inst[inst].effective, g.states.strategy[s].effective)
}

// Held is a trading state that one cause holds on a scope: who stops what, why and since
// when.
type Held struct {
	// Inst and Strategy name the scope; both 0 is the account.
	Inst     exchange.InstrumentID
	Strategy exchange.StrategyID
	Cause    exchange.Cause
	State    exchange.TradingState
	Since    exchange.Time
	// Reason and By are those of the last change by that cause.
	Reason, By string
}

// States lists what is held on the account, then on instruments, then on strategies, each
// by cause. Nothing is listed of a scope that is Active.
func (g *Guard) States() []Held {
	list := g.states.account.held(nil, Held{})
	for i := range g.states.inst {
		list = g.states.inst[i].held(list, Held{Inst: exchange.InstrumentID(i)})
	}
	for i := range g.states.strategy {
		list = g.states.strategy[i].held(list, Held{Strategy: exchange.StrategyID(i)})
	}
	return list
}

// held appends what is held on a scope, whose name is in of.
func (s *scope) held(list []Held, of Held) []Held {
	for c := range s.causes {
		if h := &s.causes[c]; h.state != exchange.Active {
			of.Cause, of.State, of.Since, of.Reason, of.By = exchange.Cause(c), h.state, h.since, h.reason, h.by
			list = append(list, of)
		}
	}
	return list
}
