package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

func reportListCommand(c *console, runs *string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the runs that were kept, newest first", Args: cobra.NoArgs,
		Long: `List the runs of a directory, newest first, with what came of them. Directories that are
no runs, and runs that are damaged, are named with the reason. On a terminal, columns that
have no room are left out; --json has everything.`,
		RunE: action(func(context.Context, []string) error {
			l, err := runListing(*runs)
			if err != nil {
				return err
			}
			if asJSON {
				return c.printJSON(l)
			}
			return c.printRuns(*runs, l)
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// runsListed is the JSON of "pmbot report ls".
type runsListed struct {
	Schema string      `json:"schema"`
	Runs   []runListed `json:"runs"`
	Others []otherDir  `json:"others"`
}

// runListed is one run. A figure that is undefined is null.
type runListed struct {
	Name       string           `json:"name"`
	ID         string           `json:"id"`
	Kind       backtest.Kind    `json:"kind"`
	Strategies []string         `json:"strategies"`
	From       exchange.Time    `json:"from"`
	To         exchange.Time    `json:"to"`
	Net        decimal.Decimal  `json:"net"`
	NetPct     decimal.Decimal  `json:"net_pct"`
	Drawdown   decimal.Decimal  `json:"max_drawdown_pct"`
	Sharpe     *decimal.Decimal `json:"sharpe"`
	UniMMRMin  *decimal.Decimal `json:"unimmr_min"`
	Hash       string           `json:"result_hash"`
}

// otherDir is a directory that is no run, or a damaged one.
type otherDir struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

func runListing(runs string) (*runsListed, error) {
	entries, err := rundir.List(runs)
	if err != nil {
		return nil, &failure{exitNotFound, fmt.Errorf("%s: %w", runs, reason(err)), runsHint}
	}
	l := &runsListed{Schema: "pmbot.runs/1", Runs: []runListed{}, Others: []otherDir{}}
	for _, e := range entries {
		if e.Why != "" {
			l.Others = append(l.Others, otherDir{e.Name, e.Why})
			continue
		}
		dir := filepath.Join(runs, e.Name)
		r, err := rundir.Peek(dir)
		if err != nil {
			l.Others = append(l.Others, otherDir{e.Name, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")})
			continue
		}
		l.Runs = append(l.Runs, listedRun(e.Name, r))
	}
	return l, nil
}

func listedRun(name string, r *backtest.Result) runListed {
	one := runListed{Name: name, ID: r.ID, Kind: r.Kind.OrBacktest(), Strategies: append([]string{}, r.StrategyNames()...), From: r.From, To: r.To,
		Net: r.Total.Net, NetPct: r.Total.NetPct, Drawdown: r.Margin.DrawdownPct, Hash: r.Hash}
	if sharpe := stats.Of(r).Get("sharpe"); sharpe.OK {
		one.Sharpe = &sharpe.Number
	}
	if r.Margin.UniMMRMinAt != 0 {
		one.UniMMRMin = &r.Margin.UniMMRMin
	}
	return one
}

func (c *console) printRuns(runs string, l *runsListed) error {
	if len(l.Runs) == 0 {
		fmt.Fprintf(c.out, "%s has no runs\n", runs)
	} else {
		var table [][]string
		for _, r := range l.Runs {
			uniMMR := readable.Undefined
			if r.UniMMRMin != nil {
				uniMMR = readable.Terminal.UniMMR(*r.UniMMRMin)
			}
			table = append(table, []string{
				plain(r.Name), string(r.Kind), plain(strings.Join(r.Strategies, ", ")), readable.Day(r.From) + " .. " + readable.Day(r.To), figure(&r.Net),
				figure(&r.NetPct), figure(&r.Drawdown), figure(r.Sharpe), uniMMR, plain(r.Hash[:min(12, len(r.Hash))]),
			})
		}
		headings := []string{"RUN", "KIND", "STRATEGIES", "PERIOD", "NET", "NET%", "MAXDD%", "SHARPE", "UNIMMR MIN", "RESULT"}
		headings, table = fitting(terminalWidth(c.out), []string{"RESULT", "KIND", "STRATEGIES", "UNIMMR MIN", "PERIOD", "SHARPE", "MAXDD%"}, headings, table)
		if err := c.printTable(headings, table); err != nil {
			return err
		}
	}
	for _, o := range l.Others {
		fmt.Fprintf(c.out, "no run: %s: %s\n", plain(o.Name), plain(o.Reason))
	}
	return nil
}

// figure prints an amount or a ratio as the tables of a run do.
func figure(d *decimal.Decimal) string {
	if d == nil {
		return readable.Undefined
	}
	return readable.Terminal.Money(*d)
}

// plain is text of strangers on a terminal: what does not print is quoted.
func plain(s string) string {
	if strings.ContainsFunc(s, func(c rune) bool { return !strconv.IsPrint(c) }) || strings.ToValidUTF8(s, "") != s {
		return strconv.Quote(s)
	}
	return s
}
