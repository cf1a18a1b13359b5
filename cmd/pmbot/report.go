package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/backtest/stats"
)

// pageName is the page of a run, in its directory.
const pageName = "report.html"

// writePage writes the page of one run.
func writePage(w io.Writer, r *backtest.Result) error { return report.HTML(w, report.ColumnsOf(r)) }

// reportFlags are the flags of "pmbot report".
type reportFlags struct {
	runs         string
	out          string
	json, noHTML bool
	dryRun, live string
}

func reportCommand(c *console) *cobra.Command {
	f := &reportFlags{}
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Show a run again, write its page, compare runs",
		Long: `Show the tables of a run that was kept, and write its page again from its files. RUN is
a directory, the id of a run or its beginning, last for the newest, last~1 for the one
before, and so on; without RUN it is the newest.

The page's front has columns for a backtest, a dry run and a live run; --dry-run and
--live fill those beside RUN. The other files of a run are never changed, and a run whose
files do not belong together is refused.`,
		Example: `  pmbot report                                    # the newest run
  pmbot report 20261101T10 --json
  pmbot report last~1 --out before.html
  pmbot report open`,
		Args: cobra.MaximumNArgs(1),
	}
	cmd.PersistentFlags().StringVar(&f.runs, "runs", "runs", "directory of the runs")
	flags := cmd.Flags()
	flags.StringVar(&f.out, "out", "", "write the page to this file, or - for standard output (default: report.html of the run)")
	flags.BoolVar(&f.noHTML, "no-html", false, "print the tables only")
	flags.BoolVar(&f.json, "json", false, "print figures and tables as one JSON document; writes a page only with --out")
	flags.StringVar(&f.dryRun, "dry-run", "", "dry run to show beside RUN")
	flags.StringVar(&f.live, "live", "", "live run to show beside RUN")
	cmd.MarkFlagsMutuallyExclusive("out", "no-html")
	cmd.RunE = action(func(_ context.Context, args []string) error { return c.report(f, first(args)) })
	complete := completeRuns(&f.runs, 1)
	cmd.ValidArgsFunction = complete
	for _, name := range []string{"dry-run", "live"} {
		_ = cmd.RegisterFlagCompletionFunc(name, completeRuns(&f.runs, 0)) // fails for unknown flags only
	}
	cmd.AddCommand(reportOpenCommand(c, &f.runs), reportListCommand(c, &f.runs), reportCompareCommand(c, &f.runs))
	return cmd
}

// first is the argument that may be left out.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func (c *console) report(f *reportFlags, name string) error {
	if f.json && f.out == "-" {
		return &failure{exitUsage, errors.New("--json and --out - would both write to standard output"), "name a file with --out"}
	}
	dir, r, err := loadRun(f.runs, name)
	if err != nil {
		return err
	}
	columns, err := f.columns(r)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return report.HTML(w, columns) }
	if f.out == "-" {
		return write(c.out)
	}
	page := f.out
	if page == "" && !f.noHTML && !f.json {
		page = filepath.Join(dir, pageName)
	}
	var unwritten error
	if page != "" {
		if unwritten = replacePage(page, write); unwritten != nil {
			page = ""
		}
	}
	if f.json {
		err = c.printJSON(stats.SummaryOf(r))
	} else {
		err = report.Console(c.out, r, report.ConsoleOptions{Color: c.color(), Width: terminalWidth(c.out), Report: page})
	}
	return errors.Join(err, unwritten)
}

// replacePage writes a page, whole or not at all.
func replacePage(path string, write func(io.Writer) error) error {
	err := rundir.Replace(path, write)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return &failure{exitNotFound, fmt.Errorf("%s: no such directory", filepath.Dir(path)), "make it first"}
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return &failure{exitFailed, fmt.Errorf("%s: the page cannot be written: %w", path, reason(err)), "--out FILE writes it elsewhere, --no-html writes none"}
	default:
		return diskFailure(err, "no page was written")
	}
}

// columns are the runs of the page's front: the run itself in the column of its kind, and
// those that flags name beside it.
func (f *reportFlags) columns(r *backtest.Result) (report.Columns, error) {
	columns := report.ColumnsOf(r)
	for _, other := range []struct {
		flag, name string
		kind       backtest.Kind
		place      **backtest.Result
	}{
		{"--dry-run", f.dryRun, backtest.KindDryRun, &columns.DryRun},
		{"--live", f.live, backtest.KindLive, &columns.Live},
	} {
		if other.name == "" {
			continue
		}
		dir, o, err := loadRun(f.runs, other.name)
		if err != nil {
			return columns, err
		}
		switch {
		case o.Kind.OrBacktest() != other.kind:
			return columns, &failure{exitUsage, fmt.Errorf("%s %s: the run %s is of kind %s", other.flag, other.name, dir, o.Kind.OrBacktest()), "name a run of kind " + string(other.kind)}
		case *other.place != nil:
			return columns, &failure{exitUsage, fmt.Errorf("%s %s: RUN is of kind %s itself", other.flag, other.name, other.kind), "name a backtest as RUN"}
		case r.Kind == backtest.KindLive: // the page would be about the other run
			return columns, &failure{exitUsage, fmt.Errorf("%s %s: RUN is of kind %s", other.flag, other.name, r.Kind), "name the other run as RUN, and this one with --live"}
		}
		*other.place = o
	}
	return columns, nil
}
