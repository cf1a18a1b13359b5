package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
)

func swapCommand(c *console) *cobra.Command {
	what := &monitor.Swap{Who: monitor.Who{By: operator()}}
	yes := false
	cmd, flags := c.control("swap NAME", "Put a strategy's new program or parameters in the place of the old",
		`Have a running bot read its configuration again, show what of one strategy differs (its program,
version and parameters), ask, and let the new program go on where the old one stops: with its memory,
timers, orders and positions. No event is lost and no order is sent twice. If the new program fails
within its first minute, the old one goes on. What is new trades small at first; see ramp_for.`, cobra.ExactArgs(1), nil)
	cmd.RunE = action(func(ctx context.Context, args []string) error {
		what.Strategy = args[0]
		return c.controlFailure(flags, c.doSwap(ctx, flags, what, yes))
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().StringVar(&what.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

func (c *console) doSwap(ctx context.Context, f *controlFlags, what *monitor.Swap, yes bool) error {
	bot, err := c.bot(f)
	if err != nil {
		return err
	}
	var s monitor.Swapped
	post := func() error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		s = monitor.Swapped{}
		return bot.Post(ctx, "swap", what, &s)
	}
	if err := post(); err != nil {
		return err
	}
	if !f.json {
		for _, one := range s.Changes {
			fmt.Fprintf(c.out, "%s: %s -> %s\n", plain(one.Key), shortSum(one.Key, one.Old), shortSum(one.Key, one.New))
		}
		if len(s.Changes) == 0 {
			fmt.Fprintln(c.out, "neither program nor parameters differ")
		}
		if s.Stopped {
			fmt.Fprintln(c.out, "it does not run; a swap starts it again")
		}
		if s.Note != "" {
			fmt.Fprintln(c.out, plain(s.Note))
		}
	}
	if len(s.Changes) > 0 || s.Stopped {
		if agreed, err := c.agree("Swap "+what.Strategy+"?", yes); err != nil || !agreed {
			return err
		}
		what.Apply = true
		if err := post(); err != nil {
			return err
		}
	}
	if f.json {
		return c.printJSON(s)
	}
	if s.Applied {
		fmt.Fprintf(c.out, "in force since %s; %s\n", readable.Instant(s.At), s.Note)
	}
	return nil
}

// shortSum is a value for people: of a program's checksum the beginning.
func shortSum(key, value string) string {
	if key == "program" && len(value) > 12 {
		value = value[:12]
	}
	return plain(value)
}
