package readable

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Numerals is how the digits of numbers stand.
type Numerals uint8

const (
	// Terminal groups with plain spaces and has hyphens for minus signs.
	Terminal Numerals = iota
	// Page groups with narrow spaces that do not break and has real minus signs.
	Page
)

// Space is what stands between groups of three digits.
func (n Numerals) Space() string {
	if n == Page {
		return "\u202f"
	}
	return " "
}

// Minus is the sign of a negative number.
func (n Numerals) Minus() string {
	if n == Page {
		return "\u2212"
	}
	return "-"
}

// Money writes an amount with two decimals, rounded half away from zero.
func (n Numerals) Money(d decimal.Decimal) string { return n.Grouped(d.StringFixed(2)) }

// Exact writes every digit.
func (n Numerals) Exact(d decimal.Decimal) string { return n.Grouped(d.String()) }

// Fixed writes a price or a quantity with every digit.
func (n Numerals) Fixed(f exchange.Fixed) string { return n.Grouped(f.String()) }

// Count writes a whole number.
func (n Numerals) Count(v int64) string { return n.Grouped(strconv.FormatInt(v, 10)) }

// Grouped takes the text of a decimal number, drops the sign of a zero, and groups the
// whole part by threes.
func (n Numerals) Grouped(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, hasFrac := strings.Cut(digits, ".")
	var b strings.Builder
	if negative && strings.Trim(digits, "0.") != "" {
		b.WriteString(n.Minus())
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(n.Space())
		}
		b.WriteRune(c)
	}
	if hasFrac {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}

// Signed is [Numerals.Money] with a plus before gains.
func (n Numerals) Signed(d decimal.Decimal) string {
	s := n.Money(d)
	if d.Round(2).IsPositive() {
		return "+" + s
	}
	return s
}

// Percent writes one or two decimals, the second where the first would hide the value.
func (n Numerals) Percent(d decimal.Decimal) string {
	if d.Abs().LessThan(decimal.New(1, 1)) {
		return n.Grouped(d.StringFixed(2))
	}
	return n.Grouped(d.StringFixed(1))
}

// Plus is [Numerals.Percent] with a plus before gains.
func (n Numerals) Plus(d decimal.Decimal) string {
	if d.Round(2).IsPositive() {
		return "+" + n.Percent(d)
	}
	return n.Percent(d)
}

// Ratio writes a statistic with two decimals.
func (n Numerals) Ratio(v float64) string { return n.Grouped(strconv.FormatFloat(v, 'f', 2, 64)) }

// UniMMR writes a margin ratio with two decimals, rounded down: 1.199 must not read as
// 1.20. That of an account without maintenance margin is [Undefined].
func (n Numerals) UniMMR(d decimal.Decimal) string {
	if NoMargin(d) {
		return Undefined
	}
	return n.Grouped(d.RoundFloor(2).StringFixed(2))
}

// NoMargin says whether a uniMMR is the sentinel for "no maintenance margin".
func NoMargin(d decimal.Decimal) bool {
	return d.GreaterThanOrEqual(decimal.New(exchange.UniMMRMax, 0))
}

// Compact writes a large amount in thousands, millions or billions.
func (n Numerals) Compact(d decimal.Decimal) string {
	for _, unit := range []struct {
		exp  int32
		name string
	}{{9, "B"}, {6, "M"}, {3, "k"}} {
		if d.Abs().GreaterThanOrEqual(decimal.New(1, unit.exp)) {
			return n.Grouped(d.Shift(-unit.exp).StringFixed(2)) + n.Space() + unit.name
		}
	}
	return n.Money(d)
}

// Prose writes a text of the risk guard with its numbers, and its durations of whole
// minutes, as they look elsewhere. Text that is no number stays.
func (n Numerals) Prose(s string) string {
	words := strings.Split(s, " ")
	for i, word := range words {
		core := strings.TrimRight(word, ",;")
		if _, err := decimal.NewFromString(core); err == nil && !strings.ContainsAny(core, "eE+") {
			words[i] = n.Grouped(core) + word[len(core):]
		} else if d, err := time.ParseDuration(core); err == nil && d > 0 && d%time.Minute == 0 {
			words[i] = Span(d) + word[len(core):]
		}
	}
	return strings.Join(words, " ")
}
