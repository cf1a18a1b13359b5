package strategy

import (
	"testing"

	"github.com/shopspring/decimal"
)

// TestBudgetCheck: the bounds of what may be asked for, on both sides, and numbers that nobody should
// compute with.
func TestBudgetCheck(t *testing.T) {
	most, cent := decimal.New(1, 12), decimal.New(1, -2)
	for _, b := range []Budget{{}, {NotionalUSD: most, CapitalUSD: most, LossUSD: most, MessagesPerMinute: 1200}, {LossUSD: cent}} {
		if err := b.Check(); err != nil {
			t.Errorf("%+v: %v", b, err)
		}
	}
	for want, b := range map[string]Budget{
		"budget: notional_usd is 1000000000000.01; it must be 0, which asks for nothing, to 1000000000000": {NotionalUSD: most.Add(cent)},
		"budget: capital_usd is -0.01; it must be 0, which asks for nothing, to 1000000000000":             {CapitalUSD: cent.Neg()},
		"budget: loss_usd has more digits than 40":                                                         {LossUSD: decimal.New(1, 1_000_000_000)},
		"budget: messages_per_minute is 1201; it must be 0, which asks for nothing, to 1200":               {MessagesPerMinute: 1201},
		"budget: messages_per_minute is -1; it must be 0, which asks for nothing, to 1200":                 {MessagesPerMinute: -1},
	} {
		if err := b.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if !(Budget{}).IsZero() || (Budget{LossUSD: cent}).IsZero() || (Budget{MessagesPerMinute: 1}).IsZero() {
		t.Error("what asks for something is not nothing")
	}
}
