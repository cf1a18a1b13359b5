package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
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
	Path     string           `json:"path"`
	Error    string           `json:"error,omitempty"`
	SHA256   string           `json:"sha256"`
	Verified bool             `json:"verified"`
	Already  bool             `json:"already"`
	Series   []importedSeries `json:"series"`
	Skipped  finding          `json:"skipped"`
	Passed   map[string]int64 `json:"passed,omitempty"`
	Clocks   []legClock       `json:"clocks,omitempty"`
	Absent   []string         `json:"absent_columns,omitempty"`
	Warnings []string         `json:"warnings,omitempty"`
	// Noted are the times in which the recorder says to have missed messages.
	Noted   []source.Gap `json:"noted_gaps,omitempty"`
	Written []string     `json:"written"`
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
	Beyond     finding       `json:"beyond"`
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

// document lists the files in their order, those that failed or were not reached too.
func (run *importing) document(reports []tape.Report) importDocument {
	doc := importDocument{Schema: "pmbot.import/2", Imports: []imported{}}
	for n, r := range reports {
		i := imported{
			File: filepath.Base(run.files[n]), Path: run.files[n], SHA256: r.SHA256, Verified: r.Verified, Already: r.Already, Series: []importedSeries{},
			Skipped: finding(r.Skipped), Passed: passed(r.Passed), Clocks: clocksOf(r.Series), Absent: r.Absent, Warnings: r.Warnings, Noted: r.Gaps,
			Written: append([]string{}, r.Written...),
		}
		for _, s := range r.Series {
			i.Series = append(i.Series, importedSeries{
				seriesName: nameOf(s.Key), Rows: s.Rows, New: s.New, Known: s.Known, From: s.From, To: s.To,
				Gaps: finding(s.Gaps), Duplicates: finding(s.Duplicates), Outside: finding(s.Outside), Skipped: finding(s.Skipped), Differ: finding(s.Differ), Beyond: finding(s.Beyond),
			})
		}
		switch err := run.errs[n]; {
		case err != nil && !errors.Is(err, context.Canceled):
			i.Error = fileFailure(r, run.files[n], err).Error()
		case err != nil || r.File == "":
			i.Error = "not read: the import was stopped"
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

// printImported tells a person what the file of a name gave.
func (run *importing) printImported(name string, r tape.Report) {
	if r.Already {
		fmt.Fprintf(run.out, "%s: already on the tape; --again reads it again\n", name)
		return
	}
	checksum := ""
	switch {
	case r.Verified:
		checksum = ", CHECKSUM agrees"
	case strings.EqualFold(filepath.Ext(r.File), ".zip"):
		checksum = ", no CHECKSUM file"
	}
	lead, indent := name+" -> ", "  "
	switch len(r.Series) {
	case 0:
		fmt.Fprintf(run.out, "%s: no market data\n", name)
	case 1:
	default:
		fmt.Fprintf(run.out, "%s: %s%s\n", name, count(int64(len(r.Series)))+" series", checksum)
		lead, checksum, indent = "  ", "", "    "
	}
	for _, s := range r.Series {
		fmt.Fprintf(run.out, "%s%s: %s%s%s\n", lead, s.Key, run.rowsOf(s), spanOf(s), checksum)
		run.printFindings(indent, s)
	}
	run.printRest(r)
}

// rowsOf says what became of the rows of a series. The numbers add up to the first.
func (run *importing) rowsOf(s *tape.SeriesReport) string {
	added := "new"
	if run.repair {
		added = "filled"
	}
	switch all := counted(s.Rows, "row"); {
	case s.Rows > 0 && s.New == s.Rows:
		return all + ", all " + added
	case s.Rows > 0 && s.Known == s.Rows:
		return all + ", all known"
	default:
		return fmt.Sprintf("%s, %s %s, %s known", all, count(s.New), added, count(s.Known))
	}
}

// spanOf is the time between the first and the last row of a series.
func spanOf(s *tape.SeriesReport) string {
	switch {
	case s.From == 0:
		return ""
	case s.From == s.To:
		return fmt.Sprintf(", at %v", s.From)
	default:
		return fmt.Sprintf(", %v .. %v", s.From, s.To)
	}
}

// gapsShown bounds how many of a recorder's gaps are listed.
const gapsShown = 5

// printRest tells what a file had besides its series.
func (run *importing) printRest(r tape.Report) {
	run.printFinding("  ", "bad rows set aside", r.Skipped)
	for _, path := range r.Written {
		if filepath.Base(filepath.Dir(path)) == "rejected" {
			fmt.Fprintf(run.out, "    all of them: %s\n", path)
		}
	}
	if len(r.Passed) > 0 {
		var names []string
		for _, p := range r.Passed {
			names = append(names, fmt.Sprintf("%s %s", count(p.Count), p.Name))
		}
		slices.Sort(names)
		fmt.Fprintf(run.out, "  not kept: %s\n", strings.Join(names, ", "))
	}
	for _, leg := range clocksOf(r.Series) {
		fmt.Fprintf(run.out, "  %v: %v\n", leg.Product, leg.Report)
	}
	if len(r.Absent) > 0 {
		fmt.Fprintf(run.out, "  columns absent, read as 0: %s\n", strings.Join(r.Absent, ", "))
	}
	if n := len(r.Gaps); n > 0 {
		fmt.Fprintf(run.out, "  gaps that the recorder notes: %s\n", count(int64(n)))
		for _, g := range r.Gaps[:min(n, gapsShown)] {
			fmt.Fprintf(run.out, "    line %d: %v\n", g.Line, g)
		}
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(run.out, "  warning: %s\n", w)
	}
}

func (run *importing) printFindings(indent string, s *tape.SeriesReport) {
	for _, f := range []struct {
		name string
		tape.Finding
	}{
		{"gaps", s.Gaps}, {"duplicates", s.Duplicates}, {"outside the file's dates", s.Outside},
		{"differ from the tape, left as they are there", s.Differ}, {"lie in no gap of the tape, left out", s.Beyond},
	} {
		run.printFinding(indent, f.name, f.Finding)
	}
	if rest := s.Rows - s.New - s.Known - s.Differ.Count; run.repair && rest > 0 {
		fmt.Fprintf(run.out, "%snot taken, for they lie in no gap that ids or steps tell of: %s\n", indent, count(rest))
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
