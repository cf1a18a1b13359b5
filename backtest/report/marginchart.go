package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

func (p *pageOf) marginBlocks() []block {
	r := p.r
	list := []block{{Chart: p.uniMMRChart()}}
	if c := p.assetChart(); c != nil {
		list = append(list, block{Chart: c})
	}
	return append(list, tableBlock(limitTable(r.Limits)), tableBlock(stressTable(r.Stress)), tableBlock(marginTable(r)), tableBlock(balanceTable(r.Balances)))
}

// ladderRefs are the lines at which the exchange acts, and the configured floors.
func ladderRefs(m *backtest.MarginSummary) []plot.Ref {
	var refs []plot.Ref
	line := func(style string, at exchange.Fixed, what string) {
		if at > 0 {
			refs = append(refs, plot.Ref{Style: style, Text: page.fixed(at) + " Binance: " + what, Value: at.Float()})
		}
	}
	line("reduce", m.Ladder.MarginCall, "margin call")
	line("reduce", m.Ladder.SupplyMargin, "supply margin")
	line("reduce", m.Ladder.ReduceOnly, "reduce only")
	line("liquidate", m.Ladder.Liquidation, "liquidation")
	for _, floor := range m.Floors {
		if floor.Value.IsPositive() {
			refs = append(refs, plot.Ref{Style: plot.FloorStyle, Text: page.exact(floor.Value) + " " + clean(floor.Name), Value: chartValue(floor.Value, 4)})
		}
	}
	return refs
}

// uniMMRChart is the distance to liquidation, with the lines that matter.
func (p *pageOf) uniMMRChart() *plot.Chart {
	r := p.r
	points := make([]plot.Point, len(r.Equity))
	held := false
	for i := range r.Equity {
		a := &r.Equity[i].Account
		points[i] = plot.Point{At: r.Equity[i].At, Value: math.NaN()}
		if !sentinel(a.UniMMR) && !(a.UniMMR.IsZero() && a.MaintMargin.IsZero()) {
			points[i].Value = chartValue(a.UniMMR, 4)
			held = true
		}
	}
	refs := ladderRefs(&r.Margin)
	hold := []float64{1, 3}
	for _, ref := range refs {
		hold = append(hold, ref.Value)
	}
	panel := p.frame.Panel("uniMMR, logarithmic", plot.Mid, plot.Axis{Log: true, Places: 2, Hold: hold})
	for _, ref := range refs {
		panel.Ref(ref)
	}
	if _, to := period(r); p.cut.ok {
		panel.Shade(p.cut.at, to, afterMark)
	}
	if held {
		panel.Line("s4", "uniMMR", points)
		panel.Desc = fmt.Sprintf("Lowest %s at %s UTC.", page.uniMMR(r.Margin.UniMMRMin), minute(r.Margin.UniMMRMinAt))
	} else {
		panel.Empty = "no maintenance margin at any sample: no position was held"
	}
	c := &plot.Chart{ID: "unimmr", Title: "uniMMR", Panels: []*plot.Panel{panel},
		Note: "Collateral equity over maintenance margin, on a logarithmic scale. The line stops while nothing is held."}
	if p.cut.ok {
		c.Note += " What follows the first liquidation is shaded and marked " + afterMark + "."
	}
	if r.Margin.Ladder == (backtest.Ladder{}) {
		c.Note += " The run does not say at which lines the exchange acts."
	}
	if high, cut := panel.Cut(); cut {
		c.Note += fmt.Sprintf(" Values above %s lie on the upper edge.", page.plain(fmt.Sprintf("%.0f", high)))
	}
	return c
}

// assetsMax is how many assets have a color of their own; the rest share one.
const assetsMax = 5

// assetChart is what each asset counts as collateral, and what haircuts take.
func (p *pageOf) assetChart() *plot.Chart {
	r := p.r
	if len(r.Assets) == 0 || len(r.Equity) == 0 {
		return nil
	}
	panel := p.frame.Panel("Collateral in USD", plot.Tall, plot.Axis{Places: 2, Hold: []float64{0}})
	times := make([]exchange.Time, len(r.Equity))
	for i := range r.Equity {
		times[i] = r.Equity[i].At
	}
	panel.Stack(times, assetLayers(r))
	return &plot.Chart{ID: "assets", Title: "Equity by asset", Panels: []*plot.Panel{panel},
		Note: "What each asset counts as collateral after its haircut, and on top what haircuts take: the whole is what the assets are worth. Debts and losses stand below zero, in full."}
}

// assetLayers are the assets from the largest to the smallest, the rest of them together,
// and the haircuts of all.
func assetLayers(r *backtest.Result) []plot.Layer {
	worth := map[string]decimal.Decimal{}
	for i := range r.Equity {
		for _, a := range r.Equity[i].Assets {
			worth[a.Asset] = decimal.Max(worth[a.Asset], a.Actual.Abs())
		}
	}
	names := slices.Clone(r.Assets)
	slices.SortStableFunc(names, func(a, b string) int { return worth[b].Cmp(worth[a]) })
	layers := make([]plot.Layer, min(len(names), assetsMax))
	index := map[string]int{}
	for i, name := range names {
		index[name] = min(i, assetsMax)
		if i < assetsMax {
			layers[i] = plot.Layer{Style: assetStyle(i), Name: clean(name), Values: make([]float64, len(r.Equity))}
		}
	}
	if rest := len(names) - assetsMax; rest > 0 {
		layers = append(layers, plot.Layer{Style: "s6", Name: fmt.Sprintf("%d others", rest), Values: make([]float64, len(r.Equity))})
	}
	haircut := plot.Layer{Style: "cut", Name: "Haircut, not counted", Values: make([]float64, len(r.Equity))}
	for i := range r.Equity {
		for _, a := range r.Equity[i].Assets {
			k, known := index[a.Asset]
			if !known {
				continue
			}
			layers[k].Values[i] += chartValue(a.Equity, 2)
			haircut.Values[i] += chartValue(a.Actual.Sub(a.Equity), 2)
		}
	}
	return append(layers, haircut)
}

// assetStyle is the color of an asset's layer; s2 and s6 are greys, kept for what is left.
func assetStyle(i int) string { return [assetsMax]string{"s1", "s3", "s5", "s4", "s2"}[i] }
