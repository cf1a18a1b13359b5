package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// runFlags are the flags of "pmbot run".
type runFlags struct {
	config       string
	sets         []string
	live, shadow bool
	account, yes string
	onStop, at   string
	during       time.Duration
	quiet        bool
	verbose      bool
}

func runCommand(c *console) *cobra.Command {
	f := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a bot: dry by default, with real orders only by --live",
		Long: `Run the configured strategies on live market data until they are stopped.

Without --live it is a dry run: data is Binance's public data, orders are filled by the
simulated exchange that backtests have, and no key is needed. With --live orders go to the
account; it must be named, everything that "pmbot doctor" checks must be right, and at a
terminal the account's name must be typed. Without a terminal --yes=NAME says so.

All that happens is in a journal before it takes effect, so a bot that was killed goes on
where it stood. Orders in doubt are looked up at the exchange, and trading begins only when
the exchange's account is ours.

The first SIGINT or SIGTERM stops it in order: nothing new is risked, strategies are asked
for what they must remember, and with the policy "cancel", the default, open orders are
ended; "keep" leaves them, "flatten" also closes positions. A second signal ends it at once,
and leaves orders as they are.`,
		Example: `  pmbot run -c configs/run.toml
  pmbot run -c bot.toml --at http://127.0.0.1:9000        a simulated exchange of this machine
  pmbot run -c bot.toml --live --account main
  pmbot run -c bot.toml --live --account main --yes=main --on-stop keep`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.config, "config", "c", "", "TOML file, or - for standard input; configs/run.toml explains every key")
	flags.StringArrayVar(&f.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	flags.BoolVar(&f.live, "live", false, "send orders to the account")
	flags.BoolVar(&f.shadow, "shadow", false, "with --live: simulate beside it, and tell what differs")
	flags.StringVar(&f.account, "account", "", "name of the account, as the configuration has it; --live needs it")
	flags.StringVar(&f.yes, "yes", "", "name of the account, in place of typing it: --yes=main")
	flags.StringVar(&f.onStop, "on-stop", "", "cancel, keep or flatten; what becomes of orders and positions in the end")
	flags.StringVar(&f.at, "at", "", `base URL of "pmbot sim" on this machine, whose other ports are the next ones`)
	flags.DurationVar(&f.during, "for", 0, "stop in order after this time, such as 10m")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print nothing but the summary and errors; the log file has all")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what is of use for finding faults, too")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.runBot(ctx, f) })
	return cmd
}

// check finds flags that do not go together.
func (f *runFlags) check() error {
	usage := func(cure, format string, args ...any) error {
		return &failure{exitUsage, fmt.Errorf(format, args...), cure}
	}
	switch {
	case f.config == "":
		return usage("start from configs/run.toml", "-c is missing: a bot has no defaults for what it trades")
	case f.live && f.account == "":
		return usage("write for example --live --account main", "--live needs --account")
	case !f.live && (f.shadow || f.yes != ""):
		return usage("leave them out for a dry run", "--shadow and --yes go with --live")
	case f.during < 0:
		return usage("write a time such as 10m; without it the bot runs until it is stopped", "--for %v is below 0", f.during)
	case f.yes != "" && f.yes != f.account:
		return usage("name the same account twice", "--yes=%s is not --account %s", f.yes, f.account)
	}
	if f.onStop != "" {
		if _, err := parseStop(f.onStop); err != nil {
			return usage("write for example --on-stop keep", "--on-stop: %w", err)
		}
	}
	return nil
}

// mode is "live", "dry" or "shadow".
func (f *runFlags) mode() string {
	switch {
	case f.shadow:
		return modeShadow
	case f.live:
		return modeLive
	}
	return modeDry
}

// The modes of a bot.
const (
	modeDry    = "dry"
	modeLive   = "live"
	modeShadow = "shadow"
)

// botConfig loads the configuration with the flags that replace some of it.
func (c *console) botConfig(f *runFlags) (*runConfig, *document, error) {
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	overrides, err := parseOverrides(f.sets)
	if err != nil {
		return nil, nil, err
	}
	at, err := simulatedAt(f.at)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range at {
		overrides = append(overrides, o)
		if o.key == "exchange.fstream" {
			overrides = append(overrides, override{o.flag, "exchange.user", o.value + "/pm"})
		}
	}
	if f.onStop != "" {
		overrides = append(overrides, override{"--on-stop " + f.onStop, "stop.policy", strconv.Quote(f.onStop)})
	}
	text, err := readConfig(f.config, c.in)
	if err != nil {
		return nil, nil, err
	}
	cfg, doc, err := loadBot(f.config, text, overrides)
	if err == nil && f.account != "" && f.account != cfg.Account.Name {
		err = &failure{exitSafety, fmt.Errorf("--account %s: the configuration is of account %s", f.account, cfg.Account.Name), "name the configuration of the account that you mean"}
	}
	return cfg, doc, err
}

// runBot is a bot from its start to its end. Each step says on the terminal what it found.
func (c *console) runBot(ctx context.Context, f *runFlags) error {
	cfg, doc, err := c.botConfig(f)
	if err != nil {
		return err
	}
	b, err := c.newBot(cfg, doc, f)
	if err != nil {
		return err
	}
	return b.take(ctx,
		b.openPrograms,    // whose strategies say which instruments they need
		b.lookBack,        // into the journal, for the instruments and strategies that it knows
		b.askMarket,       // the exchange's clock, and its instruments
		b.examineAccount,  // doctor, and what the account's margin is computed by
		b.confirm,         // by the person who starts a live run
		b.recover,         // the journal, and the kernel's state out of it
		b.makeAlerts,      // to tell people what they should know
		b.join,            // broker and loop
		b.startStrategies, // with what they remember
		b.makeFeed,        // of what all of them want to see
		b.trade,           // until it is stopped
	)
}

// take takes the steps of a bot's life, up to one that fails. A panic leaves its traces for the
// next start to count.
func (b *bot) take(ctx context.Context, steps ...func(context.Context) error) error {
	defer b.close()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			b.noCrash()
			return err
		}
	}
	b.noCrash()
	return nil
}
