package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/backtest/tape/source/csv"
	"github.com/pmbot/pmbot/exchange"
)

// importFlags are the flags of "pmbot data import" and "pmbot data repair".
type importFlags struct {
	tape                        string
	series                      seriesFlags
	skipBad, json, quiet, again bool
	jobs                        int
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
stopped goes on where it was. One bad file does not stop the others; with --json each
that failed has an "error".

Lines of a recording that hold no message are set aside with their number and the reason,
in the tape's directory "rejected"; so are bad rows of other files with --skip-bad.`,
		Example: `  pmbot data import um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip
  pmbot data import --product UM btcusdt_20240808.gz
  pmbot data import --product UM --symbol BTCUSDT --kind fundingRate --map time=date,rate=open rates.csv`,
		Args: needPaths,
	}
	tapeFlag(cmd, &f.tape)
	f.series.add(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.skipBad, "skip-bad", false, "set bad rows of archives and CSV files aside in place of failing")
	flags.BoolVar(&f.again, "again", false, "read files that the tape has already, too")
	flags.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "how many files are read at a time, at least 1")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, paths []string) error {
		if f.jobs < 1 {
			return &failure{exitUsage, fmt.Errorf("--jobs: %d is below 1", f.jobs), ""}
		}
		return c.importFiles(ctx, f, paths, false)
	})
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
alone.

Where rows are missing is told by ids and by the step of bars. Quotes and marks have
neither, so that nothing of theirs is a gap.`,
		Example: `  pmbot data repair um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2024-01-02.zip`,
		Args:    needPaths,
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

// needPaths demands an argument, in the user's words.
func needPaths(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return errors.New("no file or directory is named")
	}
	return nil
}

// dataFiles lists the files that are meant by paths.
func dataFiles(paths []string) ([]string, error) {
	files, err := source.Walk(paths)
	var path *fs.PathError
	switch {
	case err == nil:
		return files, nil
	case errors.As(err, &path) && errors.Is(err, fs.ErrNotExist):
		name := path.Path
		if name == "" {
			name = `""`
		}
		return nil, &failure{exitNotFound, fmt.Errorf("%s: no such file", name), "nothing was read"}
	case errors.As(err, &path):
		return nil, &failure{exitFailed, err, "nothing was read"}
	case errors.Is(err, fs.ErrNotExist):
		return nil, &failure{exitNotFound, errors.New(strings.TrimSuffix(err.Error(), ": "+fs.ErrNotExist.Error())), "nothing was read"}
	case errors.Is(err, source.ErrLoop):
		return nil, &failure{code: exitUsage, err: err}
	default:
		return nil, err
	}
}
