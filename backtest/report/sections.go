package report

import (
	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/backtest/stats"
)

// pageOf is what all parts of a page are made from.
type pageOf struct {
	r     *backtest.Result
	stats *stats.Statistics
	cut   *cutoff
	frame *plot.Frame
	rows  *gathered
}

func newPage(r *backtest.Result) *pageOf {
	from, to := period(r)
	frame := plot.NewFrame(from, to)
	rows := gather(frame, r)
	return &pageOf{r: r, stats: stats.Of(r), cut: rows.cut, frame: frame, rows: rows}
}

// section is a part of the page under a heading, which the navigation leads to.
type section struct {
	ID, Title string
	Blocks    []block
}

// block is one thing of a section: exactly one field is there.
type block struct {
	Chart     *plot.Chart
	Table     *table
	Histogram *histogram
	Flows     *flows
	Text      *foldedText
}

// foldedText is a long text that opens on demand.
type foldedText struct{ Title, Summary, Text string }

func tableBlock(t table) block { return block{Table: &t} }

// sections are all parts of the page below the front, in the order in which a reader asks:
// how much, how steadily, from what, how near to the edge, and what was done.
func (p *pageOf) sections() []section {
	r := p.r
	list := []section{
		{"equity-section", "Equity", p.equityBlocks()},
		{"returns", "Returns", p.returnBlocks()},
		{"money", "Money", append(flowBlocks(r), lineTables(r, p.cut)...)},
		{"margin", "Margin", p.marginBlocks()},
		{"exposure-section", "Exposure", p.exposureBlocks()},
		{"funding-section", "Funding", p.fundingBlocks()},
	}
	prices := p.rows.boards.charts()
	anchors := priceAnchors{}
	var charts []block
	for _, c := range prices {
		anchors[c.Title] = c.ID
		charts = append(charts, block{Chart: c})
	}
	if len(charts) > 0 {
		list = append(list, section{"prices", "Prices", charts})
	}
	return append(list,
		section{"trades-section", "Trades", p.tradeBlocks(anchors)},
		section{"orders", "Orders", orderTables(r)},
		section{"statistics", "Statistics", statBlocks(p.stats)},
		section{"inputs", "Inputs", inputTables(r)},
	)
}

func (p *pageOf) tradeBlocks(anchors priceAnchors) []block {
	return []block{
		{Histogram: tradeHistogram(p.rows.nets)},
		tableBlock(exitTable(p.stats.Exits)),
		tableBlock(tradeTable(&p.rows.trades, anchors, p.cut)),
		tableBlock(fillTable(&p.rows.fills, anchors, p.cut)),
	}
}
