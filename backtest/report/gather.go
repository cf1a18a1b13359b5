package report

import (
	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/exchange"
)

// gathered is what the page shows of fills and round trips. It is found in one pass over
// each, for a run may have millions, and reading them takes longer than all else.
type gathered struct {
	boards *priceBoards
	nets   []float64 // of closed round trips
	trades edges[backtest.TradeRow]
	fills  edges[backtest.FillRow]
	cut    *cutoff
}

func gather(f *plot.Frame, r *backtest.Result) *gathered {
	g := &gathered{boards: newPriceBoards(f, r), fills: edges[backtest.FillRow]{n: r.Fills.Len()}, trades: edges[backtest.TradeRow]{n: r.Trades.Len()}}
	liquidated := exchange.Time(0)
	for i, row := range r.Fills.All() {
		g.boards.of(row.Product, row.Symbol).fill(row)
		g.fills.add(i, row)
		if liquidated == 0 && row.Forced == exchange.ForcedLiquidation {
			liquidated = row.At
		}
	}
	g.cut = cutoffFrom(liquidated, r.Equity)
	for i, row := range r.Trades.All() {
		g.boards.of(row.Product, row.Symbol).trip(row)
		g.trades.add(i, row)
		if !row.Open {
			g.nets = append(g.nets, row.Net.InexactFloat64())
		}
	}
	return g
}

// rowsMax is how many rows of each end of a long list the page has.
const rowsMax = 1000

// edges are the rows of a list of n that the page has: all, or the first and the last ones.
type edges[R any] struct {
	n    int
	rows []R
}

// add takes the row with index i, unless it is one of those between.
func (e *edges[R]) add(i int, row *R) {
	if e.n <= 2*rowsMax || i < rowsMax || i >= e.n-rowsMax {
		e.rows = append(e.rows, *row)
	}
}

// note says what is missing, if anything is.
func (e *edges[R]) note(what, where string) string {
	if e.n <= 2*rowsMax {
		return ""
	}
	return "The first and the last " + page.Count(rowsMax) + " of " + page.Count(int64(e.n)) + " " + what + ". All are in " + where + "."
}
