package stats

import (
	"math"

	"github.com/shopspring/decimal"
)

const (
	sharpe94   = "W. F. Sharpe, The Sharpe Ratio, Journal of Portfolio Management 21 (1994)"
	sortino94  = "F. A. Sortino and L. N. Price, Performance Measurement in a Downside Risk Framework, Journal of Investing 3 (1994)"
	calmar91   = "T. W. Young, Calmar Ratio: A Smoother Tool, Futures 20 (1991), who takes the last 36 months"
	omega02    = "C. Keating and W. F. Shadwick, A Universal Performance Measure, Journal of Performance Measurement 6 (2002)"
	frontier12 = "D. H. Bailey and M. Lopez de Prado, The Sharpe Ratio Efficient Frontier, Journal of Risk 15 (2012)"
	lo02       = "A. W. Lo, The Statistics of Sharpe Ratios, Financial Analysts Journal 58 (2002); E. Mertens, Comments on Variance of the IID Estimator in Lo (2002), for skewness and kurtosis"
	ulcer89    = "P. G. Martin and B. B. McCann, The Investor's Guide to Fidelity Funds (1989)"
	cvar00     = "R. T. Rockafellar and S. Uryasev, Optimization of Conditional Value-at-Risk, Journal of Risk 2 (2000)"
)

func riskMeasures() []measure {
	const flat = withFewReturns + "; when they do not vary"
	const unlost = withFewReturns + "; when no day lost"
	return []measure{
		{"sharpe", "Sharpe ratio", Ratio, 1, "mean(r) / s(r) * sqrt(365), the riskless rate taken as 0", sharpe94, flat, often(sharpe)},
		{"sharpe_stderr", "Standard error of the Sharpe ratio", Ratio, -1,
			"sqrt((1 - g * h + (k - 1) / 4 * h^2) / (n - 1)) * sqrt(365), where h = mean(r) / s(r), g = skewness, k = excess_kurtosis + 3",
			lo02, flat, often(sharpeError)},
		{"psr", "Probability of a Sharpe ratio above 0", Percent, 1,
			"N(sharpe / sharpe_stderr), in percent, N the normal distribution: the probabilistic Sharpe ratio against 0", frontier12,
			flat + "; when sharpe_stderr is 0", often(probabilistic)},
		{"sortino", "Sortino ratio", Ratio, 1, "mean(r) / d * sqrt(365), d the root of the mean over all days of min(r, 0)^2", sortino94, unlost, often(sortino)},
		{"calmar", "Calmar ratio", Ratio, 1, "cagr / max_drawdown_pct, of the whole run and before rounding", calmar91,
			"without cagr; when equity never fell", (*run).calmar},
		{"omega", "Omega ratio", Ratio, 1, "sum of max(r, 0) / sum of max(-r, 0), at the threshold 0", omega02, unlost, often(omega)},
		{"recovery_factor", "Recovery factor", Ratio, 1, "equity_change_usd / max_drawdown_usd", "-", "without samples; when equity never fell",
			sampled(func(n *run) Value {
				if n.falls.dollars.IsZero() {
					return none("equity never fell")
				}
				return quotient(n.last().Sub(n.first()), n.falls.dollars)
			})},
		{"profit_factor_days", "Profit factor by days", Ratio, 1,
			"sum of the daily changes of equity above 0 over that of those below, in USD: of days, because a leg of a hedge loses by design",
			"-", "without a whole UTC day; when no day lost", (*run).profitFactorDays},
		{"skewness", "Skewness of daily returns", Ratio, 0, "m3 / m2^(3/2), mk the mean of (r - mean(r))^k", "-", flat, often(func(r []float64) Value { return shaped(r, 3, 0) })},
		{"excess_kurtosis", "Excess kurtosis of daily returns", Ratio, -1, "m4 / m2^2 - 3, mk the mean of (r - mean(r))^k", "-", flat, often(func(r []float64) Value { return shaped(r, 4, 3) })},
		{"var_95", "Value at risk, 95%, a day", Percent, -1, "-q, in percent of equity; q is the k-th smallest daily return of n, k = n / 20 rounded up", "-", withFewReturns,
			often(func(r []float64) Value { return ratio(-100 * tail(r)[len(tail(r))-1]) })},
		{"cvar_95", "Expected shortfall, 95%, a day", Percent, -1, "-(mean of the k smallest daily returns), in percent of equity; k = n / 20 rounded up", cvar00, withFewReturns,
			often(func(r []float64) Value { return ratio(-100 * mean(tail(r))) })},
		{"ulcer_index", "Ulcer index", Percent, -1, "root of the mean of f^2, f the fall at the UTC midnights that begin or end a day from the highest midnight before it, in percent of that", ulcer89,
			"without a whole UTC day", (*run).ulcer},
	}
}

// varies says why returns have no shape, if they have none.
func varies(r []float64) (Value, bool) {
	if deviation(r) < ratioNoise {
		return none("daily returns do not vary"), false
	}
	return Value{}, true
}

func sharpe(r []float64) Value {
	if v, ok := varies(r); !ok {
		return v
	}
	return ratio(mean(r) / deviation(r) * math.Sqrt(daysPerYear))
}

// standardError is that of the Sharpe ratio of one day, h.
func standardError(r []float64) (h, stderr float64) {
	h = mean(r) / deviation(r)
	skewed := float64(moment(r, 3) * h)
	peaked := float64((moment(r, 4) - 1) / 4 * h * h)
	return h, math.Sqrt(max(1-skewed+peaked, 0) / float64(len(r)-1))
}

func sharpeError(r []float64) Value {
	if v, ok := varies(r); !ok {
		return v
	}
	_, stderr := standardError(r)
	return ratio(stderr * math.Sqrt(daysPerYear))
}

func probabilistic(r []float64) Value {
	if v, ok := varies(r); !ok {
		return v
	}
	h, stderr := standardError(r)
	if stderr < ratioNoise {
		return none("the Sharpe ratio has no error")
	}
	return ratio(100 * math.Erfc(-h/stderr/math.Sqrt2) / 2)
}

func sortino(r []float64) Value {
	sum := 0.0
	for _, x := range r {
		sum += float64(min(x, 0) * min(x, 0))
	}
	if sum == 0 {
		return none("no day lost")
	}
	return ratio(mean(r) / math.Sqrt(sum/float64(len(r))) * math.Sqrt(daysPerYear))
}

func omega(r []float64) Value {
	gain, loss := 0.0, 0.0
	for _, x := range r {
		gain, loss = gain+max(x, 0), loss+max(-x, 0)
	}
	if loss == 0 {
		return none("no day lost")
	}
	return ratio(gain / loss)
}

func (n *run) calmar() Value {
	growth := n.cagr(1)
	switch {
	case !growth.OK:
		return none("no CAGR: %s", growth.Reason)
	case n.falls.worst.depth.IsZero():
		return none("equity never fell")
	}
	return quotient(growth.Number, n.falls.worst.depth)
}

func (n *run) profitFactorDays() Value {
	if len(n.days) == 0 {
		return none("the run has no whole UTC day")
	}
	gain, loss := decimal.Zero, decimal.Zero
	for i := range n.days {
		if change := n.days[i].End.Sub(n.days[i].Start); change.IsPositive() {
			gain = gain.Add(change)
		} else {
			loss = loss.Sub(change)
		}
	}
	if loss.IsZero() {
		return none("no day lost")
	}
	return quotient(gain, loss)
}

// moment is the mean of the k-th powers of the returns in units of their deviation.
func moment(r []float64, k int) float64 {
	n := float64(len(r))
	return central(r, k) / n / math.Pow(central(r, 2)/n, float64(k)/2)
}

// shaped is a moment less that of the normal distribution.
func shaped(r []float64, k int, normal float64) Value {
	if v, ok := varies(r); !ok {
		return v
	}
	return ratio(moment(r, k) - normal)
}

// tailShare is the one in so many days that are the tail.
const tailShare = 20

// tail is the worst of the returns, worst first.
func tail(r []float64) []float64 {
	return lowest(r)[:(len(r)+tailShare-1)/tailShare]
}

func (n *run) ulcer() Value {
	if len(n.days) == 0 {
		return none("the run has no whole UTC day")
	}
	peak := n.days[0].Start
	if !peak.IsPositive() {
		return none("the run starts without equity")
	}
	sum := 0.0
	for i := range n.days {
		if n.days[i].End.GreaterThan(peak) {
			peak = n.days[i].End
		}
		fall := 100 * peak.Sub(n.days[i].End).InexactFloat64() / peak.InexactFloat64()
		sum += float64(fall * fall)
	}
	return ratio(math.Sqrt(sum / float64(len(n.days)+1)))
}

// rolling is the Sharpe ratio of the last days before each midnight.
func (n *run) rolling() []Point {
	var list []Point
	for end := RollingDays; end <= len(n.returns); end++ {
		if v := sharpe(n.returns[end-RollingDays : end]); v.OK {
			list = append(list, Point{n.days[end-1].To, v.Number.InexactFloat64()})
		}
	}
	return list
}

// RollingDays is the length of the window of [Statistics.Rolling].
const RollingDays = 30
