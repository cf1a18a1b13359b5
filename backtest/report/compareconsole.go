package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
)

// comparison is the runs side by side as the terminal and the page show them.
type comparison struct{ *compare.Comparison }

// CompareConsole prints a comparison as tables with a column for each run. Its last line
// says whether the runs came to the same. The error is the writer's.
func CompareConsole(w io.Writer, compared *compare.Comparison, opt ConsoleOptions) error {
	c := comparison{compared}
	t := &terminalWriter{w: w, color: opt.Color, width: opt.Width}
	c.printRuns(t)
	c.printDifferences(t)
	c.printPartings(t)
	t.line("")
	c.printTotals(t)
	for _, table := range []struct {
		title string
		rows  []compare.LineRow
	}{{"NET BY STRATEGY", c.ByStrategy}, {"NET BY LEG", c.ByLeg}, {"NET BY STRATEGY AND LEG", c.ByStrategyLeg}, {"NET BY MONTH", c.ByMonth}} {
		if len(table.rows) > 0 {
			t.line("")
			c.printNets(t, table.title, table.rows)
		}
	}
	if len(c.Statistics) > 0 {
		t.line("")
		c.printStatistics(t)
	}
	t.line("")
	if opt.Report != "" {
		t.line("page: " + readable.Clean(opt.Report))
	}
	t.line(c.verdict())
	return t.err
}

// verdict is the comparison in a sentence.
func (c comparison) verdict() string {
	switch {
	case c.Equal:
		return "equal: same result hash " + readable.Hash(c.Runs[0].Hash)
	case !c.Part():
		return "nothing differs that the runs keep, but there are no equal result hashes to prove it"
	case len(c.Differ) == 0:
		return "different results, and nothing that the runs keep says why"
	case len(c.Differ) == 1:
		return "different results, and 1 difference named"
	default:
		return fmt.Sprintf("different results, and %s differences named", terminal.Count(int64(len(c.Differ))))
	}
}

func (c comparison) printRuns(t *terminalWriter) {
	for _, run := range c.Runs {
		pieces := []cell{{run.Name, toneHead}}
		if filepath.Base(run.Name) != run.ID {
			pieces = append(pieces, text("%s", run.ID))
		}
		if run.Kind != backtest.KindBacktest {
			pieces = append(pieces, text("%s", readable.Clean(string(run.Kind))))
		}
		pieces = append(pieces, text("%s", run.Strategies), text("%s .. %s", readable.Day(run.From), readable.Day(run.To)))
		if run.Hash != "" {
			pieces = append(pieces, text("result %s", readable.Hash(run.Hash)))
		}
		t.wrapped("RUN "+run.Letter, slices.DeleteFunc(pieces, func(c cell) bool { return c.text == "" })...)
	}
	if !c.SamePeriod {
		t.wrapped("PERIODS", cell{spanNote, toneWarn})
	}
}

// spanNote is what a reader must know of runs over different periods.
const spanNote = "differ: sums, counts and extremes depend on how long a run was, so none of them is marked as better"

// areaName is the area as a section's name on the terminal, where there is little room.
func areaName(a compare.Area) string {
	if a == compare.AreaConfig {
		return "config"
	}
	return string(a)
}

// differencesMax is how many differences of an area the terminal shows: runs that have nothing
// in common differ in every parameter, and the results must not scroll out of sight.
const differencesMax = 16

func (c comparison) printDifferences(t *terminalWriter) {
	t.line("")
	if len(c.Differ) == 0 {
		t.wrapped("DIFFERENT", text("nothing in what made the runs"))
		return
	}
	t.wrapped("DIFFERENT", text("%s; %s is where a run has no such thing", terminal.Count(int64(len(c.Differ))), undefined))
	for i, d := range c.Differ {
		first := slices.IndexFunc(c.Differ, func(o compare.Difference) bool { return o.Area == d.Area })
		if i-first < differencesMax {
			t.section(areaName(d.Area), toneDim, append([]cell{text("%s", d.Key)}, c.said(d)...)...)
		}
		if rest := i + 1 - first - differencesMax; rest > 0 && (i+1 == len(c.Differ) || c.Differ[i+1].Area != d.Area) {
			t.section(areaName(d.Area), toneDim, text("and %s more, with --json or --out", terminal.Count(int64(rest))))
		}
	}
}

// said tells which runs have which value; those that have the same stand together.
func (c comparison) said(d compare.Difference) []cell {
	if d.Area == compare.AreaWarning {
		return []cell{text("only %s", strings.Join(c.having(d), ","))}
	}
	var values []string
	letters := map[string][]string{}
	for i, v := range d.Values {
		value := undefined
		if v != nil {
			value = *v
		}
		if letters[value] == nil {
			values = append(values, value)
		}
		letters[value] = append(letters[value], c.Runs[i].Letter)
	}
	var out []cell
	for _, v := range values {
		out = append(out, text("%s %s", strings.Join(letters[v], ","), v))
	}
	return out
}

// having are the letters of the runs that have anything.
func (c comparison) having(d compare.Difference) []string {
	var out []string
	for i, v := range d.Values {
		if v != nil {
			out = append(out, c.Runs[i].Letter)
		}
	}
	return out
}

func (c comparison) printPartings(t *terminalWriter) {
	t.line("")
	first := c.Runs[0].Letter
	for i, p := range c.Partings {
		name := p.Run + " PARTS"
		switch {
		case p.Equal:
			t.wrapped(p.Run+" EQUALS", text("%s: same result hash", first))
		case len(p.List) == 0 && c.Results[0].Hash != "" && c.Results[i+1].Hash != "":
			t.wrapped(name, text("%s", unkept))
		case len(p.List) == 0:
			t.wrapped(name, text("nowhere: nothing differs that the runs keep"))
		default:
			at := p.List[0]
			where := fmt.Sprintf("from %s at %s, %s", first, readable.Instant(at.At), at.Kind)
			if at.Number > 0 {
				where += " " + terminal.Count(int64(at.Number))
			}
			t.wrapped(name, text("%s", where))
			t.wrapped("", cell{first + "  " + at.First, toneText})
			t.wrapped("", cell{p.Run + "  " + at.Other, toneText})
		}
	}
}

// unkept is said of runs whose hashes differ though all their rows are equal.
const unkept = "in nothing that the run directories keep: the hash also covers what a refused order asked for, and refusals after the first 10 000"

// columns are the title and a column for each run, with one for the change to the first.
// On a narrow terminal the changes go first.
func (c comparison) columns(title string) []column {
	out := []column{{title: title, left: true}}
	for i, run := range c.Runs {
		out = append(out, column{title: run.Letter})
		if i > 0 {
			out = append(out, column{title: run.Letter + "-" + c.Runs[0].Letter, drop: 10 + i})
		}
	}
	return out
}

// moneySource is a figure of a result line.
type moneySource struct {
	name string
	unit stats.Unit
	of   func(*backtest.Line) decimal.Decimal
}

func netSource() moneySource {
	return moneySource{"Net", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Net }}
}

// moneySources are the rows of the table of totals.
func moneySources() []moneySource {
	return []moneySource{
		{"Price", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Price }},
		{"Fees", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Fees }},
		{"Funding", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Funding }},
		{"Interest", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Interest }},
		netSource(),
		{"Slippage, part of price", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Slippage }},
		{"Turnover", stats.USD, func(l *backtest.Line) decimal.Decimal { return l.Turnover }},
		{"Trades", stats.Count, func(l *backtest.Line) decimal.Decimal { return decimal.New(int64(l.Trades), 0) }},
	}
}

func (c comparison) printTotals(t *terminalWriter) {
	g := &grid{columns: c.columns("TOTAL, USD")}
	for _, s := range moneySources() {
		g.add(c.lineCells(s.name, &c.Total, s)...)
	}
	t.table(g)
}

func (c comparison) printNets(t *terminalWriter, title string, rows []compare.LineRow) {
	g := &grid{columns: c.columns(title)}
	for i := range rows {
		g.add(c.lineCells(rows[i].Name, &rows[i], netSource())...)
	}
	t.table(g)
}

// lineCells is one figure of a row of lines for every run, with its change to the first.
func (c comparison) lineCells(name string, row *compare.LineRow, s moneySource) []cell {
	cells := []cell{text("%s", name)}
	for i, l := range row.Lines {
		value, change := text(undefined), text(undefined)
		if l != nil {
			value = text("%s", unitFigure(terminal, s.unit, s.of(l)))
			if first := row.Lines[0]; first != nil {
				d := s.of(l).Sub(s.of(first))
				change = cell{changeFigure(terminal, s.unit, d), signTone(d)}
			}
		}
		if cells = append(cells, value); i > 0 {
			cells = append(cells, change)
		}
	}
	return cells
}
