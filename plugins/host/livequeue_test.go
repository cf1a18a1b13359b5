package host

import (
	"math/rand/v2"
	"slices"
	"testing"

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
