package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/engine/monitor"
	"github.com/pmbot/pmbot/exchange"
)

func statusCommand(c *console) *cobra.Command {
	cmd, _ := c.control("status", "Tell how a running bot is: state and why, account, strategies, parts",
		`Tell how a running bot is: what it may do and what keeps it from doing more, what differs
from the exchange, the account by our model and as the exchange reported it last, strategies,
and the parts of the process.`, cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "status", nil, c.printStatus)
		})
	return cmd
}

// taskWords is one line about a pair or a stop.
func taskWords(t *monitor.Task) string {
	words := fmt.Sprintf("%s #%d   %s: closes %v at %v", t.Strategy, t.Ref, t.Symbol, t.Qty, t.Trigger)
	if t.Kind == exchange.TaskPair {
		words = fmt.Sprintf("%s #%d   %s against %s: %v of %v coins, hedged %v", t.Strategy, t.Ref, t.Symbol, t.Hedge, t.Lead, t.Coins, t.Hedged)
	}
	if t.Status != exchange.TaskWorking {
		words += "   " + t.Status.String()
	}
	if t.Reason != "" {
		words += "   " + t.Reason
	}
	return words
}

func (c *console) printStatus(s *monitor.Status) error {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(c.out, "%-15s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("ACCOUNT", "%s   %s   pid %d   since %s   %s", plain(s.About.Account), s.About.Mode, s.About.Pid, readable.Instant(s.About.Started), plain(s.About.Version))
	line("STATE", "%v   event %s at %s   stream %s", s.State, count(int64(s.Seq)), readable.Instant(s.At), s.About.Stream)
	c.printHolds(s.Holds)
	c.printAlerts(s.Alerts)
	for _, d := range s.Differences {
		line("DIFFERS", "%s", plain(d))
	}
	if s.Missing != "" {
		line("MARGIN", "not known: %s", plain(s.Missing))
	} else {
		line("MARGIN", "%s", marginLine(&s.Account))
	}
	if s.ReportedAt != 0 {
		line("REPORTED", "%s   at %s", marginLine(&s.Reported), readable.Instant(s.ReportedAt))
	}
	line("OPEN", "%s, %s of unknown outcome, %s", counted(int64(s.Orders), "order"), count(int64(s.Unknown)), counted(int64(s.Positions), "position"))
	if loans := loansLine(s.Loans); loans != "" {
		line("LOANS", "%s", loans)
	}
	for i := range s.Tasks {
		line(s.Tasks[i].Kind.String(), "%s", plain(taskWords(&s.Tasks[i])))
	}
	line("SINCE START", "%s, %s refused, %s rejected, %s", counted(int64(s.Counts.Fills), "fill"), count(int64(s.Counts.Refused)), count(int64(s.Counts.Rejected)),
		counted(int64(s.Counts.Gaps), "gap"))
	for _, p := range s.About.Parts {
		line(strings.ToUpper(p.Name), "%s", plain(p.Text))
	}
	for _, w := range s.About.Warnings {
		line("WARNING", "%s", plain(w))
	}
	if len(s.Strategies) == 0 {
		return nil
	}
	fmt.Fprintln(c.out)
	var rows [][]string
	for _, one := range s.Strategies {
		running := "runs"
		if !one.Running {
			running = "does not run"
		}
		switch {
		case one.Why == "", one.Why == startedWhy:
		case one.Running:
			running += ": " + plain(briefReason(one.Why))
		default:
			running = plain(briefReason(one.Why))
		}
		rows = append(rows, []string{plain(one.Label), one.State.String(), running, strconv.Itoa(one.Orders), strconv.Itoa(one.Fills), strconv.Itoa(one.Refused)})
	}
	if err := c.printTable([]string{"STRATEGY", "STATE", "PROCESS", "ORDERS", "FILLS", "REFUSED"}, rows); err != nil {
		return err
	}
	return c.printBudgets(s.Budgets)
}

// printBudgets says what strategies use of their budgets, if one has any.
func (c *console) printBudgets(list []monitor.Budget) error {
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintln(c.out)
	var rows [][]string
	for _, b := range list {
		used, by := b.Used.Round(2).String(), "configured"
		if b.State == monitor.BudgetUnknown {
			used = readable.Undefined
		}
		if b.Asked {
			by = "asked"
		}
		state := b.State
		if b.Why != "" {
			state += ": " + b.Why
		}
		rows = append(rows, []string{plain(b.Strategy), b.Key, used, b.Limit.String(), by, plain(state)})
	}
	return c.printTable([]string{"BUDGET OF", "AMOUNT", "USED", "LIMIT", "BY", "STATE"}, rows)
}

// reasonWidth is how much of a reason a table has room for.
const reasonWidth = 40

// briefReason is the beginning of a reason; the line of what holds the strategy has the whole.
func briefReason(why string) string {
	if r := []rune(why); len(r) > reasonWidth {
		return string(r[:reasonWidth-1]) + "…"
	}
	return why
}

// printHolds says what keeps a bot from trading freely.
func (c *console) printHolds(holds []monitor.Hold) {
	for _, h := range holds {
		by := ""
		if h.By != "" {
			by = " by " + plain(h.By)
		}
		fmt.Fprintf(c.out, "%-15s %s %v by %v since %s%s: %s\n", "HELD", plain(h.Scope), h.State, h.Cause, readable.Instant(h.Since), by, plain(h.Reason))
	}
}

// printAlerts says what the guard's watch has found, as long as it stands.
func (c *console) printAlerts(alerts []monitor.Alert) {
	for _, a := range alerts {
		of := a.Scope
		if a.Asset != "" {
			of = strings.TrimPrefix(of+" "+a.Asset, "account ")
		}
		fmt.Fprintf(c.out, "%-15s %v %s of %s since %s: %s, limit %s\n", "ALERT", a.Severity, plain(a.Control), plain(of), readable.Instant(a.Since), plain(a.Value), plain(a.Limit))
	}
}

// marginLine is an account in one line.
func marginLine(a *exchange.Account) string {
	t := readable.Terminal
	return fmt.Sprintf("uniMMR %s   equity %s   maintenance %s   initial %s   available %s   %v",
		t.UniMMR(a.UniMMR), t.Money(a.Equity), t.Money(a.MaintMargin), t.Money(a.InitialMargin), t.Money(a.Available), a.Status)
}

func ordersCommand(c *console) *cobra.Command {
	cmd, _ := c.control("orders", "List the open orders of a running bot", "List the open orders of a running bot, oldest first.",
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "orders", nil, func(a *monitor.Orders) error {
				if len(a.Orders) == 0 {
					fmt.Fprintln(c.out, "no open orders")
					return nil
				}
				var rows [][]string
				for _, o := range a.Orders {
					rows = append(rows, []string{
						plain(o.ClientID), plain(o.Strategy), o.Symbol, o.Side, o.Type, o.State, o.Qty.String(), o.Filled.String(), blankZero(o.Price), blankZero(o.Trigger),
						readable.Instant(o.Created),
					})
				}
				return c.printTable([]string{"ORDER", "STRATEGY", "SYMBOL", "SIDE", "TYPE", "STATUS", "QTY", "FILLED", "PRICE", "TRIGGER", "CREATED"}, rows)
			})
		})
	return cmd
}

func blankZero(f exchange.Fixed) string {
	if f == 0 {
		return readable.Undefined
	}
	return f.String()
}

func fillsCommand(c *console) *cobra.Command {
	newest := 20
	cmd, _ := c.control("fills", "List the newest executions of a running bot",
		"List the newest executions since the bot was started, oldest first; pmbot journal has all of them.",
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "fills", url.Values{"newest": {strconv.Itoa(newest)}}, func(a *monitor.Fills) error {
				if len(a.Fills) == 0 {
					fmt.Fprintln(c.out, "no fills since the bot was started")
					return nil
				}
				var rows [][]string
				for _, x := range a.Fills {
					role := "taker"
					if x.Maker {
						role = "maker"
					}
					rows = append(rows, []string{
						readable.Instant(x.At), plain(x.Strategy), x.Symbol, x.Side, x.Qty.String(), x.Price.String(), role, x.Fee.String() + " " + plain(x.FeeAsset),
						x.Realized.String(), plain(x.ClientID), x.Forced,
					})
				}
				headings := []string{"TIME", "STRATEGY", "SYMBOL", "SIDE", "QTY", "PRICE", "ROLE", "FEE", "REALIZED", "ORDER", "FORCED"}
				headings, rows = fitting(terminalWidth(c.out), []string{"ORDER", "FORCED", "REALIZED"}, headings, rows)
				return c.printTable(headings, rows)
			})
		})
	cmd.Flags().IntVarP(&newest, "newest", "n", newest, "how many, 1 to 1000")
	return cmd
}

func positionsCommand(c *console) *cobra.Command {
	cmd, _ := c.control("positions", "List the positions and assets of a running bot's account",
		"List the futures positions with whose they are, and what the account has of each asset.",
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "positions", nil, c.printPositions)
		})
	return cmd
}

func (c *console) printPositions(a *monitor.Positions) error {
	if len(a.Positions) == 0 {
		fmt.Fprintln(c.out, "no positions")
	} else {
		var rows [][]string
		for _, p := range a.Positions {
			var holders []string
			for _, h := range p.Holders {
				holders = append(holders, plain(h.Strategy)+" "+h.Qty.String())
			}
			rows = append(rows, []string{
				p.Symbol, p.Side, p.Qty.String(), p.Entry.Round(exchange.FixedPlaces).String(), p.Mark.String(), figureIn(p.Notional, p.Asset), figureIn(p.PnL, p.Asset),
				figureIn(p.Maint, p.Asset), strings.Join(holders, ", "),
			})
		}
		if err := c.printTable([]string{"SYMBOL", "SIDE", "QTY", "ENTRY", "MARK", "NOTIONAL", "PNL", "MAINTENANCE", "HELD BY"}, rows); err != nil {
			return err
		}
	}
	fmt.Fprintln(c.out)
	return c.printAssets(a.Assets)
}

// figureIn is an amount with its asset.
func figureIn(d decimal.Decimal, asset string) string {
	return d.Round(exchange.FixedPlaces).String() + " " + plain(asset)
}

func (c *console) printAssets(assets []monitor.Asset) error {
	var rows [][]string
	for _, a := range assets {
		var wallets []string
		for _, w := range slices.Sorted(maps.Keys(a.Wallets)) {
			wallets = append(wallets, w+" "+a.Wallets[w].String())
		}
		rows = append(rows, []string{plain(a.Asset), a.Net.String(), figure(&a.Value), figure(&a.Equity), strings.Join(wallets, ", ")})
	}
	return c.printTable([]string{"ASSET", "NET", "VALUE USD", "EQUITY USD", "WALLETS"}, rows)
}

func fundingCommand(c *console) *cobra.Command {
	cmd, _ := c.control("funding", "Tell the fundings of a running bot: due, and paid since its start",
		"Tell what each position receives (or pays, below zero) at its next settlement by the exchange's running estimate, and what was booked since the bot was started.",
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "funding", nil, c.printFunding)
		})
	return cmd
}

func (c *console) printFunding(a *monitor.Funding) error {
	var due, paid [][]string
	for _, n := range a.Next {
		due = append(due, []string{n.Symbol, readable.Instant(n.At), n.Rate.String(), figureIn(n.Amount, n.Asset)})
	}
	for _, b := range a.Paid {
		paid = append(paid, []string{readable.Instant(b.At), b.Why, b.Symbol, figureIn(b.Delta, b.Asset), b.Wallet})
	}
	for _, t := range []struct {
		rows     [][]string
		headings []string
		none     string
	}{
		{due, []string{"SYMBOL", "NEXT FUNDING", "RATE", "ESTIMATE"}, "no position has a settlement to come"},
		{paid, []string{"BOOKED", "REASON", "SYMBOL", "AMOUNT", "WALLET"}, "nothing was booked since the bot was started"},
	} {
		if len(t.rows) == 0 {
			fmt.Fprintln(c.out, t.none)
			continue
		}
		if err := c.printTable(t.headings, t.rows); err != nil {
			return err
		}
		fmt.Fprintln(c.out)
	}
	for _, asset := range slices.Sorted(maps.Keys(a.Totals)) {
		fmt.Fprintf(c.out, "funding since the start: %s\n", figureIn(a.Totals[asset], asset))
	}
	return nil
}

func limitsCommand(c *console) *cobra.Command {
	cmd, _ := c.control("limits", "List the limits of a running bot and how near orders came to them",
		"List every bound of the risk guard, how near an approved order came to it since the bot was started, and how many it refused; and what each strategy uses of its budget now.",
		cobra.NoArgs, func(ctx context.Context, f *controlFlags, _ []string) error {
			return ask(ctx, c, f, "limits", nil, func(a *monitor.Limits) error {
				var rows [][]string
				for _, l := range a.Limits {
					at := readable.Undefined
					if l.At != 0 {
						at = readable.Instant(l.At)
					}
					rows = append(rows, []string{
						limitName(&l), readable.Terminal.Percent(l.Used.Shift(2)), strconv.Itoa(l.Refused), plain(l.Nearest), plain(l.Limit), at, plain(l.By), l.Symbol, l.Key,
					})
				}
				headings := []string{"LIMIT", "USED", "REFUSED", "NEAREST", "BOUND", "AT", "BY", "SYMBOL", "KEY"}
				headings, rows = fitting(terminalWidth(c.out), []string{"AT", "SYMBOL", "BY", "KEY"}, headings, rows)
				if err := c.printTable(headings, rows); err != nil {
					return err
				}
				return c.printBudgets(a.Budgets)
			})
		})
	return cmd
}

// limitName is the control, and of which orders if not of all.
func limitName(l *monitor.Limit) string {
	if l.Scope == "" {
		return l.Rule
	}
	return l.Rule + " of " + plain(l.Scope)
}

func logsCommand(c *console) *cobra.Command {
	newest, follow := 50, false
	cmd, f := c.control("logs", "Print the log of a running bot",
		"Print the last lines of a running bot's log, one JSON object a line, and with -f those to come until you interrupt.", cobra.NoArgs, nil)
	cmd.Flags().IntVarP(&newest, "newest", "n", newest, "how many lines, 0 to 10000")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on with the lines to come")
	cmd.RunE = action(func(ctx context.Context, _ []string) error {
		bot, err := c.bot(f)
		if err != nil {
			return err
		}
		return c.controlFailure(f, bot.Logs(ctx, c.out, newest, follow))
	})
	return cmd
}
