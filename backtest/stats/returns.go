package stats

import (
	"math"
	"slices"

	"github.com/shopspring/decimal"
)

func returnMeasures() []measure {
	return []measure{
		{"net_usd", "Net of trading", USD, 1, "price + fees + funding + interest of all fills and positions, open ones at the mark; costs are negative; what collateral gained by its price is not in it",
			"-", always, func(n *run) Value { return exactly(n.Total.Net) }},
		{"net_pct", "Net of trading in percent", Percent, 1, "net_usd / equity_start, in percent, rounded to four decimals",
			"-", "without equity at the start", funded(func(n *run) Value { return exactly(n.Total.NetPct) })},
		{"equity_start", "Equity at the start", USD, 0, "equity of the first sample, after haircuts",
			"-", withoutSamples, sampled(func(n *run) Value { return exactly(n.first()) })},
		{"equity_end", "Equity at the end", USD, 1, "equity of the last sample, after haircuts",
			"-", withoutSamples, sampled(func(n *run) Value { return exactly(n.last()) })},
		{"equity_change_usd", "Change of equity", USD, 1, "equity_end - equity_start",
			"-", withoutSamples, sampled(func(n *run) Value { return exactly(n.last().Sub(n.first())) })},
		{"equity_change_pct", "Change of equity in percent", Percent, 1, "(equity_end - equity_start) / equity_start, in percent",
			"-", "without equity at the start", funded(func(n *run) Value { return exactly(percent(n.last().Sub(n.first()), n.first())) })},
		{"held_change_usd", "Change of the start balances", USD, 0, "what the balances of the start alone would have gained: equity of the last sample, had nothing been traded, less that of the first",
			"-", "without samples; where the run has not recorded it", beside(func(gain decimal.Decimal, _ *run) decimal.Decimal { return gain })},
		{"over_held_usd", "Change of equity over holding", USD, 1, "equity_change_usd - held_change_usd: what trading changed of equity",
			"-", "without samples; where the run has not recorded it", beside(func(gain decimal.Decimal, n *run) decimal.Decimal { return n.last().Sub(n.first()).Sub(gain) })},
		{"cagr", "Compound annual growth", Percent, 1, "(equity_end / equity_start)^(365 days / time of the run) - 1, in percent",
			"-", "on runs of less than 90 days; without equity at the start or at the end", func(n *run) Value { return n.cagr(100) }},
		{"volatility", "Volatility a year", Percent, -1, "s(r) * sqrt(365), in percent; s is the standard deviation of a sample, with n-1",
			"-", withFewReturns, often(func(r []float64) Value { return ratio(deviation(r) * math.Sqrt(daysPerYear) * 100) })},
		{"best_day", "Best day", Percent, 1, "largest return of a whole UTC day, in percent", "-", "without a whole UTC day that begins with equity",
			func(n *run) Value { return extreme(n.days, 1, "the run has no whole UTC day that begins with equity") }},
		{"worst_day", "Worst day", Percent, 1, "smallest return of a whole UTC day, in percent", "-", "without a whole UTC day that begins with equity",
			func(n *run) Value { return extreme(n.days, -1, "the run has no whole UTC day that begins with equity") }},
		{"days", "Days", Count, 0, "number of whole UTC days, up to the first that ends without equity", "-", always,
			func(n *run) Value { return counted(len(n.days)) }},
		{"days_won", "Days won", Count, 1, "number of days that ended with more equity than they began", "-", always,
			func(n *run) Value { return counted(won(n.days)) }},
		{"best_month", "Best month", Percent, 1, "largest return of a UTC month, parts of months at the ends included, in percent", "-", "without a month that begins with equity",
			func(n *run) Value { return extreme(n.months, 1, "the run has no month that begins with equity") }},
		{"worst_month", "Worst month", Percent, 1, "smallest return of a UTC month, parts of months at the ends included, in percent", "-", "without a month that begins with equity",
			func(n *run) Value { return extreme(n.months, -1, "the run has no month that begins with equity") }},
		{"months", "Months", Count, 0, "number of UTC months, parts of months at the ends included", "-", always,
			func(n *run) Value { return counted(len(n.months)) }},
		{"months_won", "Months won", Count, 1, "number of months that ended with more equity than they began", "-", always,
			func(n *run) Value { return counted(won(n.months)) }},
	}
}

// first and last are the equity at the ends of a run with samples.
func (n *run) first() decimal.Decimal { return n.samples[0].Account.Equity }
func (n *run) last() decimal.Decimal  { return n.samples[len(n.samples)-1].Account.Equity }

// funded is a measure in proportion to the equity at the start.
func funded(of func(*run) Value) func(*run) Value {
	return sampled(func(n *run) Value {
		if !n.first().IsPositive() {
			return none("the run starts without equity")
		}
		return of(n)
	})
}

// beside is a measure beside what the start balances alone have gained.
func beside(of func(gain decimal.Decimal, n *run) decimal.Decimal) func(*run) Value {
	return sampled(func(n *run) Value {
		first, last := n.samples[0].Held, n.samples[len(n.samples)-1].Held
		if first.IsZero() && last.IsZero() {
			return none("the run has not recorded what its start balances were worth")
		}
		return exactly(of(last.Sub(first), n))
	})
}

// cagr is the compound annual growth rate times a scale.
func (n *run) cagr(scale float64) Value {
	span := n.span()
	switch {
	case len(n.samples) == 0:
		return none(noSamples)
	case span < cagrSpanMin:
		return none("the run spans %.1f days, at least %d needed", span.Hours()/24, int(cagrSpanMin.Hours()/24))
	case !n.first().IsPositive():
		return none("the run starts without equity")
	case !n.last().IsPositive():
		return none("the run ends without equity")
	}
	growth := n.last().InexactFloat64() / n.first().InexactFloat64()
	return ratio((math.Pow(growth, daysPerYear*float64(day)/float64(span)) - 1) * scale)
}

// extreme is the largest return of some periods for sign 1, the smallest for -1.
func extreme(list []Return, sign int, missing string) Value {
	var found *Return
	for i := range list {
		if r := &list[i]; r.OK && (found == nil || r.Percent.Cmp(found.Percent) == sign) {
			found = r
		}
	}
	if found == nil {
		return none("%s", missing)
	}
	return exactly(found.Percent)
}

// won counts the periods that ended with more than they began.
func won(list []Return) int {
	count := 0
	for i := range list {
		if list[i].End.GreaterThan(list[i].Start) {
			count++
		}
	}
	return count
}

// mean, deviation and the like are of daily returns. What is added up is converted before,
// so that no machine may fuse the two steps and round otherwise.

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// central is the sum of the k-th powers of what the values are away from their mean.
func central(v []float64, k int) float64 {
	m, sum := mean(v), 0.0
	for _, x := range v {
		power := 1.0
		for range k {
			power *= x - m
		}
		sum += power
	}
	return sum
}

// deviation is the standard deviation of a sample.
func deviation(v []float64) float64 { return math.Sqrt(central(v, 2) / float64(len(v)-1)) }

// lowest is the returns in rising order.
func lowest(v []float64) []float64 { return slices.Sorted(slices.Values(v)) }
