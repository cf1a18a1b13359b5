package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange/papi/sweep"
)

// haltFlags are those of "pmbot halt" beside the control's.
type haltFlags struct {
	halt       monitor.Halt
	keepOrders bool
	offline    bool
	account    doctorFlags
}

func haltCommand(c *console) *cobra.Command {
	h := &haltFlags{halt: monitor.Halt{Who: monitor.Who{By: operator()}}}
	cmd, flags := c.control("halt", "Stop new risk and end every order, with the bot or without it",
		`Close the gate first, so that nothing leaves any more but cancels and what protects; then end
every order of the account on all lists, UM, CM, margin, algo and conditional, of symbols that
nobody here trades, too; then read the lists until they are and stay empty, and tell what is
held. Stops that can only reduce a position that is there stay, since nobody may be watching
it: --keep-protective=false ends them as well. Positions are not touched: that is
"pmbot flatten". Only "pmbot resume" frees the bot.

With --symbol or --strategy it is about one instrument or strategy, and about the orders that
the bot knows. --keep-orders leaves all orders as they are.

Without a bot, or where it does not answer, -c FILE says where the account's key is: then the
same is done straight at the exchange, and a file HALT in the state directory keeps a bot that
comes back from trading. --offline does so at once.

It ends with 0 when the end of all orders is confirmed, and with 10 when it is not: then it says
what is open or could not be read. A bot goes on until it is confirmed.`,
		cobra.NoArgs, nil)
	cmd.Example = `  pmbot halt --reason "the feed looks wrong"
  pmbot halt --keep-protective=false
  pmbot halt -c bot.toml --offline`
	set := cmd.Flags()
	scopeFlags(set, &h.halt.Scope)
	set.BoolVar(&h.keepOrders, "keep-orders", false, "leave the open orders as they are")
	set.BoolVar(&h.halt.KeepProtective, "keep-protective", true, "leave stops that only reduce a position that is there")
	set.StringVar(&h.halt.Reason, "reason", byHand, "why; it is kept in the journal")
	set.BoolVar(&h.offline, "offline", false, "do it at the exchange, without the bot")
	set.StringVarP(&h.account.config, "config", "c", "", "TOML file that names the account's key, for when no bot answers")
	set.StringArrayVar(&h.account.sets, "set", nil, "replace one value of that configuration, as key=value; may be repeated")
	set.StringVar(&h.account.at, "at", "", "base URL of an exchange on this machine, in place of Binance's hosts")
	flags.waits(cmd, time.Minute)
	cmd.RunE = action(func(ctx context.Context, _ []string) error { return c.controlFailure(flags, c.doHalt(ctx, flags, h)) })
	return cmd
}

// doHalt halts with the bot, and without it where none answers and the key is named.
func (c *console) doHalt(ctx context.Context, f *controlFlags, h *haltFlags) error {
	scoped := h.halt.Scope != monitor.Scope{}
	if h.offline && (scoped || h.keepOrders || h.account.config == "") {
		return &failure{exitUsage, errors.New("--offline needs -c FILE, and ends all orders: no --symbol, --strategy or --keep-orders"), "write for example pmbot halt --offline -c bot.toml"}
	}
	if h.offline {
		return c.haltOffline(ctx, f, h)
	}
	h.halt.Cancel, h.halt.Wait = !h.keepOrders, waitOf(f)
	own, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	err := c.haltBot(own, f, &h.halt)
	gone := errors.Is(err, monitor.ErrNotRunning)
	if late := errors.Is(err, context.DeadlineExceeded); (gone || late) && !scoped && !h.keepOrders && h.account.config != "" {
		fmt.Fprintf(c.err, "pmbot: %v; doing it at the exchange\n", err)
		if late {
			fmt.Fprintln(c.err, "pmbot: the bot may still send orders: end its process")
		}
		return c.haltOffline(ctx, f, h)
	}
	if gone {
		return &failure{exitNotRunning, fmt.Errorf("account %s: %w", f.account, err), "-c FILE ends the orders without a bot; " + c.startCure(f)}
	}
	return err
}

// haltBot has the bot do it.
func (c *console) haltBot(ctx context.Context, f *controlFlags, h *monitor.Halt) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	var a monitor.Acted
	if err := bot.Post(ctx, "halt", h, &a); err != nil {
		return err
	}
	if f.json {
		if err := c.printJSON(a); err != nil {
			return err
		}
	}
	if a.Sweep == nil {
		if f.json {
			return nil
		}
		return c.printActed(&a)
	}
	var r *sweep.Report
	if err := json.Unmarshal(a.Sweep, &r); err != nil {
		return fmt.Errorf("the bot's answer: %w", err)
	}
	if r == nil {
		r = &sweep.Report{Unconfirmed: []string{"nothing was read yet"}}
	}
	if !f.json {
		c.printSweep(r)
		if err := c.printActed(&a); err != nil {
			return err
		}
	}
	if a.Late != "" {
		fmt.Fprintf(c.err, "pmbot: %s\n", plain(a.Late))
	}
	return unconfirmed(r, "the bot goes on until it is confirmed; the same command asks again")
}

// unconfirmed is the failure of orders whose end nobody could confirm.
func unconfirmed(r *sweep.Report, cure string) error {
	if r.Confirmed {
		return nil
	}
	return &failure{exitUnknown, fmt.Errorf("the end of all orders is not confirmed: %d are open, and %s", len(r.Open), counted(int64(len(r.Unconfirmed)), "thing")+" could not be made sure of"), cure}
}

// haltOffline ends all orders at the exchange with the key of a configuration, and leaves word
// for a bot that comes back.
func (c *console) haltOffline(ctx context.Context, f *controlFlags, h *haltFlags) error {
	cfg, err := c.liveConfig(&h.account)
	if err != nil {
		return err
	}
	client, err := c.client(cfg, wallClock)
	if err != nil {
		return err
	}
	of := *f
	of.account = cfg.Account.Name
	if of.state == "" {
		of.state = cfg.State
	}
	socket, err := c.socketPath(&of)
	if err != nil {
		return err
	}
	// The word comes first: who comes back while orders are being ended must not place new ones.
	dir := filepath.Dir(socket)
	if err := writeHalt(dir, h.halt.Reason, h.halt.By); err != nil {
		fmt.Fprintf(c.err, "pmbot: %v; a bot that comes back would trade\n", err)
	} else {
		fmt.Fprintf(c.err, "pmbot: %s is there now: a bot that comes back stays halted until it is taken away\n", filepath.Join(dir, haltFile))
	}
	ins, err := cfg.instruments()
	if err != nil {
		ins = nil // the exchange's lists name what is open
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	r := sweep.Run(ctx, sweep.Config{Client: client, Instruments: ins, KeepProtective: h.halt.KeepProtective})
	if f.json {
		if err := c.printJSON(r); err != nil {
			return err
		}
	} else {
		c.printSweep(r)
	}
	return unconfirmed(r, "run the same command again, and look at the exchange")
}

// printSweep says what became of the orders and what the account holds.
func (c *console) printSweep(r *sweep.Report) {
	for _, o := range r.Ended {
		fmt.Fprintf(c.out, "canceled %s  %s\n", plain(o.ClientID), plain(o.String()))
	}
	for _, o := range r.Kept {
		fmt.Fprintf(c.out, "kept     %s  %s\n", plain(o.ClientID), plain(o.String()))
	}
	for _, why := range r.Unconfirmed {
		fmt.Fprintf(c.out, "NOT CONFIRMED  %s\n", plain(why))
	}
	for _, why := range r.NotRead {
		fmt.Fprintf(c.out, "NOT READ  %s\n", plain(why))
	}
	for _, p := range r.Positions {
		fmt.Fprintf(c.out, "position %s %s %v  notional %s USD  mark %v  PnL %v\n", plain(p.Symbol), plain(p.Side), p.Qty, p.Notional.StringFixed(2), p.Mark, p.PnL.Round(8))
	}
	if r.Status != "" {
		fmt.Fprintf(c.out, "uniMMR %v, equity %s USD, %s, %s\n", r.UniMMR.Round(4), r.Equity.StringFixed(2), plain(r.Status), counted(int64(len(r.Positions)), "position"))
	}
	if r.Confirmed {
		fmt.Fprintf(c.out, "confirmed after %.1f s: no order is open%s\n", time.Duration(r.Took*int64(time.Millisecond)).Seconds(), keptText(r))
	}
}

func reduceCommand(c *console) *cobra.Command {
	h := &monitor.Halt{Who: monitor.Who{By: operator()}, ReduceOnly: true, Cancel: true}
	var cmd *cobra.Command
	cmd, _ = c.control("reduce", "Let a running bot do nothing but reduce risk",
		`Take no new risk, of the account or of one instrument or strategy: strategies may still send
orders that reduce. Open orders that the exchange does not know as reducing are ended. Only
"pmbot resume" lifts it.`,
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			h.Wait = waitOf(f)
			return act(ctx, c, f, "halt", h, c.printActed)
		})
	scopeFlags(cmd.Flags(), &h.Scope)
	cmd.Flags().StringVar(&h.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

func drainCommand(c *console) *cobra.Command {
	d := &monitor.Drain{Who: monitor.Who{By: operator()}}
	within := time.Hour
	cmd, _ := c.control("drain", "Let a running bot finish and stop",
		`Take no new risk, leave open orders to finish, and stop the bot in order once no order is open
and no futures position held, or when the time is over: then by its stop policy. Strategies may
send orders that reduce. "pmbot resume" ends the drain, and the next start is reduce-only until
then.`,
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			if d.Within = within.Milliseconds(); d.Within <= 0 {
				return &failure{exitUsage, fmt.Errorf("--within %v is not above 0", within), "write a time such as 30m"}
			}
			return act(ctx, c, f, "drain", d, c.printActed)
		})
	cmd.Flags().DurationVar(&within, "within", within, "how long it may take")
	cmd.Flags().StringVar(&d.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}
