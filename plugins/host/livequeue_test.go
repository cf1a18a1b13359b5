package host

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestLiveQueue holds the queue against a list that is searched at each step.
func TestLiveQueue(t *testing.T) {
	kinds := []exchange.Kind{
		exchange.KindTrade, exchange.KindBookTicker, exchange.KindMark, exchange.KindBar, exchange.KindFunding,
		exchange.KindLiquidation, exchange.KindFill, exchange.KindOrderUpdate, exchange.KindTimer,
	}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		q := liveQueue{tradesMax: 1 + rng.IntN(8)}
		var want []head
		var conflated, dropped uint64
		for seq := range uint64(2000) {
			if rng.IntN(3) == 0 {
				w := q.pop()
				if (w == nil) != (len(want) == 0) || w != nil && w.head != want[0] {
					t.Fatalf("seed %d: got %v, want %v", seed, w, want)
				}
				if w != nil {
					want = want[1:]
					q.release(w)
				}
				continue
			}
			h := head{seq: seq, kind: kinds[rng.IntN(len(kinds))], inst: exchange.InstrumentID(1 + rng.IntN(2))}
			w := q.room()
			w.request = request{head: h}
			q.push(w)
			switch h.kind {
			case exchange.KindBookTicker, exchange.KindMark:
				if i := slices.IndexFunc(want, func(o head) bool { return o.kind == h.kind && o.inst == h.inst }); i >= 0 {
					want = slices.Delete(want, i, i+1)
					conflated++
				}
			case exchange.KindTrade, exchange.KindLiquidation:
				var waiting []int
				for i, o := range want {
					if (&request{head: o}).droppable() {
						waiting = append(waiting, i)
					}
				}
				if len(waiting) == q.tradesMax {
					want = slices.Delete(want, waiting[0], waiting[0]+1)
					dropped++
				}
			}
			want = append(want, h)
			if q.count != len(want) || q.conflated != conflated || q.dropped != dropped {
				t.Fatalf("seed %d: %d wait, %d conflated, %d dropped; want %d, %d, %d",
					seed, q.count, q.conflated, q.dropped, len(want), conflated, dropped)
			}
		}
		if conflated == 0 || dropped == 0 {
			t.Errorf("seed %d: a dull life", seed)
		}
	}
}

// TestQuotas: so much within a second, and three times that within a minute, whatever was asked
// before it.
func TestQuotas(t *testing.T) {
	q, now := newQuotas(100), time.Unix(1_000_000, 0)
	for _, c := range []struct {
		after time.Duration
		n     int
		want  string
	}{
		{0, 100, "<nil>"},
		{time.Second - 1, 0, "<nil>"},
		{1, 100, "<nil>"},
		{time.Second, 60, "<nil>"},
		{time.Second - 1, 41, "100 intents and timers within a second"},
		{57 * time.Second, 0, "300 intents and timers within a minute"},
		{1, 100, "<nil>"},
		{time.Second, 100, "<nil>"},
		{time.Second, 100, "<nil>"},
		{time.Second, 1, "300 intents and timers within a minute"},
	} {
		now = now.Add(c.after)
		got := "<nil>"
		if beyond := q.take(c.n, now); beyond != nil {
			got = beyond.String()
		}
		if got != c.want {
			t.Errorf("%d more at %v: beyond %s, want %s", c.n, now.Sub(time.Unix(1_000_000, 0)), got, c.want)
		}
	}
}
