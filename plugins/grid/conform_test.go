package grid

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

func TestConform(t *testing.T) {
	strategytest.Conform(t, New,
		strategytest.With(),
		strategytest.With("spacing", "geometric", "flat", "66000", "budget", "4000", "stop", "0"),
		strategytest.With("symbol", "CM:BTCUSD_PERP", "qty", "3", "flat", "54000", "budget", "10000"),
	)
}
