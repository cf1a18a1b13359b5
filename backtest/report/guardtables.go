package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// From limitNear on, in percent of a limit, the closest approach is coloured.
const limitNear = 80

// limitTable is the closest approach of approved orders to each limit, the nearest first
// and those that no order was measured against last.
func limitTable(list []backtest.LimitUse) table {
	t := table{ID: "limits", Caption: "Closest approach to the limits", Empty: "no limit was measured: no order was approved", Style: "gauges",
		Head: heads("Control", "#Used", "Value", "Limit", "When UTC, by which order", "#Refused"),
		Note: "How near approved orders came to each limit of the risk guard; a full bar is at the limit. Refused counts the orders that would have gone beyond it."}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b backtest.LimitUse) int {
		if (a.At == 0) != (b.At == 0) {
			return cmp.Compare(b.At, a.At)
		}
		return b.Used.Cmp(a.Used)
	})
	for i := range sorted {
		t.Rows = append(t.Rows, limitRow(&sorted[i]))
	}
	return t
}

func limitRow(l *backtest.LimitUse) []td {
	name := word(l.Name())
	name.Sub = readable.Clean(l.Key)
	refused := countOf(int64(l.Refused))
	if l.Refused > 0 {
		refused.Style += " warn"
	}
	used, when := td{Text: undefined, Style: "n", Sort: "-1", Title: "no approved order was measured against it"}, td{Text: "never measured", Style: "dim"}
	if l.At != 0 {
		percent := l.Used.Shift(2)
		used = gauge(percent)
		if percent.GreaterThanOrEqual(decimal.New(100, 0)) {
			used.Style += " full"
		} else if percent.GreaterThanOrEqual(decimal.New(limitNear, 0)) {
			used.Style += " near"
		}
		when = at(l.At, readable.Minute(l.At))
		when.Sub = strings.Trim(readable.Clean(l.Strategy)+", "+readable.Clean(l.Instrument), ", ")
	}
	return []td{name, used, word(page.Prose(l.Value)), word(page.Prose(l.Limit)), when, refused}
}

// gauge is a bar as wide as a share in percent, with the number.
func gauge(percent decimal.Decimal) td {
	full := decimal.Max(decimal.Zero, decimal.Min(percent, decimal.New(100, 0)))
	return td{Text: page.Grouped(percent.StringFixed(1)) + "%", Style: "n gauge", Sort: percent.String(), Meter: full.StringFixed(1)}
}

// budgetTable is what strategies used of their budgets at the end.
func budgetTable(list []backtest.BudgetLine) table {
	t := table{ID: "budgets", Caption: "Budgets of strategies", Empty: "no strategy has a budget",
		Head: heads("Strategy", "Amount", "#Used", "#Of", "State"),
		Note: "What each strategy used at the end of the run of what bounds it alone, in dollars or messages; a loss below zero is a gain, at the prices of the end."}
	for i := range list {
		b := &list[i]
		used, state := moneyOf(b.Used), word("open")
		if b.Full {
			state = td{Text: "used up", Style: "warn"}
		}
		if b.Unknown != "" {
			used, state = td{Text: undefined, Style: "n", Sort: "-1"}, word(b.Unknown)
		}
		t.Rows = append(t.Rows, []td{word(b.Strategy), word(strings.TrimPrefix(b.Key, "risk.budget.")), used, moneyOf(b.Limit), state})
	}
	return t
}

// stateTable is for how long each could trade, only reduce, or not at all.
func stateTable(list []backtest.StateTime) table {
	t := table{ID: "states", Caption: "Time in each trading state", Empty: "no state is known",
		Head: heads("Of", "#Active", "#Only reducing", "#Halted", "#Times", "Since UTC, the longest", "Why"),
		Note: "Times counts how often trading was reduce-only or halted, by the guard, the exchange or a person. An order needs the account, its instrument and its strategy to be active."}
	for i := range list {
		s := &list[i]
		all := s.Active + s.ReduceOnly + s.Halted
		active := td{Text: undefined, Style: "n", Sort: "-1"}
		if all > 0 {
			active = gauge(decimal.NewFromInt(int64(s.Active)).Shift(2).DivRound(decimal.NewFromInt(int64(all)), 4))
		}
		row := []td{word(readable.Clean(s.Scope)), active, spanOf(s.ReduceOnly), spanOf(s.Halted), countOf(int64(len(s.Spans))), {Text: undefined, Style: "dim"}, {Text: undefined, Style: "dim"}}
		if len(s.Spans) > 0 {
			longest := longestSpan(s.Spans)
			row[5] = at(longest.From, readable.Minute(longest.From))
			row[5].Sub = "for " + readable.Span(longest.To.Sub(longest.From))
			row[6] = word(page.Prose(readable.Clean(longest.Reason)))
			row[6].Sub = readable.Clean(longest.State + " by " + longest.Cause)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func spanOf(d time.Duration) td {
	cell := td{Text: readable.Span(d), Style: "n", Sort: strconv.FormatInt(int64(d), 10)}
	if d > 0 {
		cell.Style += " warn"
	}
	return cell
}

func ruleTable(o *backtest.OrderSummary) table {
	t := table{ID: "rules", Narrow: true, Caption: "Refusals by control", Empty: "nothing was refused", Head: heads("Control", "#Refused", "#Share")}
	for _, rule := range o.ByRule {
		share := td{Text: undefined, Style: "n"}
		if o.Refused > 0 {
			part := decimal.New(int64(rule.Count), 2).DivRound(decimal.New(int64(o.Refused), 0), 4)
			share = gauge(part)
		}
		t.Rows = append(t.Rows, []td{word(rule.Rule), countOf(int64(rule.Count)), share})
	}
	return t
}

// stressTable shows what shocks would have made of the account, the moments side by side.
func stressTable(list []backtest.StressMoment) table {
	t := table{ID: "stress", Caption: "Margin stress", Empty: "no stress table: the run has no samples of the account",
		Head: []head{{Text: "Scenario"}}, Over: []head{{Text: "", Span: 1}}, Style: "stress",
		Note: "What each shock would have made of the account as it stood, without its open orders. Status is the exchange's word at that uniMMR."}
	var names []string
	for i := range list {
		m := &list[i]
		t.Over = append(t.Over, head{Text: stressTitle(m), Span: 3})
		t.Head = append(t.Head, heads("#Equity USD", "#uniMMR", "Status")...)
		for _, row := range m.Rows {
			if !slices.Contains(names, row.Scenario) {
				names = append(names, row.Scenario)
			}
		}
	}
	for _, name := range names {
		row := []td{word(strings.ReplaceAll(name, " -", " \u2212"))}
		for i := range list {
			row = append(row, stressCells(&list[i], name)...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func stressTitle(m *backtest.StressMoment) string {
	return "At " + readable.Clean(m.Why) + ", " + readable.Minute(m.At) + " UTC"
}

func stressCells(m *backtest.StressMoment, scenario string) []td {
	for i := range m.Rows {
		row := &m.Rows[i]
		if row.Scenario != scenario {
			continue
		}
		mmr := td{Text: page.UniMMR(row.UniMMR), Style: "n", Sort: row.UniMMR.String()}
		if row.MaintMargin.IsZero() {
			mmr = td{Text: undefined, Style: "n", Sort: strconv.Itoa(exchange.UniMMRMax), Title: "no maintenance margin"}
		}
		word, style := statusWord(row.Status)
		return []td{tonedOf(decimal.Min(row.Equity, decimal.Zero), page.Money(row.Equity)), mmr, {Text: word, Style: "status " + style}}
	}
	return []td{{Text: undefined, Style: "n"}, {Text: undefined, Style: "n"}, {Text: undefined}}
}

// statusWord says in plain words what Binance would do, and how bad that is.
func statusWord(s exchange.AccountStatus) (text, style string) {
	switch s {
	case exchange.StatusNormal:
		return "normal", "good"
	case exchange.StatusMarginCall:
		return "margin call", "warn"
	case exchange.StatusSupplyMargin:
		return "supply margin", "warn"
	case exchange.StatusReduceOnly:
		return "reduce only", "warn"
	case exchange.StatusActiveLiquidation, exchange.StatusForceLiquidation:
		return "liquidation", "bad"
	case exchange.StatusBankrupted:
		return "bankrupt", "bad"
	default:
		return undefined, ""
	}
}
