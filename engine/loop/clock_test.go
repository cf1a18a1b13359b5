package loop

import (
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// TestClock starts at every distance to the journal's last event.
func TestClock(t *testing.T) {
	wall := exchange.TimeOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	for _, c := range []struct {
		behind, passed, want time.Duration // of the wall clock, since the start, and what it says
	}{
		{-time.Hour, 0, 0},
		{0, 0, 0},
		{10 * time.Second, 0, 10 * time.Second},
		{10 * time.Second, 4 * time.Second, 10 * time.Second},
		{10 * time.Second, 11 * time.Second, 11 * time.Second},
	} {
		clock, err := newClock(wall, wall.Add(c.behind), func() time.Duration { return c.passed })
		if err != nil {
			t.Errorf("%v behind: %v", c.behind, err)
		} else if got := clock.Now().Sub(wall); got != c.want {
			t.Errorf("%v behind, %v later: %v, want %v", c.behind, c.passed, got, c.want)
		}
	}
	_, err := newClock(wall, wall.Add(90*time.Minute), nil)
	if err == nil {
		t.Fatal("a clock that was set back by 90 minutes was taken")
	}
	for _, part := range []string{"2026-11-23T08:00:00Z", "2026-11-23T09:30:00Z", "1h30m0s", "set the clock right"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if c, err := NewClock(0); err != nil || c.Now() > exchange.TimeOf(time.Now()) || c.Now() < exchange.TimeOf(time.Now())-exchange.Time(time.Minute) {
		t.Errorf("a new clock: %v", err)
	}
}
