package report

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/readable"
	"github.com/pmbot/pmbot/backtest/stats"
	"github.com/pmbot/pmbot/exchange"
)

// undefined is what a table shows in place of a number that does not exist.
const undefined = readable.Undefined

// numerals is how numbers look: those of [readable.Numerals], and what only a report writes.
type numerals readable.Numerals

const (
	terminal = numerals(readable.Terminal)
	page     = numerals(readable.Page)
)

func (n numerals) group() string { return readable.Numerals(n).Space() }
func (n numerals) minus() string { return readable.Numerals(n).Minus() }

func (n numerals) money(d decimal.Decimal) string { return readable.Numerals(n).Money(d) }
func (n numerals) exact(d decimal.Decimal) string { return readable.Numerals(n).Exact(d) }
func (n numerals) fixed(f exchange.Fixed) string  { return readable.Numerals(n).Fixed(f) }
func (n numerals) count(v int64) string           { return readable.Numerals(n).Count(v) }
func (n numerals) plain(s string) string          { return readable.Numerals(n).Grouped(s) }

// signed is money with a plus before gains.
func (n numerals) signed(d decimal.Decimal) string {
	s := n.money(d)
	if d.Round(2).IsPositive() {
		return "+" + s
	}
	return s
}

// plus is percent with a plus before gains.
func (n numerals) plus(d decimal.Decimal) string {
	if d.Round(2).IsPositive() {
		return "+" + n.percent(d)
	}
	return n.percent(d)
}

// percent prints one or two decimals, the second where the first would hide the value.
func (n numerals) percent(d decimal.Decimal) string {
	if d.Abs().LessThan(decimal.New(1, 1)) {
		return n.plain(d.StringFixed(2))
	}
	return n.plain(d.StringFixed(1))
}

// ratio prints a statistic with two decimals.
func (n numerals) ratio(v float64) string { return n.plain(strconv.FormatFloat(v, 'f', 2, 64)) }

// uniMMR prints a margin ratio with two decimals, rounded down: 1.199 must not read as
// 1.20. The sentinel of an account without maintenance margin is undefined.
func (n numerals) uniMMR(d decimal.Decimal) string {
	if sentinel(d) {
		return undefined
	}
	return n.plain(d.RoundFloor(2).StringFixed(2))
}

// sentinel says whether a uniMMR stands for "no maintenance margin".
func sentinel(d decimal.Decimal) bool {
	return d.GreaterThanOrEqual(decimal.New(exchange.UniMMRMax, 0))
}

// compact prints a large amount in thousands, millions or billions.
func (n numerals) compact(d decimal.Decimal) string {
	for _, unit := range []struct {
		exp  int32
		name string
	}{{9, "B"}, {6, "M"}, {3, "k"}} {
		if d.Abs().GreaterThanOrEqual(decimal.New(1, unit.exp)) {
			return n.plain(d.Shift(-unit.exp).StringFixed(2)) + n.group() + unit.name
		}
	}
	return n.money(d)
}

// prose prints a text of the risk guard with its numbers, and its durations of whole minutes,
// as they look elsewhere. Text that is no number stays.
func (n numerals) prose(s string) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		core := strings.TrimRight(word, ",;")
		if _, err := decimal.NewFromString(core); err == nil && !strings.ContainsAny(core, "eE+") {
			words[i] = n.plain(core) + word[len(core):]
		} else if d, err := time.ParseDuration(core); err == nil && d > 0 && d%time.Minute == 0 {
			words[i] = span(d) + word[len(core):]
		}
	}
	return strings.Join(words, " ")
}

// figure prints a value by its unit.
func (n numerals) figure(unit stats.Unit, d decimal.Decimal) string {
	switch unit {
	case stats.Percent:
		return n.percent(d) + "%"
	case stats.Count:
		return n.plain(d.Round(2).String())
	case stats.Duration:
		if d.IsNegative() {
			return n.minus() + span(time.Duration(-d.IntPart()))
		}
		return span(time.Duration(d.IntPart()))
	case stats.Time:
		return minute(exchange.Time(d.IntPart()))
	default:
		return n.money(d)
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

// The words of every report, short for the many places that use them.

func day(t exchange.Time) string                       { return readable.Day(t) }
func minute(t exchange.Time) string                    { return readable.Minute(t) }
func instant(t exchange.Time) string                   { return readable.Instant(t) }
func span(d time.Duration) string                      { return readable.Span(d) }
func clean(s string) string                            { return readable.Clean(s) }
func cleanLines(s string) string                       { return readable.CleanLines(s) }
func shortHash(h string) string                        { return readable.Hash(h) }
func legName(p exchange.Product, symbol string) string { return readable.Leg(p, symbol) }
