package backtest

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// spansMax is how many spans of one scope a result keeps; all count.
const spansMax = 1000

// StateTime is for how long the account, an instrument or a strategy could trade, could only
// reduce, and could not at all. Those that were ACTIVE all the time have none, but the account.
type StateTime struct {
	// Scope is "account", an instrument such as "UM BTCUSDT", or a strategy's label.
	Scope      string        `json:"scope"`
	Active     time.Duration `json:"active_ns"`
	ReduceOnly time.Duration `json:"reduce_only_ns"`
	Halted     time.Duration `json:"halted_ns"`
	// Spans are when it was not ACTIVE, in time order; at most the first 1,000.
	Spans []StateSpan `json:"spans"`
}

// StateSpan is a time in one state, and what began it.
type StateSpan struct {
	From   exchange.Time `json:"from"`
	To     exchange.Time `json:"to"`
	State  string        `json:"state"`
	Cause  string        `json:"cause"`
	Reason string        `json:"reason"`
}

// add counts a time in a state.
func (s *StateTime) add(state exchange.TradingState, d time.Duration) {
	switch state {
	case exchange.Active:
		s.Active += d
	case exchange.ReduceOnly:
		s.ReduceOnly += d
	default:
		s.Halted += d
	}
}

// stateBook follows the trading states of a run. The zero value knows of nobody.
type stateBook struct {
	begun  exchange.Time
	scopes []stateScope
}

type stateScope struct {
	inst     exchange.InstrumentID
	strategy exchange.StrategyID
	state    exchange.TradingState
	since    exchange.Time
	// span is the one that goes on, if the state is not Active.
	span StateSpan
	StateTime
}

// begin forgets the time before the run proper; what holds, goes on.
func (b *stateBook) begin(at exchange.Time) {
	b.begun = at
	for i := range b.scopes {
		s := &b.scopes[i]
		s.since, s.span.From, s.StateTime = at, at, StateTime{Scope: s.Scope}
	}
}

// change notes what a change has left.
func (b *stateBook) change(at exchange.Time, c *exchange.StateChange, name string) {
	s := b.of(c, name)
	if c.Effective == s.state {
		return
	}
	s.end(at)
	s.state, s.since = c.Effective, at
	s.span = StateSpan{From: at, State: c.Effective.String(), Cause: c.Cause.String(), Reason: c.Reason}
}

func (b *stateBook) of(c *exchange.StateChange, name string) *stateScope {
	for i := range b.scopes {
		if s := &b.scopes[i]; s.inst == c.Inst && s.strategy == c.Strategy {
			return s
		}
	}
	s := stateScope{inst: c.Inst, strategy: c.Strategy, state: exchange.Active, since: b.begun}
	s.Scope = name
	b.scopes = append(b.scopes, s)
	return &b.scopes[len(b.scopes)-1]
}

// end counts the time that has passed in the state.
func (s *stateScope) end(at exchange.Time) {
	s.add(s.state, max(at.Sub(s.since), 0))
	if s.state != exchange.Active && len(s.Spans) < spansMax {
		s.span.To = at
		s.Spans = append(s.Spans, s.span)
	}
	s.since = at
}

// result is what was found until then: the account first, then who was not always Active.
func (b *stateBook) result(at exchange.Time) []StateTime {
	account := b.of(&exchange.StateChange{}, accountScope)
	account.end(at)
	list := []StateTime{account.StateTime}
	for i := range b.scopes {
		s := &b.scopes[i]
		if s.inst == 0 && s.strategy == 0 {
			continue
		}
		if s.end(at); s.ReduceOnly+s.Halted > 0 {
			list = append(list, s.StateTime)
		}
	}
	return list
}

// accountScope is the scope of the whole account.
const accountScope = "account"

// scopeName is what a change of state is about.
func (r *recorder) scopeName(c *exchange.StateChange) string {
	switch {
	case r.ins.Has(c.Inst):
		return r.ins.At(c.Inst).Name()
	case c.Strategy != 0 && int(c.Strategy) < len(r.labels):
		return r.labels[c.Strategy]
	}
	return accountScope
}
