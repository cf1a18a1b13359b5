// Package readable writes instants, durations, numbers and the text of strangers for people
// to read, the same way in every table, chart and sentence about a run.
//
// It promises that what it returns for one line stays on that line: it can neither move a
// terminal's cursor nor turn digits around. Escaping for HTML is the page's own matter.
// backtest/report, its plots and backtest/compare call it. Start at [Clean] for text and
// [Numerals] for numbers.
package readable

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/pmbot/pmbot/exchange"
)

// Undefined stands in place of a value that does not exist.
const Undefined = "-"

// Clean makes text of strangers safe for a line of output: control characters and the
// marks that reorder text become a visible sign, so that a tag can neither move the
// cursor, nor forge a line, nor swap digits.
func Clean(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' {
			return unicode.ReplacementChar
		}
		return c
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// CleanLines is [Clean] for a text of many lines; tabs become four spaces.
func CleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = Clean(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// Leg is how an instrument is called, such as "UM BTCUSDT".
func Leg(p exchange.Product, symbol string) string { return p.String() + " " + Clean(symbol) }

// Hash is the beginning of a hash, enough to tell two runs apart.
func Hash(h string) string {
	if h = Clean(h); len(h) > 12 {
		return h[:12]
	}
	return h
}

// Day writes a date in UTC. Time 0 is undefined here and below.
func Day(t exchange.Time) string { return written(t, time.DateOnly) }

// Minute writes an instant in UTC to the minute.
func Minute(t exchange.Time) string { return written(t, "2006-01-02 15:04") }

// Instant writes an instant in UTC, to the millisecond if it is none of a whole second.
func Instant(t exchange.Time) string {
	if t == t.Floor(time.Second) {
		return written(t, time.DateTime)
	}
	return written(t, "2006-01-02 15:04:05.000")
}

func written(t exchange.Time, layout string) string {
	if t == 0 {
		return Undefined
	}
	return t.UTC().Format(layout)
}

// Span writes a duration in its two largest units. A negative one is undefined.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return Undefined
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
