package stats

import (
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

var start = exchange.TimeOf(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))

// alternating returns of +2% and -1%: mean 0.5%. The deviation of the sample is 1.5% times
// the root of n/(n-1); the downside deviation is 1% over the root of 2.
func alternating(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 0.02
		if i%2 == 1 {
			out[i] = -0.01
		}
	}
	return out
}

func samplesAt(start exchange.Time, step time.Duration, values ...int64) []backtest.Sample {
	out := make([]backtest.Sample, len(values))
	for i, v := range values {
		worth := decimal.New(v, 0)
		out[i] = backtest.Sample{At: start.Add(time.Duration(i) * step), Account: exchange.Account{
			Equity: worth, ActualEquity: worth, UniMMR: decimal.New(exchange.UniMMRMax, 0)}}
	}
	return out
}

// equity is a result of nothing but samples.
func equity(step time.Duration, values ...int64) *backtest.Result {
	return &backtest.Result{Equity: samplesAt(start, step, values...)}
}

func TestRatiosByHand(t *testing.T) {
	for _, c := range []struct {
		name string
		got  Value
		want float64
	}{
		{"Sharpe of 40", sharpe(alternating(40)), 0.005 / (0.015 * math.Sqrt(40.0/39)) * math.Sqrt(365)},
		{"Sortino of 40", sortino(alternating(40)), 0.005 / (0.01 / math.Sqrt2) * math.Sqrt(365)},
		{"Omega of 40", omega(alternating(40)), 2},
		{"skewness of two values", shaped(alternating(40), 3, 0), 0},
		{"kurtosis of two values", shaped(alternating(40), 4, 3), -2},
		{"CAGR of a year", Of(equity(365*day, 100, 121)).Get("cagr").Value, 21},
		{"CAGR of two years", Of(equity(730*day, 100, 121)).Get("cagr").Value, 10},
		{"CAGR of a loss", Of(equity(730*day, 100, 81)).Get("cagr").Value, -10},
		{"Calmar", Of(equity(182*day+12*time.Hour, 100, 85, 130)).Get("calmar").Value, 2},
		{"profit factor", Of(equity(day, 100, 110, 106, 111, 111, 110)).Get("profit_factor_days").Value, 3},
	} {
		if got := c.got.Number.InexactFloat64(); !c.got.OK || math.Abs(got-c.want) > 1e-9*max(1, math.Abs(c.want)) {
			t.Errorf("%s: %+v, want %v", c.name, c.got, c.want)
		}
	}
}

// A statistic that says nothing has a reason in place of a number.
func TestRatiosUndefined(t *testing.T) {
	flat := make([]float64, 30)
	for i := range flat {
		flat[i] = 0.001
	}
	enough := make([]int64, 29)
	for i := range enough {
		enough[i] = int64(100 + i%2)
	}
	for _, c := range []struct {
		name, want string
		got        Value
	}{
		{"Sharpe of 28", "28 daily returns, at least 30 needed", Of(equity(day, enough...)).Get("sharpe").Value},
		{"Sharpe of equal days", "daily returns do not vary", sharpe(flat)},
		{"its error", "daily returns do not vary", sharpeError(flat)},
		{"its probability", "daily returns do not vary", probabilistic(flat)},
		{"skewness of equal days", "daily returns do not vary", shaped(flat, 3, 0)},
		{"Sortino without losses", "no day lost", sortino(flat)},
		{"Omega without losses", "no day lost", omega(flat)},
		{"CAGR of nothing", "the run has no samples", Of(equity(day)).Get("cagr").Value},
		{"CAGR of 89 days", "the run spans 89.0 days, at least 90 needed", Of(equity(89*day, 100, 110)).Get("cagr").Value},
		{"CAGR from nothing", "the run starts without equity", Of(equity(90*day, 0, 110)).Get("cagr").Value},
		{"CAGR to nothing", "the run ends without equity", Of(equity(90*day, 100, -1)).Get("cagr").Value},
		{"Calmar of 89 days", "no CAGR: the run spans 89.0 days, at least 90 needed", Of(equity(89*day, 100, 110)).Get("calmar").Value},
		{"Calmar without drawdown", "equity never fell", Of(equity(90*day, 100, 110)).Get("calmar").Value},
		{"profit factor of nothing", "the run has no whole UTC day", Of(equity(day)).Get("profit_factor_days").Value},
		{"profit factor without losses", "no day lost", Of(equity(day, 100, 101, 103)).Get("profit_factor_days").Value},
		{"one that is not known", "there is no statistic alpha", Of(equity(day)).Get("alpha").Value},
	} {
		if c.got.OK || c.got.Reason != c.want {
			t.Errorf("%s: %+v, want %q", c.name, c.got, c.want)
		}
	}
}

// Days are whole UTC days: a run from 18:00 to 06:00 two days on has one.
func TestDaysWon(t *testing.T) {
	const h = time.Hour
	for _, c := range []struct {
		name      string
		samples   []backtest.Sample
		won, days int
	}{
		{"none", nil, 0, 0},
		{"one sample", samplesAt(start, h, 100), 0, 0},
		{"part of a day", samplesAt(start.Add(h), 6*h, 100, 110, 120), 0, 0},
		{"midnight to midnight", samplesAt(start, 12*h, 100, 90, 110), 1, 1},
		{"18:00 to 06:00", samplesAt(start.Add(18*h), 6*h, 100, 110, 1, 1, 1, 120, 5), 1, 1},
		{"up, down, level", samplesAt(start, 24*h, 100, 110, 105, 105), 1, 3},
		{"samples off midnight", samplesAt(start.Add(-h), 24*h, 100, 110, 120), 1, 1},
		{"broke on the second day", samplesAt(start, 24*h, 100, 110, -5, 50, 60), 1, 2},
	} {
		s := Of(&backtest.Result{Equity: c.samples})
		if got := won(s.Days); got != c.won || len(s.Days) != c.days {
			t.Errorf("%s: %d of %d, want %d of %d", c.name, got, len(s.Days), c.won, c.days)
		}
	}
}
