package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
)

// byHand is why, where nobody says.
const byHand = "by hand"

// scopeFlags say what an act is about.
func scopeFlags(flags *pflag.FlagSet, s *monitor.Scope) {
	flags.StringVar(&s.Symbol, "symbol", "", "only this instrument, such as UM:BTCUSDT")
	flags.StringVar(&s.Strategy, "strategy", "", "only this strategy, as the configuration labels it")
}

// waitOf is how long an act may wait for the exchange: what the command itself waits, less
// the time that its answer takes.
func waitOf(f *controlFlags) int64 { return (f.timeout - f.timeout/10).Milliseconds() }

func resumeCommand(c *console) *cobra.Command {
	r := &monitor.Resume{Who: monitor.Who{By: operator()}}
	cmd, flags := c.control("resume", "Free a halted bot",
		`Lift what an operator, a failed control or reconciliation has set on the account, or what an
operator has set on one instrument or strategy. The account is read first, and the bot stays as
it is where the exchange's account is not ours, unless --accept takes the exchange's; or while
there is a file HALT in its state directory. What else holds it, such as a user stream that
is not live, goes on holding it: the answer lists it. Sweeps and drains end.`,
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			if strings.TrimSpace(r.Reason) == "" {
				return &failure{exitUsage, errors.New("--reason is needed"), "say why the bot may trade again; it is kept in the journal"}
			}
			r.Wait = waitOf(f)
			return act(ctx, c, f, "resume", r, c.printActed)
		})
	flags.waits(cmd, 40*time.Second) // the exchange is asked every ten seconds at most
	scopeFlags(cmd.Flags(), &r.Scope)
	cmd.Flags().StringVar(&r.Reason, "reason", "", "why the bot may trade again; it is kept in the journal")
	cmd.Flags().BoolVar(&r.Accept, "accept", false, "take the exchange's account for ours where they differ")
	return cmd
}

func cancelCommand(c *console) *cobra.Command {
	what := &monitor.Cancel{Who: monitor.Who{By: operator()}}
	var cmd *cobra.Command
	cmd, _ = c.control("cancel [ORDER...]", "End open orders of a running bot",
		`End single orders, named by client id or by our number, or those of an instrument or strategy,
or all of them, and wait until the exchange has confirmed it.`,
		cobra.ArbitraryArgs, func(ctx context.Context, f *controlFlags, args []string) error {
			named := what.Scope != monitor.Scope{}
			if one := len(args) > 0; one == (named || what.All) {
				return &failure{exitUsage, errors.New("name orders, or one of --symbol, --strategy and --all"), "pmbot orders lists them"}
			}
			what.Orders, what.Wait = args, waitOf(f)
			return act(ctx, c, f, "cancel", what, c.printActed)
		})
	flags := cmd.Flags()
	scopeFlags(flags, &what.Scope)
	flags.BoolVar(&what.All, "all", false, "every open order")
	flags.StringVar(&what.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

// printActed says how the account stands after an act.
func (c *console) printActed(a *monitor.Acted) error {
	for _, id := range a.Canceled {
		fmt.Fprintf(c.out, "canceled %s\n", plain(id))
	}
	fmt.Fprintf(c.out, "%v at %s, %s\n", a.State, readable.Instant(a.At), counted(int64(a.Open), "open order"))
	c.printHolds(a.Holds)
	return nil
}

func flattenCommand(c *console) *cobra.Command {
	what := &monitor.Flatten{Who: monitor.Who{By: operator()}}
	yes := false
	var cmd *cobra.Command
	var flags *controlFlags
	cmd, flags = c.control("flatten", "Close the positions of a running bot",
		`Show what would close every futures position, or those of one instrument or strategy: cancels
first, then reduce-only market orders, those first that free the most margin for their cost,
each in the name of the strategy whose position it closes. Then ask, and do it. What margin pairs
hold is listed, and not sold. Halt the bot first if its strategies should not open positions
again.

A leg that is refused keeps no other from being closed. It is tried again; what stays then is
told with the words of the exchange or the guard and what to do, and the command ends with 7, or
with 9 where the time was over before.`,
		cobra.NoArgs, nil)
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		return c.controlFailure(flags, c.doFlatten(ctx, flags, what, yes))
	})
	scopeFlags(cmd.Flags(), &what.Scope)
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().StringVar(&what.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

// doFlatten shows the plan, and does what was shown if a person says so. The time that he
// takes is not the bot's.
func (c *console) doFlatten(ctx context.Context, f *controlFlags, what *monitor.Flatten, yes bool) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	post := func(answer *monitor.Flattened) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return bot.Post(ctx, "flatten", what, answer)
	}
	var plan monitor.Flattened
	if err := post(&plan); err != nil {
		return err
	}
	if !f.json {
		if err := c.printPlan(&plan); err != nil {
			return err
		}
	}
	if len(plan.Steps) > 0 {
		if agreed, err := c.agree("Close these positions?", yes); err != nil || !agreed {
			return err
		}
		what.Plan, what.Wait = plan.Plan, waitOf(f)
		if err := post(&plan); err != nil {
			return err
		}
	}
	if f.json {
		if err := c.printJSON(plan); err != nil {
			return err
		}
	} else if plan.Done {
		for _, one := range plan.Stays {
			fmt.Fprintf(c.out, "STAYS %s: %s\n  why: %s\n  to do: %s\n", plain(one.Leg), plain(one.Step), plain(one.Why), plain(one.Cure))
		}
		fmt.Fprintf(c.out, "%s left open, %s\n", counted(int64(plan.Open), "order"), counted(int64(plan.Positions), "position"))
	}
	return notFlat(&plan)
}

// notFlat is the failure of legs that could not be closed.
func notFlat(a *monitor.Flattened) error {
	var words []string
	for _, one := range a.Stays {
		words = append(words, fmt.Sprintf("%s stays, %s", plain(one.Leg), plain(one.Why)))
	}
	switch {
	case a.Late != "":
		return &failure{exitTimeout, errors.New(strings.Join(append([]string{plain(a.Late)}, words...), "; ")), "see pmbot status, and --timeout"}
	case len(words) > 0:
		return &failure{exitSafety, errors.New(strings.Join(words, "; ")), "all else is closed; " + plain(a.Stays[0].Cure)}
	}
	return nil
}

func (c *console) printPlan(p *monitor.Flattened) error {
	for i, s := range p.Steps {
		if i < len(p.Notes) && p.Notes[i] != "" {
			s += " (" + p.Notes[i] + ")"
		}
		fmt.Fprintln(c.out, plain(s))
	}
	if p.Unranked != "" && len(p.Steps) > 0 {
		fmt.Fprintln(c.out, plain(p.Unranked))
	}
	for _, k := range p.Kept {
		fmt.Fprintf(c.out, "kept: %s\n", plain(k))
	}
	if len(p.Steps) == 0 {
		fmt.Fprintln(c.out, "nothing to close")
	}
	return nil
}

// agree asks a person. Nobody is asked who does not sit at a terminal.
func (c *console) agree(question string, yes bool) (bool, error) {
	if yes {
		return true, nil
	}
	if !isTerminal(c.out) || !isTerminal(c.err) {
		return false, &failure{exitSafety, errors.New("nobody is there to ask"), "--yes does it without asking"}
	}
	fmt.Fprintf(c.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n')
	agreed := strings.EqualFold(strings.TrimSpace(answer), "y")
	if !agreed {
		fmt.Fprintln(c.err, "pmbot: nothing was done")
	}
	return agreed, nil
}

func reloadCommand(c *console) *cobra.Command {
	what := &monitor.Reload{Who: monitor.Who{By: operator()}}
	yes := false
	cmd, flags := c.control("reload", "Read the configuration of a running bot again",
		`Have the bot read its configuration again, show what differs, ask, and make the changed limits
the guard's. Other keys are taken by a new start only, and are listed.`, cobra.NoArgs, nil)
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		return c.controlFailure(flags, c.doReload(ctx, flags, what, yes))
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().StringVar(&what.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

func (c *console) doReload(ctx context.Context, f *controlFlags, what *monitor.Reload, yes bool) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	post := func(answer *monitor.Reloaded) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return bot.Post(ctx, "reload", what, answer)
	}
	var r monitor.Reloaded
	if err := post(&r); err != nil {
		return err
	}
	if !f.json {
		for _, one := range r.Changes {
			fmt.Fprintf(c.out, "%s: %s -> %s\n", plain(one.Key), plain(one.Old), plain(one.New))
		}
		for _, one := range r.Refused {
			by := "taken by a new start only"
			if one.Swap != "" {
				by = "taken by pmbot swap " + one.Swap
			}
			fmt.Fprintf(c.out, "%s: %s -> %s, %s\n", plain(one.Key), plain(one.Old), plain(one.New), by)
		}
		if len(r.Changes) == 0 {
			fmt.Fprintln(c.out, "no limit differs")
		}
	}
	if len(r.Changes) > 0 {
		if agreed, err := c.agree("Take these limits?", yes); err != nil || !agreed {
			return err
		}
		what.Apply = true
		if err := post(&r); err != nil {
			return err
		}
	}
	if f.json {
		return c.printJSON(r)
	}
	if r.Applied {
		fmt.Fprintf(c.out, "in force since %s\n", readable.Instant(r.At))
	}
	return nil
}
