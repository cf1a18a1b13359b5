package backtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestThinnedLosesNoExtreme holds the bounded series against all prices: in every step
// the first, highest, lowest and last are those of the prices in it.
func TestThinnedLosesNoExtreme(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 9))
		var thin thinned
		type moment struct {
			at                     exchange.Time
			open, high, low, close exchange.Fixed
		}
		var all []moment
		at := exchange.Time(1_700_000_000) * exchange.Time(time.Second)
		for range 1 + random.IntN(20_000) {
			at += exchange.Time(random.Int64N(int64(10 * time.Second)))
			m := moment{at: at, low: price(1 + random.Int64N(1000))}
			m.open, m.close = m.low+exchange.Fixed(random.Int64N(50)), m.low+exchange.Fixed(random.Int64N(50))
			m.high = max(m.open, m.close) + exchange.Fixed(random.Int64N(50))
			all = append(all, m)
			thin.add(m.at, m.open, m.high, m.low, m.close)
		}
		if len(thin.points) > thinnedMax || cap(thin.points) > thinnedMax {
			t.Fatalf("seed %d: %d points", seed, len(thin.points))
		}
		next := 0
		for i, p := range thin.points {
			end := p.At.Add(thin.step)
			if i+1 < len(thin.points) && thin.points[i+1].At < end {
				t.Fatalf("seed %d: steps overlap", seed)
			}
			want := PricePoint{At: p.At, Open: all[next].open, High: 0, Low: exchange.FixedMax}
			for ; next < len(all) && all[next].at < end; next++ {
				m := &all[next]
				want.High, want.Low, want.Close = max(want.High, m.high), min(want.Low, m.low), m.close
			}
			if p != want {
				t.Fatalf("seed %d, point %d: %+v, want %+v", seed, i, p, want)
			}
		}
		if next != len(all) || thin.last() != all[len(all)-1].close {
			t.Fatalf("seed %d: %d of %d prices are in", seed, next, len(all))
		}
	}
}

func TestThinnedCovers(t *testing.T) {
	var thin thinned
	if thin.covers(0) || thin.last() != 0 {
		t.Error("an empty series covers nothing")
	}
	for n := range int64(5) {
		thin.add(minute(10+n), 1, 2, 1, 2)
	}
	// A bar of five minutes that ends now begins before the last of the short ones.
	if !thin.covers(minute(10)) || thin.covers(minute(14)) || thin.covers(minute(15)) {
		t.Error("a piece is in if it begins before the last point")
	}
}
