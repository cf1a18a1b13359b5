package stats

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// Bounds below which a statistic says more about luck than about the strategy.
const (
	// daysPerYear annualises: this market has no weekend.
	daysPerYear = 365
	// dailyReturnsMin is the least number of daily returns for their statistics.
	dailyReturnsMin = 30
	// cagrSpanMin is the shortest run whose growth is scaled to a year.
	cagrSpanMin = 90 * day
)

const day = 24 * time.Hour

// run is a result with what several statistics need of it, computed once.
type run struct {
	*backtest.Result
	samples []backtest.Sample // in order of time
	days    []Return
	months  []Return
	returns []float64 // of days
	falls   falls
	held    holding
	trips   trips
}

func newRun(r *backtest.Result) *run {
	n := &run{Result: r, samples: ordered(r.Equity)}
	n.days, n.months = daysOf(n.samples), monthsOf(n.samples)
	for i := range n.days {
		n.returns = append(n.returns, returnOf(&n.days[i]))
	}
	n.falls = fallsOf(n.samples)
	n.held = holdingOf(r.Legs, n.samples)
	n.trips = tripsOf(&r.Trades)
	return n
}

// span is the time from the first to the last sample.
func (n *run) span() time.Duration {
	if len(n.samples) == 0 {
		return 0
	}
	return n.samples[len(n.samples)-1].At.Sub(n.samples[0].At)
}

// spanDays is the span in days; it is not zero where daily says nothing.
func (n *run) spanDays() decimal.Decimal {
	return decimal.NewFromInt(int64(n.span())).DivRound(decimal.NewFromInt(int64(day)), divPlaces)
}

// ordered returns the samples that are later than the one before, which a sound result's
// all are, and that a calendar has.
func ordered(all []backtest.Sample) []backtest.Sample {
	last, sound := exchange.Time(0), true
	for i := range all {
		sound = sound && all[i].At > last && all[i].At < timeMax
		last = all[i].At
	}
	if sound {
		return all
	}
	last = 0
	var list []backtest.Sample
	for i := range all {
		if all[i].At > last && all[i].At < timeMax {
			list, last = append(list, all[i]), all[i].At
		}
	}
	return list
}

// timeMax is a year before the last instant that a time can hold, so that the end of a
// month can be computed.
const timeMax = exchange.Never - exchange.Time(daysPerYear*day)
