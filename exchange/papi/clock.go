package papi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

const (
	// clockSamples is how often the time is asked for a measurement; the answer that came
	// soonest counts.
	clockSamples = 5
	// clockAgeMax is when a read measures anew.
	clockAgeMax = 10 * time.Minute
	// clockRetry is how soon a failed measurement is repeated.
	clockRetry = 5 * time.Second
)

// clock knows how far the exchange's clock is from ours. papi has no time of its own; fapi
// is of the same family of servers.
type clock struct {
	// The mutex is for a few words that every request reads and a measurement writes.
	mu       sync.Mutex
	offset   time.Duration // exchange minus ours
	measured exchange.Time // by our clock; 0 if never
	failed   exchange.Time // the last try, 0 if it succeeded
	wrong    bool          // the exchange did not accept a timestamp
	// measuring holds one token while somebody measures.
	measuring chan struct{}
}

func newClock() clock { return clock{measuring: make(chan struct{}, 1)} }

// ClockReading is a measurement of the exchange's clock.
type ClockReading struct {
	// Offset is the exchange's clock minus ours, off by half of RoundTrip at most.
	Offset, RoundTrip time.Duration
}

// ServerTime is the exchange's time, as the last measurement has it.
func (c *Client) ServerTime() exchange.Time {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	return c.now().Add(c.clock.offset)
}

// MeasureClock asks fapi for its time, a few times, and uses the best answer from now on.
func (c *Client) MeasureClock(ctx context.Context) (ClockReading, error) {
	select {
	case c.clock.measuring <- struct{}{}:
		defer func() { <-c.clock.measuring }()
	case <-ctx.Done():
		return ClockReading{}, ctx.Err()
	}
	return c.measure(ctx)
}

// measure is called by who holds the token.
func (c *Client) measure(ctx context.Context) (ClockReading, error) {
	var best ClockReading
	var failure error
	found := false
	for range clockSamples {
		reading, err := c.sample(ctx)
		if err != nil {
			failure = err
			break
		}
		if !found || reading.RoundTrip < best.RoundTrip {
			best, found = reading, true
		}
	}
	now := c.now()
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	if c.clock.failed = now; !found {
		return ClockReading{}, fmt.Errorf("measure the exchange's clock: %w", failure)
	}
	c.clock.offset, c.clock.measured, c.clock.failed, c.clock.wrong = best.Offset, now, 0, false
	return best, nil
}

type serverTime struct {
	ServerTime exchange.Time `json:"serverTime"`
}

func (t *serverTime) missing() string { return first(need{"serverTime", t.ServerTime > 0}) }

// sample asks once. The exchange is taken to have read its clock half-way.
func (c *Client) sample(ctx context.Context) (ClockReading, error) {
	r, err := c.attempt(ctx, epTime, new(query), riskguard.Approved{})
	if err != nil {
		return ClockReading{}, err
	}
	t, err := answer[serverTime](epTime, r, nil)
	if err != nil {
		return ClockReading{}, err
	}
	trip := r.answered.Sub(r.sent)
	return ClockReading{Offset: t.ServerTime.Sub(r.sent.Add(trip / 2)), RoundTrip: trip}, nil
}

// keepTime measures before a signed request where that is needed. Without an answer from
// fapi the last offset is used, or none: orders must be cancelled even then.
func (c *Client) keepTime(ctx context.Context, s *spec) error {
	due, never := c.clockDue(s)
	if !due {
		return nil
	}
	select {
	case c.clock.measuring <- struct{}{}:
	default:
		if !never { // somebody measures; what is known will do
			return nil
		}
		select {
		case c.clock.measuring <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-c.clock.measuring }()
	if due, _ := c.clockDue(s); !due { // somebody has measured
		return nil
	}
	if _, err := c.measure(ctx); err != nil && ctx.Err() == nil {
		c.log.LogAttrs(ctx, slog.LevelWarn, "clock of the exchange unknown", slog.Any("err", err))
	}
	return ctx.Err()
}

// clockDue says whether to measure: if that never was done, or the exchange did not accept a
// timestamp; but not right after a try that failed. That a measurement is old holds up reads
// only.
func (c *Client) clockDue(s *spec) (due, never bool) {
	c.clock.mu.Lock()
	defer c.clock.mu.Unlock()
	now := c.now()
	if c.clock.failed != 0 && now.Sub(c.clock.failed) < clockRetry {
		return false, false
	}
	never = c.clock.measured == 0
	old := s.method == http.MethodGet && now.Sub(c.clock.measured) > clockAgeMax
	return never || old || c.clock.wrong, never
}

// doubt marks the clock as wrong after an answer that says so.
func (c *Client) doubt(err error) {
	if errors.Is(err, ErrClock) {
		c.clock.mu.Lock()
		c.clock.wrong = true
		c.clock.mu.Unlock()
	}
}
