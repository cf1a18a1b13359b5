package riskguard

import (
	"bytes"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestLateAcrossARestore: a restored guard goes on counting late answers, knows what is gone and
// whose orders are cleared away, and remembers no more than it must.
func TestLateAcrossARestore(t *testing.T) {
	b := newBench(t, DefaultLimits())
	b.do([]string{"process", "1", "runs", "clears"})
	b.do([]string{"process", "2", "gone", "clears"})
	for range 100 {
		b.g.NoteLate(1, b.now.Add(-time.Hour))
	}
	b.do([]string{"state", "ACTIVE", "strategy=1", "cause=OPERATOR"})
	b.g.NoteLate(1, b.now)
	b.g.NoteLate(1, b.now)
	g, err := New(b.g.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Restore(b.g.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, g := range []*Guard{b.g, g} {
		if since, _ := g.Clears(1); since != 0 {
			t.Errorf("strategy 1 is cleared away since %v", since)
		}
		for range 10 {
			g.NoteLate(1, b.now)
		}
		if since, created := g.Clears(1); since != b.now || created != b.now || len(g.lives[1].late) != lateMost {
			t.Errorf("since %v, created up to %v, %d are remembered", since, created, len(g.lives[1].late))
		}
		if since, created := g.Clears(2); since != b.now || created != exchange.Never || !g.Clearing() {
			t.Errorf("strategy 2: since %v, created up to %v", since, created)
		}
	}
	if !bytes.Equal(b.g.Snapshot(), g.Snapshot()) {
		t.Error("the restored guard is another one")
	}
	if err := g.restoreLives([]lifeSnapshot{{Strategy: 1, Late: make([]exchange.Time, lateMost+1)}}); err == nil {
		t.Error("more late answers than are ever remembered were taken")
	}
}
