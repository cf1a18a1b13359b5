package report

import (
	"math"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// scale maps values to the height of a plot, linear or logarithmic. The script has the
// same rules for a zoomed plot.
type scale struct {
	low, high float64
	log       bool
	// zero keeps the value 0 in view when zoomed.
	zero bool
}

// ticksWanted is about how many values a scale names.
const ticksWanted = 5

// linear makes a scale over all values of the lists, with some air, that also holds the
// given values.
func linear(hold []float64, lists ...[]point) scale {
	low, high := bounds(hold, lists)
	air := (high - low) * 0.06
	if air == 0 {
		air = max(math.Abs(high)*0.01, 1e-8)
	}
	s := scale{low: low - air, high: high + air}
	for _, v := range hold {
		if v != 0 {
			continue
		}
		s.zero = true
		if low == 0 {
			s.low = 0
		}
		if high == 0 {
			s.high = 0
		}
	}
	if s.low == s.high {
		s.high = s.low + 1
	}
	return s
}

// logMin is the least value that a logarithmic scale shows; a lower one sits there.
const logMin = 0.1

// logTop is where a logarithmic scale ends that has room below: a uniMMR above it is out
// of danger, and higher values, on the upper edge, would only squeeze those that matter.
const logTop = 20.0

// logarithmic makes a scale for ratios that also holds the given values. It ends at
// logTop, or at four times the lowest value of the lists if that is more.
func logarithmic(hold []float64, lists ...[]point) scale {
	low, high := bounds(hold, lists)
	low = max(low, logMin)
	least, _ := bounds(nil, lists)
	return scale{low: low / 1.25, high: min(max(high, low)*1.15, max(logTop, 4*least)), log: true}
}

func bounds(hold []float64, lists [][]point) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range hold {
		low, high = min(low, v), max(high, v)
	}
	for _, list := range lists {
		for _, p := range list {
			if !math.IsNaN(p.v) && !math.IsInf(p.v, 0) {
				low, high = min(low, p.v), max(high, p.v)
			}
		}
	}
	if low > high {
		return 0, 1
	}
	return low, high
}

// y places a value; what is out of the scale sits on its edge.
func (s scale) y(v float64) int {
	v = min(max(v, s.low), s.high)
	share := (v - s.low) / (s.high - s.low)
	if s.log {
		share = math.Log(v/s.low) / math.Log(s.high/s.low)
	}
	return int(math.Round((1 - share) * plotHeight))
}

// ticks are round values within the scale.
func (s scale) ticks() []float64 {
	if s.log {
		return s.logTicks()
	}
	step := niceStep((s.high - s.low) / ticksWanted)
	var out []float64
	for i := math.Ceil(s.low / step); i*step <= s.high && len(out) < 4*ticksWanted; i++ {
		out = append(out, i*step)
	}
	return out
}

func (s scale) logTicks() []float64 {
	multiples := []float64{1, 2, 5}
	if s.high/s.low < 10 {
		multiples = []float64{1, 1.5, 2, 3, 4, 6, 8}
	}
	if s.high/s.low > 10_000 {
		multiples = []float64{1}
	}
	var out []float64
	for e := math.Floor(math.Log10(s.low)); e <= math.Log10(s.high); e++ {
		for _, m := range multiples {
			if v := m * math.Pow(10, e); v >= s.low && v <= s.high {
				out = append(out, v)
			}
		}
	}
	return out
}

// niceStep is 1, 2 or 5 times a power of ten, whichever is nearest to raw.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	switch m := raw / power; {
	case m < 1.5:
		return power
	case m < 3.5:
		return 2 * power
	case m < 7.5:
		return 5 * power
	default:
		return 10 * power
	}
}

// text prints a tick with no more decimals than the step between ticks has.
func (s scale) text(v float64) string {
	if s.log {
		return page.plain(strconv.FormatFloat(v, 'f', -1, 64))
	}
	step := niceStep((s.high - s.low) / ticksWanted)
	if max(math.Abs(s.low), math.Abs(s.high)) >= 1e6 {
		places := max(0, int(math.Ceil(6-math.Log10(step)-1e-9)))
		return page.plain(strconv.FormatFloat(v/1e6, 'f', places, 64)) + page.group() + "M"
	}
	places := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	return page.plain(strconv.FormatFloat(v, 'f', places, 64))
}

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

// chartValue is the place of an amount in a chart: rounded, for the script repeats it.
func chartValue(d decimal.Decimal, places int32) float64 { return d.Round(places).InexactFloat64() }
