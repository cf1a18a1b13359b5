package report

import (
	"math"
	"regexp"
	"strconv"
	"testing"

	"github.com/pmbot/pmbot/backtest/report/plot"
)

// luminance is the relative luminance of "#rrggbb". Source: WCAG 2.2, section 1.4.3.
func luminance(t *testing.T, hex string) float64 {
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	linear := func(c uint64) float64 {
		s := float64(c&0xff) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(v>>16) + 0.7152*linear(v>>8) + 0.0722*linear(v)
}

// Text has the contrast that WCAG calls AA, 4.5, on every ground it stands on, and lines
// have 3, in light and in dark.
func TestContrast(t *testing.T) {
	colors := map[string][2]string{}
	for _, m := range regexp.MustCompile(`--(\w+): light-dark\((#\w{6}), (#\w{6})\)`).FindAllStringSubmatch(plot.Style+pageStyle, -1) {
		colors[m[1]] = [2]string{m[2], m[3]}
	}
	check := func(fore, back string, want float64) {
		if colors[fore][0] == "" || colors[back][0] == "" {
			t.Errorf("no color %s or %s", fore, back)
			return
		}
		for theme, name := range []string{"light", "dark"} {
			a, b := luminance(t, colors[fore][theme]), luminance(t, colors[back][theme])
			if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); got < want {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", name, fore, back, got, want)
			}
		}
	}
	for _, back := range []string{"ground", "card"} {
		for _, fore := range []string{"ink", "soft", "link", "gain", "loss", "warn"} {
			check(fore, back, 4.5)
		}
	}
	for _, fore := range []string{"ink", "soft", "warn", "link"} {
		check(fore, "warnground", 4.5)
	}
	check("s3", "card", 4.5) // floors are named in it
	for _, fore := range []string{"s1", "s2", "s4", "s5", "s6"} {
		check(fore, "card", 3)
	}
}
