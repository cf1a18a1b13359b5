package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

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

	results []*backtest.Result
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

// StatisticRow is one statistic of every run.
type StatisticRow struct {
	Group  string     `json:"group"`
	Key    string     `json:"key"`
	Name   string     `json:"name"`
	Unit   stats.Unit `json:"unit"`
	Better int        `json:"better"`
	// SpanBound says that the figure grows with the length of the run.
	SpanBound bool     `json:"span_bound"`
	Values    []Figure `json:"values"`
	// Best are the runs with the best value, none if it is the same in all, if there is
	// no better, or if the figure is span bound and the periods differ.
	Best []int `json:"best"`
}

// Figure is a value of one run.
type Figure struct {
	// Value is null where the statistic is undefined, and Reason then says why. Change is
	// the difference to the first run's, null where one of the two is.
	Value  decimal.NullDecimal `json:"value"`
	Reason string              `json:"reason,omitempty"`
	Change decimal.NullDecimal `json:"change"`
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
		c.results = append(c.results, r)
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
	c.Statistics = c.statistics()
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

// statistics has a row for every statistic that any run has, in the order of the first.
func (c *Comparison) statistics() []StatisticRow {
	rows := []StatisticRow{}
	at := map[string]int{}
	for i, r := range c.results {
		for _, group := range stats.Of(r).Groups {
			for _, item := range group.Items {
				n, known := at[item.Key]
				if !known {
					n = len(rows)
					at[item.Key] = n
					rows = append(rows, c.newRow(&group, &item))
				}
				rows[n].Values[i] = Figure{Reason: item.Reason}
				if item.OK {
					rows[n].Values[i] = Figure{Value: decimal.NewNullDecimal(item.Number)}
				}
			}
		}
	}
	for i := range rows {
		rows[i].measure()
		if rows[i].SpanBound && !c.SamePeriod {
			rows[i].Best = []int{}
		}
	}
	return rows
}

func (c *Comparison) newRow(g *stats.Group, item *stats.Item) StatisticRow {
	row := StatisticRow{Group: g.Name, Key: item.Key, Name: item.Name, Unit: item.Unit, Better: item.Better,
		SpanBound: spanBound(item), Values: make([]Figure, len(c.results))}
	for i := range row.Values {
		row.Values[i].Reason = "the run has no such statistic"
	}
	return row
}

// spanBound says whether a figure depends on how long the run was: what is a proportion,
// or by the day, does not.
func spanBound(item *stats.Item) bool {
	switch item.Unit {
	case stats.Ratio, stats.PerDay, stats.Points:
		return false
	default:
		return true
	}
}

// measure computes the changes and finds the best values.
func (s *StatisticRow) measure() {
	s.Best = []int{}
	first := s.Values[0].Value
	differ := false
	for i := range s.Values {
		f := &s.Values[i]
		if !f.Value.Valid {
			continue
		}
		if i > 0 && first.Valid && s.Unit != stats.Time {
			f.Change = decimal.NewNullDecimal(f.Value.Decimal.Sub(first.Decimal))
		}
		if len(s.Best) == 0 {
			s.Best = append(s.Best, i)
			continue
		}
		order := f.Value.Decimal.Cmp(s.Values[s.Best[0]].Value.Decimal)
		differ = differ || order != 0
		switch {
		case order == 0:
			s.Best = append(s.Best, i)
		case order == s.Better:
			s.Best = []int{i}
		}
	}
	if s.Better == 0 || !differ {
		s.Best = []int{}
	}
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
