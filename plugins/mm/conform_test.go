package mm

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

func TestConform(t *testing.T) {
	strategytest.Conform(t, New,
		strategytest.With(), strategytest.With("pause", "100ms"), strategytest.With("levels", "3", "qty", "0.003", "vol_for", "5"),
		strategytest.With("symbol", "CM:BTCUSD_PERP", "qty", "1", "max_qty", "4"),
	)
}
