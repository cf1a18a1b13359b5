package trend

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

func TestConform(t *testing.T) {
	strategytest.Conform(t, New,
		strategytest.With("fast", "2", "slow", "5", "stop", "1.5", "atr_bars", "5"),
		strategytest.With("fast", "2", "slow", "5", "stop", "1.5", "atr_bars", "5", "second", "UM:ETHUSDT", "third", "CM:BTCUSD_PERP", "qty", "1"),
		strategytest.With("rule", "breakout", "slow", "5", "sizing", "volatility", "vol_bars", "20", "warmup", "30", "stop", "3"),
		strategytest.With("symbol", "CM:BTCUSD_PERP", "rule", "ema", "fast", "2", "slow", "4", "qty", "3", "mode", "flat-first", "bar", "5m"),
	)
}
