package papisim

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// clock is the exchange's time: it runs at a speed, and can be moved.
type clock struct {
	wall  time.Time
	at    exchange.Time
	speed int64
}

func newClock(at exchange.Time, speed int) clock {
	return clock{wall: time.Now(), at: at, speed: int64(max(1, speed))}
}

func (c *clock) now() exchange.Time { return c.at + exchange.Time(int64(time.Since(c.wall))*c.speed) }

// until is how long it takes until an instant of the exchange comes; 0 if it is past.
func (c *clock) until(at exchange.Time) time.Duration {
	return max(0, time.Duration((int64(at-c.now())+c.speed-1)/c.speed))
}

// jump moves the time forward.
func (c *clock) jump(by time.Duration) { c.at = c.at.Add(by) }

// pace lets time pass at another speed from now on.
func (c *clock) pace(speed int) { *c = newClock(c.now(), speed) }
