package csv

import (
	"bytes"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// Times lie between these, in 2001 and 2261: what is outside is no time of market data,
// and within them the number of digits tells the unit.
const (
	timeMin = 1e18
	timeMax = 9.2e18
)

// clock reads the times of one column. The first decides by its magnitude in which unit
// they are, and all others must agree.
type clock struct {
	// unit is in nanoseconds, -1 for times as text, 0 until the first is read.
	unit int64
}

// read returns a time in nanoseconds since 1970.
func (c *clock) read(b []byte) (int64, error) {
	v, ok := digits(b)
	if !ok {
		v, ok = digits19(b)
	}
	if !ok {
		return c.readText(bytes.TrimSpace(b))
	}
	unit := int64(0)
	switch len(b) {
	case 10:
		unit = int64(time.Second)
	case 13:
		unit = int64(time.Millisecond)
	case 16:
		unit = int64(time.Microsecond)
	case 19:
		unit = 1
	}
	if unit == 0 || v < timeMin/unit || v >= timeMax/unit {
		return 0, fmt.Errorf("%d is no time in seconds, milliseconds, microseconds or nanoseconds between 2001 and 2261", v)
	}
	return v * unit, c.agree(unit, b)
}

func (c *clock) agree(unit int64, b []byte) error {
	if c.unit == 0 {
		c.unit = unit
	}
	if c.unit != unit {
		return fmt.Errorf("%s is in another unit than the times before it", source.Clip(b))
	}
	return nil
}

func (c *clock) readText(b []byte) (int64, error) {
	t, ok := parseTime(b)
	if !ok {
		return 0, fmt.Errorf("%q is neither a time since 1970 in digits nor one such as 2024-01-02 03:04:05 in UTC", source.Clip(b))
	}
	return int64(t), c.agree(-1, b)
}

// parseTime reads a date, or a date and a time of day behind a blank or a T, with up to
// nine digits of a second, in UTC.
func parseTime(b []byte) (exchange.Time, bool) {
	var v [6]int
	for i, at := range [...]struct{ from, to int }{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		if i == 3 && len(b) == 10 {
			break
		}
		if len(b) < at.to || i > 0 && b[at.from-1] != "--- ::"[i] && (i != 3 || b[10] != 'T') {
			return 0, false
		}
		n, ok := digits(b[at.from:at.to])
		if !ok {
			return 0, false
		}
		v[i] = int(n)
	}
	nanos, ok := parseFraction(b[min(len(b), 19):])
	if !ok || v[0] < 2001 || v[0] > 2261 || v[4] > 59 || v[5] > 59 {
		return 0, false
	}
	t := time.Date(v[0], time.Month(v[1]), v[2], v[3], v[4], v[5], nanos, time.UTC)
	if t.Month() != time.Month(v[1]) || t.Day() != v[2] { // the 31st of a shorter month, or an hour beyond 23
		return 0, false
	}
	at := exchange.TimeOf(t)
	return at, at >= timeMin && at < timeMax
}

// parseFraction reads what may follow the seconds: a fraction, and a zone that is UTC.
func parseFraction(b []byte) (nanos int, ok bool) {
	if len(b) > 0 && b[0] == '.' {
		scale := int(time.Second)
		for b = b[1:]; len(b) > 0 && b[0] >= '0' && b[0] <= '9'; b = b[1:] {
			if scale /= 10; scale == 0 {
				return 0, false
			}
			nanos += int(b[0]-'0') * scale
		}
		if scale == int(time.Second) {
			return 0, false
		}
	}
	switch string(b) {
	case "", "Z", "+00:00", "+0000", "+00":
		return nanos, true
	}
	return 0, false
}
