package report

import (
	"errors"
	"fmt"
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

// mix is CSS's color-mix in srgb: so many percent of one color, the rest of another.
func mix(t *testing.T, a, b string, percent uint64) string {
	x, errX := strconv.ParseUint(a[1:], 16, 32)
	y, errY := strconv.ParseUint(b[1:], 16, 32)
	if err := errors.Join(errX, errY); err != nil {
		t.Fatal(err)
	}
	out := "#"
	for shift := 16; shift >= 0; shift -= 8 {
		out += fmt.Sprintf("%02x", ((x>>shift&0xff)*percent+(y>>shift&0xff)*(100-percent))/100)
	}
	return out
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
	for _, hue := range []string{"gain", "loss"} { // the strongest cells of the heat map
		var mixed [2]string
		for theme := range mixed {
			mixed[theme] = mix(t, colors[hue][theme], colors["card"][theme], 41)
		}
		colors["heat"+hue] = mixed
		check("ink", "heat"+hue, 4.5)
	}
	check("s3", "card", 4.5) // floors are named in it
	for _, fore := range []string{"s1", "s2", "s4", "s5", "s6"} {
		check(fore, "card", 3)
	}
}
