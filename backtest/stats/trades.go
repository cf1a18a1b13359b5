package stats

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// trips sums the round trips up. All but open are of closed ones.
type trips struct {
	open, closed, won, lost, long int
	gain, loss                    decimal.Decimal // loss is negative
	best, worst                   decimal.Decimal
	// Time in the market, in nanoseconds; a million trades of a year exceed 64 bits.
	held, heldWon, heldLost decimal.Decimal
	// streak is the present one: how many won in a row, or lost if it is negative.
	streak, streakWon, streakLost int
	exits                         exits
}

func tripsOf(rows *backtest.Rows[backtest.TradeRow]) trips {
	t := trips{exits: exits{}}
	for _, row := range rows.All() {
		if row.Open {
			t.open++
			continue
		}
		t.add(row)
	}
	return t
}

func (t *trips) add(row *backtest.TradeRow) {
	t.closed++
	if row.Side == exchange.Buy {
		t.long++
	}
	if t.closed == 1 {
		t.best, t.worst = row.Net, row.Net
	}
	t.best, t.worst = decimal.Max(t.best, row.Net), decimal.Min(t.worst, row.Net)
	held := decimal.NewFromInt(int64(row.To.Sub(row.From)))
	t.held = t.held.Add(held)
	switch row.Net.Sign() {
	case 1:
		t.won++
		t.gain, t.heldWon = t.gain.Add(row.Net), t.heldWon.Add(held)
		t.streak = max(t.streak, 0) + 1
	case -1:
		t.lost++
		t.loss, t.heldLost = t.loss.Add(row.Net), t.heldLost.Add(held)
		t.streak = min(t.streak, 0) - 1
	default:
		t.streak = 0
	}
	t.streakWon, t.streakLost = max(t.streakWon, t.streak), max(t.streakLost, -t.streak)
	t.exits.add(row)
}

func tradeMeasures() []measure {
	const noTrades, noWon, noLost = "without a closed round trip", "without a round trip that won", "without a round trip that lost"
	return []measure{
		{"trades", "Round trips", Count, 0, "number of closed round trips: one strategy's position in one leg from flat to flat", "-", always,
			func(n *run) Value { return counted(n.trips.closed) }},
		{"trades_open", "Open round trips", Count, 0, "number of positions that the run ended with; no other statistic of round trips has them", "-", always,
			func(n *run) Value { return counted(n.trips.open) }},
		{"trades_per_day", "Round trips a day", PerDay, 0, "trades / days of the run, parts of days counted", "-", withoutTime,
			timed(func(n *run) Value { return quotient(decimal.NewFromInt(int64(n.trips.closed)), n.spanDays()) })},
		{"win_rate", "Round trips won", Percent, 1, "round trips with a net above 0 / trades, in percent; net is price + fees + funding", "-", noTrades,
			closed(func(t *trips) Value { return share(t.won, t.closed) })},
		{"average_win", "Average win", USD, 1, "mean net of the round trips that won", "-", noWon,
			winning(func(t *trips) Value { return meanUSD(t.gain, int64(t.won)) })},
		{"average_loss", "Average loss", USD, 1, "mean net of the round trips that lost, negative", "-", noLost,
			losing(func(t *trips) Value { return meanUSD(t.loss, int64(t.lost)) })},
		{"payoff_ratio", "Payoff ratio", Ratio, 1, "average_win / -average_loss, before rounding", "-", noWon + "; " + noLost, (*run).payoff},
		{"expectancy", "Expectancy", USD, 1, "mean net of all round trips", "-", noTrades,
			closed(func(t *trips) Value { return meanUSD(t.gain.Add(t.loss), int64(t.closed)) })},
		{"profit_factor", "Profit factor by round trips", Ratio, 1, "sum of the net of round trips that won / -(sum of the net of those that lost)", "-", noLost,
			losing(func(t *trips) Value { return quotient(t.gain, t.loss.Neg()) })},
		{"best_trade", "Best round trip", USD, 1, "largest net of a round trip", "-", noTrades,
			closed(func(t *trips) Value { return exactly(t.best) })},
		{"worst_trade", "Worst round trip", USD, 1, "smallest net of a round trip", "-", noTrades,
			closed(func(t *trips) Value { return exactly(t.worst) })},
		{"average_duration", "Average duration", Duration, 0, "mean time from the first to the last fill of round trips", "-", noTrades,
			closed(func(t *trips) Value { return meanTime(t.held, t.closed) })},
		{"average_duration_won", "Average duration of wins", Duration, 0, "mean time of the round trips that won", "-", noWon,
			winning(func(t *trips) Value { return meanTime(t.heldWon, t.won) })},
		{"average_duration_lost", "Average duration of losses", Duration, 0, "mean time of the round trips that lost", "-", noLost,
			losing(func(t *trips) Value { return meanTime(t.heldLost, t.lost) })},
		{"longest_winning_streak", "Longest winning streak", Count, 1, "most round trips in a row, by when they were closed, with a net above 0", "-", always,
			func(n *run) Value { return counted(n.trips.streakWon) }},
		{"longest_losing_streak", "Longest losing streak", Count, -1, "most round trips in a row, by when they were closed, with a net below 0", "-", always,
			func(n *run) Value { return counted(n.trips.streakLost) }},
		{"long_share", "Long round trips", Percent, 0, "round trips of long positions / trades, in percent", "-", noTrades,
			closed(func(t *trips) Value { return share(t.long, t.closed) })},
	}
}

// closed, winning and losing are measures of what must be there.

func closed(of func(*trips) Value) func(*run) Value {
	return func(n *run) Value {
		if n.trips.closed == 0 {
			return none("no round trip was closed")
		}
		return of(&n.trips)
	}
}

func winning(of func(*trips) Value) func(*run) Value {
	return func(n *run) Value {
		if n.trips.won == 0 {
			return none("no round trip won")
		}
		return of(&n.trips)
	}
}

func losing(of func(*trips) Value) func(*run) Value {
	return func(n *run) Value {
		if n.trips.lost == 0 {
			return none("no round trip lost")
		}
		return of(&n.trips)
	}
}

func (n *run) payoff() Value {
	t := &n.trips
	switch {
	case t.won == 0:
		return none("no round trip won")
	case t.lost == 0:
		return none("no round trip lost")
	}
	return quotient(t.gain.Mul(decimal.NewFromInt(int64(t.lost))), t.loss.Neg().Mul(decimal.NewFromInt(int64(t.won))))
}

// share is part of a whole that is not 0, in percent.
func share(part, whole int) Value {
	return exactly(percent(decimal.NewFromInt(int64(part)), decimal.NewFromInt(int64(whole))))
}

// meanTime is a mean in whole nanoseconds.
func meanTime(sum decimal.Decimal, over int) Value {
	return exactly(sum.DivRound(decimal.NewFromInt(int64(over)), 0))
}
