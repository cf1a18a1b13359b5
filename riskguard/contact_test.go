package riskguard

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// hear has the account be read and the clock be measured now and then.
func (b *bench) hear(rng *rand.Rand) {
	if b.g.contact.account.at == 0 || rng.IntN(30) == 0 {
		e := exchange.Event{At: b.now}
		a := b.g.Account()
		e.SetAccount(&a)
		b.g.Apply(&e)
	}
	if rng.IntN(40) == 0 {
		b.do([]string{"clock", time.Duration(rng.Int64N(int64(520*time.Millisecond)) - int64(260*time.Millisecond)).String()})
	}
}

func (b *bench) plainContact(put func(string, decimal.Decimal, decimal.Decimal)) {
	h, l := &b.g.contact, &b.g.limits
	put("freshnessfresh_account", decimal.NewFromInt(int64(b.now-h.account.at)), decimal.NewFromInt(int64(l.FreshAccount)))
	if h.clock.at != 0 {
		put("freshnessclock_offset_max", decimal.NewFromInt(int64(h.clock.offset)).Abs(), decimal.NewFromInt(int64(l.ClockOffsetMax)))
	}
}

// TestContactIsRestored: a guard that goes on from a snapshot knows when it has heard of the
// exchange, and whose promises count.
func TestContactIsRestored(t *testing.T) {
	b := newBench(t, DefaultLimits())
	for _, line := range [][]string{{"promised", "ACCOUNT", "1m"}, {"clock", "-30ms"}, {"reading", "10000", "0"}, {"begin"}} {
		b.do(line)
	}
	other := newBench(t, DefaultLimits())
	if err := other.g.Restore(b.g.Snapshot()); err != nil {
		t.Fatal(err)
	}
	want := contact{
		account: heard{at: benchStart, every: time.Minute, anew: true},
		clock:   heard{at: benchStart, every: exchange.Forever, anew: true, offset: -30 * time.Millisecond},
	}
	if got := other.g.contact; got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
