package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// pace: a strategy that has dealt as often within a minute as its limit lets it is no more
// trusted when the minute is over: it only reduces until a person resumes it, from when its
// executions count anew. The rule executions has refused it new risk since the last of them, so
// there is no gap before this.
func (w *watch) pace() {
	for i := 1; i < len(w.g.executed); i++ {
		s := exchange.StrategyID(i)
		held := &w.g.states.strategy[s].causes[exchange.CausePace]
		holds := held.state == exchange.ReduceOnly && held.by == Watcher
		n := w.g.Executions(s, w.at)
		if n == 0 && !holds {
			continue
		}
		most := w.g.executionsMax(s)
		if n < most && !holds {
			continue
		}
		value, limit := fmt.Sprintf("%d executions within a minute with no person in between", n), fmt.Sprintf("%d a minute", most)
		w.alert(0, exchange.Alert{Strategy: s, Severity: exchange.SeverityWarning, Value: value, Limit: limit})
		w.hold(exchange.StateChange{Strategy: s, State: exchange.ReduceOnly, Cause: exchange.CausePace, Reason: value + ", limit " + limit})
	}
}

// executionsMax is the limit of a strategy as a whole. An override of the strategy fits it on
// every instrument; one of an instrument alone says nothing of what it does elsewhere.
func (g *Guard) executionsMax(s exchange.StrategyID) int {
	if len(g.sets.all) == 1 || g.ins.Len() == 0 {
		return g.limits.ExecutionsPerMinuteMax
	}
	most := 0
	for _, set := range g.sets.of[s][1:] {
		most = max(most, g.sets.all[set].limits.ExecutionsPerMinuteMax)
	}
	return most
}
