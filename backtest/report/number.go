package report

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

const (
	// undefined is what a table shows in place of a number that does not exist.
	undefined = readable.Undefined

	terminal = readable.Terminal
	page     = readable.Page
)

// unitFigure prints a value by its unit.
func unitFigure(n readable.Numerals, unit stats.Unit, d decimal.Decimal) string {
	switch unit {
	case stats.Percent:
		return n.Percent(d) + "%"
	case stats.Count:
		return n.Grouped(d.Round(2).String())
	case stats.Duration:
		if d.IsNegative() {
			return n.Minus() + readable.Span(time.Duration(-d.IntPart()))
		}
		return readable.Span(time.Duration(d.IntPart()))
	case stats.Time:
		return readable.Minute(exchange.Time(d.IntPart()))
	default:
		return n.Money(d)
	}
}

// period is the time from the first to the last instant of the run.
func period(r *backtest.Result) (from, to exchange.Time) {
	from, to = r.From, r.To
	if n := len(r.Equity); n > 0 && from == 0 && to == 0 {
		from, to = r.Equity[0].At, r.Equity[n-1].At
	}
	return from, to
}
