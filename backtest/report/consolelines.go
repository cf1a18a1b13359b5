package report

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/exchange"
)

// lineColumns are the columns of result lines. Where room is short, what explains least
// of the net goes first. The last riskColumns are of what is followed over samples.
func lineColumns(title string) []column {
	return []column{
		{title: title, left: true}, {title: "fills", drop: 4}, {title: "turnover", drop: 8}, {title: "price", drop: 1},
		{title: "fees", drop: 3}, {title: "funding", drop: 2}, {title: "interest", drop: 5}, {title: "net"},
		{title: "net%"}, {title: "maxDD%", drop: 6}, {title: "uniMMR min", drop: 7},
	}
}

const (
	riskColumns = 2
	// monthsMax bounds the months that the console repeats; the report has all.
	monthsMax = 36
)

func byStrategy(r *backtest.Result) *grid {
	g := lineGrid("BY STRATEGY", r.ByStrategy)
	account := accountLines(r, terminal)
	cells := lineCells(totalLine(r, "TOTAL", account))
	cells[0].tone = toneHead
	g.add(cells...)
	for _, l := range account {
		cells := make([]cell, len(g.columns))
		cells[0] = cell{l.name, toneHead}
		for i, c := range g.columns {
			switch c.title {
			case "net":
				cells[i] = amount(l.usd)
			case "net%":
				cells[i] = cell{l.pct, signTone(l.usd)}
			case "maxDD%":
				cells[i] = text("%s", l.drawdown)
			}
		}
		g.add(cells...)
	}
	if hasHouse(r) {
		g.note(houseNote)
	}
	return g
}

// idle says that nothing was dealt and nothing came of it: then the total says all.
func idle(r *backtest.Result) bool {
	return r.Total.Trades == 0 && !slices.ContainsFunc(r.ByLeg, func(l backtest.Line) bool { return !l.Net.IsZero() })
}

func byLeg(r *backtest.Result) *grid {
	if idle(r) {
		return &grid{}
	}
	return lineGrid("BY LEG", r.ByLeg)
}

// byStrategyLeg has rows where there are several strategies and several legs; elsewhere
// another table says the same.
func byStrategyLeg(r *backtest.Result) *grid {
	if idle(r) || len(r.Strategies) < 2 || len(r.ByLeg) < 2 {
		return &grid{}
	}
	lines := make([]backtest.Line, len(r.ByStrategyLeg))
	for i := range lines {
		lines[i] = r.ByStrategyLeg[i].Line
	}
	return lineGrid("BY STRATEGY AND LEG", lines)
}

// byMonth has rows where there are several months. They have no risk of their own.
func byMonth(r *backtest.Result) *grid {
	if idle(r) || len(r.ByMonth) < 2 {
		return &grid{}
	}
	earlier := max(0, len(r.ByMonth)-monthsMax)
	g := lineGrid("BY MONTH", r.ByMonth[earlier:])
	g.columns = g.columns[:len(g.columns)-riskColumns]
	for i := range g.rows {
		g.rows[i] = g.rows[i][:len(g.columns)]
	}
	if earlier > 0 {
		g.note("%s earlier months are in the report", terminal.Count(int64(earlier)))
	}
	return g
}

// lineGrid is a table of result lines.
func lineGrid(title string, lines []backtest.Line) *grid {
	g := &grid{columns: lineColumns(title)}
	for i := range lines {
		g.add(lineCells(&lines[i])...)
	}
	return g
}

func lineCells(l *backtest.Line) []cell {
	return []cell{
		text("%s", readable.Clean(l.Name)), text("%s", terminal.Count(int64(l.Trades))), text("%s", terminal.Compact(l.Turnover)),
		amount(l.Price), amount(l.Fees), amount(l.Funding), amount(l.Interest), amount(l.Net),
		{terminal.Percent(l.NetPct), signTone(l.NetPct)}, text("%s", terminal.Percent(l.DrawdownPct)), lowest(l.UniMMRMin),
	}
}

// amount is money in the colour of its sign.
func amount(d decimal.Decimal) cell { return cell{terminal.Money(d), signTone(d)} }

func signTone(d decimal.Decimal) tone {
	switch d = d.Round(exchange.FixedPlaces); {
	case d.IsNegative():
		return toneBad
	case d.IsPositive():
		return toneGood
	default:
		return toneText
	}
}

// lowest is a line's lowest uniMMR; zero stands for a line that never held a position.
func lowest(d decimal.Decimal) cell {
	if d.IsZero() {
		return text(undefined)
	}
	return cell{terminal.UniMMR(d), mmrTone(d)}
}

// mmrTone warns below 2, and at 1.2, where plain Portfolio Margin becomes reduce-only.
func mmrTone(d decimal.Decimal) tone {
	switch {
	case d.LessThanOrEqual(decimal.New(12, -1)):
		return toneBad
	case d.LessThan(decimal.New(2, 0)):
		return toneWarn
	default:
		return toneText
	}
}
