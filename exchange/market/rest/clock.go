package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// clockSamples is how often the time is asked for a measurement; the answer that came
// soonest counts.
const clockSamples = 5

const (
	// clockAgeMax is when a request measures anew.
	clockAgeMax = 10 * time.Minute
	// clockRetry is how soon a failed measurement is repeated, and clockWait how long a
	// request waits for one.
	clockRetry = 5 * time.Second
	clockWait  = 5 * time.Second
)

// clock knows how far the exchange's clock is from ours.
type clock struct {
	// last is the last measurement, nil if there was none.
	last *atomic.Pointer[Reading]
	// failed is when a request last tried in vain, by our clock; 0 if it did not.
	failed *atomic.Int64
	// measuring holds one token while somebody measures.
	measuring chan struct{}
}

func newClock() clock {
	return clock{last: new(atomic.Pointer[Reading]), failed: new(atomic.Int64), measuring: make(chan struct{}, 1)}
}

// Reading is a measurement of the exchange's clock.
type Reading struct {
	// Offset is the exchange's clock minus ours, off by half of RoundTrip at most.
	Offset, RoundTrip time.Duration
	// At is when it was made, by our clock.
	At exchange.Time
}

// ServerTime is the exchange's time, as the last measurement has it; our own clock's before
// the first one.
func (c *Client) ServerTime() exchange.Time { return c.now().Add(c.Clock().Offset) }

// Clock is the last measurement; its At is 0 if there was none.
func (c *Client) Clock() Reading {
	if r := c.clock.last.Load(); r != nil {
		return *r
	}
	return Reading{}
}

// MeasureClock asks for the time a few times and uses the answer with the shortest round trip
// from now on. It asks fapi or, where fapi does not answer, dapi, then api: their clocks are
// one. An error leaves the last measurement in use. Costs 5 of the budget.
func (c *Client) MeasureClock(ctx context.Context) (Reading, error) {
	select {
	case c.clock.measuring <- struct{}{}:
		defer func() { <-c.clock.measuring }()
	case <-ctx.Done():
		return Reading{}, fmt.Errorf("measure the exchange's clock: %w", ctx.Err())
	}
	return c.measure(ctx)
}

// measure is called by who holds the token.
func (c *Client) measure(ctx context.Context) (Reading, error) {
	var failure error
	for _, p := range [...]exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		var best Reading
		for range clockSamples {
			r, err := c.sample(ctx, p)
			if err != nil {
				failure = err
				break
			}
			if best.At == 0 || r.RoundTrip < best.RoundTrip {
				best = r
			}
		}
		if best.At != 0 {
			c.clock.last.Store(&best)
			c.clock.failed.Store(0)
			return best, nil
		}
	}
	return Reading{}, fmt.Errorf("measure the exchange's clock: %w", failure)
}

// sample asks once, and not again: the time of a retry would count as one of the way. The
// exchange is taken to have read its clock half-way.
func (c *Client) sample(ctx context.Context, p exchange.Product) (Reading, error) {
	e := find(p, "time")
	r, err := c.attempt(ctx, e, nil)
	if err != nil {
		return Reading{}, err
	}
	at, err := serverTimeOf(e, r.Answer)
	if err != nil {
		return Reading{}, err
	}
	trip := r.At.Sub(r.sent)
	if trip < 0 || trip > c.timeout+slack {
		return Reading{}, &Error{Endpoint: e.String(), URL: r.URL, Err: fmt.Errorf("the local clock was set by about %v meanwhile", trip)}
	}
	return Reading{Offset: at.Sub(r.sent.Add(trip / 2)), RoundTrip: trip, At: r.At}, nil
}

// clockDue says whether to measure before a request: if that was never done, or long ago; but not
// right after a try that failed.
func (c *Client) clockDue() bool {
	now := c.now()
	if failed := exchange.Time(c.clock.failed.Load()); failed != 0 && now.Sub(failed).Abs() < clockRetry {
		return false
	}
	last := c.clock.last.Load()
	return last == nil || now.Sub(last.At).Abs() > clockAgeMax // our clock may have been set back
}

// keepTime measures before a request where that is due, for the budget counts by minutes of
// the exchange's clock. Without an answer the last offset is used, or none.
func (c *Client) keepTime(ctx context.Context) {
	if !c.clockDue() {
		return
	}
	select {
	case c.clock.measuring <- struct{}{}:
	default:
		if c.clock.last.Load() != nil {
			return // somebody measures; what is known will do
		}
		select {
		case c.clock.measuring <- struct{}{}:
		case <-ctx.Done():
			return
		}
	}
	defer func() { <-c.clock.measuring }()
	if !c.clockDue() { // somebody has measured
		return
	}
	short, cancel := context.WithTimeout(ctx, clockWait)
	defer cancel()
	if _, err := c.measure(short); err != nil && ctx.Err() == nil { // and not because the caller gave up
		c.clock.failed.Store(int64(c.now()))
		c.log.LogAttrs(ctx, slog.LevelWarn, "clock of the exchange unknown", slog.Any("err", err))
	}
}

// mustKnowTime is keepTime for those who cannot do without: nobody can tell a closed candle
// from a running one by a clock that may be wrong.
func (c *Client) mustKnowTime(ctx context.Context) error {
	c.keepTime(ctx)
	if c.clock.last.Load() == nil {
		return errors.New("the exchange's clock is not known; it does not answer /time")
	}
	return ctx.Err()
}
