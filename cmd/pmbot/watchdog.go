package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
	"github.com/pmbot/pmbot/exchange/papi/preflight"
	"github.com/pmbot/pmbot/exchange/papi/sweep"
)

// watchdogFlags are those of "pmbot watchdog".
type watchdogFlags struct {
	account doctorFlags
	json    bool
}

func watchdogCommand(c *console) *cobra.Command {
	f := &watchdogFlags{}
	cmd := &cobra.Command{
		Use:   "watchdog",
		Short: "End every order when a bot's heartbeat stops, with a key of its own",
		Long: `Watch the heartbeat of a bot on this machine: a file in its state directory that changes every
second as long as its kernel answers. When it stands still for longer than the configuration
says, leave a file HALT there, so that a bot that comes back starts halted, end every order of
the account at the exchange, and go on until that is confirmed; then say what is held. Positions
are not touched. Binance's Portfolio Margin has no timer of its own that would do this.

It is armed once it has seen the heartbeat change, again after each time that it had to act, and
not while the bot has stopped in order. It needs a key of its own, which it has checked when it
starts, and neither journal nor configuration of the bot. Run it as a service of its own.

It prints a line for each change of its state. SIGTERM ends it with 0; 6 says that its key is
not fit.`,
		Example: `  pmbot watchdog -c configs/watchdog.toml
  pmbot watchdog -c watchdog.toml --json`,
		Args: cobra.NoArgs,
	}
	set := cmd.Flags()
	set.StringVarP(&f.account.config, "config", "c", "", "TOML file, or - for standard input; configs/watchdog.toml explains every key")
	set.StringArrayVar(&f.account.sets, "set", nil, "replace one value of the configuration, as key=value; may be repeated")
	set.StringVar(&f.account.at, "at", "", "base URL of an exchange on this machine, in place of Binance's hosts")
	set.BoolVar(&f.json, "json", false, "print each line as a JSON document")
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.watchdog(ctx, f) })
	return cmd
}

// watchLook is how often a watchdog looks for a heartbeat.
const watchLook = 250 * time.Millisecond

// The key is looked at for keyCheckMax at most, and again after keyCheckAgain while the exchange
// cannot be asked.
const keyCheckMax, keyCheckAgain = 30 * time.Second, time.Minute

// watcher is a watchdog at work.
type watcher struct {
	*console
	cfg    *watchdogConfig
	client *papi.Client
	ins    *exchange.Instruments
	dir    string
	json   bool
}

func (c *console) watchdog(ctx context.Context, f *watchdogFlags) error {
	cfg, err := c.watchdogConfig(f)
	if err != nil {
		return err
	}
	w := &watcher{console: c, cfg: cfg, json: f.json}
	live := cfg.live()
	if w.client, err = c.client(live, wallClock); err != nil {
		return err
	}
	if w.ins, err = live.instruments(); err != nil {
		return err
	}
	socket, err := c.socketPath(&controlFlags{account: cfg.Account.Name, state: cfg.State})
	if err != nil {
		return err
	}
	w.dir = filepath.Dir(socket)
	return w.watch(ctx)
}

// watch looks until the context ends. What it has to do takes its time; what happens meanwhile
// it sees afterwards.
func (w *watcher) watch(ctx context.Context) error {
	key := make(chan error, 1)
	check := time.NewTimer(0)
	defer check.Stop()
	tick := time.NewTicker(watchLook)
	defer tick.Stop()
	dog := watchdog{after: w.cfg.After}
	w.say("WAITING", nil, "for a heartbeat in %s; every order is ended when it stands still for %v", w.dir, w.cfg.After)
	for {
		select {
		case <-ctx.Done():
			w.say("ENDED", nil, "the watchdog was stopped")
			return nil
		case <-check.C:
			go func() { key <- w.checkKey(ctx) }()
		case err := <-key:
			var unfit *failure
			switch {
			case err == nil:
				w.say("KEY", nil, "its own key may read and trade account %s, and is not for withdrawals", w.cfg.Account.Name)
			case errors.As(err, &unfit):
				return err
			case ctx.Err() == nil:
				w.say("KEY", nil, "its own key is not checked: %v; it is tried again", err)
				check.Reset(keyCheckAgain)
			}
		case <-tick.C:
			h, err := readHeartbeat(w.dir)
			change := dog.look(h, err, time.Now())
			if change != "" {
				w.say(string(dog.state), nil, "%s", change)
			}
			if dog.state == watchFired {
				w.act(ctx, &dog)
			}
		}
	}
}

// act leaves word, and ends every order until that is confirmed.
func (w *watcher) act(ctx context.Context, dog *watchdog) {
	if err := writeHalt(w.dir, "the watchdog saw no heartbeat for "+w.cfg.After.String(), "pmbot watchdog"); err != nil {
		w.say("FIRED", nil, "%v; a bot that comes back would trade", err)
	}
	last := ""
	r := sweep.Run(ctx, sweep.Config{
		Client: w.client, Instruments: w.ins, KeepProtective: w.cfg.KeepProtective,
		Tell: func(r *sweep.Report) {
			text := fmt.Sprintf("%d ended, %d open, %d not confirmed", len(r.Ended), len(r.Open), len(r.Unconfirmed))
			if !r.Confirmed && text != last {
				if len(r.Unconfirmed) > 0 {
					w.say("SWEEPING", nil, "%s, such as: %s", text, r.Unconfirmed[0])
				}
				last = text
			}
		},
	})
	if !r.Confirmed {
		return // it was stopped
	}
	var held []string
	for _, p := range r.Positions {
		held = append(held, fmt.Sprintf("%s %s %v, %s USD", p.Symbol, p.Side, p.Qty, p.Notional.StringFixed(2)))
	}
	if len(held) == 0 {
		held = []string{"no position"}
	}
	dog.swept()
	w.say(string(dog.state), r, "confirmed after %.1f s: no order is open%s, %d ended; uniMMR %v; held: %s",
		float64(r.Took)/1000, keptText(r), len(r.Ended), r.UniMMR.Round(4), strings.Join(held, "; "))
}

// said is a line of "pmbot watchdog --json".
type said struct {
	Schema string        `json:"schema"` // pmbot.watchdog/1
	At     time.Time     `json:"at"`
	State  string        `json:"state"`
	Text   string        `json:"text"`
	Sweep  *sweep.Report `json:"sweep,omitempty"`
}

func (w *watcher) say(state string, r *sweep.Report, format string, args ...any) {
	line := said{"pmbot.watchdog/1", time.Now().UTC(), state, fmt.Sprintf(format, args...), r}
	if !w.json {
		fmt.Fprintf(w.out, "%s  %-8s  %s\n", line.At.Format(time.RFC3339), state, plain(line.Text))
		return
	}
	if text, err := json.Marshal(line); err == nil {
		fmt.Fprintf(w.out, "%s\n", text)
	}
}

// keyChecks are the verdicts of preflight that are about the key. What else ails an account is
// no reason not to watch over it.
var keyChecks = []string{"clock", "key", "reading", "trading right", "withdrawals"}

// checkKey has the watchdog's own key judged. A failure says that it is not fit; any other error
// that nobody knows.
func (w *watcher) checkKey(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, keyCheckMax)
	defer cancel()
	want := preflight.Want{OrderPrefix: defaultLive().Account.OrderPrefix, Instruments: w.ins}
	facts, err := preflight.Collect(ctx, w.client, want)
	if err != nil {
		return err
	}
	if facts.Unreachable() {
		return errors.New("the exchange cannot be asked")
	}
	for _, v := range preflight.Examine(facts, &want) {
		if v.Level == preflight.Fail && slices.Contains(keyChecks, v.Check) {
			return &failure{exitCheck, fmt.Errorf("the watchdog's key: %s: %s", v.Check, v.Found), v.Cure}
		}
	}
	if !facts.Trade.Known() {
		return facts.Trade.Err
	}
	return nil
}
