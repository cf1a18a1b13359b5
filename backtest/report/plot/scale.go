package plot

import (
	"math"
	"strconv"

	"github.com/pmbot/pmbot/backtest/readable"
)

// Axis is what a panel's vertical scale must be like; its reach follows from the values.
type Axis struct {
	// Log is for ratios: a logarithmic scale, for values above zero. It ends at logTop,
	// or at four times the lowest value if that is more; higher ones lie on its edge.
	Log bool
	// Places is how many decimals the values have that the legend shows.
	Places int
	// Hold are values that the scale must reach, such as 0.
	Hold []float64
}

// scale maps values to the height of a plot, linear or logarithmic. The script has the
// same rules for a zoomed plot.
type scale struct {
	low, high float64
	log       bool
	// zero keeps the value 0 in view when zoomed.
	zero bool
}

// logMin is the least value that a logarithmic scale shows; a lower one sits there.
const logMin = 0.1

// logTop is where a logarithmic scale ends that has room below: a uniMMR above it is out
// of danger, and higher values, on the upper edge, would only squeeze those that matter.
const logTop = 20.0

// scale reaches from the lowest to the highest value, with some air.
func (a Axis) scale(low, high float64) scale {
	least := low
	zero := false
	for _, v := range a.Hold {
		low, high = min(low, v), max(high, v)
		zero = zero || v == 0
	}
	if low > high {
		low, high = 0, 1
	}
	if a.Log {
		low = max(low, logMin)
		top := max(high, low) * 1.15
		if least <= high {
			top = min(top, max(logTop, 4*least))
		}
		return scale{low: low / 1.25, high: max(top, low*1.15), log: true}
	}
	air := (high - low) * 0.06
	if air == 0 {
		air = max(math.Abs(high)*0.01, 1e-8)
	}
	s := scale{low: low - air, high: high + air, zero: zero}
	if zero && low == 0 {
		s.low = 0
	}
	if zero && high == 0 {
		s.high = 0
	}
	if s.low == s.high {
		s.high = s.low + 1
	}
	return s
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

// ticks are round values within the scale, about as many as wanted.
func (s scale) ticks(wanted int) []float64 {
	if s.log {
		return s.logTicks(wanted)
	}
	step := niceStep((s.high - s.low) / float64(wanted))
	first, last := math.Ceil(s.low/step), math.Floor(s.high/step)
	var out []float64
	for i := first; i <= last && len(out) < 2*wanted; i++ {
		out = append(out, i*step)
	}
	return out
}

// logTicks are the finest set of 1, 2, 5 and so on times powers of ten that is not more
// than two above what is wanted.
func (s scale) logTicks(wanted int) []float64 {
	var out []float64
	for _, set := range []struct {
		multiples []float64
		every     int
	}{{[]float64{1, 1.5, 2, 3, 4, 6, 8}, 1}, {[]float64{1, 2, 5}, 1}, {[]float64{1, 3}, 1}, {[]float64{1}, 1}, {[]float64{1}, 2}, {[]float64{1}, 4}} {
		out = out[:0]
		for e := int(math.Floor(math.Log10(s.low))); e <= int(math.Log10(s.high)); e++ {
			for _, m := range set.multiples {
				if v := m * math.Pow10(e); e%set.every == 0 && v >= s.low && v <= s.high {
					out = append(out, v)
				}
			}
		}
		if len(out) <= wanted+2 {
			break
		}
	}
	return out
}

// niceStep is the least 1, 2 or 5 times a power of ten that is not below three quarters of
// raw, so that there are never more than four thirds of the wanted steps.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	switch m := raw / power * 0.75; {
	case m <= 1:
		return power
	case m <= 2:
		return 2 * power
	case m <= 5:
		return 5 * power
	default:
		return 10 * power
	}
}

// text prints a tick with no more decimals than the step between ticks has, large ones in
// thousands of millions and so on.
func (s scale) text(v float64, wanted int) string {
	if s.log {
		return readable.Page.Grouped(strconv.FormatFloat(v, 'f', -1, 64))
	}
	step := niceStep((s.high - s.low) / float64(wanted))
	most := max(math.Abs(s.low), math.Abs(s.high))
	shift, unit := 0, ""
	switch {
	case most >= 1e12:
		shift, unit = 12, readable.Page.Space()+"T"
	case most >= 1e9:
		shift, unit = 9, readable.Page.Space()+"B"
	case most >= 1e6:
		shift, unit = 6, readable.Page.Space()+"M"
	}
	places := max(0, int(math.Ceil(float64(shift)-math.Log10(step)-1e-9)))
	return numeral(v/math.Pow10(shift), places) + unit
}
