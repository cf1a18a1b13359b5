package venue

import (
	"math/rand/v2"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

// quietRun is the end of the run of events from i on that are all quiet now.
func quietRun(v *Venue, ops []op, i int) int {
	for i < len(ops) && ops[i].event.Kind != 0 && v.Quiet(&ops[i].event) {
		i++
	}
	return i
}

// TestQuiet compares the venue with one that never asks whether an event is quiet: both
// must tell the same, and nothing on events that were called quiet, at their turn or in a
// run looked at before.
func TestQuiet(t *testing.T) {
	quietOnes := 0
	for _, seed := range seeds(uint64(raced.Fewer(8, 2))) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := randomConfig(rng)
		ops := randomOps(rng, randomMinutes)
		fast, whole := newVenue(t, c), newVenue(t, c)
		fast.Start(ops[0].at)
		whole.Start(ops[0].at)
		promised := 0
		for i := range ops {
			o := &ops[i]
			if i >= promised {
				promised = quietRun(fast, ops, i)
			}
			quiet := i < promised
			if quiet && !fast.Quiet(&o.event) {
				t.Fatalf("-seed=%d: step %d, %s: quiet in a run, but not at its turn", seed, i, o.name())
			}
			said, want := o.do(fast, false), o.do(whole, true)
			a, b := printAll(fast.Events()), printAll(whole.Events())
			if a != b || (said == nil) != (want == nil) {
				t.Fatalf("-seed=%d: step %d, %s at %v, quiet %v: told %v\n%sbut in full %v\n%s", seed, i, o.name(), o.at, quiet, said, a, want, b)
			}
			if quiet {
				quietOnes++
				if a != "" {
					t.Fatalf("-seed=%d: step %d, %s: quiet, but told\n%s", seed, i, o.name(), a)
				}
			}
		}
	}
	if quietOnes < 1000 && *seedFlag == 0 {
		t.Errorf("only %d events were quiet: the test tests nothing", quietOnes)
	}
}
