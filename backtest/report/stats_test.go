package report

import (
	"math"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

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

func TestRatiosByHand(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name string
		got  Stat
		want float64
	}{
		{"Sharpe of 40", Sharpe(alternating(40)), 0.005 / (0.015 * math.Sqrt(40.0/39)) * math.Sqrt(365)},
		{"Sortino of 40", Sortino(alternating(40)), 0.005 / (0.01 / math.Sqrt2) * math.Sqrt(365)},
		{"CAGR of a year", CAGR(100, 121, 365*day), 0.21},
		{"CAGR of two years", CAGR(100, 121, 730*day), 0.1},
		{"CAGR of a loss", CAGR(100, 81, 730*day), -0.1},
		{"Calmar", Calmar(Stat{Value: 0.3, OK: true}, Fall{Share: 0.15}), 2},
		{"profit factor", ProfitFactor([]float64{10, -4, 5, 0, -1}), 3},
	} {
		if !c.got.OK || !near(c.got.Value, c.want) {
			t.Errorf("%s: %+v, want %v", c.name, c.got, c.want)
		}
	}
}

// A statistic that says nothing has a reason in place of a number.
func TestRatiosUndefined(t *testing.T) {
	const day = 24 * time.Hour
	flat := make([]float64, 30)
	for i := range flat {
		flat[i] = 0.001
	}
	for _, c := range []struct {
		name, want string
		got        Stat
	}{
		{"Sharpe of 29", "29 daily returns, at least 30 needed", Sharpe(alternating(29))},
		{"Sharpe of equal days", "daily returns do not vary", Sharpe(flat)},
		{"Sortino of 29", "29 daily returns, at least 30 needed", Sortino(alternating(29))},
		{"Sortino without losses", "no day lost", Sortino(flat)},
		{"CAGR of 89 days", "the run spans 89.0 days, at least 90 needed", CAGR(100, 110, 89*day)},
		{"CAGR from nothing", "the run starts without equity", CAGR(0, 110, 365*day)},
		{"CAGR to nothing", "the run ends without equity", CAGR(100, -1, 365*day)},
		{"Calmar without CAGR", "no CAGR: x", Calmar(Stat{Reason: "x"}, Fall{Share: 1})},
		{"Calmar without drawdown", "no drawdown", Calmar(Stat{Value: 1, OK: true}, Fall{})},
		{"profit factor of nothing", "no whole day", ProfitFactor(nil)},
		{"profit factor without losses", "no day lost", ProfitFactor([]float64{1, 2})},
	} {
		if c.got.OK || c.got.Reason != c.want {
			t.Errorf("%s: %+v, want %q", c.name, c.got, c.want)
		}
	}
}

func TestMaxDrawdown(t *testing.T) {
	for _, c := range []struct {
		equity []float64
		want   Fall
	}{
		{nil, Fall{}},
		{[]float64{5}, Fall{}},
		{[]float64{1, 2, 3}, Fall{}},
		{[]float64{100, 80, 120, 90, 110}, Fall{Peak: 2, Trough: 3, Share: 0.25}},
		{[]float64{100, 70, 200, 150}, Fall{Peak: 0, Trough: 1, Share: 0.3}},
		{[]float64{100, -50}, Fall{Peak: 0, Trough: 1, Share: 1.5}},
		{[]float64{-10, -20, 100, 50}, Fall{Peak: 2, Trough: 3, Share: 0.5}},
	} {
		if got := MaxDrawdown(c.equity); got.Peak != c.want.Peak || got.Trough != c.want.Trough || !near(got.Share, c.want.Share) {
			t.Errorf("%v: %+v, want %+v", c.equity, got, c.want)
		}
	}
}

// The dumb version looks at every pair.
func TestMaxDrawdownAgainstAllPairs(t *testing.T) {
	r := fakeResult(600)
	equity := make([]float64, len(r.Equity))
	for i := range equity {
		equity[i] = r.Equity[i].Account.Equity.InexactFloat64()
	}
	worst := 0.0
	for i := range equity {
		for k := i + 1; k < len(equity); k++ {
			worst = max(worst, (equity[i]-equity[k])/equity[i])
		}
	}
	if got := MaxDrawdown(equity); !near(got.Share, worst) {
		t.Errorf("%+v, want %v", got, worst)
	}
}

func samplesAt(start exchange.Time, step time.Duration, values ...int64) []backtest.Sample {
	out := make([]backtest.Sample, len(values))
	for i, v := range values {
		out[i] = backtest.Sample{At: start.Add(time.Duration(i) * step), Account: exchange.Account{Equity: decimal.New(v, 0)}}
	}
	return out
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
		{"one sample", samplesAt(fakeStart, h, 100), 0, 0},
		{"part of a day", samplesAt(fakeStart.Add(h), 6*h, 100, 110, 120), 0, 0},
		{"midnight to midnight", samplesAt(fakeStart, 12*h, 100, 90, 110), 1, 1},
		{"18:00 to 06:00", samplesAt(fakeStart.Add(18*h), 6*h, 100, 110, 1, 1, 1, 120, 5), 1, 1},
		{"up, down, level", samplesAt(fakeStart, 24*h, 100, 110, 105, 105), 1, 3},
		{"samples off midnight", samplesAt(fakeStart.Add(-h), 24*h, 100, 110, 120), 1, 1},
		{"broke on the second day", samplesAt(fakeStart, 24*h, 100, 110, -5, 50, 60), 1, 2},
	} {
		if r := RatiosOf(c.samples); r.DaysWon != c.won || r.Days != c.days {
			t.Errorf("%s: %d of %d, want %d of %d", c.name, r.DaysWon, r.Days, c.won, c.days)
		}
	}
}
