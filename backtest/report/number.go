package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// undefined is what a table shows in place of a number that does not exist.
const undefined = "-"

// numerals is how numbers look.
type numerals uint8

const (
	// terminal groups with plain spaces and has hyphens for minus signs.
	terminal numerals = iota
	// page groups with narrow spaces that do not break and has real minus signs.
	page
)

func (n numerals) group() string {
	if n == page {
		return "\u202f"
	}
	return " "
}

func (n numerals) minus() string {
	if n == page {
		return "\u2212"
	}
	return "-"
}

// money prints an amount with two decimals, rounded half away from zero.
func (n numerals) money(d decimal.Decimal) string { return n.plain(d.StringFixed(2)) }

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

// exact prints every digit.
func (n numerals) exact(d decimal.Decimal) string { return n.plain(d.String()) }

// fixed prints a price or a quantity with every digit.
func (n numerals) fixed(f exchange.Fixed) string { return n.plain(f.String()) }

// count prints a whole number.
func (n numerals) count(v int64) string { return n.plain(strconv.FormatInt(v, 10)) }

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

// plain takes the text of a decimal number, drops the sign of a zero, and groups the
// whole part by threes.
func (n numerals) plain(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, hasFrac := strings.Cut(digits, ".")
	if negative && strings.Trim(digits, "0.") == "" {
		negative = false
	}
	var b strings.Builder
	if negative {
		b.WriteString(n.minus())
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(n.group())
		}
		b.WriteRune(c)
	}
	if hasFrac {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}

// period is the time from the first to the last instant of the run.
func period(r *backtest.Result) (from, to exchange.Time) {
	from, to = r.From, r.To
	if n := len(r.Equity); n > 0 && from == 0 && to == 0 {
		from, to = r.Equity[0].At, r.Equity[n-1].At
	}
	return from, to
}

// day prints a date in UTC.
func day(t exchange.Time) string {
	if t == 0 {
		return undefined
	}
	return t.UTC().Format("2006-01-02")
}

// minute prints an instant in UTC to the minute.
func minute(t exchange.Time) string {
	if t == 0 {
		return undefined
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// instant prints an instant in UTC, to the millisecond if it is none of a whole second.
func instant(t exchange.Time) string {
	if t == 0 {
		return undefined
	}
	if t == t.Floor(time.Second) {
		return t.UTC().Format(time.DateTime)
	}
	return t.UTC().Format("2006-01-02 15:04:05.000")
}

// span prints a duration in its two largest units.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return undefined
	case d == 0:
		return "0"
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return units(int64(d/time.Minute), "min", int64(d%time.Minute/time.Second), "s")
	case d < day:
		return units(int64(d/time.Hour), "h", int64(d%time.Hour/time.Minute), "min")
	default:
		return units(int64(d/day), "d", int64(d%day/time.Hour), "h")
	}
}

func units(large int64, largeUnit string, small int64, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, largeUnit)
	}
	return fmt.Sprintf("%d %s %d %s", large, largeUnit, small, smallUnit)
}

// clean makes text of strangers safe for a line of output: control characters and the
// marks that reorder text become a visible sign, so that a tag can neither move the
// cursor, nor forge a line, nor swap digits.
func clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' {
			return unicode.ReplacementChar
		}
		return c
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// cleanLines is clean for a text of many lines.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = clean(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// legName is how an instrument is called everywhere in the report.
func legName(p exchange.Product, symbol string) string { return p.String() + " " + clean(symbol) }
