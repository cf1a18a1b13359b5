package riskguard

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// holder says for people which state holds for a strategy on an instrument, who holds it and
// why: of the widest scope that holds it, the first cause, and how many other causes hold it
// there. Of a person it says who.
func (g *Guard) holder(s exchange.StrategyID, inst exchange.InstrumentID) string {
	state := g.State(s, inst)
	scope, of := &g.states.account, "trading"
	if scope.effective != state {
		if scope = &g.states.inst[inst]; scope.effective == state {
			of = "trading on " + g.ins.At(inst).Name()
		} else {
			scope, of = &g.states.strategy[s], "trading of the strategy"
		}
	}
	var first *hold
	var by exchange.Cause
	more := 0
	for i := range scope.causes {
		switch h := &scope.causes[i]; {
		case h.state != state:
		case first != nil:
			more++
		default:
			first, by = h, exchange.Cause(i)
		}
	}
	words := fmt.Sprintf("%s is %s by %v", of, strings.ToLower(strings.ReplaceAll(state.String(), "_", "-")), by)
	if by == exchange.CauseOperator && first.by != "" {
		words += " (" + first.by + ")"
	}
	if more > 0 {
		words += fmt.Sprintf(" and %d more", more)
	}
	if first.reason != "" {
		words += ": " + first.reason
	}
	return words
}
