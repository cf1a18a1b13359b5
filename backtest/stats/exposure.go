package stats

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// holding is what the account held over the time of the run. Means are over time: a sample
// counts until the next one, the last for no time.
type holding struct {
	held time.Duration // how long there was a position
	// equity, gross and net are means in USD; net is without sign.
	equity, gross, net decimal.Decimal
	grossMax           decimal.Decimal
	// leverage is a mean over the time in which there was equity, funded.
	leverage, leverageMax float64
	funded                time.Duration
}

func holdingOf(legs []backtest.Leg, samples []backtest.Sample) holding {
	var h holding
	bases := basesOf(legs)
	for i := range samples {
		s := &samples[i]
		weight := time.Duration(0)
		if i+1 < len(samples) {
			weight = samples[i+1].At.Sub(s.At)
		}
		gross, net := bases.exposure(s.Exposure)
		if !gross.IsZero() {
			h.held += weight
		}
		over := decimal.NewFromInt(int64(weight))
		h.equity, h.gross, h.net = h.equity.Add(s.Account.Equity.Mul(over)), h.gross.Add(gross.Mul(over)), h.net.Add(net.Mul(over))
		h.grossMax = decimal.Max(h.grossMax, gross)
		if s.Account.Equity.IsPositive() {
			leverage := gross.InexactFloat64() / s.Account.Equity.InexactFloat64()
			h.leverage += float64(leverage * float64(weight))
			h.leverageMax = max(h.leverageMax, leverage)
			h.funded += weight
		}
	}
	if len(samples) < 2 {
		return h
	}
	span := decimal.NewFromInt(int64(samples[len(samples)-1].At.Sub(samples[0].At)))
	for _, mean := range [...]*decimal.Decimal{&h.equity, &h.gross, &h.net} {
		*mean = mean.DivRound(span, exchange.FixedPlaces)
	}
	if h.funded > 0 {
		h.leverage /= float64(h.funded)
	}
	return h
}

// bases tells which legs are of one coin.
type bases struct {
	of   map[exchange.InstrumentID]int // number of the coin
	sums []decimal.Decimal             // by coin; one for all legs that are not known
}

func basesOf(legs []backtest.Leg) *bases {
	numbers := map[string]int{}
	b := &bases{of: map[exchange.InstrumentID]int{}}
	for _, leg := range legs {
		number, known := numbers[leg.Base]
		if !known {
			number = len(numbers) + 1
			numbers[leg.Base] = number
		}
		b.of[leg.Inst] = number
	}
	b.sums = make([]decimal.Decimal, len(numbers)+1)
	return b
}

// exposure is the sum of the positions without signs, and the sum over coins of what the
// legs of each leave open.
func (b *bases) exposure(list []backtest.Exposure) (gross, net decimal.Decimal) {
	clear(b.sums)
	for _, e := range list {
		gross = gross.Add(e.USD.Abs())
		sum := &b.sums[b.of[e.Inst]]
		*sum = sum.Add(e.USD)
	}
	for _, sum := range b.sums {
		net = net.Add(sum.Abs())
	}
	return gross, net
}

func exposureMeasures() []measure {
	const gross = "sum over legs of the position's notional at the mark without its sign"
	return []measure{
		{"time_in_market", "Time in the market", Percent, 0, "time with a position / time of the run, in percent; a sample counts until the next one", "-", withoutTime,
			timed(func(n *run) Value {
				return exactly(percent(decimal.NewFromInt(int64(n.held.held)), decimal.NewFromInt(int64(n.span()))))
			})},
		{"average_gross_exposure", "Average gross exposure", USD, 0, "mean over time of gross exposure, the " + gross, "-", withoutTime,
			timed(func(n *run) Value { return exactly(n.held.gross) })},
		{"max_gross_exposure", "Largest gross exposure", USD, 0, "largest gross exposure of a sample", "-", withoutSamples,
			sampled(func(n *run) Value { return exactly(n.held.grossMax) })},
		{"average_leverage", "Average leverage", Ratio, 0, "mean over time of gross exposure / equity, where equity is above 0", "-", "without two samples and equity", timed((*run).leverage)},
		{"max_leverage", "Largest leverage", Ratio, -1, "largest gross exposure / equity of a sample, where equity is above 0", "-", "without a sample with equity",
			sampled(func(n *run) Value {
				for i := range n.samples {
					if n.samples[i].Account.Equity.IsPositive() {
						return ratio(n.held.leverageMax)
					}
				}
				return none("the run has no equity")
			})},
		{"average_net_delta", "Average net delta", USD, 0, "mean over time of the sum over coins of |sum of the notionals of the coin's legs|; of positions, without collateral", "-", withoutTime,
			timed(func(n *run) Value { return exactly(n.held.net) })},
	}
}

func (n *run) leverage() Value {
	if n.held.funded == 0 {
		return none("the run has no equity")
	}
	return ratio(n.held.leverage)
}
