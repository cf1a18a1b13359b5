package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
)

// importFlags are the flags of "pmbot data import".
type importFlags struct {
	tape, product, symbol, kind, interval, columns string
	skipBad, json, quiet                           bool
}

func dataImportCommand(c *console) *cobra.Command {
	f := &importFlags{}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Bring archives and CSV files into a tape",
		Long: `Bring Binance's public archives and plain CSV files into a tape. An archive is
verified against the CHECKSUM file beside it. What the path of an archive says need not
be said again; a plain file needs the flags. A file is taken whole or not at all, and
importing it again changes nothing.`,
		Example: `  pmbot data import um/monthly/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01.zip
  pmbot data import --product UM --symbol BTCUSDT --kind fundingRate --map time=date,rate=open rates.csv`,
		Args: cobra.MinimumNArgs(1),
	}
	flags := cmd.Flags()
	tapeFlag(cmd, &f.tape)
	flags.StringVar(&f.product, "product", "", "UM, CM or MARGIN, whose prices are those of spot")
	flags.StringVar(&f.symbol, "symbol", "", "Binance's name, such as BTCUSDT or BTCUSD_PERP")
	flags.StringVar(&f.kind, "kind", "", "klines, aggTrades, fundingRate, markPriceKlines or indexPriceKlines")
	flags.StringVar(&f.interval, "interval", "", "length of a bar, such as 1m or 8h")
	flags.StringVar(&f.columns, "map", "", "columns of a file that names them otherwise, as tape=file,...")
	flags.BoolVar(&f.skipBad, "skip-bad", false, "set bad rows aside in place of failing")
	flags.BoolVar(&f.json, "json", false, "print one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, files []string) error { return c.importFiles(ctx, f, files) })
	return cmd
}

// spec is what the flags say about every file.
func (f *importFlags) spec() (tape.ImportSpec, error) {
	s := tape.ImportSpec{SkipBad: f.skipBad, Key: tape.Key{Symbol: f.symbol, Kind: tape.Kind(f.kind)}}
	var err error
	if f.product != "" {
		if s.Product, err = exchange.ParseProduct(strings.ToUpper(f.product)); err != nil {
			return s, &failure{exitUsage, fmt.Errorf("--product: %w", err), "products are UM, CM and MARGIN"}
		}
	}
	if f.interval != "" {
		if s.Interval, err = tape.ParseInterval(f.interval); err != nil {
			return s, &failure{exitUsage, fmt.Errorf("--interval: %w", err), ""}
		}
	}
	if s.Columns, err = tape.ParseColumns(f.columns); err != nil {
		return s, &failure{exitUsage, fmt.Errorf("--map: %w", err), "write for example --map time=date,rate=open"}
	}
	return s, nil
}

func (c *console) importFiles(ctx context.Context, f *importFlags, files []string) error {
	spec, err := f.spec()
	if err != nil {
		return err
	}
	for _, name := range files {
		if !exists(name) {
			return &failure{exitNotFound, fmt.Errorf("import %s: no such file", name), "nothing was imported"}
		}
	}
	t, err := tape.Create(f.tape)
	if err != nil {
		return err
	}
	reports := []imported{}
	for _, name := range files {
		spec.Path = name
		bar := c.progress("rows", f.quiet || f.json)
		r, err := tape.Import(ctx, t, spec, func(p tape.Progress) {
			bar.update(uint64(p.Rows), float64(p.Bytes)/float64(max(p.Total, 1)))
		})
		bar.finish()
		if err != nil {
			return importFailure(ctx, r, err)
		}
		reports = append(reports, importedOf(r))
		if !f.json && !f.quiet {
			c.printImported(r)
		}
	}
	if f.json {
		return c.printJSON(importDocument{"pmbot.import/1", reports})
	}
	return nil
}

// importFailure tells the kinds of failed imports apart: a bad file is a failed check,
// missing flags and a full disk are not the file's fault.
func importFailure(ctx context.Context, r tape.Report, err error) error {
	var system syscall.Errno
	opened := r.File != ""
	missing := missingFlags(r.Key)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, tape.ErrChecksum):
		return &failure{exitCheck, err, "download the archive and its CHECKSUM file again"}
	case opened && missing != "":
		return &failure{exitUsage, err, "give " + missing}
	case errors.Is(err, exchange.ErrUnknownName):
		return &failure{code: exitUsage, err: err}
	case errors.Is(err, fs.ErrNotExist):
		return &failure{code: exitNotFound, err: err}
	case errors.As(err, &system):
		return diskFailure(err, "the tape is as it was")
	}
	return &failure{exitCheck, err, "the tape is as it was"}
}

// missingFlags are the flags that name what neither path nor flags said, "" if all is
// known.
func missingFlags(k tape.Key) string {
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

// importDocument is the JSON of "pmbot data import".
type importDocument struct {
	Schema  string     `json:"schema"`
	Imports []imported `json:"imports"`
}

// imported is a report of an import in JSON.
type imported struct {
	seriesName
	File       string        `json:"file"`
	SHA256     string        `json:"sha256"`
	Verified   bool          `json:"verified"`
	Rows       int64         `json:"rows"`
	New        int64         `json:"new"`
	Known      int64         `json:"known"`
	From       exchange.Time `json:"from"`
	To         exchange.Time `json:"to"`
	Gaps       finding       `json:"gaps"`
	Duplicates finding       `json:"duplicates"`
	Outside    finding       `json:"outside"`
	Skipped    finding       `json:"skipped"`
	Absent     []string      `json:"absent_columns,omitempty"`
	Warnings   []string      `json:"warnings,omitempty"`
	Written    []string      `json:"written"`
}

type finding struct {
	Count    int64    `json:"count"`
	Examples []string `json:"examples,omitempty"`
}

func importedOf(r tape.Report) imported {
	return imported{
		seriesName: nameOf(r.Key), File: r.File, SHA256: r.SHA256, Verified: r.Verified,
		Rows: r.Rows, New: r.New, Known: r.Known, From: r.From, To: r.To,
		Gaps: finding(r.Gaps), Duplicates: finding(r.Duplicates), Outside: finding(r.Outside), Skipped: finding(r.Skipped),
		Absent: r.Absent, Warnings: r.Warnings, Written: append([]string{}, r.Written...),
	}
}

// printImported tells a person what a file gave.
func (c *console) printImported(r tape.Report) {
	checksum := "no CHECKSUM file"
	if r.Verified {
		checksum = "CHECKSUM agrees"
	}
	fmt.Fprintf(c.out, "%s -> %s: %s rows, %s new, %s known, %v .. %v, %s\n",
		r.File, r.Key, count(r.Rows), count(r.New), count(r.Known), r.From, r.To, checksum)
	for _, f := range []struct {
		name string
		tape.Finding
	}{{"gaps", r.Gaps}, {"duplicates", r.Duplicates}, {"outside the file's dates", r.Outside}, {"bad rows set aside", r.Skipped}} {
		if f.Count == 0 {
			continue
		}
		fmt.Fprintf(c.out, "  %s: %s\n", f.name, count(f.Count))
		for _, example := range f.Examples {
			fmt.Fprintf(c.out, "    %s\n", example)
		}
	}
	if len(r.Absent) > 0 {
		fmt.Fprintf(c.out, "  columns absent, read as 0: %s\n", strings.Join(r.Absent, ", "))
	}
	for _, w := range r.Warnings {
		fmt.Fprintf(c.out, "  warning: %s\n", w)
	}
}
