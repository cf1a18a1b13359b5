package report

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/report/plot"
	"github.com/pmbot/pmbot/backtest/stats"
)

func (p *pageOf) returnBlocks() []block {
	return []block{tableBlock(heatMap(p.stats.Months, p.cut)), {Chart: p.dailyChart()}, {Histogram: dailyHistogram(p.stats.Days)}}
}

// dailyChart is the returns of days and the Sharpe ratio of the days before.
func (p *pageOf) dailyChart() *plot.Chart {
	days := p.frame.Panel("Return of each UTC day in percent", plot.Low, plot.Axis{Places: 2, Hold: []float64{0}})
	var points []plot.Point
	for _, d := range p.stats.Days {
		points = append(points, plot.Point{At: d.To, Value: chartValue(d.Percent, 4)})
	}
	if len(points) == 0 {
		days.Empty = "no whole day"
	} else {
		days.Bars("Day", points)
	}
	days.Desc = fmt.Sprintf("%s days.", page.Count(int64(len(points))))
	rolling := p.frame.Panel("Sharpe ratio of the 30 days before", plot.Low, plot.Axis{Places: 2, Hold: []float64{0}})
	points = nil
	for _, pt := range p.stats.Rolling {
		points = append(points, plot.Point{At: pt.At, Value: chartValue(decimal.NewFromFloat(pt.Value), 4)})
	}
	if len(points) == 0 {
		rolling.Empty = fmt.Sprintf("undefined: %s whole days, at least 30 needed", page.Count(int64(len(p.stats.Days))))
	} else {
		rolling.Line("s1", "Sharpe", points)
		rolling.Desc = fmt.Sprintf("At last %s.", page.Ratio(points[len(points)-1].Value))
	}
	return &plot.Chart{ID: "daily", Title: "Daily returns and rolling Sharpe ratio", Panels: []*plot.Panel{days, rolling},
		Note: "Each bar stands where its day ends. The Sharpe ratio is of daily returns, times the root of 365, with a riskless rate of 0."}
}

// Levels of a heat map, from faint to strong, for gains and for losses.
const heatLevels = 5

// monthNames are the columns of the heat map.
var monthNames = [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// heatMap is the return of each month, a row a year; calendar months that no year has are
// left out.
func heatMap(months []stats.Return, cut *cutoff) table {
	t := table{ID: "months", Caption: "Monthly returns in percent", Empty: "no month", Style: "heat",
		Head: []head{{Text: "Year"}},
		Note: "Change of equity in each UTC month, and over the year. * marks a month that is not whole."}
	top := decimal.Zero
	var columns [13]int
	for _, m := range months {
		top = decimal.Max(top, m.Percent.Abs())
		columns[m.From.UTC().Month()] = 1
	}
	for i, name := range monthNames {
		if columns[i+1] > 0 {
			columns[i+1] = len(t.Head)
			t.Head = append(t.Head, head{Text: name, Number: true})
		}
	}
	t.Head = append(t.Head, head{Text: "Total", Number: true})
	for i := 0; i < len(months); {
		year := months[i].From.UTC().Year()
		row := make([]td, len(t.Head))
		row[0] = td{Text: strconv.Itoa(year)}
		first := i
		for ; i < len(months) && months[i].From.UTC().Year() == year; i++ {
			row[columns[months[i].From.UTC().Month()]] = heatCell(&months[i], top, cut)
		}
		row[len(row)-1] = yearCell(months[first], months[i-1])
		t.Rows = append(t.Rows, row)
	}
	return t
}

func heatCell(m *stats.Return, top decimal.Decimal, cut *cutoff) td {
	if !m.OK {
		return td{Text: undefined, Style: "n", Title: "the month began without equity"}
	}
	level := int64(0)
	if top.IsPositive() {
		level = m.Percent.Abs().Mul(decimal.New(heatLevels, 0)).DivRound(top, 8).Ceil().IntPart()
	}
	c := td{Text: page.Plus(m.Percent), Style: "n h" + strconv.FormatInt(level*int64(m.Percent.Sign()), 10), Sort: m.Percent.String()}
	if !m.Whole {
		c.Mark = "*"
	}
	if cut.passed(m.To) {
		c.Mark += afterMark
	}
	return c
}

// yearCell is what equity did from the first month of a year to its last.
func yearCell(first, last stats.Return) td {
	if !first.Start.IsPositive() {
		return td{Text: undefined, Style: "n", Title: "the year began without equity"}
	}
	change := last.End.Sub(first.Start).Shift(2).DivRound(first.Start, 8)
	c := tonedOf(change, page.Plus(change))
	c.Style += " strong"
	return c
}
