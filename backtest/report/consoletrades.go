package report

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
)

// exitsMax bounds the exit reasons that the console repeats.
const exitsMax = 12

// byExit counts round trips by what ended them, if the strategies give reasons or the
// exchange had some.
func byExit(all *stats.Statistics) *grid {
	g := &grid{columns: []column{
		{title: "BY EXIT", left: true}, {title: "strategy", left: true, drop: 1}, {title: "trades"}, {title: "won", drop: 2},
		{title: "won%"}, {title: "net"}, {title: "average", drop: 3},
	}}
	if !slices.ContainsFunc(all.Exits, func(e stats.Exit) bool { return e.Reason != stats.Untagged }) {
		return g
	}
	for i, e := range all.Exits {
		if i == exitsMax {
			g.note("%s more are in the report", terminal.Count(int64(len(all.Exits)-i)))
			break
		}
		n := decimal.New(int64(e.Trades), 0)
		g.add(text("%s", readable.Clean(e.Reason)), text("%s", readable.Clean(e.Strategy)), text("%s", terminal.Count(int64(e.Trades))),
			text("%s", terminal.Count(int64(e.Won))), text("%s", terminal.Percent(decimal.New(int64(e.Won), 2).DivRound(n, 4))),
			amount(e.Net), amount(e.Net.DivRound(n, 8)))
	}
	return g
}

// named is a statistic under the name that readers look for.
type named struct{ key, name string }

// trades sums up the round trips.
func (t *terminalWriter) trades(all *stats.Statistics) {
	closed, open := all.Get("trades"), all.Get("trades_open")
	if closed.Number.IsZero() && open.Number.IsZero() {
		return
	}
	first := text("round trips %s", figureText(closed))
	if !open.Number.IsZero() {
		first.text += ", and " + figureText(open) + " still open"
	}
	if closed.Number.IsZero() {
		t.wrapped("TRADES", first)
		return
	}
	t.figures("TRADES", all, []cell{first}, []named{
		{"win_rate", "won"}, {"average_win", "average win"}, {"average_loss", "average loss"}, {"payoff_ratio", "payoff"},
		{"expectancy", "expectancy"}, {"profit_factor", "profit factor"}, {"best_trade", "best"}, {"worst_trade", "worst"},
		{"average_duration", "average duration"}, {"average_duration_won", "of wins"}, {"average_duration_lost", "of losses"},
		{"longest_winning_streak", "wins in a row"}, {"longest_losing_streak", "losses in a row"}, {"long_share", "long"},
	})
}

// ratios prints what runs are compared by.
func (t *terminalWriter) ratios(all *stats.Statistics) {
	days := text("days won %s of %s", figureText(all.Get("days_won")), figureText(all.Get("days")))
	t.figures("RATIOS", all, []cell{text("of equity, collateral included:"), days}, []named{
		{"cagr", "CAGR"}, {"volatility", "volatility"}, {"sharpe", "Sharpe"}, {"sortino", "Sortino"}, {"calmar", "Calmar"},
		{"profit_factor_days", "profit factor of days"}, {"best_day", "best day"}, {"worst_day", "worst day"},
		{"underwater_pct", "below the peak"}, {"time_in_market", "in the market"},
	})
}

// figures prints statistics after what else is to be said. Why one is undefined stands in
// a footnote.
func (t *terminalWriter) figures(title string, all *stats.Statistics, pieces []cell, list []named) {
	var notes []string
	for _, n := range list {
		item := all.Get(n.key)
		value := figureText(item)
		if !item.OK {
			note := slices.Index(notes, item.Reason)
			if note < 0 {
				note = len(notes)
				notes = append(notes, item.Reason)
			}
			value = fmt.Sprintf("%s [%d]", undefined, note+1)
		}
		pieces = append(pieces, text("%s %s", n.name, value))
	}
	t.wrapped(title, pieces...)
	for i, note := range notes {
		t.wrapped("", cell{fmt.Sprintf("[%d] %s", i+1, readable.Clean(note)), toneDim})
	}
}

// figureText prints a statistic by its unit.
func figureText(item stats.Item) string {
	if !item.OK {
		return undefined
	}
	return unitFigure(terminal, item.Unit, item.Number)
}
