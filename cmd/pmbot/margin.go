package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/riskguard/whatif"
)

func marginCommand(c *console) *cobra.Command {
	var order, strategy string
	cmd, f := c.control("margin", "Tell the margin of a running bot's account, and what an order would do to it",
		`Tell the account by our margin model and as the exchange reported it last; the worst case of
all open orders, as it is and under each shock that orders are held against; the account after
each open order alone; each asset with the rates at which it counts; how far each price may
move until uniMMR is at each line; and what would free margin, best first.

With --order it tells what the risk guard would say of an order, which size would pass, and
what the order would make of the account. Nothing is sent, counted or changed. An order is
written as

  `+whatif.Grammar+`

QTY is in base coin, of CM in contracts. Without a product UM is meant, if it has the symbol.
The words are:

`+orderWords(), cobra.NoArgs, nil)
	cmd.Example = `  pmbot margin
  pmbot margin --order "sell 0.5 BTCUSDT @ market"
  pmbot margin --order "buy 10 CM:BTCUSD_PERP @ 60000 post-only" --strategy mm`
	cmd.Flags().StringVar(&order, "order", "", "ask what the risk guard would say of this order")
	cmd.Flags().StringVar(&strategy, "strategy", "", "the strategy that would send it, for its state and limits; the only one, if there is one")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		ctx, cancel := context.WithTimeout(ctx, f.timeout)
		defer cancel()
		switch {
		case order != "":
			q := url.Values{"order": {order}, "strategy": {strategy}}
			return c.controlFailure(f, ask(ctx, c, f, "order", q, c.printVerdict))
		case strategy != "":
			return &failure{exitUsage, fmt.Errorf("--strategy %s without --order", strategy), "name an order"}
		}
		return c.controlFailure(f, ask(ctx, c, f, "margin", nil, c.printMargin))
	})
	return cmd
}

// orderWords are the words of an order with what they mean, a line each.
func orderWords() string {
	var b strings.Builder
	for _, w := range whatif.Words() {
		fmt.Fprintf(&b, "  %-12s %s\n", w[0], w[1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// fact prints a line with its name.
func (c *console) fact(name, format string, args ...any) {
	fmt.Fprintf(c.out, "%-15s %s\n", name, fmt.Sprintf(format, args...))
}

func (c *console) printMargin(a *monitor.Margin) error {
	c.fact("MODEL", "%s", marginLine(&a.Account))
	if a.ReportedAt != 0 {
		c.fact("REPORTED", "%s   at %s", marginLine(&a.Reported), readable.Instant(a.ReportedAt))
		c.fact("DIFFERENCE", "equity %s, maintenance %s of the reported", differs(a.Account.Equity, a.Reported.Equity), differs(a.Account.MaintMargin, a.Reported.MaintMargin))
	}
	return c.printView(&a.View)
}

// differs is by how much a value differs from another, in percent of it.
func differs(of, reported decimal.Decimal) string {
	if reported.IsZero() {
		return readable.Undefined
	}
	return signedPercent(of.Sub(reported).Shift(2).DivRound(reported.Abs(), 4), 4)
}

// signedPercent writes percents with their sign.
func signedPercent(d decimal.Decimal, places int32) string {
	text := d.StringFixed(places) + "%"
	if d.IsPositive() {
		return "+" + text
	}
	return text
}

// printView prints all that is known of an account, a table a question.
func (c *console) printView(a *whatif.View) error {
	if a.Missing != "" {
		c.fact("MISSING", "%s", plain(a.Missing))
	}
	var rows [][]string
	for _, s := range a.Scenarios {
		rows = append(rows, []string{plain(s.Name), readable.Terminal.UniMMR(s.UniMMR), figure(&s.Equity), figure(&s.MaintMargin)})
	}
	fmt.Fprintln(c.out)
	if err := c.printTable([]string{"OPEN ORDERS AT WORST", "UNIMMR", "EQUITY USD", "MAINTENANCE USD"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, o := range a.Orders {
		if o.Missing != "" {
			rows = append(rows, []string{plain(o.Order), readable.Undefined, plain(o.Missing), "", plain(o.ClientID)})
			continue
		}
		rows = append(rows, []string{plain(o.Order), readable.Terminal.UniMMR(o.Account.UniMMR), figure(&o.Account.Equity), figure(&o.Account.MaintMargin), plain(o.ClientID)})
	}
	if len(rows) > 0 {
		fmt.Fprintln(c.out)
		if err := c.printTable([]string{"WHEN ONE HAS FILLED", "UNIMMR", "EQUITY USD", "MAINTENANCE USD", "ORDER"}, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.out)
	if err := c.printCollateral(a.Assets); err != nil {
		return err
	}
	if err := c.printDistances("", a.Lines, a.Distances); err != nil {
		return err
	}
	return c.printReliefs(a.Reliefs)
}

// printCollateral shows what each asset counts, tier by tier.
func (c *console) printCollateral(assets []whatif.Asset) error {
	var rows [][]string
	for _, a := range assets {
		var wallets, tiers []string
		for _, w := range slices.Sorted(maps.Keys(a.Wallets)) {
			wallets = append(wallets, w+" "+a.Wallets[w].String())
		}
		for _, t := range a.Tiers {
			text := t.Rate.Decimal().Shift(2).String() + "%"
			if len(a.Tiers) > 1 {
				text += " of " + figure(&t.Value)
			}
			tiers = append(tiers, text)
		}
		rows = append(rows, []string{
			plain(a.Asset), a.Net.String(), a.Index.String(), figure(&a.Value), figure(&a.Equity), strings.Join(tiers, ", "), strings.Join(wallets, ", "),
		})
	}
	return c.printTable([]string{"ASSET", "NET", "INDEX", "VALUE USD", "EQUITY USD", "COUNTS AT", "WALLETS"}, rows)
}

// printDistances shows for each coin how far it may fall and rise until each line.
func (c *console) printDistances(when string, lines []whatif.Line, list []whatif.Distance) error {
	if len(list) == 0 {
		return nil
	}
	headings := []string{"MOVE UNTIL" + when}
	for _, l := range lines {
		headings = append(headings, lineText(l))
	}
	var rows [][]string
	for i, d := range list {
		if i%len(lines) == 0 {
			name := plain(d.Coin)
			if d.Coin == margin.AllCoins {
				name = "all coins"
			}
			rows = append(rows, []string{name})
		}
		cell := moveText(d.Down) + " " + moveText(d.Up)
		switch {
		case d.Down != nil && *d.Down == 0:
			cell = "there already"
		case d.Down == nil && d.Up == nil:
			cell = "none"
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], cell)
	}
	fmt.Fprintln(c.out)
	if err := c.printTable(headings, rows); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "none and - are no move within %s..+%s; without open orders, and as if nobody acted\n",
		margin.FarthestDown.Decimal().Shift(2).String()+"%", margin.FarthestUp.Decimal().Shift(2).String()+"%")
	return nil
}

// lineText is a line of uniMMR with whose it is; unimmr_min is min.
func lineText(l whatif.Line) string {
	return fmt.Sprintf("%v (%s)", l.UniMMR, strings.ReplaceAll(l.Name, "unimmr_", ""))
}

func moveText(m *exchange.Fixed) string {
	if m == nil {
		return readable.Undefined
	}
	return signedPercent(m.Decimal().Shift(2), 2)
}

// reliefsShown is how many rows of what frees margin are printed.
const reliefsShown = 12

func (c *console) printReliefs(list []whatif.Relief) error {
	if len(list) == 0 {
		return nil
	}
	var rows [][]string
	for _, r := range list[:min(len(list), reliefsShown)] {
		each, note := readable.Undefined, ""
		if r.PerCost.IsPositive() {
			each = readable.Terminal.Money(r.PerCost)
		}
		if r.Opens {
			note = "opens a risk"
		}
		if !r.Delta.Equal(r.DeltaAfter) {
			note = strings.TrimPrefix(note+fmt.Sprintf(", %s %s -> %s", plain(r.Coin), r.Delta.Round(exchange.FixedPlaces), r.DeltaAfter.Round(exchange.FixedPlaces)), ", ")
		}
		rows = append(rows, []string{plain(r.What), figure(&r.Freed), figure(&r.Cost), each, readable.Terminal.UniMMR(r.UniMMR), readable.Terminal.UniMMR(r.Shocked), note})
	}
	fmt.Fprintln(c.out)
	if err := c.printTable([]string{"TO FREE MARGIN, BEST FIRST", "FREES USD", "COSTS USD", "FREED PER USD", "UNIMMR", "WORST SHOCK", "NET EXPOSURE"}, rows); err != nil {
		return err
	}
	if n := len(list) - len(rows); n > 0 {
		fmt.Fprintf(c.out, "and %s more; --json has all\n", count(int64(n)))
	}
	return nil
}

// printVerdict tells what the guard would say of an order.
func (c *console) printVerdict(v *monitor.Verdict) error {
	by := ""
	if v.Strategy != "" {
		by = " of " + plain(v.Strategy)
	}
	c.fact("ORDER", "%s%s", plain(v.Order), by)
	if v.Approved {
		c.fact("GUARD", "would approve it")
	}
	for i, r := range v.Refusals {
		name := "ALSO"
		if i == 0 {
			name = "GUARD"
		}
		c.fact(name, "%s", plain(readable.Terminal.Prose(r.Text)))
	}
	switch {
	case v.Approved:
	case v.Passes == 0:
		c.fact("PASSES", "no quantity")
	default:
		c.fact("PASSES", "quantity %v", v.Passes)
	}
	if v.Missing != "" {
		c.fact("MISSING", "%s", plain(v.Missing))
		return nil
	}
	t := readable.Terminal
	shocked := func(s *whatif.State) string {
		if s.Scenario == "" {
			return t.UniMMR(s.UniMMR)
		}
		return t.UniMMR(s.UniMMR) + " (" + plain(s.Scenario) + ")"
	}
	fmt.Fprintln(c.out)
	return c.printTable([]string{"", "WITHOUT IT", "WITH IT"}, [][]string{
		{"uniMMR when it alone has filled", t.UniMMR(v.Before.UniMMR), t.UniMMR(v.Filled.UniMMR)},
		{"uniMMR at worst of all open orders", t.UniMMR(v.WorstBefore.UniMMR), t.UniMMR(v.Worst.UniMMR)},
		{"uniMMR at worst, worst shock", shocked(&v.ShockedBefore), shocked(&v.Shocked)},
		{"equity when filled, USD", figure(&v.Before.Equity), figure(&v.Filled.Equity)},
		{"maintenance margin when filled, USD", figure(&v.Before.MaintMargin), figure(&v.Filled.MaintMargin)},
		{"initial margin of all that rests, USD", figure(&v.InitialMarginBefore), figure(&v.InitialMargin)},
		{"available after it, USD", "", figure(&v.Available)},
	})
}
