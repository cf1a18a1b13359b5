package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

func (p *pageOf) fundingBlocks() []block {
	var list []block
	if c := p.fundingChart(); c != nil {
		list = append(list, block{Chart: c})
		list = append(list, tableBlock(forecastTable(p.r.Settlements)))
	}
	return append(list, tableBlock(settlementTable(p.r.Funding)))
}

// forecast is what a settlement was expected to bring in USD: minus the position times a
// rate, for longs pay while the rate is positive.
func forecast(s *backtest.Settlement, rate *exchange.Fixed) (usd decimal.Decimal, ok bool) {
	if rate == nil {
		return decimal.Zero, false
	}
	return s.NotionalUSD.Mul(rate.Decimal()).Neg(), true
}

// fundingStep is the settlements of one instant, or of one day.
type fundingStep struct {
	at                           exchange.Time
	received, previous, estimate decimal.Decimal
	hasPrevious, hasEstimate     bool
}

// fundingStepsMax is how many bars can be told apart; more settlements are added up by day.
const fundingStepsMax = 200

// fundingSteps adds up what was settled at one instant, or, if these are too many, within
// one UTC day.
func fundingSteps(list []backtest.Settlement) (steps []fundingStep, daily bool) {
	for _, grain := range []time.Duration{0, 24 * time.Hour} {
		steps, daily = nil, grain > 0
		for i := range list {
			s := &list[i]
			at := s.At
			if daily {
				at = at.Floor(grain)
			}
			if n := len(steps); n == 0 || steps[n-1].at != at {
				steps = append(steps, fundingStep{at: at})
			}
			steps[len(steps)-1].add(s)
		}
		if len(steps) <= fundingStepsMax {
			break
		}
	}
	return steps, daily
}

// add counts a settlement; one without a forecast counts as it came.
func (f *fundingStep) add(s *backtest.Settlement) {
	f.received = f.received.Add(s.USD)
	count := func(rate *exchange.Fixed, sum *decimal.Decimal, has *bool) {
		usd, ok := forecast(s, rate)
		if !ok {
			usd = s.USD
		}
		*sum, *has = sum.Add(usd), *has || ok
	}
	count(s.Previous, &f.previous, &f.hasPrevious)
	count(s.Estimate, &f.estimate, &f.hasEstimate)
}

// fundingChart is what settlements brought against what was expected of them, each and in
// sum.
func (p *pageOf) fundingChart() *plot.Chart {
	if len(p.r.Settlements) == 0 {
		return nil
	}
	steps, daily := fundingSteps(p.r.Settlements)
	title := "Each settlement in USD"
	if daily {
		title = "Settlements of each UTC day in USD"
	}
	bars := p.frame.Panel(title, plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	run := p.frame.Panel("In sum, USD", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	received := fundingLines(steps, func(s *fundingStep) (decimal.Decimal, bool) { return s.received, true })
	previous := fundingLines(steps, func(s *fundingStep) (decimal.Decimal, bool) { return s.previous, s.hasPrevious })
	estimate := fundingLines(steps, func(s *fundingStep) (decimal.Decimal, bool) { return s.estimate, s.hasEstimate })
	bars.Bars("Received", received.each)
	run.Line("s1", "Received", received.sum)
	for _, line := range []struct {
		style, name string
		fundingLine
	}{{"s5 thin", "Forecast: last rate", previous}, {"s3 thin", "Forecast: exchange's estimate", estimate}} {
		if line.any {
			bars.Line(line.style, line.name, line.each)
			run.Line(line.style, line.name, line.sum)
		}
	}
	run.Desc = fmt.Sprintf("In the end %s USD.", page.Ratio(received.sum[len(steps)-1].Value))
	return &plot.Chart{ID: "funding", Title: "Funding received against forecast", Panels: []*plot.Panel{bars, run},
		Note: "What settlements brought over all legs, negative where the account paid, and what two forecasts expected: that the rate settled before comes again, and the exchange's own estimate as it stood before the settlement. In the sums, a settlement without a forecast counts as it came."}
}

// fundingLine is one way to see the settlements, each and in sum.
type fundingLine struct {
	each, sum []plot.Point
	// any says that at least one settlement has a value.
	any bool
}

func fundingLines(steps []fundingStep, of func(*fundingStep) (decimal.Decimal, bool)) fundingLine {
	var l fundingLine
	sum := decimal.Zero
	for i := range steps {
		s := &steps[i]
		usd, ok := of(s)
		each := plot.Point{At: s.at, Value: math.NaN()}
		if ok {
			each.Value, l.any = chartValue(usd, 4), true
		}
		sum = sum.Add(usd)
		l.each = append(l.each, each)
		l.sum = append(l.sum, plot.Point{At: s.at, Value: chartValue(sum, 4)})
	}
	return l
}

// forecastSum compares one leg's settlements with one forecast.
type forecastSum struct {
	n                  int
	received, expected decimal.Decimal
}

func (f *forecastSum) add(s *backtest.Settlement, rate *exchange.Fixed) {
	if usd, ok := forecast(s, rate); ok {
		f.n++
		f.received, f.expected = f.received.Add(s.USD), f.expected.Add(usd)
	}
}

// legForecasts is what one leg's settlements brought in USD, held against each forecast.
type legForecasts struct {
	product            exchange.Product
	symbol             string
	settlements        int
	received           decimal.Decimal
	previous, estimate forecastSum
}

// forecastsByLeg sums settlements by leg, in the order of each leg's first one.
func forecastsByLeg(list []backtest.Settlement) []legForecasts {
	var legs []legForecasts
	for i := range list {
		s := &list[i]
		at := slices.IndexFunc(legs, func(l legForecasts) bool { return l.product == s.Product && l.symbol == s.Symbol })
		if at < 0 {
			at = len(legs)
			legs = append(legs, legForecasts{product: s.Product, symbol: s.Symbol})
		}
		leg := &legs[at]
		leg.settlements++
		leg.received = leg.received.Add(s.USD)
		leg.previous.add(s, s.Previous)
		leg.estimate.add(s, s.Estimate)
	}
	return legs
}

// cells are the forecast, by how much the settlements missed it, and the share captured.
func (f *forecastSum) cells() []td {
	if f.n == 0 {
		missing := td{Text: undefined, Style: "n", Title: "the data had no such forecast"}
		return []td{missing, missing, missing}
	}
	miss := f.received.Sub(f.expected)
	captured := td{Text: undefined, Style: "n", Title: "nothing, or a payment, was expected"}
	if f.expected.IsPositive() {
		part := f.received.Shift(2).DivRound(f.expected, 4)
		captured = td{Text: page.Percent(part) + "%", Style: "n", Sort: part.String()}
	}
	sum := moneyOf(f.expected)
	sum.Sub = page.Count(int64(f.n)) + " forecasts"
	return []td{sum, tonedOf(miss, page.Signed(miss)), captured}
}

// forecastTable is, for each leg, what funding brought and what was forecast.
func forecastTable(list []backtest.Settlement) table {
	t := table{ID: "forecasts", Caption: "Funding against forecast", Style: "grouped",
		Over: []head{{Text: "", Span: 3}, {Text: "By the last rate", Span: 3}, {Text: "By the exchange's estimate", Span: 3}},
		Head: heads("Leg", "#Settlements", "#Received", "#Forecast", "#Error", "#Captured", "#Forecast", "#Error", "#Captured"),
		Note: "USD. Forecasts are of the position that was settled; error and captured share are over the settlements that had one."}
	for _, leg := range forecastsByLeg(list) {
		row := []td{word(readable.Leg(leg.product, leg.symbol)), countOf(int64(leg.settlements)), tonedOf(leg.received, page.Money(leg.received))}
		row = append(row, leg.previous.cells()...)
		t.Rows = append(t.Rows, append(row, leg.estimate.cells()...))
	}
	return t
}
