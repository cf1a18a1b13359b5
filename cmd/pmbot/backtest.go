package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/report"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/configs"
	"github.com/pmbot/pmbot/plugins/host"
)

// sampleConfig is the embedded configuration that runs when none is named.
const sampleConfig = "demo.toml"

// backtestFlags are the flags of "pmbot backtest".
type backtestFlags struct {
	config               string
	sets                 []string
	from, to, seed       string
	strict               bool
	out                  string
	mode                 string
	json, quiet, verbose bool
	noFiles              bool
}

func backtestCommand(c *console) *cobra.Command {
	f := &backtestFlags{}
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "Run strategies on recorded or generated market data",
		Long: `Run strategies on recorded or generated market data, through the kernel, guard and
margin model that trade live. Tables go to standard output; the run is kept in a
directory of its own with result.json, fills.csv, equity.csv and report.html. Equal
configuration, data and version give the same result hash on every machine.

--set replaces one value of the configuration, in the file's own words: seed=2,
account.margin.USDT=5000. A value of a strategy is strategy.<label or number>.<key>, and
a parameter strategy.<label or number>.params.<name>. The label is the one in the
tables: what the file gives, or else the name of the plugin without its directory.
Numbers begin with 0.`,
		Example: `  pmbot backtest                                  # the embedded sample
  pmbot backtest -c configs/hedge-8h.toml --from 2023-06-01
  pmbot backtest -c pmbot.toml --set strategy.trend.params.fast=20 --json`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input (default: the embedded sample)")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.StringVar(&f.from, "from", "", "first day or instant, such as 2024-01-31 or 2024-01-31T08:00:00Z")
	flags.StringVar(&f.to, "to", "", "end of the run, not included")
	flags.StringVar(&f.seed, "seed", "", "seed of everything random")
	flags.BoolVar(&f.strict, "strict", false, "fail when data is missing or had to be repaired")
	flags.StringVar(&f.out, "out", "runs", "directory in which the run's own directory is made")
	flags.StringVar(&f.mode, "mode", modePlugin, "where strategies run: "+strings.Join(modes, ", "))
	flags.BoolVar(&f.json, "json", false, "print the result as one JSON document")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print the result hash only")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show what strategies log and plugin processes print")
	flags.BoolVar(&f.noFiles, "no-report", false, "keep no run directory")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.backtest(ctx, f) })
	return cmd
}

func (c *console) backtest(ctx context.Context, f *backtestFlags) error {
	cfg, err := c.backtestConfig(f)
	if err != nil {
		return err
	}
	if err := checkTape(cfg); err != nil {
		return err
	}
	if !f.noFiles {
		if err := checkOut(f.out); err != nil {
			return err
		}
	}
	programs, err := openPrograms(ctx, cfg, f.mode, c.logger(f.verbose))
	if err != nil {
		return err
	}
	defer programs.close()
	if !f.quiet {
		for _, s := range cfg.Strategies {
			if stale := staleWords(s.Plugin); stale != "" {
				fmt.Fprintln(c.err, "pmbot:", stale)
			}
		}
	}
	for i, p := range programs.list {
		if _, err := p.Describe(cfg.Strategies[i].Params); err != nil {
			return cfg.paramsWrong(i, err)
		}
	}
	start := time.Now()
	bar := c.progress("events", f.quiet || f.json)
	result, err := programs.run(ctx, cfg, func(p backtest.Progress) { bar.update(p.Events, p.Done) })
	bar.finish()
	if errors.Is(err, tape.ErrDamaged) {
		return cfg.damaged(err)
	}
	if err != nil {
		return err
	}
	if err := complete(result, cfg, start); err != nil {
		return err
	}
	page := ""
	if !f.noFiles {
		dir, err := rundir.Write(f.out, result, rundir.Page{Name: pageName, Write: writePage})
		if err != nil {
			return diskFailure(fmt.Errorf("write the run to %s: %w", f.out, err), "no run was kept")
		}
		page = filepath.Join(dir, pageName)
	}
	return c.printResult(f, result, page)
}

// checkTape opens the tape of a run, to tell what is wrong with it before a plugin does.
func checkTape(cfg *configuration) error {
	if cfg.Data.Tape == "" {
		return nil
	}
	_, err := openTape(cfg.Data.Tape)
	return cfg.wrongAt(toml.Key{"data", "tape"}, err)
}

// damaged is what a run says that met damage to its tape beyond what opening shows.
func (c *configuration) damaged(err error) error {
	return &failure{exitCheck, err, "pmbot data verify --tape " + c.Data.Tape + " names every damaged file"}
}

// checkOut sees, before a run that may take an hour, that its result can be kept, and
// leaves nothing behind. The directory need not be there yet.
func checkOut(out string) error {
	dir := filepath.Clean(out)
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	probe, err := os.MkdirTemp(dir, ".unfinished-")
	if err == nil {
		err = os.Remove(probe)
	}
	if err != nil {
		return &failure{exitFailed, fmt.Errorf("--out %s: no directory can be made in %s: %w", out, dir, reason(err)), "name another with --out, or keep no run with --no-report"}
	}
	return nil
}

// complete notes what the run itself cannot know: its name, its configuration as text,
// and how long it took. None of it is part of the result hash.
func complete(r *backtest.Result, cfg *configuration, start time.Time) error {
	text, err := cfg.effective()
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	r.Config, r.Version, r.Elapsed = text, version, time.Since(start)
	for i := range r.Strategies {
		path := cfg.Strategies[i].Plugin
		if _, isBundled := bundled()[path]; isBundled {
			continue
		}
		if r.Strategies[i].SHA256, err = host.Checksum(path); err != nil {
			return err
		}
	}
	r.ID = start.UTC().Format("20060102T150405Z") + "-" + r.Hash[:min(8, len(r.Hash))]
	return nil
}

// backtestConfig loads the named configuration, or the embedded sample, with the flags
// that replace some of it. Later flags win, and --set is before the rest.
func (c *console) backtestConfig(f *backtestFlags) (*configuration, error) {
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, err
	}
	for _, o := range []override{
		{"--from " + f.from, "from", f.from}, {"--to " + f.to, "to", f.to}, {"--seed " + f.seed, "seed", f.seed},
	} {
		if o.value != "" {
			overrides = append(overrides, o)
		}
	}
	if f.strict {
		overrides = append(overrides, override{"--strict", "strict", "true"})
	}
	if f.config == "" {
		text, err := configs.FS.ReadFile(sampleConfig)
		if err != nil {
			return nil, err
		}
		if !f.quiet {
			fmt.Fprintln(c.err, "pmbot: no -c given: running the embedded sample on a generated market")
		}
		return loadConfig(sampleConfig, string(text), overrides)
	}
	text, err := readConfig(f.config, c.in)
	if err != nil {
		return nil, err
	}
	return loadConfig(f.config, text, overrides)
}

func (c *console) printResult(f *backtestFlags, r *backtest.Result, page string) error {
	switch {
	case f.json:
		return rundir.JSON(c.out, r)
	case f.quiet:
		_, err := fmt.Fprintln(c.out, "result", r.Hash)
		return err
	}
	return report.Console(c.out, r, report.ConsoleOptions{
		Color: c.color(), Width: terminalWidth(c.out), Report: page,
	})
}

// color says whether standard output may have colours: a terminal, and nobody asked for
// none (no-color.org).
func (c *console) color() bool {
	return isTerminal(c.out) && c.getenv("NO_COLOR") == "" && c.getenv("TERM") != "dumb"
}
