package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market"
	"github.com/pmbot/pmbot/exchange/market/rest"
	"github.com/pmbot/pmbot/exchange/market/socket"
	"github.com/pmbot/pmbot/exchange/market/stream"
	"github.com/pmbot/pmbot/exchange/papi"
)

// recordFlags are the flags of "pmbot data record".
type recordFlags struct {
	config, dir, tape string
	sets              []string
	at, metrics       string
	during            time.Duration
	dryRun            bool
	json, quiet       bool
	verbose           bool
}

func dataRecordCommand(c *console) *cobra.Command {
	f := &recordFlags{}
	cmd := &cobra.Command{
		Use:   "record",
		Short: "Record Binance's market streams as they come, and bring them into a tape",
		Long: `Record market data of USD-M futures, COIN-M futures and spot until it is stopped: every
message of every stream as it came with the time of its receipt, the snapshots that books
begin with, and tables that Binance keeps no history of. It needs no key.

Messages go to compressed segments, an hour each, that survive a crash: what a killed
recorder loses is at most the flush interval, a second. Closed segments have a CHECKSUM,
never change, and become rows of a tape, for backtests. Whatever was missed is written
down: lost connections, silent streams, books that had to be read again.

The first SIGINT or SIGTERM ends it in order: everything is flushed and closed, and the
tape has all of it. A second one ends it at once.`,
		Example: `  pmbot data record
  pmbot data record --dry-run --set 'um.symbols=["quote=USDT"]'
  pmbot data record -c record.toml --metrics 127.0.0.1:9090
  pmbot data record --at http://127.0.0.1:9000 --for 1m      a simulated exchange of this machine`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input; configs/record.toml explains every key")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.StringVar(&f.dir, "dir", "", "directory of the recording")
	flags.StringVar(&f.tape, "tape", "", "directory of the tape; - converts nothing")
	flags.StringVar(&f.at, "at", "", `base URL of "pmbot sim" on this machine, whose other ports are the next ones`)
	flags.StringVar(&f.metrics, "metrics", "", "address of this machine to serve /metrics and /livez on, such as 127.0.0.1:9090")
	flags.DurationVar(&f.during, "for", 0, "end after this time, such as 10m")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be recorded, and record nothing")
	flags.BoolVar(&f.json, "json", false, "print the status as JSON, a document a line, and the summary as the last")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but errors")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what happens to connections, too")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.dataRecord(ctx, f) })
	return cmd
}

func (c *console) dataRecord(ctx context.Context, f *recordFlags) error {
	if f.during < 0 {
		return &failure{exitUsage, fmt.Errorf("--for %v is below 0", f.during), "write a time such as 10m; without it a recording goes on until it is stopped"}
	}
	cfg, err := c.recordConfig(f)
	if err != nil {
		return err
	}
	printer, told := c.newStatusPrinter(f.json, f.quiet), newNews()
	defer printer.done()
	defer told.rest(printer)
	client, err := rest.New(rest.Config{
		UM: cfg.Hosts.FAPI, CM: cfg.Hosts.DAPI, Spot: cfg.Hosts.API, SharePercent: cfg.Feed.SharePercent, Now: wallClock, Log: told.logger(f.verbose),
	})
	if err != nil {
		return &failure{exitConfig, err, "see [exchange] of configs/record.toml"}
	}
	if f.dryRun {
		return c.showPlan(ctx, f, cfg, client)
	}
	return c.record(ctx, f, cfg, client, told, printer)
}

// record opens the recording before anything is asked, so that a locked directory is told at
// once, and then asks what there is to record.
func (c *console) record(ctx context.Context, f *recordFlags, cfg *recordConfig, client *rest.Client, told *news, printer *statusPrinter) (err error) {
	var metrics *metricsServer
	if f.metrics != "" {
		if metrics, err = listenMetrics(f.metrics, wallClock); err != nil {
			return err
		}
		defer metrics.listener.Close()
		printer.say("metrics on http://%v/metrics", metrics.listener.Addr())
	}
	r, err := openRecording(cfg, client, told, told.logger(f.verbose))
	if err != nil {
		return err
	}
	feed, err := c.recordFeed(ctx, r)
	if err != nil {
		return errors.Join(err, r.rec.Close())
	}
	if f.during > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.during)
		defer cancel()
	}
	printer.say("recording %s into %s; Ctrl-C ends it", counted(int64(r.streams), "stream"), cfg.Dir)
	err = r.run(ctx, func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return feed.Run(ctx) })
		g.Go(func() error { return r.report(ctx, printer, metrics) })
		if metrics != nil {
			g.Go(func() error { return metrics.run(ctx, log.New(c.err, "pmbot: ", 0)) })
		}
		return g.Wait()
	})
	printer.done()
	if err == nil && cfg.Tape != "" {
		printer.say("bringing the last segments into the tape; the next start does it if this is stopped")
		err = r.convert(context.WithoutCancel(ctx))
		told.rest(printer)
	}
	return errors.Join(err, c.printRecorded(f, r))
}

// recordConfig loads the named configuration, or the defaults, with the flags that replace
// some of it.
func (c *console) recordConfig(f *recordFlags) (*recordConfig, error) {
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, err
	}
	at, err := simulatedAt(f.at)
	if err != nil {
		return nil, err
	}
	overrides = append(overrides, at...)
	if f.dir != "" {
		overrides = append(overrides, override{"--dir " + f.dir, "dir", strconv.Quote(f.dir)})
	}
	if f.tape == "-" {
		overrides = append(overrides, override{"--tape -", "tape", `""`})
	} else if f.tape != "" {
		overrides = append(overrides, override{"--tape " + f.tape, "tape", strconv.Quote(f.tape)})
	}
	name, text := "the defaults", ""
	if f.config != "" {
		name = f.config
		if text, err = readConfig(f.config, c.in); err != nil {
			return nil, err
		}
	}
	return loadRecord(name, text, overrides)
}

// simulatedAt are the base URLs of a simulated exchange, as "pmbot sim" lays out its ports:
// that of all hosts, and the streams' behind it.
func simulatedAt(at string) ([]override, error) {
	if at == "" {
		return nil, nil
	}
	wrong := &failure{exitUsage, fmt.Errorf("--at %s is not the address of a simulated exchange", at), "write it like http://127.0.0.1:9000; other exchanges are named in [exchange] of a configuration"}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" && u.Path != "/" {
		return nil, wrong
	}
	host, text, err := net.SplitHostPort(u.Host)
	port, bad := strconv.Atoi(text)
	if err != nil || bad != nil || port < 1 || port > 65532 {
		return nil, wrong
	}
	list := []override{}
	for _, key := range []string{"fapi", "dapi", "api", "papi", "sapi"} {
		list = append(list, override{"--at " + at, "exchange." + key, u.Scheme + "://" + u.Host})
	}
	sockets := "ws" + u.Scheme[len("http"):]
	for i, key := range []string{"fstream", "dstream", "stream"} {
		list = append(list, override{"--at " + at, "exchange." + key, sockets + "://" + net.JoinHostPort(host, strconv.Itoa(port+1+i))})
	}
	return list, nil
}

// sockets are the base URLs of streams by route.
func (h *recordHosts) sockets() map[stream.Route]string {
	hosts := socket.DefaultHosts()
	if base := h.FStream; base != "" {
		hosts[stream.Public], hosts[stream.Market] = base+"/public", base+"/market"
	}
	if base := h.DStream; base != "" {
		hosts[stream.Coin] = base
	}
	if base := h.Stream; base != "" {
		hosts[stream.Spot] = base
	}
	return hosts
}

// listed asks the exchange for the instruments of the products that are recorded.
func (c *recordConfig) listed(ctx context.Context, client *rest.Client, keep func(exchange.Product, rest.Answer)) ([]exchange.Instrument, error) {
	asked := map[exchange.Product]bool{}
	var all []exchange.Instrument
	for _, set := range c.sets() {
		if set.empty() || asked[set.product] {
			continue
		}
		asked[set.product] = true
		list, answer, err := client.ExchangeInfo(ctx, set.product)
		if err != nil {
			return nil, exchangeFailure(set.product, err)
		}
		keep(set.product, answer)
		all = append(all, list...)
	}
	return all, nil
}

// exchangeFailure says what to do about an exchange that does not say what it lists.
func exchangeFailure(p exchange.Product, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return &failure{exitExchange, fmt.Errorf("the instruments of %v cannot be had: %w", p, err), "look at the network, and at [exchange] of the configuration"}
}

// recordFeed asks what there is and makes the feed of what is recorded.
func (c *console) recordFeed(ctx context.Context, r *recording) (*market.Feed, error) {
	list, err := r.cfg.listed(ctx, r.rest, r.tap.Answer)
	if err != nil {
		return nil, err
	}
	streams, chosen, err := r.cfg.streams(list)
	if err != nil {
		return nil, err
	}
	instruments, err := exchange.NewInstruments(chosen...)
	if err != nil {
		return nil, &failure{exitExchange, err, "the exchange lists a symbol twice"}
	}
	if r.tables.polls, err = c.polls(r.cfg, r.rest, chosen); err != nil {
		return nil, err
	}
	return r.feedOf(market.Config{
		Instruments: instruments, Streams: streams, Refresh: r.cfg.Feed.Refresh, ClockEvery: r.cfg.Feed.Clock,
		Socket: socket.Config{
			Hosts: r.cfg.Hosts.sockets(), PerConnection: r.cfg.Feed.PerConnection, Rotate: r.cfg.Feed.Rotate, Overlap: r.cfg.Feed.Overlap, Now: wallClock, Log: r.log,
		},
	})
}

// polls are the requests for tables, with those that need a key if there is one.
func (c *console) polls(cfg *recordConfig, client *rest.Client, list []exchange.Instrument) ([]*tablePoll, error) {
	polls := cfg.polls(client, list)
	if cfg.Key == (recordAccount{}) {
		return polls, nil
	}
	bases := papi.Config{PAPI: cfg.Hosts.PAPI, SAPI: cfg.Hosts.SAPI, Log: c.logger(false)}
	if bases.PAPI != "" {
		bases.FAPI = cfg.Hosts.FAPI // whose time it signs with
	}
	account, err := c.keyedClient(cfg.Key.Key, cfg.Key.Secret, bases, "configs/record.toml")
	if err != nil {
		return nil, err
	}
	return append(polls, cfg.signedPolls(account, list)...), nil
}

// showPlan is --dry-run.
func (c *console) showPlan(ctx context.Context, f *recordFlags, cfg *recordConfig, client *rest.Client) error {
	list, err := cfg.listed(ctx, client, func(exchange.Product, rest.Answer) {})
	if err != nil {
		return err
	}
	streams, chosen, err := cfg.streams(list)
	if err != nil {
		return err
	}
	polls, err := c.polls(cfg, client, chosen)
	if err != nil {
		return err
	}
	plan := cfg.plan(streams, polls)
	if f.json {
		return c.printJSON(plan)
	}
	return plan.print(c.out)
}

// report shows the status, and says the news, until the context ends.
func (r *recording) report(ctx context.Context, printer *statusPrinter, metrics *metricsServer) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	every := printer.interval(r.cfg.Status)
	next := wallClock().Add(every)
	for {
		s := r.status()
		if metrics != nil {
			metrics.status.Store(s)
		}
		if printer.terminal || s.At >= next {
			next = next.Add(every)
			if err := printer.show(s); err != nil {
				return fmt.Errorf("status: %w", err)
			}
		}
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return nil
			case item := <-r.tap.news.queue:
				printer.say("%v", item)
			case <-ticker.C:
				waiting = false
			}
		}
	}
}
