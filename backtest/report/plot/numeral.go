package plot

import (
	"math"
	"strconv"
	"strings"
)

// narrowSpace groups digits by threes and does not break; minus is a real minus sign.
const (
	narrowSpace = "\u202f"
	minus       = "\u2212"
)

// numeral prints a value with that many decimals, a hyphen for none.
func numeral(v float64, places int) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return grouped(strconv.FormatFloat(v, 'f', places, 64))
}

// grouped takes the text of a decimal number, drops the sign of a zero, and groups the
// whole part by threes.
func grouped(s string) string {
	digits, negative := strings.CutPrefix(s, "-")
	whole, frac, hasFrac := strings.Cut(digits, ".")
	var b strings.Builder
	if negative && strings.Trim(digits, "0.") != "" {
		b.WriteString(minus)
	}
	for i, c := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(narrowSpace)
		}
		b.WriteRune(c)
	}
	if hasFrac {
		b.WriteByte('.')
		b.WriteString(frac)
	}
	return b.String()
}
