package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

func (p *pageOf) marginBlocks() []block {
	r := p.r
	list := []block{{Chart: p.uniMMRChart()}}
	if c := p.assetChart(); c != nil {
		list = append(list, block{Chart: c})
	}
	list = append(list, tableBlock(limitTable(r.Limits)))
	if len(r.Budgets) > 0 {
		list = append(list, tableBlock(budgetTable(r.Budgets)))
	}
	return append(list, tableBlock(stateTable(r.States)), tableBlock(stressTable(r.Stress)), tableBlock(marginTable(r)), tableBlock(balanceTable(r.Balances)))
}

// ladderRefs are the lines at which the exchange acts, and the configured floors.
func ladderRefs(m *backtest.MarginSummary) []plot.Ref {
	var refs []plot.Ref
	line := func(style string, at exchange.Fixed, what string) {
		if at > 0 {
			refs = append(refs, plot.Ref{Style: style, Text: page.Fixed(at) + " Binance: " + what, Value: at.Float()})
		}
	}
	line("reduce", m.Ladder.MarginCall, "margin call")
	line("reduce", m.Ladder.SupplyMargin, "supply margin")
	line("reduce", m.Ladder.ReduceOnly, "reduce only")
	line("liquidate", m.Ladder.Liquidation, "liquidation")
	for _, floor := range m.Floors {
		if floor.Value.IsPositive() {
			refs = append(refs, plot.Ref{Style: plot.FloorStyle, Text: page.Exact(floor.Value) + " " + readable.Clean(floor.Name), Value: chartValue(floor.Value, 4)})
		}
	}
	return refs
}

// uniMMRFar is how many times the highest line all values lie above when they get a scale
// of their own beside the one with the lines, on which they would be flat.
const uniMMRFar = 6

// uniMMRChart is the distance to liquidation, with the lines that matter.
func (p *pageOf) uniMMRChart() *plot.Chart {
	points, least, most := p.uniMMRPoints()
	refs := ladderRefs(&p.r.Margin)
	top := 1.0
	for _, ref := range refs {
		top = max(top, ref.Value)
	}
	c := &plot.Chart{ID: "unimmr", Title: "uniMMR", Note: "Collateral equity over maintenance margin"}
	title, size := "uniMMR, logarithmic", plot.Mid
	if least > uniMMRFar*top && least <= most {
		own := p.frame.Panel("uniMMR", plot.Mid, plot.Axis{Log: most > uniMMRFar*least, Places: 2})
		own.Line("s4", "uniMMR", points)
		c.Panels = append(c.Panels, own)
		c.Note += ": above on its own scale, below against the lines at which Binance or the risk guard act, on a logarithmic one. All of it lies above " +
			page.Grouped(fmt.Sprintf("%.0f", math.Floor(least/top))) + " times the highest line."
		title, size = "The same against the lines, logarithmic", plot.Low
	} else {
		c.Note += ", on a logarithmic scale, with the lines at which Binance or the risk guard act."
	}
	panel := p.ladderPanel(title, size, refs)
	c.Panels = append(c.Panels, panel)
	c.Note += " The line stops while nothing is held."
	if least <= most {
		panel.Line("s4", "uniMMR", points)
		panel.Desc = fmt.Sprintf("Lowest %s at %s UTC.", page.UniMMR(p.r.Margin.UniMMRMin), readable.Minute(p.r.Margin.UniMMRMinAt))
	} else {
		panel.Empty = "no maintenance margin at any sample: no position was held"
	}
	if p.cut.ok {
		c.Note += " What follows the first liquidation is shaded and marked " + afterMark + "."
	}
	if p.r.Margin.Ladder == (backtest.Ladder{}) {
		c.Note += " The run does not say at which lines the exchange acts."
	}
	if high, cut := c.Panels[0].Cut(); cut {
		c.Note += fmt.Sprintf(" Values above %s lie on the upper edge.", page.Grouped(fmt.Sprintf("%.0f", high)))
	}
	return c
}

// uniMMRPoints are the samples' values, NaN while nothing is held, and their reach with the
// lowest value between samples: least is above most if nothing ever was held.
func (p *pageOf) uniMMRPoints() (points []plot.Point, least, most float64) {
	points = make([]plot.Point, len(p.r.Equity))
	least, most = math.Inf(1), math.Inf(-1)
	for i := range p.r.Equity {
		a := &p.r.Equity[i].Account
		points[i] = plot.Point{At: p.r.Equity[i].At, Value: math.NaN()}
		if !readable.NoMargin(a.UniMMR) && !(a.UniMMR.IsZero() && a.MaintMargin.IsZero()) {
			v := chartValue(a.UniMMR, 4)
			points[i].Value = v
			least, most = min(least, v), max(most, v)
		}
	}
	if m := &p.r.Margin; m.UniMMRMinAt != 0 && least <= most {
		least = min(least, chartValue(m.UniMMRMin, 4)) // between samples
	}
	return points, least, most
}

// ladderPanel is a panel that reaches all lines.
func (p *pageOf) ladderPanel(title string, size plot.Size, refs []plot.Ref) *plot.Panel {
	hold := []float64{1, 3}
	for _, ref := range refs {
		hold = append(hold, ref.Value)
	}
	panel := p.frame.Panel(title, size, plot.Axis{Log: true, Places: 2, Hold: hold})
	for _, ref := range refs {
		panel.Ref(ref)
	}
	if _, to := period(p.r); p.cut.ok {
		panel.Shade(p.cut.at, to, afterMark)
	}
	return panel
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
			layers[i] = plot.Layer{Style: assetStyle(i), Name: readable.Clean(name), Values: make([]float64, len(r.Equity))}
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
