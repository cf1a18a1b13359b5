package main

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// TestWhomItHolds: the line of a bot names the strategy or the instrument that a cause holds, and how,
// so that a bot that is ACTIVE but for one strategy says which; what holds the account needs no name.
func TestWhomItHolds(t *testing.T) {
	s := &standing{state: exchange.Active, labels: []string{"grid", "mm"}, holds: []riskguard.Held{
		{Cause: exchange.CauseLoss, State: exchange.ReduceOnly, Reason: "too much is lost"},
		{Strategy: 2, Cause: exchange.CausePace, State: exchange.ReduceOnly, Reason: "50 executions"},
		{Strategy: 3, Cause: exchange.CauseOperator, State: exchange.Halted, Reason: "by hand"},
	}}
	const want = ", held: LOSS: too much is lost; mm REDUCE_ONLY by PACE: 50 executions; strategy 3 HALTED by OPERATOR: by hand"
	if got := s.line(); !strings.HasSuffix(got, want) {
		t.Errorf("%s\nwant at its end: %s", got, want)
	}
}
