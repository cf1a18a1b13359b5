package report

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// linesMax is how many lines a panel has before they can no longer be told apart.
const linesMax = 6

func (p *pageOf) exposureBlocks() []block {
	var list []block
	if c := p.exposureChart(); c != nil {
		list = append(list, block{Chart: c})
	}
	return append(list, tableBlock(openTable(p.r.Open)))
}

// exposureSeries is a leg's or a coin's notional in USD at each sample.
type exposureSeries struct {
	name   string
	values []float64
}

// top is the largest notional, either way.
func (s *exposureSeries) top() float64 {
	top := 0.0
	for _, v := range s.values {
		top = max(top, math.Abs(v))
	}
	return top
}

// exposureChart is each leg's notional, per coin what the legs leave open, and how large
// all of them are against equity.
func (p *pageOf) exposureChart() *plot.Chart {
	legs, coins, gross := exposures(p.r)
	if len(legs) == 0 {
		return nil
	}
	perLeg := p.frame.Panel("Position of each leg in USD", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	p.exposureLines(perLeg, "legs", largestFirst(legs))
	panels := append([]*plot.Panel{perLeg}, p.deltaPanels(coins)...)
	leverage := p.frame.Panel("Gross leverage: positions over equity", plot.Low, plot.Axis{Places: 2, Hold: []float64{0}})
	points := make([]plot.Point, len(p.r.Equity))
	for i := range p.r.Equity {
		s := &p.r.Equity[i]
		points[i] = plot.Point{At: s.At, Value: math.NaN()}
		if equity := s.Account.Equity.InexactFloat64(); equity > 0 {
			points[i].Value = math.Round(gross[i]/equity*1e4) / 1e4
		}
	}
	leverage.Area("s4", "Leverage", points)
	note := "Positions at the mark, short below zero. Net delta is what the legs of a coin leave open together. A hedge whose net delta leaves zero has lost a leg."
	if len(panels) > 2 {
		note = "Positions at the mark, short below zero. Net delta is what the legs of a coin leave open together; with the coins that the account holds, it is what a change of the price earns. A hedge whose net delta leaves zero has lost a leg."
	}
	return &plot.Chart{ID: "exposure", Title: "Exposure", Panels: append(panels, leverage), Note: note}
}

// deltaPanels are the net delta of each coin by its legs, and if the account holds coins of
// these, the same with them and in the same colors. What the account holds of a coin has
// the unrealized PnL of the contracts that are settled in it, so that the sum is what a
// change of the price earns, for inverse contracts too.
func (p *pageOf) deltaPanels(coins []exposureSeries) []*plot.Panel {
	coins = largestFirst(coins)
	whole := make([]exposureSeries, len(coins))
	holds := false
	for k, c := range coins {
		whole[k] = exposureSeries{c.name, slices.Clone(c.values)}
		for i := range p.r.Equity {
			for _, a := range p.r.Equity[i].Assets {
				if readable.Clean(a.Asset) == c.name && !a.Actual.IsZero() {
					holds = true
					whole[k].values[i] += chartValue(a.Actual, 2)
				}
			}
		}
	}
	net := p.frame.Panel("Net delta of each coin in USD", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	if !holds {
		p.exposureLines(net, "coins", coins)
		return []*plot.Panel{net}
	}
	net.Title, net.Size = "Net delta of each coin in USD, positions only", plot.Low
	p.exposureLines(net, "coins", coins)
	all := p.frame.Panel("Net delta of each coin in USD, with the coins held", plot.Mid, plot.Axis{Places: 2, Hold: []float64{0}})
	p.exposureLines(all, "coins", whole)
	return []*plot.Panel{net, all}
}

// largestFirst is the series by how large they ever were.
func largestFirst(list []exposureSeries) []exposureSeries {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b exposureSeries) int { return cmp.Compare(b.top(), a.top()) })
	return list
}

// exposureLines draws the first series; the rest are added up in one line.
func (p *pageOf) exposureLines(panel *plot.Panel, what string, list []exposureSeries) {
	if rest := len(list) - linesMax + 1; len(list) > linesMax {
		sum := exposureSeries{name: fmt.Sprintf("%d other %s in sum", rest, what), values: make([]float64, len(p.r.Equity))}
		for _, s := range list[linesMax-1:] {
			for i, v := range s.values {
				sum.values[i] += v
			}
		}
		list = append(slices.Clone(list[:linesMax-1]), sum)
	}
	for k, s := range list {
		points := make([]plot.Point, len(s.values))
		for i, v := range s.values {
			points[i] = plot.Point{At: p.r.Equity[i].At, Value: math.Round(v*100) / 100}
		}
		panel.Line(plot.SeriesStyle(k), s.name, points)
	}
}

// exposures are the series of all legs that any sample has, by their ids, of all coins by
// their names, and the sum of all legs without signs.
func exposures(r *backtest.Result) (legs, coins []exposureSeries, gross []float64) {
	byLeg, byCoin := map[exchange.InstrumentID][]float64{}, map[string][]float64{}
	gross = make([]float64, len(r.Equity))
	for i := range r.Equity {
		for _, e := range r.Equity[i].Exposure {
			coin := legOf(r, e.Inst).Base
			if byLeg[e.Inst] == nil {
				byLeg[e.Inst] = make([]float64, len(r.Equity))
			}
			if byCoin[coin] == nil {
				byCoin[coin] = make([]float64, len(r.Equity))
			}
			usd := chartValue(e.USD, 2)
			byLeg[e.Inst][i] += usd
			byCoin[coin][i] += usd
			gross[i] += math.Abs(usd)
		}
	}
	for _, inst := range slices.Sorted(maps.Keys(byLeg)) {
		leg := legOf(r, inst)
		legs = append(legs, exposureSeries{readable.Leg(leg.Product, leg.Symbol), byLeg[inst]})
	}
	for _, coin := range slices.Sorted(maps.Keys(byCoin)) {
		coins = append(coins, exposureSeries{cmp.Or(readable.Clean(coin), "no coin"), byCoin[coin]})
	}
	return legs, coins, gross
}

// legOf finds a leg's names; one that the result does not list shows its number.
func legOf(r *backtest.Result, inst exchange.InstrumentID) backtest.Leg {
	for _, l := range r.Legs {
		if l.Inst == inst {
			return l
		}
	}
	return backtest.Leg{Inst: inst, Symbol: fmt.Sprintf("#%d", inst)}
}
