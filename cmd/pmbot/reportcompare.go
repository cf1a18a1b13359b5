package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/compare"
	"github.com/pmbot/pmbot/backtest/report"
)

// compareFlags are the flags of "pmbot report compare".
type compareFlags struct {
	out            string
	json, exitCode bool
}

func reportCompareCommand(c *console, runs *string) *cobra.Command {
	f := &compareFlags{}
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Put runs side by side, and name what differs",
		Long: fmt.Sprintf(`Put %d to %d runs side by side: what is different about them, in configuration,
parameters, programs, data and warnings; where each leaves the way of the first, by the
first refusal, fill, booking or sample that is not the same; and what came of it, line by
line and statistic by statistic. The first run is the one that others are measured
against, so name the one you know.

Runs of different periods are compared, but no sum or count of theirs is called better.
Different runs are no failure: the exit code is 0 unless --exit-code asks for %d.`,
			compare.RunsMin, compare.RunsMax, exitCheck),
		Example: `  pmbot report compare runs/20261101T101500Z-3f9c2b1e runs/20261101T113000Z-91ab44d0
  pmbot report compare runs/20261101T101500Z-3f9c2b1e runs/20261101T113000Z-91ab44d0 --out compare.html`,
		Args: func(_ *cobra.Command, args []string) error {
			if n := len(args); n < compare.RunsMin || n > compare.RunsMax {
				return fmt.Errorf("compare takes %d to %d runs, not %d", compare.RunsMin, compare.RunsMax, n)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "write the comparison as a page to this file, such as compare.html")
	flags.BoolVar(&f.json, "json", false, "print the comparison as one JSON document")
	flags.BoolVar(&f.exitCode, "exit-code", false, fmt.Sprintf("end with %d if the runs came to different results", exitCheck))
	cmd.RunE = action(func(_ context.Context, args []string) error { return c.compare(f, *runs, args) })
	cmd.ValidArgsFunction = completeRuns(runs, compare.RunsMax)
	return cmd
}

func (c *console) compare(f *compareFlags, dir string, names []string) error {
	var runs []compare.Run
	for _, name := range names {
		run, err := comparedRun(dir, name)
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	comparison := compare.Of(runs...)
	if f.out != "" {
		if err := replacePage(f.out, func(w io.Writer) error { return report.CompareHTML(w, comparison) }); err != nil {
			return err
		}
	}
	var err error
	if f.json {
		err = c.printJSON(comparison)
	} else {
		err = report.CompareConsole(c.out, comparison, report.ConsoleOptions{Color: c.color(), Width: terminalWidth(c.out), Report: f.out})
	}
	if err == nil && f.exitCode && !comparison.Equal {
		err = &failure{exitCheck, errors.New("the runs came to different results"), "without --exit-code that is no failure"}
	}
	return err
}

// comparedRun reads a run and its configuration.
func comparedRun(runs, name string) (compare.Run, error) {
	dir, r, err := loadRun(runs, name)
	if err != nil {
		return compare.Run{}, err
	}
	doc, err := parseDocument(filepath.Join(dir, "config.toml"), r.Config)
	if err != nil {
		return compare.Run{}, &failure{exitCheck, err, "the run directory is damaged"}
	}
	return compare.Run{Name: name, Result: r, Config: doc.flat()}, nil
}
