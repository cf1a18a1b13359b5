package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape/audit"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

func dataVerifyCommand(c *console) *cobra.Command {
	var dir string
	var series seriesFlags
	var asJSON, quiet bool
	var most int
	cmd := &cobra.Command{
		Use: "verify [FILE|DIRECTORY...]", Short: "Look for what is wrong with a tape, or with files before their import",
		Long: `Look for everything that can be wrong with recorded market data, in a tape or, where
files are named, in these with their lines: rows that cannot be read, disorder,
duplicates, gaps, broken chains of update ids, crossed books, books that differ from the
best bid and ask of the same update id, prices and times that cannot be, bars that differ
from the trades in them, sources that differ from each other, damaged files. Files that
are named together are taken for one recording.

A gap, and a trade without price and quantity, are facts about the data and no fault;
everything else is one, and ends with exit code 6.`,
		Example: `  pmbot data verify
  pmbot data verify --product UM btcusdt_20240808.gz`,
		RunE: action(func(ctx context.Context, paths []string) error {
			spec, err := series.spec()
			if err != nil {
				return err
			}
			if most < 0 {
				return &failure{exitUsage, fmt.Errorf("--findings: %d is below 0", most), ""}
			}
			bar := c.progress("rows", quiet || asJSON)
			tell := func(rows int64, share float64) { bar.update(uint64(rows), share) }
			report, err := verifyThese(ctx, dir, paths, audit.Options{FindingsMax: most, Spec: spec}, tell)
			bar.finish()
			if err != nil {
				return err
			}
			if asJSON {
				err = c.printJSON(verifyDocumentOf(&report))
			} else if !quiet {
				err = c.printVerified(&report)
			}
			return errors.Join(err, verdict(&report, len(paths) > 0))
		}),
	}
	tapeFlag(cmd, &dir)
	series.add(cmd)
	flags := cmd.Flags()
	flags.IntVar(&most, "findings", 1000, "how many findings are listed; all are counted")
	flags.BoolVar(&asJSON, "json", false, "print one JSON document")
	flags.BoolVarP(&quiet, "quiet", "q", false, "print nothing but errors")
	return cmd
}

func verifyThese(ctx context.Context, dir string, paths []string, o audit.Options, tell func(int64, float64)) (audit.Report, error) {
	if len(paths) > 0 {
		files, err := dataFiles(paths)
		if err != nil {
			return audit.Report{}, err
		}
		report, err := audit.File(ctx, files, o, tell)
		if errors.Is(err, row.ErrKey) {
			return report, &failure{exitUsage, err, "say what it is, with flags such as --product UM --symbol BTCUSDT --kind klines --interval 1m"}
		}
		return report, err
	}
	t, err := openTape(dir)
	if err != nil {
		return audit.Report{}, err
	}
	if len(t.Series()) == 0 {
		return audit.Report{}, &failure{exitNotFound, fmt.Errorf("tape %s: has no data to verify", dir), "name another with --tape, or files"}
	}
	return audit.Tape(ctx, t, o, tell)
}

// harmless says whether a finding is a fact about the data and no fault.
func harmless(c audit.Check) bool { return c == audit.Gap || c == audit.Void }

// faults counts the findings that are faults.
func faults(r *audit.Report) int64 {
	bad := int64(0)
	for _, n := range r.Counts {
		if !harmless(n.Check) {
			bad += n.Count
		}
	}
	return bad
}

// verdict is the failure that faults make, with what helps against them.
func verdict(r *audit.Report, files bool) error {
	bad := faults(r)
	if bad == 0 {
		return nil
	}
	has := func(check audit.Check) bool {
		return slices.ContainsFunc(r.Counts, func(n audit.Count) bool { return n.Check == check })
	}
	cure := ""
	switch {
	case has(audit.Damaged) && !files:
		cure = "remove damaged files and import their sources again"
	case has(audit.Damaged):
		cure = "get damaged files again"
	case has(audit.Malformed) && files:
		cure = "an import sets malformed lines aside: of recordings always, of other files with --skip-bad"
	}
	return &failure{exitCheck, fmt.Errorf("verify: %s", counted(bad, "fault")), cure}
}

func (c *console) printVerified(r *audit.Report) error {
	for _, f := range r.Findings {
		fmt.Fprintln(c.out, f)
	}
	if shown := int64(len(r.Findings)); shown < r.Total() {
		fmt.Fprintf(c.out, "... and %s more; --findings N lists N\n", count(r.Total()-shown))
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(c.out)
	}
	if err := errors.Join(c.printCounts(r), c.printCompared(r)); err != nil {
		return err
	}
	for _, leg := range r.Legs {
		fmt.Fprintf(c.out, "%v: %v\n", leg.Product, leg.Clock)
	}
	if r.Resyncs > 0 {
		fmt.Fprintf(c.out, "a book was lost and waited for a snapshot %s\n", counted(r.Resyncs, "time"))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(c.out, "warning: %s\n", w)
	}
	lines := ""
	if r.Lines > 0 {
		lines = " in " + counted(r.Lines, "line")
	}
	found := counted(r.Total(), "finding")
	if bad := faults(r); bad < r.Total() {
		found += ", of which " + counted(bad, "fault")
	}
	_, err := fmt.Fprintf(c.out, "%s%s verified, %s\n", counted(r.Rows, "row"), lines, found)
	return err
}

// printCounts adds findings up by check and series.
func (c *console) printCounts(r *audit.Report) error {
	if len(r.Counts) == 0 {
		return nil
	}
	var rows [][]string
	for _, n := range r.Counts {
		what := "fault"
		if harmless(n.Check) {
			what = "fact"
		}
		rows = append(rows, []string{string(n.Check), seriesText(n.Series), count(n.Count), what})
	}
	if err := c.printTable([]string{"CHECK", "SERIES", "FINDINGS", ""}, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(c.out)
	return err
}

// printCompared lists what was held against what. Pairs that never met are counted only.
func (c *console) printCompared(r *audit.Report) error {
	var rows [][]string
	apart := int64(0)
	for _, x := range r.Compared {
		if x.Points == 0 {
			apart++
			continue
		}
		of, with := x.Series.String(), x.Against.String()
		if x.File != "" {
			of, with = x.File, x.AgainstFile
		}
		rows = append(rows, []string{string(x.Check), of, count(x.Rows), with, count(x.AgainstRows), count(x.Points), count(x.Equal)})
	}
	if len(rows) > 0 {
		if err := c.printTable([]string{"COMPARED", "SERIES", "OF", "WITH", "OF", "POINTS", "EQUAL"}, rows); err != nil {
			return err
		}
		fmt.Fprintln(c.out)
	}
	if apart > 0 {
		fmt.Fprintf(c.out, "not compared, for want of a common point: %s\n", counted(apart, "pair"))
	}
	return nil
}

// seriesText is a series for a table; some findings belong to none.
func seriesText(k row.Key) string {
	if k.Check() != nil {
		return "-"
	}
	return k.String()
}

// verifyDocument is the JSON of "pmbot data verify".
type verifyDocument struct {
	Schema   string          `json:"schema"`
	Rows     int64           `json:"rows"`
	Lines    int64           `json:"lines"`
	Total    int64           `json:"findings_total"`
	Faults   int64           `json:"faults"`
	Findings []verifyFinding `json:"findings"`
	Counts   []verifyCount   `json:"counts"`
	Compared []verifyCompare `json:"compared"`
	Clocks   []legClock      `json:"clocks"`
	Resyncs  int64           `json:"resyncs"`
	Warnings []string        `json:"warnings,omitempty"`
}

type verifyFinding struct {
	Check  audit.Check   `json:"check"`
	File   string        `json:"file,omitempty"`
	Line   int64         `json:"line,omitempty"`
	LineTo int64         `json:"line_to,omitempty"`
	Series string        `json:"series"`
	At     exchange.Time `json:"at"`
	To     exchange.Time `json:"to"`
	Text   string        `json:"text"`
}

type verifyCount struct {
	Check  audit.Check `json:"check"`
	Series string      `json:"series"`
	Count  int64       `json:"count"`
}

type verifyCompare struct {
	Check       audit.Check `json:"check"`
	Series      string      `json:"series"`
	Against     string      `json:"against"`
	File        string      `json:"file,omitempty"`
	AgainstFile string      `json:"against_file,omitempty"`
	Points      int64       `json:"points"`
	Equal       int64       `json:"equal"`
	Rows        int64       `json:"rows"`
	AgainstRows int64       `json:"against_rows"`
}

func verifyDocumentOf(r *audit.Report) verifyDocument {
	doc := verifyDocument{
		Schema: "pmbot.verify/1", Rows: r.Rows, Lines: r.Lines, Total: r.Total(), Faults: faults(r), Resyncs: r.Resyncs, Warnings: r.Warnings,
		Findings: []verifyFinding{}, Counts: []verifyCount{}, Compared: []verifyCompare{}, Clocks: []legClock{},
	}
	for _, f := range r.Findings {
		doc.Findings = append(doc.Findings, verifyFinding{f.Check, f.File, f.Line, f.LineTo, seriesText(f.Series), f.At, f.To, f.Text})
	}
	for _, n := range r.Counts {
		doc.Counts = append(doc.Counts, verifyCount{n.Check, seriesText(n.Series), n.Count})
	}
	for _, x := range r.Compared {
		doc.Compared = append(doc.Compared, verifyCompare{
			x.Check, x.Series.String(), x.Against.String(), x.File, x.AgainstFile, x.Points, x.Equal, x.Rows, x.AgainstRows,
		})
	}
	for _, leg := range r.Legs {
		doc.Clocks = append(doc.Clocks, legClock{leg.Product, leg.Clock})
	}
	return doc
}
