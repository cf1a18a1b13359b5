package backtest

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// clockwork is a source of one event a second that never ends.
type clockwork struct{ now exchange.Time }

func (c *clockwork) Next(buf []exchange.Event) (int, error) {
	for i := range buf {
		c.now = c.now.Add(time.Second)
		buf[i] = exchange.Event{At: c.now}
	}
	return len(buf), nil
}

// TestUntilSource: a source that never ends does, with the last event in time, whatever the buffers.
func TestUntilSource(t *testing.T) {
	for _, room := range []int{1, 3, 4, 7, 100} {
		u := &untilSource{source: &clockwork{}, until: exchange.Time(12 * time.Second)}
		buf, seen := make([]exchange.Event, room), 0
		for {
			n, err := u.Next(buf)
			for _, e := range buf[:n] {
				if seen++; e.At != exchange.Time(seen)*exchange.Time(time.Second) {
					t.Errorf("room for %d: event %d is at %v", room, seen, e.At)
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
		}
		if seen != 12 {
			t.Errorf("room for %d: %d events, want 12", room, seen)
		}
	}
}
