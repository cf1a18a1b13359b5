package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/export"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// exportFlags are the flags of "pmbot data export".
type exportFlags struct {
	tape, layout, out, from, to, contractSize string
	latency                                   time.Duration
	overwrite, monthly, json, quiet           bool
}

func dataExportCommand(c *console) *cobra.Command {
	f := &exportFlags{}
	cmd := &cobra.Command{
		Use:   "export SERIES... --to PATH",
		Short: "Write series of a tape to files for other programs",
		Long: `Write series of a tape, by the names that pmbot data ls has for them, to files for other
programs:

  csv          one series to one file, .csv or .csv.gz, with the columns of the tape;
               pmbot data import reads it again
  archive      any series into a directory, in Binance's archives by day, or by month with
               --monthly, each with its CHECKSUM file
  hftbacktest  the trades, depth and bookTicker of one symbol to one .npz

A name may end in / to mean all series below it that the layout has a place for, such as
um/BTCUSDT/.`,
		Example: `  pmbot data export um/BTCUSDT/aggTrades --to trades.csv.gz
  pmbot data export um/BTCUSDT/klines-1m --layout archive --monthly --to archives
  pmbot data export um/BTCUSDT/ --layout hftbacktest --to btcusdt.npz`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no series is named")
			}
			return nil
		},
	}
	tapeFlag(cmd, &f.tape)
	flags := cmd.Flags()
	flags.StringVar(&f.out, "to", "", "file to write, or directory for archives")
	flags.StringVar(&f.layout, "layout", string(export.CSV), "csv, archive or hftbacktest")
	flags.StringVar(&f.from, "from", "", "first instant of rows, as 2024-01-02 or 2024-01-02T03:04:05Z")
	flags.StringVar(&f.to, "until", "", "last instant of rows; of a day alone, its end")
	flags.BoolVar(&f.monthly, "monthly", false, "archives by month where Binance has both")
	flags.StringVar(&f.contractSize, "contract-size", "", "USD value of a contract, for archives of COIN-M trades")
	flags.DurationVar(&f.latency, "latency", 0, "for hftbacktest: how long after the exchange's time events without a local time arrive")
	flags.BoolVar(&f.overwrite, "overwrite", false, "replace files that are there")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, names []string) error { return c.exportSeries(ctx, f, names) })
	return cmd
}

func (c *console) exportSeries(ctx context.Context, f *exportFlags, names []string) error {
	spec, err := f.spec()
	if err != nil {
		return err
	}
	t, err := openTape(f.tape)
	if err != nil {
		return err
	}
	if spec.Series, err = seriesNamed(t, names, spec.Layout); err != nil {
		return err
	}
	bar := c.progress("rows", f.quiet || f.json)
	report, err := export.Series(ctx, t, spec, func(done, total int64) { bar.update(uint64(done), float64(done)/float64(max(total, 1))) })
	bar.finish()
	if err != nil {
		return exportFailure(ctx, err)
	}
	if f.json {
		return c.printJSON(exportDocumentOf(&report))
	}
	if !f.quiet {
		c.printExported(&report, f.out)
	}
	return nil
}

// spec reads the flags.
func (f *exportFlags) spec() (export.Spec, error) {
	s := export.Spec{Path: f.out, Overwrite: f.overwrite, Monthly: f.monthly, Latency: f.latency}
	var err error
	if f.out == "" {
		return s, &failure{exitUsage, errors.New("--to is not given"), "name the file to write, or the directory for archives"}
	}
	if s.Layout, err = export.ParseLayout(f.layout); err != nil {
		return s, &failure{exitUsage, fmt.Errorf("--layout: %w", err), ""}
	}
	if s.From, err = instant(f.from, false); err != nil {
		return s, &failure{exitUsage, fmt.Errorf("--from: %w", err), ""}
	}
	if s.To, err = instant(f.to, true); err != nil {
		return s, &failure{exitUsage, fmt.Errorf("--until: %w", err), ""}
	}
	if s.To != 0 && s.To < s.From {
		return s, &failure{exitUsage, fmt.Errorf("--until %s is before --from %s", f.to, f.from), ""}
	}
	if f.contractSize != "" {
		if s.ContractSize, err = exchange.ParseFixed(f.contractSize); err != nil {
			return s, &failure{exitUsage, fmt.Errorf("--contract-size: %w", err), ""}
		}
	}
	return s, nil
}

// instant reads a day or a time of RFC 3339, 0 if it is empty. A day as an end means its
// last nanosecond.
func instant(s string, end bool) (exchange.Time, error) {
	if s == "" {
		return 0, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		if end {
			return exchange.TimeOf(day.AddDate(0, 0, 1)) - 1, nil
		}
		return exchange.TimeOf(day), nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a day such as 2024-01-02 nor a time such as 2024-01-02T03:04:05Z", s)
	}
	return exchange.TimeOf(at), nil
}

// seriesNamed finds series by their names or by what these begin with. Of the latter, those
// that a layout has no place for are left out.
func seriesNamed(t *tape.Tape, names []string, layout export.Layout) ([]row.Key, error) {
	all := t.Series()
	var keys []row.Key
	for _, name := range names {
		found, fits := false, false
		for _, s := range all {
			below := strings.HasSuffix(name, "/") && strings.HasPrefix(s.Key.String(), name)
			if !below && s.Key.String() != name {
				continue
			}
			found = true
			if below && !hasPlace(layout, s.Key) {
				continue
			}
			if fits = true; !slices.Contains(keys, s.Key) {
				keys = append(keys, s.Key)
			}
		}
		switch {
		case !found:
			return nil, &failure{exitNotFound, fmt.Errorf("the tape has no series %s", name), nearestSeries(all, name)}
		case !fits:
			return nil, &failure{exitUsage, fmt.Errorf("%s: the layout %s has no place for any of these series", name, layout), "the layout csv holds every kind"}
		}
	}
	return keys, nil
}

// hasPlace says whether a layout has files of a kind at all.
func hasPlace(layout export.Layout, k row.Key) bool {
	switch layout {
	case export.HftBacktest:
		return slices.Contains([]row.Kind{row.AggTrades, row.Trades, row.Depth, row.BookTicker}, k.Kind)
	case export.Archive:
		if k.Product == exchange.Margin {
			return slices.Contains([]row.Kind{row.AggTrades, row.Trades, row.Klines}, k.Kind)
		}
		return !slices.Contains([]row.Kind{row.Depth, row.PartialDepth, row.MarkPrice}, k.Kind)
	}
	return true
}

// nearestSeries helps with a misspelt name.
func nearestSeries(all []tape.Series, name string) string {
	var known []string
	for _, s := range all {
		if strings.HasPrefix(s.Key.String(), name+"/") {
			return fmt.Sprintf("write %s/ for all series below it", name)
		}
		known = append(known, s.Key.String())
	}
	if near := strategy.Nearest(name, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "pmbot data ls lists them"
}

func exportFailure(ctx context.Context, err error) error {
	var system syscall.Errno
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, fs.ErrExist):
		return &failure{exitUsage, err, "add --overwrite to replace it"}
	case errors.Is(err, export.ErrSpec):
		// What follows says more than that it cannot be asked for.
		return &failure{code: exitUsage, err: errors.New(strings.Replace(err.Error(), export.ErrSpec.Error()+": ", "", 1))}
	case errors.Is(err, export.ErrLayout):
		return &failure{code: exitUsage, err: err}
	case errors.Is(err, export.ErrNoRows):
		return &failure{exitNotFound, err, "pmbot data ls shows what the tape covers"}
	case errors.Is(err, tape.ErrDamaged):
		return &failure{exitCheck, err, "pmbot data verify names every damaged file; nothing was written"}
	case errors.Is(err, fs.ErrNotExist):
		return &failure{exitNotFound, err, "make the directory first"}
	case errors.As(err, &system):
		return diskFailure(err, "nothing was written")
	}
	return err
}

// exportDocument is the JSON of "pmbot data export".
type exportDocument struct {
	Schema string           `json:"schema"`
	Files  []exportedFile   `json:"files"`
	Series []exportedSeries `json:"series"`
	// ClockShift is by how much local times were moved, in nanoseconds.
	ClockShift time.Duration `json:"clock_shift_ns"`
}

type exportedFile struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

type exportedSeries struct {
	seriesName
	Rows    int64    `json:"rows"`
	Omitted int64    `json:"omitted"`
	Lost    []string `json:"lost_columns,omitempty"`
}

func exportDocumentOf(r *export.Report) exportDocument {
	doc := exportDocument{Schema: "pmbot.export/1", Files: []exportedFile{}, Series: []exportedSeries{}, ClockShift: r.ClockShift}
	for _, f := range r.Files {
		doc.Files = append(doc.Files, exportedFile(f))
	}
	for _, s := range r.Series {
		doc.Series = append(doc.Series, exportedSeries{nameOf(s.Key), s.Rows, s.Omitted, s.Lost})
	}
	return doc
}

// filesShown bounds how many files an export names; of more it gives the number.
const filesShown = 10

func (c *console) printExported(r *export.Report, to string) {
	for _, s := range r.Series {
		fmt.Fprintf(c.out, "%s: %s\n", s.Key, counted(s.Rows, "row"))
		if s.Omitted > 0 {
			fmt.Fprintf(c.out, "  not in this layout: %s without a price\n", counted(s.Omitted, "trade"))
		}
		if len(s.Lost) > 0 {
			fmt.Fprintf(c.out, "  columns that this layout has no place for: %s\n", strings.Join(s.Lost, ", "))
		}
	}
	if r.ClockShift != 0 {
		fmt.Fprintf(c.out, "local times were moved by %v: the recorder's clock was slow\n", r.ClockShift)
	}
	size := int64(0)
	var files []export.File
	for _, f := range r.Files {
		size += f.Bytes
		if filepath.Ext(f.Path) != ".CHECKSUM" {
			files = append(files, f)
		}
	}
	for _, f := range files[:min(len(files), filesShown)] {
		fmt.Fprintf(c.out, "wrote %s, %s\n", f.Path, bytesOf(f.Bytes))
	}
	if len(files) > filesShown {
		fmt.Fprintf(c.out, "... and %s more\n", counted(int64(len(files)-filesShown), "file"))
	}
	if len(r.Files) > 1 {
		fmt.Fprintf(c.out, "%s in %s, %s with CHECKSUM files\n", counted(int64(len(files)), "archive"), to, bytesOf(size))
	}
}
