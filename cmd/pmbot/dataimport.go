package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/csv"
	"github.com/pmbot/pmbot/exchange"
)

// importFlags are the flags of "pmbot data import" and "pmbot data repair".
type importFlags struct {
	tape                                    string
	series                                  seriesFlags
	skipBad, json, quiet, noProgress, again bool
	jobs                                    int
}

// seriesFlags say what a file's path and content do not.
type seriesFlags struct {
	product, symbol, kind, interval, columns string
}

func (f *seriesFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.product, "product", "", "UM, CM or MARGIN, whose prices are those of spot")
	flags.StringVar(&f.symbol, "symbol", "", "Binance's name, such as BTCUSDT or BTCUSD_PERP")
	flags.StringVar(&f.kind, "kind", "", "kind of data, such as "+kindExamples())
	flags.StringVar(&f.interval, "interval", "", "length of a bar, such as 1m or 8h")
	flags.StringVar(&f.columns, "map", "", "columns of a file that names them otherwise, as tape=file,...")
}

func kindExamples() string {
	var names []string
	for _, k := range row.Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// spec reads the flags.
func (f *seriesFlags) spec() (source.Spec, error) {
	s := source.Spec{Key: row.Key{Symbol: f.symbol, Kind: row.Kind(f.kind)}}
	var err error
	if f.product != "" {
		if s.Key.Product, err = exchange.ParseProduct(strings.ToUpper(f.product)); err != nil {
			return s, &failure{exitUsage, fmt.Errorf("--product: %w", err), "products are UM, CM and MARGIN"}
		}
	}
	if f.interval != "" {
		if s.Key.Interval, err = row.ParseInterval(f.interval); err != nil {
			return s, &failure{exitUsage, fmt.Errorf("--interval: %w", err), ""}
		}
	}
	if s.Columns, err = csv.ParseColumns(f.columns); err != nil {
		return s, &failure{exitUsage, fmt.Errorf("--map: %w", err), "write for example --map time=date,rate=open"}
	}
	return s, nil
}

func dataImportCommand(c *console) *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE|DIRECTORY...",
		Short: "Bring archives, recordings and CSV files into a tape",
		Long: `Bring recorded market data into a tape: Binance's public archives, recorded websocket
messages (a line is a local time and a message), the files of hftbacktest and tardis.dev,
and plain CSV files; packed with zip, gzip or zstd, or not at all. Of a directory, all
files of data below it.

An archive is verified against the CHECKSUM file beside it. What a path or a file says
need not be said again; a plain CSV file needs the flags. A file is taken whole or not at
all, and one that the tape has already is not read again, so that an import that was
stopped goes on where it was.

Lines of a recording that hold no message are set aside with their number and the reason,
in the tape's directory "rejected"; so are bad rows of other files with --skip-bad.`,
		Example: `  pmbot data import um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip
  pmbot data import --product UM btcusdt_20240808.gz
  pmbot data import --product UM --symbol BTCUSDT --kind fundingRate --map time=date,rate=open rates.csv`,
		Args: cobra.MinimumNArgs(1),
	}
	tapeFlag(cmd, &f.tape)
	f.series.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.skipBad, "skip-bad", false, "set bad rows of archives and CSV files aside in place of failing")
	flags.BoolVar(&f.again, "again", false, "read files that the tape has already, too")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "how many files are read at a time")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, paths []string) error { return c.importFiles(ctx, f, paths, false) })
	return cmd
}

func dataRepairCommand(c *console) *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:   "repair FILE|DIRECTORY...",
		Short: "Fill the gaps of a tape from other files",
		Long: `Fill the gaps of a tape from other files of the same series: another recorder's, or
Binance's archives. Only rows that lie in a gap are taken, and the tape says for ever
which these are (pmbot data ls). Rows that the tape has otherwise are counted and left
alone.`,
		Example: `  pmbot data repair um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01-02.zip`,
		Args:    cobra.MinimumNArgs(1),
	}
	tapeFlag(cmd, &f.tape)
	f.series.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, paths []string) error {
		f.jobs, f.again = 1, true
		if _, err := openTape(f.tape); err != nil {
			return err
		}
		return c.importFiles(ctx, f, paths, true)
	})
	return cmd
}

// dataFiles lists the files that are meant by paths.
func dataFiles(paths []string) ([]string, error) {
	files, err := source.Walk(paths)
	var path *fs.PathError
	if errors.As(err, &path) && errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{exitNotFound, fmt.Errorf("%s: no such file", path.Path), "nothing was read"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &failure{code: exitNotFound, err: err}
	}
	if errors.Is(err, source.ErrLoop) {
		return nil, &failure{code: exitUsage, err: err}
	}
	return files, err
}

func (c *console) importFiles(ctx context.Context, f *importFlags, paths []string, repair bool) error {
	spec, err := f.series.spec()
	if err != nil {
		return err
	}
	files, err := dataFiles(paths)
	if err != nil {
		return err
	}
	t, err := tape.Create(f.tape)
	if err != nil {
		return err
	}
	bar := c.progress("rows", f.quiet || f.json)
	failed := 0
	job := tape.Job{
		Workers: f.jobs, Again: f.again,
		Progress: func(p tape.Progress) { bar.update(uint64(p.Rows), float64(p.Bytes)/float64(max(p.Total, 1))) },
		Done: func(_ int, r tape.Report, err error) {
			switch {
			case err != nil:
				failed++
			case !f.json && !f.quiet:
				bar.clear()
				c.printImported(r, repair)
			}
		},
	}
	for _, name := range files {
		job.Specs = append(job.Specs, tape.ImportSpec{Path: name, Spec: spec, SkipBad: f.skipBad, Repair: repair})
	}
	reports, err := t.ImportAll(ctx, job)
	bar.finish()
	if err != nil {
		return c.importFailure(ctx, reports, err, failed)
	}
	if f.json {
		return c.printJSON(importDocumentOf(reports))
	}
	return nil
}

// importFailure tells the kinds of failed imports apart: a bad file is a failed check,
// missing flags and a full disk are not the file's fault. Of several files that failed,
// each has its line.
func (c *console) importFailure(ctx context.Context, reports []tape.Report, err error, failed int) error {
	state := "the tape is as it was"
	if failed > 1 {
		state = fmt.Sprintf("%d of %d files were not imported", failed, len(reports))
	} else if len(reports) > 1 {
		state = "the other files were imported"
	}
	var system syscall.Errno
	missing := ""
	for _, r := range reports {
		if r.File != "" && len(r.Series) == 0 && !r.Already {
			missing = missingFlags(r.Key)
		}
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, tape.ErrChecksum):
		return &failure{exitCheck, err, "download the archive and its CHECKSUM file again"}
	case errors.Is(err, row.ErrKey) && missing != "":
		return &failure{exitUsage, err, "give " + missing}
	case errors.Is(err, exchange.ErrUnknownName):
		return &failure{code: exitUsage, err: err}
	case errors.Is(err, fs.ErrNotExist):
		return &failure{code: exitNotFound, err: err}
	case errors.As(err, &system):
		return diskFailure(err, state)
	}
	return &failure{exitCheck, err, state}
}

// missingFlags are the flags that name what neither path nor flags said, "" if all is
// known.
func missingFlags(k row.Key) string {
	var flags []string
	if k.Product == 0 {
		flags = append(flags, "--product UM")
	}
	if k.Symbol == "" {
		flags = append(flags, "--symbol BTCUSDT")
	}
	if k.Kind == "" {
		flags = append(flags, "--kind klines")
	}
	if (k.Kind == "" || k.Kind.Bars()) && k.Interval == 0 {
		flags = append(flags, "--interval 1m")
	}
	if len(flags) == 0 {
		return ""
	}
	return "the flags that the file's path stands for otherwise, such as " + strings.Join(flags, " ")
}
