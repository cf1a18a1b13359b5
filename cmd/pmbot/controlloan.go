package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/engine/monitor"
)

func borrowCommand(c *console) *cobra.Command {
	return loanCommand(c, "borrow", "Borrow an asset into the margin wallet of a running bot's account",
		`Have the guard check a loan, and take it. It belongs to no strategy. There is one act for an
asset at a time and one new loan in the account; "pmbot loans" tells what became of it, and what
all loans have cost. borrow_max_usd bounds what may be owed, and lets nothing be borrowed by default.`)
}

func repayCommand(c *console) *cobra.Command {
	return loanCommand(c, "repay", "Repay a loan out of the margin wallet",
		`Pay back that much of what is owed of an asset, interest first. It is possible while the bot is
halted. "pmbot loans" tells what became of it.`)
}

// loanCommand asks before it does anything.
func loanCommand(c *console, verb, short, long string) *cobra.Command {
	what := &monitor.Loan{Who: monitor.Who{By: operator()}}
	yes := false
	cmd, _ := c.control(verb+" ASSET AMOUNT", short, long, cobra.ExactArgs(2), func(ctx context.Context, f *controlFlags, args []string) error {
		what.Asset, what.Amount = args[0], args[1]
		if agreed, err := c.agree(fmt.Sprintf("%s %s %s?", verb, plain(what.Amount), plain(what.Asset)), yes); err != nil || !agreed {
			return err
		}
		return act(ctx, c, f, verb, what, c.printLoans)
	})
	cmd.Flags().BoolVar(&yes, "yes", false, "do it without asking")
	cmd.Flags().StringVar(&what.Reason, "reason", byHand, "why; it is kept in the journal")
	return cmd
}

func loansCommand(c *console) *cobra.Command {
	cmd, _ := c.control("loans", "Show the loans of a running bot's account, and what they cost",
		`Show what is owed, by asset and strategy; the interest that the exchange has charged since the
journal began, beside what its rates should have made it; the loans and repayments under way and
of late; and what each service of the bot has wished last.`,
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "loans", nil, c.printLoans)
		})
	return cmd
}

func (c *console) printLoans(l *monitor.Loans) error {
	for _, a := range append(l.Ended, l.Acts...) {
		fmt.Fprintf(c.out, "act %d  %s %v %s  %v\n", a.ID, plain(a.Kind), a.Amount, plain(a.Asset), a.Status)
	}
	for _, line := range l.Loans {
		fmt.Fprintf(c.out, "%s  owed %v and %v interest; charged %v, by its rates %v\n",
			plain(line.Asset), line.Principal, line.Interest, line.Charged, line.Expected)
		for _, h := range line.Shares {
			if h.Strategy != "" {
				fmt.Fprintf(c.out, "  %s  %v of it, charged %v\n", plain(h.Strategy), h.Principal, h.Charged)
			}
		}
	}
	for _, v := range l.Services {
		line := v.Name
		if v.Amount != nil {
			line += " " + v.Amount.String()
		}
		if v.Asset != "" {
			line += " " + plain(v.Asset)
		}
		fmt.Fprintf(c.out, "service %s  at %v", line, v.At)
		if v.Refused != "" {
			fmt.Fprintf(c.out, ", %s", plain(v.Refused))
		}
		fmt.Fprintln(c.out)
	}
	if len(l.Loans)+len(l.Acts)+len(l.Ended) == 0 {
		fmt.Fprintln(c.out, "nothing was borrowed")
	}
	return nil
}

// hoursOfYear turns an hourly rate into a yearly one.
const hoursOfYear = 24 * 365

// loansLine is what is owed, in one line; empty if nothing is.
func loansLine(list []monitor.LoanLine) string {
	var owed []string
	for _, l := range list {
		if l.Principal.IsZero() && l.Interest.IsZero() {
			continue
		}
		text := l.Principal.String() + " " + plain(l.Asset)
		if !l.Interest.IsZero() {
			text += " and " + l.Interest.String() + " of interest"
		}
		if l.Hourly != nil {
			text += " at " + l.Hourly.Mul(decimal.NewFromInt(hoursOfYear*100)).Round(2).String() + "% a year"
		}
		owed = append(owed, text)
	}
	return strings.Join(owed, ", ")
}
