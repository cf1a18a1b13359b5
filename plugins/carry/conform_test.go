package carry

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

// In the walks funding is settled now and then, and is mostly too small for the defaults.
func TestConform(t *testing.T) {
	eager := []string{"fundings", "1", "cost", "0", "enter", "-0.01", "exit", "-0.02", "loan_rate", "0"}
	strategytest.Conform(t, New,
		strategytest.With(),
		strategytest.With(eager...),
		strategytest.With(append(eager, "direction", "reverse")...),
		strategytest.With(append(eager, "direction", "both", "enter", "0", "exit", "-0.0001")...),
		strategytest.ForgetsOnRestart("patience with a leg that failed begins anew; what is open is hedged all the same"),
	)
}
