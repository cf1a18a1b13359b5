package report

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// statBlocks are all statistics, a table for each subject, with formula and source at hand.
func statBlocks(s *stats.Statistics) []block {
	var list []block
	for i := range s.Groups {
		g := &s.Groups[i]
		t := table{ID: "stat-" + readable.Clean(g.Key), Caption: readable.Clean(g.Name), Style: "stats", Head: heads("Statistic", "#Value", "How it is computed"), Narrow: true}
		for k := range g.Items {
			t.Rows = append(t.Rows, statRow(&g.Items[k]))
		}
		list = append(list, tableBlock(t))
	}
	return list
}

func statRow(item *stats.Item) []td {
	value := td{Text: statFigure(item), Style: "n", Sort: item.Number.String()}
	how := td{Text: "Formula", More: []string{item.Formula}}
	if item.Source != "" && item.Source != undefined {
		how.Text = "Formula and source"
		how.More = append(how.More, "Source: "+item.Source)
	}
	name := word(item.Name)
	if !item.OK {
		value.Sort, value.Title = "", "undefined: "+item.Reason
		name.Sub = "undefined: " + item.Reason
	}
	if item.Formula == "" {
		how = td{}
	}
	return []td{name, value, how}
}

// perDay is the unit of what happens so often a day.
const perDay = " a day"

// statFigure prints a statistic with its unit.
func statFigure(item *stats.Item) string {
	if !item.OK {
		return undefined
	}
	v := item.Number
	if item.Key == lowestUniMMR {
		return page.UniMMR(v)
	}
	switch item.Unit {
	case stats.Percent:
		return page.Percent(v) + "%"
	case stats.USD:
		return page.Money(v) + page.Space() + "USD"
	case stats.Count:
		return page.Grouped(v.String())
	case stats.Duration:
		return readable.Span(time.Duration(v.IntPart()))
	case stats.Time:
		return readable.Minute(exchange.Time(v.IntPart()))
	case stats.PerDay:
		return page.Grouped(v.StringFixed(2)) + perDay
	case stats.Points:
		return page.Grouped(v.StringFixed(2)) + " bp"
	default:
		return statRatio(v)
	}
}

// statRatio prints a ratio with two decimals, or with more where they would hide it.
func statRatio(v decimal.Decimal) string {
	if v.Abs().LessThan(decimal.New(1, -1)) && !v.IsZero() {
		return page.Grouped(v.Round(4).String())
	}
	return page.Grouped(v.StringFixed(2))
}
