package clock

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestHull compares with the definition: corners are knots, every knot is on or above
// each edge's line, and slopes grow.
func TestHull(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		var knots []Knot
		for at := exchange.Time(1); len(knots) < 1+rnd.IntN(60); at += 1 + exchange.Time(rnd.Int64N(1<<rnd.IntN(40))) {
			knots = append(knots, Knot{at, time.Duration(rnd.Int64N(1<<61)-1<<60) >> rnd.IntN(60)})
		}
		h := hull(knots)
		if h[0] != knots[0] || h[len(h)-1] != knots[len(knots)-1] {
			t.Fatalf("seed %d: the hull does not begin and end with the knots", seed)
		}
		for i := 1; i < len(h); i++ {
			a, b := h[i-1], h[i]
			for _, k := range knots {
				// (k - a) * dx >= dy * (k.At - a.At), and on the line only between its ends
				left := new(big.Int).Mul(big.NewInt(int64(k.Lag-a.Lag)), big.NewInt(int64(b.At-a.At)))
				right := new(big.Int).Mul(big.NewInt(int64(b.Lag-a.Lag)), big.NewInt(int64(k.At-a.At)))
				if c := left.Cmp(right); c < 0 || c == 0 && (k.At < a.At || k.At > b.At) {
					t.Fatalf("seed %d: knot %v against the edge %v to %v", seed, k, a, b)
				}
			}
		}
	}
}

// TestHullOfLine: knots on a line make one edge.
func TestHullOfLine(t *testing.T) {
	knots := []Knot{{1, 3}, {2, 5}, {4, 9}, {10, 21}}
	if h := hull(knots); !slices.Equal(h, []Knot{knots[0], knots[3]}) {
		t.Errorf("hull %v", h)
	}
}

// TestScale compares with exact integers.
func TestScale(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 6))
	for range 100_000 {
		x := int64(rnd.Uint64()) >> rnd.IntN(64)
		den := 1 + rnd.Int64N(1<<62)>>rnd.IntN(62)
		num := rnd.Int64N(2*den+1) - den
		want := new(big.Int).Mul(big.NewInt(x), big.NewInt(num))
		rest := new(big.Int)
		want.DivMod(want, big.NewInt(den), rest) // Euclidean, which is down for den above 0
		if got := scale(x, num, den); want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("scale(%d, %d, %d) = %d, want %v", x, num, den, got, want)
		}
	}
}

// TestLines holds the rounding of a line, which is down, on both sides of its corner.
func TestLines(t *testing.T) {
	e := edge{Knot{1000, 500}, 1, 2}
	for _, c := range []struct{ at, lag, event exchange.Time }{
		{999, 499, 999}, {1000, 500, 1000}, {1001, 500, 1000}, {1002, 501, 1001}, {1003, 501, 1002}, {998, 499, 998}, {997, 498, 998},
	} {
		if lag := e.lag(c.at); lag != time.Duration(c.lag) {
			t.Errorf("lag at %d is %d, want %d", c.at, lag, c.lag)
		}
		if event := e.event(c.at + 500); event != c.event {
			t.Errorf("event of %d is %d, want %d", c.at+500, event, c.event)
		}
	}
}
