package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/clock"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// importDocument is the JSON of "pmbot data import".
type importDocument struct {
	Schema  string     `json:"schema"`
	Imports []imported `json:"imports"`
}

// imported is a report of an import in JSON.
type imported struct {
	File     string           `json:"file"`
	SHA256   string           `json:"sha256"`
	Verified bool             `json:"verified"`
	Already  bool             `json:"already"`
	Series   []importedSeries `json:"series"`
	Skipped  finding          `json:"skipped"`
	Passed   map[string]int64 `json:"passed,omitempty"`
	Clocks   []legClock       `json:"clocks,omitempty"`
	Absent   []string         `json:"absent_columns,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
	Written  []string         `json:"written"`
}

type importedSeries struct {
	seriesName
	Rows       int64         `json:"rows"`
	New        int64         `json:"new"`
	Known      int64         `json:"known"`
	From       exchange.Time `json:"from"`
	To         exchange.Time `json:"to"`
	Gaps       finding       `json:"gaps"`
	Duplicates finding       `json:"duplicates"`
	Outside    finding       `json:"outside"`
	Skipped    finding       `json:"skipped"`
	Differ     finding       `json:"differ"`
}

type finding struct {
	Count    int64    `json:"count"`
	Examples []string `json:"examples,omitempty"`
}

// legClock is how a recorder's clock stood to the exchange's on one leg.
type legClock struct {
	Product exchange.Product `json:"product"`
	clock.Report
}

func importDocumentOf(reports []tape.Report) importDocument {
	doc := importDocument{Schema: "pmbot.import/2", Imports: []imported{}}
	for _, r := range reports {
		i := imported{
			File: r.File, SHA256: r.SHA256, Verified: r.Verified, Already: r.Already, Series: []importedSeries{},
			Skipped: finding(r.Skipped), Passed: passed(r.Passed), Clocks: clocksOf(r.Series), Absent: r.Absent, Warnings: r.Warnings,
			Written: append([]string{}, r.Written...),
		}
		for _, s := range r.Series {
			i.Series = append(i.Series, importedSeries{
				seriesName: nameOf(s.Key), Rows: s.Rows, New: s.New, Known: s.Known, From: s.From, To: s.To,
				Gaps: finding(s.Gaps), Duplicates: finding(s.Duplicates), Outside: finding(s.Outside), Skipped: finding(s.Skipped), Differ: finding(s.Differ),
			})
		}
		doc.Imports = append(doc.Imports, i)
	}
	return doc
}

func passed(counts []source.Count) map[string]int64 {
	if len(counts) == 0 {
		return nil
	}
	m := map[string]int64{}
	for _, c := range counts {
		m[c.Name] = c.Count
	}
	return m
}

// clocksOf judges the recorder's clock on each leg of an import.
func clocksOf(series []*tape.SeriesReport) []legClock {
	var legs []legClock
	for _, p := range []exchange.Product{exchange.UM, exchange.CM, exchange.Margin} {
		var knots [][]clock.Knot
		for _, s := range series {
			if s.Product == p && len(s.Knots) > 0 {
				knots = append(knots, s.Knots)
			}
		}
		if len(knots) > 0 {
			legs = append(legs, legClock{p, clock.Fit(clock.Merge(knots...)).Report()})
		}
	}
	return legs
}

// printImported tells a person what a file gave.
func (c *console) printImported(r tape.Report, repair bool) {
	if r.Already {
		fmt.Fprintf(c.out, "%s: already on the tape\n", r.File)
		return
	}
	checksum := "no CHECKSUM file"
	if r.Verified {
		checksum = "CHECKSUM agrees"
	}
	lead := r.File + " -> "
	if len(r.Series) != 1 {
		fmt.Fprintf(c.out, "%s: %d series, %s\n", r.File, len(r.Series), checksum)
		lead, checksum = "  ", ""
	} else {
		checksum = ", " + checksum
	}
	added := "new"
	if repair {
		added = "filled"
	}
	for _, s := range r.Series {
		span := ""
		if s.From != 0 {
			span = fmt.Sprintf(", %v .. %v", s.From, s.To)
		}
		fmt.Fprintf(c.out, "%s%s: %s rows, %s %s, %s known%s%s\n",
			lead, s.Key, count(s.Rows), count(s.New), added, count(s.Known), span, checksum)
		c.printFindings(s, len(r.Series) > 1)
	}
	c.printFinding("  ", "bad rows set aside", r.Skipped)
	if len(r.Passed) > 0 {
		var names []string
		for _, p := range r.Passed {
			names = append(names, fmt.Sprintf("%s %s", count(p.Count), p.Name))
		}
		slices.Sort(names)
		fmt.Fprintf(c.out, "  not kept: %s\n", strings.Join(names, ", "))
	}
	for _, leg := range clocksOf(r.Series) {
		fmt.Fprintf(c.out, "  %v: %v\n", leg.Product, leg.Report)
	}
	if len(r.Absent) > 0 {
		fmt.Fprintf(c.out, "  columns absent, read as 0: %s\n", strings.Join(r.Absent, ", "))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(c.out, "  warning: %s\n", w)
	}
}

func (c *console) printFindings(s *tape.SeriesReport, deeper bool) {
	indent := "  "
	if deeper {
		indent = "    "
	}
	for _, f := range []struct {
		name string
		tape.Finding
	}{
		{"gaps", s.Gaps}, {"duplicates", s.Duplicates}, {"outside the file's dates", s.Outside},
		{"differ from the tape, left as they are there", s.Differ},
	} {
		c.printFinding(indent, f.name, f.Finding)
	}
}

func (c *console) printFinding(indent, name string, f tape.Finding) {
	if f.Count == 0 {
		return
	}
	fmt.Fprintf(c.out, "%s%s: %s\n", indent, name, count(f.Count))
	for _, example := range f.Examples {
		fmt.Fprintf(c.out, "%s  %s\n", indent, example)
	}
}
