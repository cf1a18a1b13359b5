package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
)

// printStatistics prints the statistics that are not the same in all runs.
func (c comparison) printStatistics(t *terminalWriter) {
	g := &grid{columns: c.columns("STATISTICS, * better")}
	group := ""
	for i := range c.Statistics {
		s := &c.Statistics[i]
		if !s.Differs() {
			continue
		}
		if s.Group != group {
			group = s.Group
			g.add(slices.Insert(make([]cell, len(g.columns)-1), 0, cell{group, toneDim})...)
		}
		g.add(statisticCells(s)...)
	}
	if len(g.rows) > 0 {
		t.table(g)
	}
	for _, note := range c.statisticNotes() {
		t.wrapped("", cell{note, toneDim})
	}
}

func statisticCells(s *compare.StatisticRow) []cell {
	cells := []cell{text("%s", s.Name)}
	for k, f := range s.Values {
		value, change := text(undefined), text(undefined)
		if f.Value.Valid {
			value = text("%s", statisticFigure(terminal, s.Key, s.Unit, f.Value.Decimal))
		}
		if slices.Contains(s.Best, k) {
			value = cell{"*" + value.text, toneGood}
		}
		if f.Change.Valid {
			change = text("%s", changeFigure(terminal, s.Unit, f.Change.Decimal))
		}
		if cells = append(cells, value); k > 0 {
			cells = append(cells, change)
		}
	}
	return cells
}

// statisticNotes say how many statistics are the same, and why others are undefined, once
// for all that share runs and reason.
func (c comparison) statisticNotes() []string {
	same, undefinedInAll := 0, 0
	var order []string
	names := map[string][]string{}
	for i := range c.Statistics {
		s := &c.Statistics[i]
		switch {
		case s.Differs():
		case s.Values[0].Value.Valid:
			same++
			continue
		default:
			undefinedInAll++
			continue
		}
		for k, f := range s.Values {
			if f.Value.Valid {
				continue
			}
			note := fmt.Sprintf("of %s: %s", c.Runs[k].Letter, f.Reason)
			if names[note] == nil {
				order = append(order, note)
			}
			names[note] = append(names[note], s.Name)
		}
	}
	for i, note := range order {
		order[i] = "undefined: " + strings.Join(names[note], ", ") + " " + note
	}
	return append(order, fmt.Sprintf("statistics the same in all runs: %d; undefined in all: %d", same, undefinedInAll))
}

// lowestUniMMR is the statistic that is rounded down wherever it stands.
const lowestUniMMR = "unimmr_min"

// statisticFigure prints a statistic by its key and unit.
func statisticFigure(n readable.Numerals, key string, unit stats.Unit, d decimal.Decimal) string {
	if key == lowestUniMMR {
		return n.UniMMR(d)
	}
	return unitFigure(n, unit, d)
}

// changeFigure prints a difference of values by its unit, with its sign. That of percentages is
// in points of percent.
func changeFigure(n readable.Numerals, unit stats.Unit, d decimal.Decimal) string {
	s := unitFigure(n, unit, d)
	if d.IsPositive() && strings.Trim(s, "0.% ") != "" {
		return "+" + s
	}
	return s
}
