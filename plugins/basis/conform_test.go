package basis

import (
	"testing"

	"github.com/pmbot/pmbot/strategy/strategytest"
)

// In the walks the contracts differ by some basis points at random: a short window finds that
// unusual often.
func TestConform(t *testing.T) {
	often := []string{"window", "10", "enter", "1", "exit", "0", "cost", "0"}
	strategytest.Conform(t, New,
		strategytest.With(often...),
		strategytest.With(append(often, "near", "UM:ETHUSDT", "far", "CM:ETHUSD_PERP", "size", "1", "slice", "0.3")...),
		strategytest.ForgetsOnRestart("patience with a leg that failed begins anew; what is open is hedged all the same"),
	)
}
