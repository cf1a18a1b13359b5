package report

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// frontFigure is a row's name, and how a column's figure comes about.
type frontFigure struct {
	name string
	of   func(*runColumn) frontCell
}

// frontGroups are the figures that a professional looks for first.
func frontGroups() []struct {
	name    string
	figures []frontFigure
} {
	return []struct {
		name    string
		figures []frontFigure
	}{
		{"Return", []frontFigure{
			{"Length", lengthFigure}, {"Net of trading", netFigure}, {"Equity change", equityFigure}, {"CAGR", ofStat("cagr")},
			{"Volatility a year", ofStat("volatility")}, {"Sharpe", ofStat("sharpe")}, {"Sortino", ofStat("sortino")}, {"Calmar", ofStat("calmar")},
			{"PSR", psrFigure},
		}},
		{"Risk and margin", []frontFigure{
			{"Max drawdown", drawdownFigure}, {"Longest drawdown", longestFigure}, {"Gross leverage, highest", ofStat("max_leverage")},
			{"Lowest uniMMR", mmrFigure}, {"Time below 2.0 / 1.5 / 1.2", belowFigure}, {"Liquidations", liquidationFigure}, {"Auto-deleveraging", adlFigure},
		}},
		{"Trading", []frontFigure{
			{"Round trips", ofStat("trades")}, {"Win rate", ofStat("win_rate")}, {"Profit factor", ofStat("profit_factor")},
			{"Round trips per day", perDayFigure}, {"Turnover", turnoverFigure}, {"Maker share", makerFigure}, {"Refused", refusedFigure},
		}},
		{"Costs and income, USD", []frontFigure{
			{"Price, without slippage", moneyFigure(priceAlone)},
			{"Slippage", moneyFigure(func(l *backtest.Line) decimal.Decimal { return l.Slippage })},
			{"Fees", moneyFigure(func(l *backtest.Line) decimal.Decimal { return l.Fees })}, {"Fees in bp of turnover", feeFigure},
			{"Funding", moneyFigure(func(l *backtest.Line) decimal.Decimal { return l.Funding })},
			{"Interest", moneyFigure(func(l *backtest.Line) decimal.Decimal { return l.Interest })},
		}},
	}
}

// ofStat is a figure that the statistics have.
func ofStat(key string) func(*runColumn) frontCell {
	return func(c *runColumn) frontCell {
		item := c.stats.Get(key)
		cell := frontCell{Text: statFigure(&item)}
		if !item.OK {
			cell.Reason = item.Reason
		}
		return cell
	}
}

func moneyFigure(of func(*backtest.Line) decimal.Decimal) func(*runColumn) frontCell {
	return func(c *runColumn) frontCell {
		v := of(&c.r.Total)
		return frontCell{Text: page.Signed(v), Tone: signTone(v).style()}
	}
}

// priceAlone is what prices earned at those of the decision: slippage is a cost of its own.
func priceAlone(l *backtest.Line) decimal.Decimal { return l.Price.Sub(l.Slippage) }

func lengthFigure(c *runColumn) frontCell {
	from, to := period(c.r)
	return frontCell{Text: readable.Span(to.Sub(from)), Sub: dates(from, to)}
}

func netFigure(c *runColumn) frontCell {
	t := &c.r.Total
	return frontCell{Text: page.Signed(t.Net), Sub: page.Plus(t.NetPct) + "%", Tone: signTone(t.Net).style()}
}

func equityFigure(c *runColumn) frontCell {
	m := &c.r.Margin
	change := m.EquityEnd.Sub(m.EquityStart)
	cell := frontCell{Text: page.Signed(change), Tone: signTone(change).style()}
	if m.EquityStart.IsPositive() {
		cell.Sub = page.Plus(change.Shift(2).DivRound(m.EquityStart, 4)) + "%"
	}
	return cell
}

func drawdownFigure(c *runColumn) frontCell {
	m := &c.r.Margin
	return frontCell{Text: page.Percent(m.DrawdownPct) + "%", Sub: dates(m.DrawdownFrom, m.DrawdownTo)}
}

// dates is a span of days in few letters, or nothing. Its dates do not break.
func dates(from, to exchange.Time) string {
	if from == 0 || to == 0 {
		return ""
	}
	a, b := from.UTC(), to.UTC()
	first := "2\u00a0Jan"
	if a.Year() != b.Year() {
		first += "\u00a02006"
	}
	return a.Format(first) + " to " + b.Format("2\u00a0Jan\u00a02006")
}

func longestFigure(c *runColumn) frontCell {
	cell := ofStat("longest_drawdown")(c)
	if from, to, ok := longestFall(c.r, c.stats.Falls); ok && cell.Reason == "" {
		cell.Sub = dates(from, to)
	}
	return cell
}

// longestFall is the longest of the deepest falls; one that never recovered lasts to the
// end of the run.
func longestFall(r *backtest.Result, falls []stats.Fall) (from, to exchange.Time, ok bool) {
	for i := range falls {
		end := falls[i].Recovered
		if end == 0 {
			_, end = period(r)
		}
		if !ok || end.Sub(falls[i].Peak) > to.Sub(from) {
			from, to, ok = falls[i].Peak, end, true
		}
	}
	return from, to, ok
}

func mmrFigure(c *runColumn) frontCell {
	m := &c.r.Margin
	if m.UniMMRMinAt == 0 {
		return frontCell{Text: undefined, Reason: "no position was held, so there was no maintenance margin"}
	}
	return frontCell{Text: page.UniMMR(m.UniMMRMin), Sub: m.UniMMRMinAt.UTC().Format("2\u00a0Jan\u00a02006 15:04"), Tone: ladderTone(m.UniMMRMin, &m.Ladder).style()}
}

// psrFigure is the probabilistic Sharpe ratio, which few know by its letters.
func psrFigure(c *runColumn) frontCell {
	cell := ofStat("psr")(c)
	if cell.Reason == "" {
		cell.Sub = "chance that Sharpe is above 0"
	}
	return cell
}

func belowFigure(c *runColumn) frontCell {
	m := &c.r.Margin
	cell := frontCell{Text: fmt.Sprintf("%s / %s / %s", readable.Span(m.Below20), readable.Span(m.Below15), readable.Span(m.Below12))}
	if betweenSamples(m) {
		cell.Tone, cell.Sub = toneWarn.style(), "by samples; it was between two"
	} else if m.Below12 > 0 {
		cell.Tone = toneBad.style()
	} else if m.Below20 > 0 {
		cell.Tone = toneWarn.style()
	}
	return cell
}

func liquidationFigure(c *runColumn) frontCell {
	return frontCell{Text: page.Count(int64(c.r.Margin.Liquidations)), Tone: badIf(c.r.Margin.Liquidations > 0).style()}
}

func adlFigure(c *runColumn) frontCell {
	return frontCell{Text: page.Count(int64(c.r.Margin.ADL)), Tone: badIf(c.r.Margin.ADL > 0).style()}
}

func perDayFigure(c *runColumn) frontCell {
	cell := ofStat("trades_per_day")(c)
	cell.Text = strings.TrimSuffix(cell.Text, perDay)
	return cell
}

func turnoverFigure(c *runColumn) frontCell {
	return frontCell{Text: page.Compact(c.r.Total.Turnover) + page.Space() + "USD"}
}

func makerFigure(c *runColumn) frontCell {
	if text := makerShare(c.r.Orders.MakerPct); text != undefined {
		return frontCell{Text: text}
	}
	return frontCell{Text: undefined, Reason: "no order was filled"}
}

func refusedFigure(c *runColumn) frontCell {
	o := &c.r.Orders
	return frontCell{Text: page.Count(int64(o.Refused)), Sub: "of " + page.Count(int64(o.Intents)) + " intents"}
}

func feeFigure(c *runColumn) frontCell {
	t := &c.r.Total
	if t.Turnover.IsZero() {
		return frontCell{Text: undefined, Reason: "nothing was traded"}
	}
	return frontCell{Text: page.Grouped(t.Fees.Neg().Mul(decimal.New(10_000, 0)).DivRound(t.Turnover, 16).StringFixed(2))}
}
