package venue

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// slowMean is the settlement price by its definition: the index that was last known at each
// second of the span before delivery, averaged.
func slowMean(delivery exchange.Time, span time.Duration, marks []exchange.Mark, times []exchange.Time) exchange.Fixed {
	sum, n := decimal.Zero, int64(0)
	for at := delivery.Add(-span); at < delivery; at = at.Add(time.Second) {
		known := exchange.Fixed(0)
		for i := range marks {
			if times[i] <= at && marks[i].Index > 0 {
				known = marks[i].Index
			}
		}
		if known > 0 {
			sum, n = sum.Add(known.Decimal()), n+1
		}
	}
	if n == 0 {
		return 0
	}
	mean, err := exchange.FixedFromDecimal(sum.DivRound(decimal.NewFromInt(n), 16), exchange.RoundHalfUp)
	if err != nil {
		panic(err)
	}
	return mean
}

// TestSettlementPrice compares the running mean with the slow one over random marks, for
// deliveries of today's half hour and of the whole hour before 2024-11-11.
func TestSettlementPrice(t *testing.T) {
	for _, c := range []struct {
		day  time.Time
		span time.Duration
	}{
		{time.Date(2024, 9, 27, 8, 0, 0, 0, time.UTC), time.Hour},
		{time.Date(2024, 11, 10, 23, 59, 59, 0, time.UTC), time.Hour},
		{time.Date(2024, 11, 11, 0, 0, 0, 0, time.UTC), 30 * time.Minute},
		{time.Date(2026, 12, 25, 8, 0, 0, 0, time.UTC), 30 * time.Minute},
	} {
		for _, seed := range seeds(8) {
			rng := rand.New(rand.NewPCG(seed, 7))
			delivery := exchange.TimeOf(c.day)
			s := newSettlement(delivery)
			var marks []exchange.Mark
			var times []exchange.Time
			at := delivery.Add(-c.span - time.Duration(rng.IntN(600)-300)*time.Second)
			for at < delivery.Add(5*time.Second) {
				m := exchange.Mark{Price: 1, Index: 60_000*exchange.FixedOne + exchange.Fixed(rng.Int64N(1_000_000_000_000))}
				if rng.IntN(5) == 0 {
					m.Index = 0
				}
				if rng.IntN(50) == 0 {
					m.Index = exchange.FixedMax
				}
				marks, times = append(marks, m), append(times, at)
				s.learn(m, at)
				at = at.Add(time.Duration(rng.IntN(40)) * 500 * time.Millisecond)
			}
			want := slowMean(delivery, c.span, marks, times)
			for range 2 { // to ask changes nothing
				if got := s.price(); got != want {
					t.Errorf("-seed=%d: delivery %v settles at %v, want %v", seed, delivery, got, want)
				}
			}
		}
	}
}
