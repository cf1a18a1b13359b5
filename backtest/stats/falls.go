package stats

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// FallsMax bounds [Statistics.Falls].
const FallsMax = 10

// falls are all drawdowns of a run, in order: they begin at the last instant of a peak
// above zero and end when it is reached again, so none overlaps another.
type falls struct {
	list []fall
	// worst is the deepest in proportion to its peak, the first of equals; dollars the
	// largest fall in USD.
	worst   fall
	dollars decimal.Decimal
	// under is how long equity was below its peak, longest the longest time without a
	// break.
	under, longest time.Duration
}

// fall is a drawdown with its depth as a ratio.
type fall struct {
	Fall
	depth decimal.Decimal
}

func fallsOf(samples []backtest.Sample) falls {
	var f falls
	var peak decimal.Decimal
	var peakAt exchange.Time
	var now *fall // nil at the peak
	for i := range samples {
		at, v := samples[i].At, samples[i].Account.Equity
		switch {
		case i == 0 || v.GreaterThanOrEqual(peak):
			if now != nil {
				now.Recovered = at
				f.end(now, at)
			}
			peak, peakAt, now = v, at, nil
			continue
		case !peak.IsPositive():
			continue
		case now == nil:
			now = &fall{Fall: Fall{Peak: peakAt}}
		}
		if loss := peak.Sub(v); loss.GreaterThan(now.USD) {
			now.USD, now.Trough, now.depth = loss, at, loss.DivRound(peak, divPlaces)
		}
		if i+1 < len(samples) {
			f.under += samples[i+1].At.Sub(at)
		}
	}
	if now != nil {
		f.end(now, samples[len(samples)-1].At)
	}
	return f
}

// end counts a fall that lasted until an instant.
func (f *falls) end(one *fall, at exchange.Time) {
	one.Percent = one.depth.Shift(2).Round(4)
	if len(f.list) == 0 || one.depth.GreaterThan(f.worst.depth) {
		f.worst = *one
	}
	f.dollars = decimal.Max(f.dollars, one.USD)
	f.longest = max(f.longest, at.Sub(one.Peak))
	f.list = append(f.list, *one)
}

// deepest are the worst falls, deepest first and the earlier of equals.
func (f *falls) deepest() []Fall {
	list := slices.Clone(f.list)
	slices.SortStableFunc(list, func(a, b fall) int { return b.depth.Cmp(a.depth) })
	var out []Fall
	for _, one := range list[:min(len(list), FallsMax)] {
		one.USD = one.USD.Round(exchange.FixedPlaces)
		out = append(out, one.Fall)
	}
	return out
}

func drawdownMeasures() []measure {
	worst := func(of func(*run) Value) func(*run) Value {
		return func(n *run) Value {
			switch {
			case len(n.samples) == 0:
				return none(noSamples)
			case len(n.falls.list) == 0:
				return none("equity never fell")
			}
			return of(n)
		}
	}
	const never = "without samples; when equity never fell"
	return []measure{
		{"max_drawdown_pct", "Largest drawdown", Percent, -1, "the largest (peak - equity) / peak over all samples, in percent, peak the highest equity so far and above 0, rounded to four decimals",
			"-", withoutSamples, sampled(func(n *run) Value { return exactly(n.falls.worst.Percent) })},
		{"max_drawdown_usd", "Largest drawdown in USD", USD, -1, "the largest peak - equity over all samples; may be another fall than the deepest in percent",
			"-", withoutSamples, sampled(func(n *run) Value { return exactly(n.falls.dollars) })},
		{"max_drawdown_from", "Largest drawdown began", Time, 0, "the last sample at the peak before the fall of max_drawdown_pct",
			"-", never, worst(func(n *run) Value { return happened(n.falls.worst.Peak) })},
		{"max_drawdown_to", "Largest drawdown ended", Time, 0, "the sample at which max_drawdown_pct was reached first",
			"-", never, worst(func(n *run) Value { return happened(n.falls.worst.Trough) })},
		{"drawdown_recovery", "Recovery of the largest drawdown", Duration, -1, "time from max_drawdown_to to the first sample at or above the peak",
			"-", never + "; when the peak was not reached again", worst(func(n *run) Value {
				if n.falls.worst.Recovered == 0 {
					return none("the peak was not reached again")
				}
				return lasted(n.falls.worst.Recovered.Sub(n.falls.worst.Trough))
			})},
		{"longest_drawdown", "Longest drawdown", Duration, -1, "the longest time from the last sample at a peak to the first at or above it again, or to the end of the run",
			"-", withoutSamples, sampled(func(n *run) Value { return lasted(n.falls.longest) })},
		{"underwater_pct", "Time below the peak", Percent, -1, "time during which equity is below its peak, over the time of the run, in percent; a sample counts until the next one",
			"-", withoutTime, timed(func(n *run) Value {
				return exactly(percent(decimal.NewFromInt(int64(n.falls.under)), decimal.NewFromInt(int64(n.span()))))
			})},
	}
}
