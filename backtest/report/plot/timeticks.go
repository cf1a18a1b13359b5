package plot

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// timeTick is a round instant and its name.
type timeTick struct {
	at   exchange.Time
	text string
}

// timeTicks are round instants in UTC: of the clock, of the calendar, or of months.
func timeTicks(from, to exchange.Time) []timeTick {
	const day = 24 * time.Hour
	span := to.Sub(from)
	if span > 100*day {
		return monthTicks(from, to)
	}
	step, layout := 14*day, "2 Jan"
	for _, s := range []time.Duration{
		time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, day, 2 * day, 4 * day, 7 * day,
	} {
		if span/s <= 8 {
			step = s
			break
		}
	}
	if step < day {
		layout = "2 Jan 15:04"
		if span < day {
			layout = "15:04"
		}
		if step < time.Minute {
			layout = "15:04:05"
		}
	}
	var out []timeTick
	for at := from.Floor(step); at <= to; at = at.Add(step) {
		if at >= from {
			out = append(out, timeTick{at, at.UTC().Format(layout)})
		}
	}
	return out
}

func monthTicks(from, to exchange.Time) []timeTick {
	months := 1
	for days := to.Sub(from).Hours() / 24; days/30.4/float64(months) > 9; months++ {
	}
	start := from.UTC()
	var out []timeTick
	for t := time.Date(start.Year(), 1, 1, 0, 0, 0, 0, time.UTC); exchange.TimeOf(t) <= to; t = t.AddDate(0, months, 0) {
		if at := exchange.TimeOf(t); at >= from {
			out = append(out, timeTick{at, t.Format("Jan 2006")})
		}
	}
	return out
}
