package plot

import (
	"math"
	"strconv"
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
		return grouped(strconv.FormatFloat(v, 'f', -1, 64))
	}
	step := niceStep((s.high - s.low) / ticksWanted)
	if max(math.Abs(s.low), math.Abs(s.high)) >= 1e6 {
		places := max(0, int(math.Ceil(6-math.Log10(step)-1e-9)))
		return grouped(strconv.FormatFloat(v/1e6, 'f', places, 64)) + narrowSpace + "M"
	}
	places := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	return grouped(strconv.FormatFloat(v, 'f', places, 64))
}
