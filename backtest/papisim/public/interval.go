package public

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// interval is the length of a candle: a place in the list of those that Binance has.
type interval int

const (
	minute1 interval = iota
	minute3
	minute5
	minute15
	minute30
	hour1
	hour2
	hour4
	hour6
	hour8
	hour12
	day1
	day3
	week1
	month1
	intervals
)

const day = 24 * time.Hour

// monday is how far the first Monday lies after the beginning of 1970.
const monday = 4 * day

// text is Binance's name.
func (i interval) text() string {
	return [intervals]string{
		"1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M",
	}[i]
}

// length is how long a candle is; 0 for months.
func (i interval) length() time.Duration {
	return [intervals]time.Duration{
		time.Minute, 3 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour,
		4 * time.Hour, 6 * time.Hour, 8 * time.Hour, 12 * time.Hour, day, 3 * day, 7 * day, 0,
	}[i]
}

// parseInterval reads a name such as "1m".
func parseInterval(name string) (interval, bool) {
	for i := range intervals {
		if i.text() == name {
			return i, true
		}
	}
	return 0, false
}

// around is the candle that an instant belongs to: its first instant and that of the next.
// Weeks begin on Monday.
func (i interval) around(at exchange.Time) (start, end exchange.Time) {
	switch i {
	case month1:
		t := at.UTC()
		first := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
		return exchange.TimeOf(first), exchange.TimeOf(first.AddDate(0, 1, 0))
	case week1:
		start = at.Add(-monday).Floor(i.length()).Add(monday)
	default:
		start = at.Floor(i.length())
	}
	return start, start.Add(i.length())
}
