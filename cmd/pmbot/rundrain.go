package main

import (
	"context"
	"time"

	"github.com/pmbot/pmbot/engine/monitor"
)

// drainer stops the bot once it is flat, or when the time of the drain is over. A resume ends
// the drain.
type drainer struct {
	wishes chan monitor.Drain // Within 0 ends it
	stop   func()
}

// Run waits for drains until the context ends.
func (b *bot) drain(ctx context.Context) error {
	tick := time.NewTicker(haltPoll)
	defer tick.Stop()
	var until time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case d := <-b.drainer.wishes:
			until = time.Time{}
			if d.Within > 0 {
				within := time.Duration(d.Within) * time.Millisecond
				until = time.Now().Add(within)
				b.step("drain", "%s, by %s: no new risk; the bot stops when it is flat, or after %v by its policy", d.Reason, d.By, within)
			}
		case <-tick.C:
			if until.IsZero() {
				continue
			}
			s, err := b.standing(ctx)
			flat := err == nil && s.orders == 0 && s.positions == 0
			if flat || time.Now().After(until) {
				if flat {
					b.step("drain", "no order is open and no position held: the bot stops")
				} else {
					b.step("drain", "the time is over with %s and %s left: the bot stops", counted(int64(s.orders), "order"), counted(int64(s.positions), "position"))
				}
				b.drainer.stop()
				until = time.Time{}
			}
		}
	}
}

// drainBy takes a wish for a drain, or with Within 0 for its end.
func (b *bot) drainBy(ctx context.Context, d monitor.Drain) {
	select {
	case b.drainer.wishes <- d:
	case <-ctx.Done():
	}
}
