package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// fallsShown is how many of the worst drawdowns are shaded and listed.
const fallsShown = 5

func (p *pageOf) equityBlocks() []block {
	return []block{{Chart: p.equityChart()}, tableBlock(p.fallTable())}
}

// chartValue is the place of an amount in a chart: rounded, for the script repeats it.
func chartValue(d decimal.Decimal, places int32) float64 { return d.Round(places).InexactFloat64() }

// equityChart is the account's worth with its drawdown below, and what the balances of the
// start would be worth had nothing been traded.
func (p *pageOf) equityChart() *plot.Chart {
	r := p.r
	equity := accountPoints(r, func(s *backtest.Sample) decimal.Decimal { return s.Account.Equity })
	worth := p.frame.Panel("Equity in USD", plot.Tall, plot.Axis{Places: 2})
	under := p.frame.Panel("Drawdown in percent", plot.Low, plot.Axis{Places: 2, Hold: []float64{0, -1}})
	c := &plot.Chart{ID: "equity", Title: "Equity and drawdown", Panels: []*plot.Panel{worth, under},
		Note: "The account in USD at mark prices, and its fall from the highest point so far."}
	if len(equity) == 0 {
		worth.Empty, under.Empty = "no samples", "no samples"
		return c
	}
	if falls := p.falls(); len(falls) > 0 {
		c.Note += " The worst falls are shaded, with their numbers in the table below."
		p.shadeFalls(worth, under)
		under.Desc = fmt.Sprintf("The worst fall was %s%%.", page.Percent(falls[0].Percent.Abs()))
	}
	if _, to := period(r); p.cut.ok {
		worth.Shade(p.cut.at, to, afterMark)
		c.Note += " What follows the first liquidation is shaded and marked " + afterMark + "."
	}
	if haircuts(r) {
		worth.Line("s2 thin", "Before haircuts", accountPoints(r, func(s *backtest.Sample) decimal.Decimal { return s.Account.ActualEquity }))
		c.Note += " Equity counts collateral after haircuts, as Binance does."
	}
	if held(r) {
		p.baseline(c, worth, equity)
	}
	worth.Line("s1", "Equity", equity)
	under.Area("loss", "Drawdown %", drawdowns(equity))
	worth.Desc = fmt.Sprintf("From %s USD to %s USD.", page.Ratio(equity[0].Value), page.Ratio(equity[len(equity)-1].Value))
	return c
}

// baselineApart is how many times wider than equity alone equity and baseline may reach
// before they need a scale of their own.
const baselineApart = 2.5

// baseline draws what the start balances would count as: beside equity, or in a panel of its
// own if equity would be flat beside it, as that of a hedged account is.
func (p *pageOf) baseline(c *plot.Chart, worth *plot.Panel, equity []plot.Point) {
	points := accountPoints(p.r, func(s *backtest.Sample) decimal.Decimal { return s.Held })
	c.Note += " The baseline is what the balances of the start would count as if nothing had been traded."
	low, high := reach(equity)
	least, most := reach(points)
	if max(high, most)-min(low, least) <= baselineApart*(high-low) {
		worth.Line("s5 thin", "Start balances held", points)
		return
	}
	apart := p.frame.Panel("Equity against the start balances held, USD", plot.Low, plot.Axis{Places: 2})
	apart.Line("s5 thin", "Start balances held", points)
	apart.Line("s1", "Equity", equity)
	c.Panels = append(c.Panels, apart)
}

// reach is the lowest and the highest value.
func reach(points []plot.Point) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = min(low, p.Value), max(high, p.Value)
	}
	return low, high
}

// accountPoints is a series over the samples, in cents.
func accountPoints(r *backtest.Result, of func(*backtest.Sample) decimal.Decimal) []plot.Point {
	out := make([]plot.Point, len(r.Equity))
	for i := range r.Equity {
		out[i] = plot.Point{At: r.Equity[i].At, Value: chartValue(of(&r.Equity[i]), 2)}
	}
	return out
}

// haircuts says whether any collateral counted for less than its worth.
func haircuts(r *backtest.Result) bool {
	for i := range r.Equity {
		if a := &r.Equity[i].Account; !a.Equity.Equal(a.ActualEquity) {
			return true
		}
	}
	return false
}

// held says whether the run tells what its start balances would be worth.
func held(r *backtest.Result) bool {
	for i := range r.Equity {
		if !r.Equity[i].Held.IsZero() {
			return true
		}
	}
	return false
}

func (p *pageOf) falls() []stats.Fall { return p.stats.Falls[:min(len(p.stats.Falls), fallsShown)] }

// shadeFalls shades each fall from its peak to the recovery, or to the end of the run, in the
// order of time: the names of neighbours stand at two heights where room is short.
func (p *pageOf) shadeFalls(worth, under *plot.Panel) {
	falls := p.falls()
	order := make([]int, len(falls))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(falls[a].Peak, falls[b].Peak) })
	for _, i := range order {
		end := falls[i].Recovered
		if end == 0 {
			_, end = period(p.r)
		}
		worth.Shade(falls[i].Peak, end, strconv.Itoa(i+1))
		under.Shade(falls[i].Peak, end, "")
	}
}

// drawdowns is the fall from the highest value so far, in percent and never positive.
func drawdowns(values []plot.Point) []plot.Point {
	out := make([]plot.Point, len(values))
	peak := math.Inf(-1)
	for i, p := range values {
		peak = max(peak, p.Value)
		fall := 0.0
		if peak > 0 {
			fall = math.Round((p.Value-peak)/peak*1e6) / 1e4
		}
		out[i] = plot.Point{At: p.At, Value: fall}
	}
	return out
}

// fallTable lists the worst periods.
func (p *pageOf) fallTable() table {
	t := table{ID: "falls", Caption: "Worst periods", Empty: "equity never fell",
		Head: heads("#No.", "#Depth %", "#Depth USD", "From UTC", "Lowest UTC", "Recovered UTC", "#Fell for", "#Lasted"),
		Note: "The deepest falls of equity that do not overlap, from the peak until it was reached again."}
	_, to := period(p.r)
	for i, f := range p.falls() {
		end, recovered := f.Recovered, at(f.Recovered, readable.Minute(f.Recovered))
		if f.Recovered == 0 {
			end, recovered = to, td{Text: "not yet", Style: "warn", Sort: strconv.FormatInt(math.MaxInt64, 10)}
		}
		lowest := at(f.Trough, readable.Minute(f.Trough))
		if p.cut.passed(f.Trough) {
			lowest.Mark = afterMark
		}
		from := at(f.Peak, readable.Minute(f.Peak))
		from.Link, from.Zoom = "equity", around(f.Peak, end)
		t.Rows = append(t.Rows, []td{{Text: strconv.Itoa(i + 1), Style: "n"},
			tonedOf(f.Percent.Abs().Neg(), page.Percent(f.Percent.Abs().Neg())), tonedOf(f.USD.Abs().Neg(), page.Money(f.USD.Abs().Neg())),
			from, lowest, recovered, lengthOf(f.Peak, f.Trough), lengthOf(f.Peak, end)})
	}
	return t
}

func lengthOf(from, to exchange.Time) td {
	d := to.Sub(from)
	return figureOf(readable.Span(d), strconv.FormatInt(int64(d), 10))
}
