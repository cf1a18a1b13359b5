package margin

import (
	"math/rand/v2"
	"testing"
)

// TestAbove: what is said to be above a known uniMMR without a division is above it, and nearly all
// that is above it is said to be.
func TestAbove(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	usd := func() wide { return wideInt(1 + r.Int64N(1<<28)).up2().up2().up().mul(1 + r.Int64N(1<<r.IntN(10))) }
	said, are := 0, 0
	for range 20_000 {
		adjusted, maint := usd(), usd()
		known := uniMMR(adjusted, maint)
		switch r.IntN(3) {
		case 0:
			known = known.add(wideInt(r.Int64N(5) - 2))
		case 1:
			known = uniMMR(usd(), usd())
		}
		if r.IntN(10) == 0 {
			adjusted = adjusted.neg()
		}
		is := known.less(uniMMR(adjusted, maint))
		if is {
			are++
		}
		if above(adjusted, maint, known) {
			said++
			if !is {
				t.Fatalf("%v / %v is said to be above %v", adjusted.big(), maint.big(), known.big())
			}
		}
	}
	if said*10 < are*8 {
		t.Errorf("%d of %d", said, are)
	}
}
