package trend

import (
	"strings"
	"testing"

	"github.com/pmbot/pmbot/strategy"
)

// TestShare: two contracts share what one would take.
func TestShare(t *testing.T) {
	p := params("sizing", "volatility", "vol_bars", "3", "target_vol", "0.2", "leverage", "1")
	for i, second := range []string{"", "CM:BTCUSD_PERP"} {
		p["second"] = second
		d := newDesk(t, p)
		d.equity(60_000)
		said := strings.Join(d.closes(60_000, 60_100, 60_000, 60_100, 60_000), "")
		if want := []string{"SELL 0.998 enterBUY 1.998 flip", "SELL 0.499 enterBUY 0.999 flip"}[i]; said != want {
			t.Errorf("with %d contracts it asks for %q, want %q", i+1, said, want)
		}
	}
}

// TestRestoresOneContract: a contract that is new begins without memory.
func TestRestoresOneContract(t *testing.T) {
	d := newDesk(t, params("qty", "1", "fast", "2", "slow", "3"))
	d.closes(100, 101, 102, 103)
	next := newDesk(t, params("qty", "1", "fast", "2", "slow", "3", "second", "CM:BTCUSD_PERP"))
	if err := next.rt.Restore(2, save(t, d.rt)); err != nil {
		t.Fatal(err)
	}
	if a, b := next.trend.contracts[0].memory, next.trend.contracts[1].memory; a.Signal != 1 || b.Signal != 0 {
		t.Errorf("signals %d and %d, want 1 and 0", a.Signal, b.Signal)
	}
}

func TestNamedTwice(t *testing.T) {
	_, err := strategy.NewRuntime(New(), params("fourth", "UM:BTCUSDT"), instruments(t), 1)
	if err == nil || !strings.Contains(err.Error(), "UM BTCUSDT is named twice") {
		t.Error(err)
	}
}
