package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// CompareSchema names the layout of a comparison as JSON; fields are only ever added.
const CompareSchema = "pmbot.compare/1"

// ComparedMin and ComparedMax bound how many runs stand side by side: more columns than
// that nobody reads, and each run has a letter.
const (
	ComparedMin = 2
	ComparedMax = 8
)

// Compared is one of the runs to compare.
type Compared struct {
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

	results []*backtest.Result
	found   []*stats.Statistics
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

// Compare puts runs side by side. It takes between ComparedMin and ComparedMax of them;
// another number is a mistake of the caller and panics.
func Compare(runs ...Compared) *Comparison {
	if len(runs) < ComparedMin || len(runs) > ComparedMax {
		panic(fmt.Sprintf("report: %d runs to compare", len(runs)))
	}
	c := &Comparison{Schema: CompareSchema, Equal: true, SamePeriod: true}
	first := runs[0].Result
	for i, run := range runs {
		r := run.Result
		c.results, c.found = append(c.results, r), append(c.found, stats.Of(r))
		c.Runs = append(c.Runs, RunName{
			Letter: string(rune('A' + i)), Name: clean(run.Name), ID: clean(r.ID), Kind: kindOf(r),
			Strategies: strategyNames(r), From: r.From, To: r.To, Hash: clean(r.Hash),
		})
		c.Equal = c.Equal && sameResult(first, r)
		c.SamePeriod = c.SamePeriod && r.From == first.From && r.To == first.To
	}
	c.Differ = differences(runs)
	for i := 1; i < len(runs); i++ {
		c.Partings = append(c.Partings, RunPartings{c.Runs[i].Letter, partings(first, runs[i].Result)})
	}
	c.Statistics, c.Months = c.statistics(), c.months()
	c.lines()
	return c
}

// sameResult says whether two runs came to the same by their hashes. A result without a
// hash is equal to nothing.
func sameResult(a, b *backtest.Result) bool { return a.Hash != "" && a.Hash == b.Hash }

func kindOf(r *backtest.Result) backtest.Kind {
	if r.Kind == "" {
		return backtest.KindBacktest
	}
	return r.Kind
}

// lines gathers the result lines by their names.
func (c *Comparison) lines() {
	c.Total = LineRow{Name: "total"}
	for _, r := range c.results {
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
	for i, r := range c.results {
		lines := of(r)
		for k := range lines {
			name := lines[k].Name
			n, known := at[name]
			if !known {
				n = len(rows)
				at[name] = n
				rows = append(rows, LineRow{Name: clean(name), Lines: make([]*backtest.Line, len(c.results))})
			}
			rows[n].Lines[i] = &lines[k]
		}
	}
	return rows
}
