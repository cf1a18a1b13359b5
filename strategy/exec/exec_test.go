package exec

import (
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

func TestBackoff(t *testing.T) {
	b := Backoff{Least: time.Minute, Most: 3 * time.Minute}
	now := exchange.Time(time.Hour)
	if !b.Ready(now) {
		t.Error("nothing was refused, and it waits")
	}
	for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute} {
		b.No(now)
		b.No(now) // of the same burst
		if now = now.Add(want); b.Ready(now - 1) {
			t.Errorf("ready before %v", want)
		}
		if !b.Ready(now) {
			t.Errorf("not ready after %v", want)
		}
	}
	b.No(now)
	b.Yes()
	if !b.Ready(now) {
		t.Error("accepted, and it waits")
	}
	b.No(now)
	if !b.Ready(now.Add(time.Minute)) {
		t.Error("the first wait after a yes is longer than the least")
	}
}

func TestPace(t *testing.T) {
	p := Pace{Most: 2}
	now := exchange.Time(time.Hour)
	for i, want := range []bool{true, true, false, false} {
		if got := p.Take(now.Add(time.Duration(i) * time.Millisecond)); got != want {
			t.Errorf("request %d: %v, want %v", i, got, want)
		}
	}
	if p.Take(now.Add(time.Second-1)) || !p.Take(now.Add(time.Second)) {
		t.Error("the second is not a second")
	}
	p = Pace{Most: 3, Per: time.Minute}
	for range 2 {
		p.Take(now)
	}
	if left := p.Left(now.Add(time.Minute - 1)); left != 1 {
		t.Errorf("%d requests are left in the minute, want 1", left)
	}
	if left := p.Left(now.Add(time.Minute)); left != 3 {
		t.Errorf("%d requests are left in the next minute, want 3", left)
	}
	if none := (Pace{}); none.Take(now) {
		t.Error("a pace of nothing lets something pass")
	}
}
