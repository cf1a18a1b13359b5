package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
)

// ConsoleOptions say what the reader's terminal can do.
type ConsoleOptions struct {
	// Color allows escape sequences; the caller knows whether this is a terminal and
	// whether NO_COLOR is set.
	Color bool
	// Width is the number of columns; 0 is a pipe, where lines have no end. Tables drop
	// columns, and say which, to stay within it.
	Width int
	// Report is the path of report.html, empty if none was written.
	Report string
}

const (
	// warningsMax bounds the warnings that the console repeats.
	warningsMax = 20
	// kindMax is how much of a warning's kind it repeats; more than the indent moves the
	// text of its first line.
	kindMax = indent + 2
)

// Console prints the run's tables; those that have nothing to say are left out. The last
// line is "result <hash>", for people and for scripts that compare runs. The error is the
// writer's.
func Console(w io.Writer, r *backtest.Result, opt ConsoleOptions) error {
	t := &terminalWriter{w: w, color: opt.Color, width: opt.Width}
	all := stats.Of(r)
	t.run(r)
	for _, table := range []*grid{
		byStrategy(r), byLeg(r), byStrategyLeg(r), byMonth(r), byExit(all), making(r.Making), leftOpen(r.Open),
	} {
		t.titled(table)
	}
	t.line("")
	t.trades(all)
	t.margin(r, all)
	t.orders(&r.Orders)
	t.ratios(all)
	t.limits(r.Limits)
	t.refused(r)
	t.budgets(r.Budgets)
	t.states(r.States)
	t.funding(r)
	t.line("")
	t.warnings(r.Warnings)
	t.line("")
	if opt.Report != "" {
		t.line("report: " + readable.Clean(opt.Report))
	}
	t.line("result " + readable.Clean(r.Hash))
	return t.err
}

// titled prints a table after an empty line, or nothing if it has no rows.
func (t *terminalWriter) titled(g *grid) {
	if len(g.rows) > 0 {
		t.line("")
		t.table(g)
	}
}

func (t *terminalWriter) run(r *backtest.Result) {
	from, to := period(r)
	pieces := []cell{
		{readable.Clean(r.ID), toneHead}, text("%s", readable.Clean(strings.Join(r.StrategyNames(), ", "))), text("%s", productNames(r)),
		text("%s .. %s", readable.Day(from), readable.Day(to)), text("%s", speed(r)), text("seed %d", r.Seed),
	}
	if r.Hash != "" {
		pieces = append(pieces, text("result %s", readable.Hash(r.Hash)))
	}
	t.wrapped("RUN", slices.DeleteFunc(pieces, func(c cell) bool { return c.text == "" })...)
}

// speed says how many events the run had and how fast it was.
func speed(r *backtest.Result) string {
	s := "events " + terminal.Count(int64(r.Events))
	if r.Elapsed <= 0 {
		return s
	}
	rate := decimal.NewFromFloat(float64(r.Events) / r.Elapsed.Seconds())
	return fmt.Sprintf("%s in %s (%s/s)", s, readable.Span(r.Elapsed), terminal.Compact(rate))
}

// productNames joins the products of the run's legs, such as "UM+CM".
func productNames(r *backtest.Result) string {
	var names []string
	for _, p := range r.Products() {
		names = append(names, p.String())
	}
	return strings.Join(names, "+")
}

func (t *terminalWriter) warnings(list []backtest.Warning) {
	if len(list) == 0 {
		t.wrapped("WARNINGS", text("none"))
		return
	}
	t.wrapped("WARNINGS", cell{terminal.Count(int64(len(list))), toneWarn})
	for i, warning := range list {
		if i == warningsMax {
			t.line(fmt.Sprintf("and %s more, in report.html and result.json", terminal.Count(int64(len(list)-i))))
			break
		}
		t.section(shorten(readable.Clean(warning.Kind), kindMax), toneWarn, text("%s", readable.Clean(warning.Text)))
	}
}
