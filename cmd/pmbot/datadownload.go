package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/download"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// downloadFlags are the flags of "pmbot data download". Those that replace a value of the
// configuration are texts: they are read as the file's.
type downloadFlags struct {
	config                             string
	sets                               []string
	tape, from, to, kinds, intervals   string
	base, list, cache, jobs, at        string
	keep, rest, skipBad                bool
	keepGiven, restGiven, skipBadGiven bool
	dryRun, json, quiet                bool
}

func dataDownloadCommand(c *console) *cobra.Command {
	f := &downloadFlags{}
	cmd := &cobra.Command{
		Use:   "download [SYMBOL...]",
		Short: "Download Binance's public archives into a tape",
		Long: `Download Binance's public archives into a tape: trades, bars, funding rates and more, of
USD-M futures (UM:BTCUSDT), COIN-M futures (CM:BTCUSD_PERP) and spot (MARGIN:BTCUSDT). It
needs no key.

Months that are over come as monthly archives, the rest as daily ones. Each archive is
verified against its CHECKSUM file and imported while others still come. What breaks is
continued, and what fails is tried again; when the server wants a pause, all wait. A
download that was stopped or killed goes on where it was with the same command, and one
that is repeated fetches only what is new: archives that the tape has are not fetched
again, and one that Binance has replaced is told.

Archives end with yesterday. With --rest, bars and funding rates go on up to now, asked
for over REST; bars that still run are left out.

Archives that do not exist are told with the likely reason, and are no failure as long as
their series has any.`,
		Example: `  pmbot data download UM:BTCUSDT --from 2024-01-01 --to 2024-03-31
  pmbot data download UM:BTCUSDT CM:BTCUSD_PERP --kind klines,markPriceKlines,fundingRate --interval 1m,1h --rest
  pmbot data download UM:BTCUSDT --kind all --from 2024-03-01 --to 2024-03-31 --dry-run
  pmbot data download -c configs/download.toml --keep --cache archives`,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input; configs/download.toml explains every key")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.StringVar(&f.kinds, "kind", "", "kinds of data, with commas between, or all (default klines); "+downloadKinds())
	flags.StringVar(&f.intervals, "interval", "", "lengths of bars, with commas between (default 1m)")
	flags.StringVar(&f.from, "from", "", "first day, as 2024-01-31 (default 30 days before --to)")
	flags.StringVar(&f.to, "to", "", "last day, which is included (default yesterday, with --rest now)")
	flags.BoolVar(&f.rest, "rest", false, "fill bars and funding rates that no archive has yet, over REST")
	flags.StringVar(&f.tape, "tape", "", `directory of the tape (default "tape")`)
	flags.StringVar(&f.cache, "cache", "", "directory of the archives while they come (default .download in the tape)")
	flags.BoolVar(&f.keep, "keep", false, "keep the archives in the cache after the import")
	flags.StringVar(&f.jobs, "jobs", "", "how many archives are fetched at a time, 1 to 32 (default 4)")
	flags.StringVar(&f.base, "base", "", "URL below which the archives are (default "+download.DefaultBase+")")
	flags.StringVar(&f.list, "list", "", "URL of the S3 listing that says what exists, or none (default Binance's, of another base none)")
	flags.StringVar(&f.at, "at", "", "base URL for REST in place of Binance's hosts, such as pmbot sim's")
	flags.BoolVar(&f.skipBad, "skip-bad", false, "set bad rows of archives aside in place of failing")
	flags.BoolVar(&f.dryRun, "dry-run", false, "list what would be fetched, and fetch nothing")
	flags.BoolVar(&f.json, "json", false, "print one JSON document a line: one for each archive, and the sum")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	cmd.RunE = action(func(ctx context.Context, symbols []string) error {
		f.keepGiven, f.restGiven, f.skipBadGiven = flags.Changed("keep"), flags.Changed("rest"), flags.Changed("skip-bad")
		return c.download(ctx, f, symbols)
	})
	return cmd
}

// downloadKinds are all kinds that archives have.
func downloadKinds() string {
	var names []string
	for _, k := range download.Kinds(exchange.UM) {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

func (c *console) download(ctx context.Context, f *downloadFlags, symbols []string) error {
	cfg, err := c.downloadConfig(f, symbols)
	if err != nil {
		return err
	}
	run := &downloading{console: c, flags: f, config: cfg, bar: &progress{}, present: map[string]bool{}}
	if run.plan, err = cfg.plan(run.notice); err != nil {
		return err
	}
	if f.dryRun {
		return run.look(ctx)
	}
	if run.plan.Tape, err = tape.Create(cfg.Tape); err != nil {
		return tapeFailure(cfg.Tape, err)
	}
	if cfg.REST {
		hosts := rest.Config{UM: cfg.Exchange.FAPI, CM: cfg.Exchange.DAPI, Spot: cfg.Exchange.API, Log: c.logger(false)}
		if run.plan.REST, err = rest.New(hosts); err != nil {
			return &failure{exitUsage, fmt.Errorf("--at, [exchange]: %w", err), "write for example --at http://127.0.0.1:9000"}
		}
	}
	return run.fetch(ctx)
}
