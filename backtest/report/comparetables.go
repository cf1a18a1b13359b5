package report

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/compare"
)

// tableSection is a group of tables under a heading.
type tableSection struct {
	ID, Title string
	Tables    []table
}

// sections are the tables of the page in their order.
func (c comparison) sections() []tableSection {
	total := table{ID: "total", Caption: "Total in USD", Head: c.heads("Source")}
	for _, s := range moneySources() {
		total.Rows = append(total.Rows, c.lineTDs(s.name, &c.Total, s))
	}
	results := tableSection{ID: "results", Title: "Results", Tables: []table{total}}
	for _, t := range []struct {
		id, caption string
		rows        []compare.LineRow
	}{
		{"by-strategy", "Net by strategy in USD", c.ByStrategy}, {"by-leg", "Net by leg in USD", c.ByLeg},
		{"by-strategy-leg", "Net by strategy and leg in USD", c.ByStrategyLeg}, {"by-month", "Net by month in USD", c.ByMonth},
	} {
		if len(t.rows) > 0 {
			results.Tables = append(results.Tables, c.netTable(t.id, t.caption, t.rows))
		}
	}
	if len(c.Months) > 0 {
		results.Tables = append(results.Tables, c.monthReturns())
	}
	statistics := tableSection{ID: "statistics", Title: "Statistics"}
	for i := range c.Statistics {
		group := c.Statistics[i].Group
		if i == 0 || group != c.Statistics[i-1].Group {
			statistics.Tables = append(statistics.Tables, table{ID: fmt.Sprintf("statistics-%d", len(statistics.Tables)+1), Caption: group, Head: c.heads("Statistic")})
		}
		t := &statistics.Tables[len(statistics.Tables)-1]
		t.Rows = append(t.Rows, c.statisticTDs(&c.Statistics[i]))
		t.Note = betterNote
	}
	return []tableSection{results, statistics}
}

// glance is the statistics that a professional looks for first.
func (c comparison) glance() table {
	t := table{ID: "glance", Caption: "At a glance", Head: c.heads("Statistic"), Note: betterNote}
	for _, key := range []string{"net_usd", "net_pct", "equity_change_pct", "cagr", "sharpe", "sortino", "max_drawdown_pct", "calmar",
		"profit_factor", "unimmr_min", "trades", "fees_usd", "funding_usd", "turnover", "refused", "liquidations"} {
		if i := slices.IndexFunc(c.Statistics, func(s compare.StatisticRow) bool { return s.Key == key }); i >= 0 {
			t.Rows = append(t.Rows, c.statisticTDs(&c.Statistics[i]))
		}
	}
	return t
}

// betterNote explains the mark of the better value.
const betterNote = "\u2605 is better."

// heads are a title and the runs, each with the change to the first.
func (c comparison) heads(title string) []head {
	out := heads(title)
	for i, run := range c.Runs {
		out = append(out, head{Text: run.Letter, Number: true})
		if i > 0 {
			out = append(out, head{Text: run.Letter + page.Minus() + c.Runs[0].Letter, Number: true})
		}
	}
	return out
}

// differencesShown is how many differences stand on the page in full; more scroll in a box of
// their own, with a filter, above the results.
const differencesShown = 24

func (c comparison) differenceTable() table {
	t := table{ID: "what", Caption: "Differences", Head: heads("=Of", "What"), Empty: "Nothing in what made the runs."}
	for _, run := range c.Runs {
		t.Head = append(t.Head, head{Text: run.Letter})
	}
	t.Search = len(c.Differ) > differencesShown
	for _, d := range c.Differ {
		row := []td{word(string(d.Area)), word(d.Key)}
		for _, v := range d.Values {
			if v == nil {
				row = append(row, word(undefined))
			} else {
				row = append(row, code(*v))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (c comparison) netTable(id, caption string, rows []compare.LineRow) table {
	t := table{ID: id, Caption: caption, Head: c.heads("Name")}
	for i := range rows {
		t.Rows = append(t.Rows, c.lineTDs(rows[i].Name, &rows[i], netSource()))
	}
	return t
}

func (c comparison) lineTDs(name string, row *compare.LineRow, s moneySource) []td {
	out := []td{word(name)}
	for i, l := range row.Lines {
		value, change := noFigure(), noFigure()
		if l != nil {
			value = figureOf(unitFigure(page, s.unit, s.of(l)), s.of(l).String())
			if first := row.Lines[0]; first != nil {
				d := s.of(l).Sub(s.of(first))
				change = tonedOf(d, changeFigure(page, s.unit, d))
			}
		}
		if out = append(out, value); i > 0 {
			out = append(out, change)
		}
	}
	return out
}

func noFigure() td { return figureOf(undefined, "") }

func (c comparison) statisticTDs(s *compare.StatisticRow) []td {
	out := []td{word(s.Name)}
	for i, f := range s.Values {
		value, change := noFigure(), noFigure()
		if f.Value.Valid {
			value = figureOf(statisticFigure(page, s.Key, s.Unit, f.Value.Decimal), f.Value.Decimal.String())
		}
		if slices.Contains(s.Best, i) {
			value.Text, value.Style = "\u2605 "+value.Text, "n good strong"
		}
		if f.Change.Valid {
			change = figureOf(changeFigure(page, s.Unit, f.Change.Decimal), f.Change.Decimal.String())
		}
		if out = append(out, value); i > 0 {
			out = append(out, change)
		}
	}
	return out
}

// monthReturns are the changes of equity by month in percent.
func (c comparison) monthReturns() table {
	t := table{ID: "month-returns", Caption: "Change of equity by month in percent", Head: heads("Month"),
		Note: "\u2020 The month is not whole."}
	for _, run := range c.Runs {
		t.Head = append(t.Head, head{Text: run.Letter, Number: true})
	}
	for _, month := range c.Months {
		row := []td{word(month.Name)}
		for _, v := range month.Returns {
			d := v.Percent.Decimal
			switch {
			case !v.Percent.Valid:
				row = append(row, noFigure())
			case v.Whole:
				row = append(row, tonedOf(d, page.Plus(d)))
			default:
				row = append(row, tonedOf(d, "\u2020 "+page.Plus(d)))
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
