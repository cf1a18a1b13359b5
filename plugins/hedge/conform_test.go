package hedge

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

func TestConform(t *testing.T) {
	strategytest.Conform(t, New,
		strategytest.With("style", "taker"),
		strategytest.With("leg", "UM:BTCUSDT", "second", "CM:BTCUSD_PERP"),
		strategytest.With("leg", "UM:ETHUSDT", "coin", "ETH", "band", "0.1", "band_by", "ratio"),
		strategytest.With(),
	)
}
