package report

import (
	"fmt"
	"math"
	"time"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// Bounds below which a statistic says more about luck than about the strategy.
const (
	// daysPerYear annualises: this market has no weekend.
	daysPerYear = 365
	// dailyReturnsMin is the least number of daily returns for Sharpe and Sortino.
	dailyReturnsMin = 30
	// cagrSpanMin is the shortest run that is scaled to a year.
	cagrSpanMin = 90 * 24 * time.Hour
)

// Stat is a statistic, or the reason why there is none.
type Stat struct {
	Value float64
	OK    bool
	// Reason completes "undefined: " when OK is false.
	Reason string
}

func stat(v float64) Stat            { return Stat{Value: v, OK: true} }
func noStat(f string, a ...any) Stat { return Stat{Reason: fmt.Sprintf(f, a...)} }

// Ratios are the statistics of a run over its equity, the same that the margin summary
// and its drawdown are about.
type Ratios struct {
	CAGR, Sharpe, Sortino, Calmar, ProfitFactor Stat
	// Drawdown is the largest fall in percent of the peak before it.
	Drawdown Fall
	// DaysWon of Days whole UTC days ended higher than they began.
	DaysWon, Days int
}

// RatiosOf computes the statistics of a run.
func RatiosOf(samples []backtest.Sample) Ratios {
	equity := make([]float64, len(samples))
	for i := range samples {
		equity[i] = samples[i].Account.Equity.InexactFloat64()
	}
	daily := daily(samples, equity)
	returns, changes := make([]float64, 0, len(daily)), make([]float64, 0, len(daily))
	won := 0
	for i := 1; i < len(daily); i++ {
		change := daily[i] - daily[i-1]
		changes = append(changes, change)
		returns = append(returns, change/daily[i-1])
		if change > 0 {
			won++
		}
	}
	r := Ratios{
		Sharpe: Sharpe(returns), Sortino: Sortino(returns), ProfitFactor: ProfitFactor(changes),
		Drawdown: MaxDrawdown(equity), DaysWon: won, Days: len(changes),
		CAGR: noStat("the run has no samples"),
	}
	if len(samples) > 0 {
		first, last := samples[0], samples[len(samples)-1]
		r.CAGR = CAGR(equity[0], equity[len(equity)-1], last.At.Sub(first.At))
	}
	r.Calmar = Calmar(r.CAGR, r.Drawdown)
	return r
}

// daily is the equity at each UTC midnight within the run: the last sample at or before
// it. What lies before the first and after the last midnight is no whole day and is left
// out. It ends at the first midnight without equity, for no return is defined from there.
func daily(samples []backtest.Sample, equity []float64) []float64 {
	if len(samples) == 0 {
		return nil
	}
	const day = 24 * time.Hour
	midnight := samples[0].At.Floor(day)
	if midnight < samples[0].At {
		midnight = midnight.Add(day)
	}
	var out []float64
	for i := 0; midnight <= samples[len(samples)-1].At; midnight = midnight.Add(day) {
		for i+1 < len(samples) && samples[i+1].At <= midnight {
			i++
		}
		out = append(out, equity[i])
		if equity[i] <= 0 {
			break
		}
	}
	return out
}

// Sharpe is mean over standard deviation (of a sample, n-1) of daily returns, times the
// root of 365; the riskless rate is taken as 0. Source: W. F. Sharpe, "The Sharpe Ratio",
// Journal of Portfolio Management 21 (1994).
func Sharpe(returns []float64) Stat {
	if len(returns) < dailyReturnsMin {
		return noStat("%d daily returns, at least %d needed", len(returns), dailyReturnsMin)
	}
	m, sum := mean(returns), 0.0
	for _, r := range returns {
		sum += (r - m) * (r - m)
	}
	deviation := math.Sqrt(sum / float64(len(returns)-1))
	if deviation < returnNoise {
		return noStat("daily returns do not vary")
	}
	return stat(m / deviation * math.Sqrt(daysPerYear))
}

// returnNoise is what rounding alone can make of returns that are all equal.
const returnNoise = 1e-15

// Sortino is the mean of daily returns over their downside deviation, times the root of
// 365. The downside deviation is the root of the mean, over all days, of the squared
// negative returns; the target return is 0. Source: F. A. Sortino and L. N. Price,
// "Performance Measurement in a Downside Risk Framework", Journal of Investing 3 (1994).
func Sortino(returns []float64) Stat {
	if len(returns) < dailyReturnsMin {
		return noStat("%d daily returns, at least %d needed", len(returns), dailyReturnsMin)
	}
	sum := 0.0
	for _, r := range returns {
		if r < 0 {
			sum += r * r
		}
	}
	if sum == 0 {
		return noStat("no day lost")
	}
	return stat(mean(returns) / math.Sqrt(sum/float64(len(returns))) * math.Sqrt(daysPerYear))
}

// CAGR is the compound annual growth rate, (end/start)^(365 days/span) - 1.
func CAGR(start, end float64, span time.Duration) Stat {
	switch {
	case span < cagrSpanMin:
		return noStat("the run spans %.1f days, at least %d needed", span.Hours()/24, int(cagrSpanMin.Hours()/24))
	case start <= 0:
		return noStat("the run starts without equity")
	case end <= 0:
		return noStat("the run ends without equity")
	}
	return stat(math.Pow(end/start, daysPerYear*24*float64(time.Hour)/float64(span)) - 1)
}

// Calmar is CAGR over the largest drawdown of the whole run. Source: T. W. Young,
// "Calmar Ratio: A Smoother Tool", Futures 20 (1991), who takes the last 36 months.
func Calmar(cagr Stat, fall Fall) Stat {
	switch {
	case !cagr.OK:
		return noStat("no CAGR: %s", cagr.Reason)
	case fall.Share == 0:
		return noStat("no drawdown")
	}
	return stat(cagr.Value / fall.Share)
}

// ProfitFactor is the sum of daily gains over the sum of daily losses. Days and not
// trades, because a leg of a hedge loses by design and says nothing alone.
func ProfitFactor(changes []float64) Stat {
	gain, loss := 0.0, 0.0
	for _, c := range changes {
		if c > 0 {
			gain += c
		} else {
			loss -= c
		}
	}
	switch {
	case len(changes) == 0:
		return noStat("no whole day")
	case loss == 0:
		return noStat("no day lost")
	}
	return stat(gain / loss)
}

// Fall is a drawdown: from the value at index Peak to the one at index Trough, as a Share
// of the peak. It is zero where nothing ever fell.
type Fall struct {
	Peak, Trough int
	Share        float64
}

// MaxDrawdown is the largest fall from a running peak, in proportion to that peak. It can
// exceed 1 when equity becomes negative; values before the first positive one are passed.
func MaxDrawdown(equity []float64) Fall {
	var worst Fall
	peak := 0
	for i, v := range equity {
		if v > equity[peak] {
			peak = i
		}
		if equity[peak] <= 0 {
			continue
		}
		if share := (equity[peak] - v) / equity[peak]; share > worst.Share {
			worst = Fall{Peak: peak, Trough: i, Share: share}
		}
	}
	return worst
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// period is the time from the first to the last instant of the run.
func period(r *backtest.Result) (from, to exchange.Time) {
	from, to = r.From, r.To
	if n := len(r.Equity); n > 0 && from == 0 && to == 0 {
		from, to = r.Equity[0].At, r.Equity[n-1].At
	}
	return from, to
}
