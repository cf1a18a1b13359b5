package exchange

import (
	"fmt"
	"math"
	"time"
)

// Time is nanoseconds since 1970-01-01T00:00:00Z. The pure packages know no other time
// than the one in events; 0 means "not known".
type Time int64

// Never is after all other instants: when what is not due will be due.
const Never Time = math.MaxInt64

// TimeOf converts a time.Time.
func TimeOf(t time.Time) Time { return Time(t.UnixNano()) }

// Millis converts Binance's milliseconds. Instants that a Time cannot hold, before 1677
// and after 2262, give the nearest one that it can.
func Millis(ms int64) Time {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return Time(min(max(ms, -most), most) * int64(time.Millisecond))
}

// Millis returns whole milliseconds, rounded toward the past.
func (t Time) Millis() int64 {
	ms := int64(t) / int64(time.Millisecond)
	if int64(t)%int64(time.Millisecond) < 0 {
		ms--
	}
	return ms
}

// Add returns t+d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub returns t-u.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Floor returns the last instant at or before t that is a whole number of d since 1970.
func (t Time) Floor(d time.Duration) Time {
	if d <= 0 {
		return t
	}
	rest := t % Time(d)
	if rest < 0 {
		rest += Time(d)
	}
	return t - rest
}

// UTC converts to time.Time.
func (t Time) UTC() time.Time { return time.Unix(0, int64(t)).UTC() }

// String prints RFC 3339 in UTC with as many digits as needed, and "-" for 0.
func (t Time) String() string {
	if t == 0 {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// MarshalText writes the form of [Time.String].
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the form of [Time.String], between the years 1678 and 2261.
func (t *Time) UnmarshalText(b []byte) error {
	if string(b) == "-" {
		*t = 0
		return nil
	}
	v, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return err
	}
	if !TimeOf(v).UTC().Equal(v) {
		return fmt.Errorf("time %s: %w", b, ErrNumberRange)
	}
	*t = TimeOf(v)
	return nil
}
