// Package compare puts the results of several runs side by side: what is different about
// them, in configuration, parameters, programs, data and warnings; where each leaves the
// way of the first, by the first refusal, fill, booking or sample that is not the same; and
// what came of it, line by line and statistic by statistic.
//
// It computes and shows nothing: backtest/report makes tables and a page of a
// [Comparison], whose JSON is the document of "pmbot report compare --json", described in
// backtest/FORMAT.md. The same results give the same comparison. Its texts are safe for a
// line of output, see [readable.Clean]; a page still has to escape them. Start at [Of].
package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// Schema names the layout of a comparison as JSON; fields are only ever added.
const Schema = "pmbot.compare/1"

// RunsMin and RunsMax bound how many runs stand side by side: more columns than that
// nobody reads.
const (
	RunsMin = 2
	RunsMax = 8
)

// Run is one of the runs to compare.
type Run struct {
	// Name is what the caller calls the run, such as its directory.
	Name   string
	Result *backtest.Result
	// Config is the effective configuration by dotted keys, such as venue.um.taker; a
	// strategy stands by its label. Without it no difference of configuration is named.
	Config map[string]string
}

// Comparison is what several runs have in common and what they do not. The first run is
// the one that others are measured against. Everything that has a value for each run has
// them in the order of Runs.
type Comparison struct {
	Schema string `json:"schema"`
	// Equal says that all runs have the same result hash.
	Equal bool `json:"equal"`
	// SamePeriod says that all runs begin and end at the same instants. If they do not,
	// sums and counts differ for that reason alone.
	SamePeriod bool           `json:"same_period"`
	Runs       []RunName      `json:"runs"`
	Differ     []Difference   `json:"differences"`
	Partings   []RunPartings  `json:"partings"`
	Statistics []StatisticRow `json:"statistics"`

	Total         LineRow   `json:"total"`
	ByStrategy    []LineRow `json:"by_strategy"`
	ByLeg         []LineRow `json:"by_leg"`
	ByStrategyLeg []LineRow `json:"by_strategy_leg"`
	ByMonth       []LineRow `json:"by_month"`
	// Months are the changes of equity, collateral included, where ByMonth is of trading.
	Months []MonthRow `json:"months"`

	// Results are the runs themselves.
	Results []*backtest.Result `json:"-"`

	found []*stats.Statistics
}

// RunName tells which run a column is of.
type RunName struct {
	// Letter is its name in the tables: A for the first.
	Letter string        `json:"letter"`
	Name   string        `json:"name"`
	ID     string        `json:"id"`
	Kind   backtest.Kind `json:"kind"`
	// Strategies are the labels, joined.
	Strategies string        `json:"strategies"`
	From       exchange.Time `json:"from"`
	To         exchange.Time `json:"to"`
	Hash       string        `json:"result_hash"`
}

// LineRow is the result lines of one name. A run that has none of that name has null.
type LineRow struct {
	Name  string           `json:"name"`
	Lines []*backtest.Line `json:"lines"`
}

// Of compares runs. It takes between [RunsMin] and [RunsMax] of them; another number is a
// mistake of the caller and panics. The results must not change while the comparison is
// in use.
func Of(runs ...Run) *Comparison {
	if len(runs) < RunsMin || len(runs) > RunsMax {
		panic(fmt.Sprintf("compare: %d runs", len(runs)))
	}
	c := &Comparison{Schema: Schema, Equal: true, SamePeriod: true}
	first := runs[0].Result
	for i, run := range runs {
		r := run.Result
		c.Results, c.found = append(c.Results, r), append(c.found, stats.Of(r))
		c.Runs = append(c.Runs, RunName{
			Letter: string(rune('A' + i)), Name: readable.Clean(run.Name), ID: readable.Clean(r.ID), Kind: r.Kind.OrBacktest(),
			Strategies: readable.Clean(strings.Join(r.StrategyNames(), ", ")), From: r.From, To: r.To, Hash: readable.Clean(r.Hash),
		})
		c.Equal = c.Equal && sameResult(first, r)
		c.SamePeriod = c.SamePeriod && r.From == first.From && r.To == first.To
	}
	c.Differ = differences(runs)
	for i := 1; i < len(runs); i++ {
		c.Partings = append(c.Partings, RunPartings{
			Run: c.Runs[i].Letter, Equal: sameResult(first, runs[i].Result), List: partings(first, runs[i].Result)})
	}
	c.Statistics, c.Months = c.statistics(), c.months()
	c.lines()
	return c
}

// Part says whether any run leaves the first one's way, as far as the runs keep it.
func (c *Comparison) Part() bool {
	return slices.ContainsFunc(c.Partings, func(p RunPartings) bool { return len(p.List) > 0 })
}

// sameResult says whether two runs came to the same by their hashes. A result without a
// hash is equal to nothing.
func sameResult(a, b *backtest.Result) bool { return a.Hash != "" && a.Hash == b.Hash }

// lines gathers the result lines by their names.
func (c *Comparison) lines() {
	c.Total = LineRow{Name: "total"}
	for _, r := range c.Results {
		c.Total.Lines = append(c.Total.Lines, &r.Total)
	}
	c.ByStrategy = c.sideBySide(func(r *backtest.Result) []backtest.Line { return r.ByStrategy })
	c.ByLeg = c.sideBySide(func(r *backtest.Result) []backtest.Line { return r.ByLeg })
	c.ByStrategyLeg = c.sideBySide(func(r *backtest.Result) []backtest.Line {
		lines := make([]backtest.Line, len(r.ByStrategyLeg))
		for i := range lines {
			lines[i] = r.ByStrategyLeg[i].Line
		}
		return lines
	})
	c.ByMonth = c.sideBySide(func(r *backtest.Result) []backtest.Line { return r.ByMonth })
	slices.SortStableFunc(c.ByMonth, func(a, b LineRow) int { return strings.Compare(a.Name, b.Name) })
}

// sideBySide has a row for every name, in the order of the first run that has it.
func (c *Comparison) sideBySide(of func(*backtest.Result) []backtest.Line) []LineRow {
	rows := []LineRow{}
	at := map[string]int{}
	for i, r := range c.Results {
		lines := of(r)
		for k := range lines {
			name := lines[k].Name
			n, known := at[name]
			if !known {
				n = len(rows)
				at[name] = n
				rows = append(rows, LineRow{Name: readable.Clean(name), Lines: make([]*backtest.Line, len(c.Results))})
			}
			rows[n].Lines[i] = &lines[k]
		}
	}
	return rows
}
