package loop

import (
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// clockBehindMax is how far the wall clock may stand behind the journal's last event at a
// start: what a correction by NTP and the rounding of a kill explain.
const clockBehindMax = 10 * time.Second

// Clock is the local clock of a process: the wall clock at its start, and from then on the
// time that has passed. It never goes back, and what people or NTP do to the wall clock
// later does not move it. It stands still until the wall clock has reached the last event of
// the journal.
type Clock struct {
	start  exchange.Time
	last   exchange.Time
	passed func() time.Duration
}

// NewClock starts a clock. last is the time of the journal's last event, 0 without one. A
// wall clock more than 10 s behind it is an error: times would repeat, and what is old would
// seem fresh.
func NewClock(last exchange.Time) (*Clock, error) {
	now := time.Now()
	return newClock(exchange.TimeOf(now), last, func() time.Duration { return time.Since(now) })
}

func newClock(start, last exchange.Time, passed func() time.Duration) (*Clock, error) {
	if behind := last.Sub(start); behind > clockBehindMax {
		return nil, fmt.Errorf("the clock says %v, and the journal's last event is of %v, %v later: set the clock right (timedatectl) "+
			"and start again; if the clock is right now and was wrong before, wait until that time, or move the journal to "+
			"another place and start without it when no order is open", start, last, behind.Round(time.Millisecond))
	}
	return &Clock{start: start, last: last, passed: passed}, nil
}

// Now is the time. It may be called from any goroutine, and the times of successive calls
// never go back.
func (c *Clock) Now() exchange.Time { return max(c.last, c.start.Add(c.passed())) }
