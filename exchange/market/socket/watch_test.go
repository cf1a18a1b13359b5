package socket

import (
	"testing"
	"time"
)

// TestLearnedSilence holds that a busy stream is missed after a minute, though the dullest of
// its kind may be silent for a quarter of an hour, and that dull ones keep that.
func TestLearnedSilence(t *testing.T) {
	const declared = 15 * time.Minute
	for _, c := range []struct {
		name        string
		every, want time.Duration
		heard       time.Duration // for how long
	}{
		{"busy, but new", time.Second, declared, 14 * time.Minute},
		{"busy", time.Second, learnedLeast, 16 * time.Minute},
		{"slow", 20 * time.Second, learnedTimes * 20 * time.Second, 16 * time.Minute},
		{"dull", 3 * time.Minute, declared, 40 * time.Minute},
	} {
		var w watch
		for now := c.every; now <= c.heard; now += c.every {
			w.learn(now, declared)
		}
		if got := w.limit(declared); got != c.want {
			t.Errorf("%s: missed after %v, want %v", c.name, got, c.want)
		}
	}

	// A dull time makes it patient again, for as long as it is remembered.
	var w watch
	now := time.Duration(0)
	for range 20 * 60 {
		now += time.Second
		w.learn(now, declared)
	}
	now += time.Minute
	w.learn(now, declared)
	if got, want := w.limit(declared), learnedTimes*time.Minute; got != want {
		t.Errorf("after a minute of silence it is missed after %v, want %v", got, want)
	}
	for range 31 * 60 {
		now += time.Second
		w.learn(now, declared)
	}
	if got := w.limit(declared); got != learnedLeast {
		t.Errorf("half an hour later it is missed after %v, want %v", got, learnedLeast)
	}
}
