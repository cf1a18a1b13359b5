package readable

import (
	"strconv"
	"strings"

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
