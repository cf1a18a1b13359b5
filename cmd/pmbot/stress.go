package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

func stressCommand(c *console) *cobra.Command {
	var show bool
	var run, runs, moment string
	cmd, f := c.control("stress SCENARIO", "Tell what a stress scenario would make of an account",
		`Tell what a scenario would make of an account: uniMMR and the account's worth before and
after, what each futures position and each asset loses, which lines are crossed, how far prices
may still move, and what would free margin, best first. Open orders are left out, and nobody
acts meanwhile. Nothing is sent or changed.

SCENARIO is one that pmbot ships with, `+strings.Join(scenarioNames(), ", ")+`,
or a TOML file; --show prints one to begin with. The account is that of a running bot, live or
dry; or with --run that of a backtest at its end, or where its uniMMR was lowest.`, nil, nil)
	cmd.Args = cobra.ExactArgs(1)
	cmd.ValidArgs = scenarioNames()
	cmd.Example = `  pmbot stress october-2025
  pmbot stress october-2025 --show > mine.toml
  pmbot stress mine.toml --account main-dry
  pmbot stress usdt-depeg --run last --at lowest`
	cmd.Flags().BoolVar(&show, "show", false, "print the scenario's file and do nothing else")
	cmd.Flags().StringVar(&run, "run", "", "the account of a run, by its id, a part of it or its directory, in place of a bot's; last is the newest")
	cmd.Flags().StringVar(&runs, "runs", "runs", "directory of the runs")
	cmd.Flags().StringVar(&moment, "at", "end", "of a run: end, or lowest for its lowest uniMMR")
	_ = cmd.RegisterFlagCompletionFunc("run", completeRuns(&runs, 0)) // fails for unknown flags only
	cmd.RunE = action(func(ctx context.Context, args []string) error {
		scenario, text, err := c.loadScenario(args[0])
		if err != nil {
			return err
		}
		if show {
			fmt.Fprint(c.out, text)
			return nil
		}
		if run != "" {
			return c.stressRun(f, scenario, runs, run, moment)
		}
		if moment != "end" {
			return &failure{exitUsage, fmt.Errorf("--at %s without --run", moment), "name a run"}
		}
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		return c.controlFailure(f, act(ctx, c, f, "stress", scenario, c.printStress))
	})
	return cmd
}

func (c *console) printStress(s *monitor.Stress) error {
	c.fact("SCENARIO", "%s", plain(s.Scenario))
	if s.About != "" {
		fmt.Fprintf(c.out, "%-15s %s\n", "", wrapped(plain(s.About), 16, verdictWidth))
	}
	c.fact("ACCOUNT", "%s at %s", plain(s.Of), readable.Instant(s.At))
	for _, idle := range s.Idle {
		c.fact("WARNING", "%s moves nothing: the account has nothing of it", plain(idle))
	}
	t := readable.Terminal
	fmt.Fprintln(c.out)
	if err := c.printTable([]string{"", "BEFORE", "AFTER"}, [][]string{
		{"uniMMR", t.UniMMR(s.Before.UniMMR), t.UniMMR(s.After.UniMMR)},
		{"status", s.Before.Status.String(), s.After.Status.String()},
		{"worth, USD", figure(&s.Before.Value), figure(&s.After.Value)},
		{"equity after haircuts, USD", figure(&s.Before.Equity), figure(&s.After.Equity)},
		{"maintenance margin, USD", figure(&s.Before.MaintMargin), figure(&s.After.MaintMargin)},
	}); err != nil {
		return err
	}
	if err := c.printStressed(s); err != nil {
		return err
	}
	fmt.Fprintln(c.out)
	for _, l := range s.Lines {
		switch {
		case l.Before:
			c.fact("BELOW", "%s before and %s", lineText(l.Line), map[bool]string{true: "after", false: "not after"}[l.After])
		case l.After:
			c.fact("CROSSED", "%s", lineText(l.Line))
		}
	}
	if !slices.ContainsFunc(s.Lines, func(l whatif.Crossed) bool { return l.After || l.Before }) {
		fmt.Fprintln(c.out, "no line is crossed")
	}
	lines := make([]whatif.Line, len(s.Lines))
	for i := range s.Lines {
		lines[i] = s.Lines[i].Line
	}
	if err := c.printDistances(", AFTER IT", lines, s.Distances); err != nil {
		return err
	}
	return c.printReliefs(s.Reliefs)
}

// printStressed shows futures and assets before and after.
func (c *console) printStressed(s *monitor.Stress) error {
	t := readable.Terminal
	var rows [][]string
	for _, l := range s.Legs {
		note := ""
		if l.Closed {
			note = "closed half-way by ADL"
		}
		name := l.Symbol
		if l.Side != exchange.Both.String() {
			name += " " + l.Side
		}
		rows = append(rows, []string{plain(name), l.Qty.String(), l.Mark.String(), l.MarkAfter.String(), t.Money(l.Gain), figure(&l.Maint), figure(&l.MaintAfter), note})
	}
	if len(rows) > 0 {
		fmt.Fprintln(c.out)
		headings := []string{"FUTURES, LARGEST LOSS FIRST", "QTY", "MARK", "AFTER", "GAIN USD", "MAINTENANCE", "AFTER", "NOTE"}
		if err := c.printTable(headings, rows); err != nil {
			return err
		}
	}
	rows = nil
	for _, a := range s.Assets {
		change := a.EquityAfter.Sub(a.Equity)
		rows = append(rows, []string{
			plain(a.Asset), a.Net.Round(exchange.FixedPlaces).String(), a.NetAfter.Round(exchange.FixedPlaces).String(), a.Index.String(), a.IndexAfter.String(),
			figure(&a.Equity), figure(&a.EquityAfter), t.Money(change),
		})
	}
	fmt.Fprintln(c.out)
	return c.printTable([]string{"ASSET", "NET", "AFTER", "INDEX", "AFTER", "EQUITY USD", "AFTER", "CHANGE"}, rows)
}
