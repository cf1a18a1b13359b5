package backtest_test

import (
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
)

// TestRank holds the two statements of the order within an instant against each other:
// the tape may not import this package, so it states the order itself.
func TestRank(t *testing.T) {
	for k := exchange.KindTrade; k.Market(); k++ {
		if got, want := tape.Rank(k), backtest.Rank(k); got != want {
			t.Errorf("tape ranks %v %d, backtest %d", k, got, want)
		}
	}
}
