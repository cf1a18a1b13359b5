package stats

// measure is the definition of a statistic, as [Item] has it, and the way to it.
type measure struct {
	key, name                  string
	unit                       Unit
	better                     int
	formula, source, undefined string
	of                         func(*run) Value
}

// subject is the measures of a [Group].
type subject struct {
	key, name string
	measures  []measure
}

// subjects are all statistics in the order of the report.
func subjects() []subject {
	return []subject{
		{"return", "Return", returnMeasures()},
		{"risk", "Risk-adjusted", riskMeasures()},
		{"drawdown", "Drawdown", drawdownMeasures()},
		{"trades", "Round trips", tradeMeasures()},
		{"costs", "Turnover and costs", costMeasures()},
		{"exposure", "Exposure", exposureMeasures()},
		{"margin", "Margin", marginMeasures()},
		{"orders", "Orders", orderMeasures()},
	}
}

// What several statistics say of when they are undefined.
const (
	always         = "-"
	withoutSamples = "without samples"
	withoutTime    = "without two samples"
	withFewReturns = "with fewer than 30 daily returns"
)

// sampled is a measure over samples.
func sampled(of func(*run) Value) func(*run) Value {
	return func(n *run) Value {
		if len(n.samples) == 0 {
			return none(noSamples)
		}
		return of(n)
	}
}

// timed is a measure over the time between samples.
func timed(of func(*run) Value) func(*run) Value {
	return sampled(func(n *run) Value {
		if len(n.samples) < 2 {
			return none("the run has one sample")
		}
		return of(n)
	})
}

// often is a measure over enough daily returns.
func often(of func(returns []float64) Value) func(*run) Value {
	return func(n *run) Value {
		if len(n.returns) < dailyReturnsMin {
			return none("%d daily returns, at least %d needed", len(n.returns), dailyReturnsMin)
		}
		return of(n.returns)
	}
}
