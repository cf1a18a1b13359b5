package trend

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// TestShare: two contracts share what one would take.
func TestShare(t *testing.T) {
	p := params("sizing", "volatility", "vol_bars", "3", "target_vol", "0.2", "leverage", "1")
	one := newDesk(t, p)
	p["second"] = "CM:BTCUSD_PERP"
	two := newDesk(t, p)
	for i, d := range []*desk{one, two} {
		for n := range 8 {
			d.closes(int64(60_000 + 100*(n%2)))
		}
		qty, ok := d.trend.contracts[0].volatilitySize(decimal.New(60_000, 0), exchange.MustFixed("60000"))
		if want := exchange.MustFixed([]string{"1", "0.5"}[i]); !ok || qty != want {
			t.Errorf("with %d contracts %v coins, want %v", i+1, qty, want)
		}
	}
}

// TestRestoresOneContract: the state of the version before, which had one contract, is taken
// over, and a contract that is new begins without memory.
func TestRestoresOneContract(t *testing.T) {
	d := newDesk(t, params("qty", "1", "fast", "2", "slow", "3"))
	d.closes(100, 101, 102, 103)
	var list []json.RawMessage
	if err := json.Unmarshal(save(t, d.rt), &list); err != nil {
		t.Fatal(err)
	}
	for version, state := range map[int][]byte{1: list[0], 2: save(t, d.rt)} {
		next := newDesk(t, params("qty", "1", "fast", "2", "slow", "3", "second", "CM:BTCUSD_PERP"))
		if err := next.rt.Restore(version, state); err != nil {
			t.Fatal(err)
		}
		if a, b := next.trend.contracts[0].memory, next.trend.contracts[1].memory; a.Signal != 1 || b.Signal != 0 {
			t.Errorf("version %d: signals %d and %d, want 1 and 0", version, a.Signal, b.Signal)
		}
	}
}

func TestNamedTwice(t *testing.T) {
	_, err := strategy.NewRuntime(New(), params("fourth", "UM:BTCUSDT"), instruments(t), 1)
	if err == nil || !strings.Contains(err.Error(), "UM BTCUSDT is named twice") {
		t.Error(err)
	}
}
