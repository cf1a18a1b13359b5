package plot

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// rgb is a color in linear light.
type rgb [3]float64

func parseColor(t *testing.T, hex string) rgb {
	t.Helper()
	v, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	var out rgb
	for i := range out {
		s := float64(v>>(16-8*i)&0xff) / 255
		if out[i] = s / 12.92; s > 0.04045 {
			out[i] = math.Pow((s+0.055)/1.055, 2.4)
		}
	}
	return out
}

// luminance is the relative luminance. Source: WCAG 2.2, section 1.4.3.
func (c rgb) luminance() float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// themes are the colors of the style sheet, light and dark.
func themes(t *testing.T) [2]map[string]rgb {
	out := [2]map[string]rgb{{}, {}}
	for _, m := range regexp.MustCompile(`--(\w+): light-dark\((#\w{6}), (#\w{6})\)`).FindAllStringSubmatch(Style, -1) {
		out[0][m[1]], out[1][m[1]] = parseColor(t, m[2]), parseColor(t, m[3])
	}
	return out
}

// Lines have three times the contrast on their ground, text four and a half times: WCAG
// 2.2, sections 1.4.11 and 1.4.3, level AA.
func TestContrast(t *testing.T) {
	want := map[string]float64{"ink": 4.5, "soft": 4.5, "link": 4.5, "gain": 4.5, "loss": 4.5, "warn": 4.5, "s3": 4.5}
	for i := range 6 {
		if name := "s" + strconv.Itoa(i+1); want[name] == 0 {
			want[name] = 3
		}
	}
	for _, colors := range themes(t) {
		ground, ok := colors["card"]
		if !ok {
			t.Fatal("no color card")
		}
		for name, least := range want {
			c, ok := colors[name]
			a, b := c.luminance(), ground.luminance()
			if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); !ok || got < least {
				t.Errorf("%s has contrast %.2f, want %.1f", name, got, least)
			}
		}
	}
}

// seen is the color as those see it who lack the first, the second or no kind of cones.
// Source: Machado, Oliveira and Fernandes 2009, severity 1.
func (c rgb) seen(kind string) rgb {
	matrix := map[string][3]rgb{
		"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
		"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
		"all":          {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	}[kind]
	var out rgb
	for i, row := range matrix {
		out[i] = min(max(row[0]*c[0]+row[1]*c[1]+row[2]*c[2], 0), 1)
	}
	return out
}

// lab is the color in CIELAB under D65, in which distances are about as they look.
func (c rgb) lab() [3]float64 {
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124*c[0] + 0.3576*c[1] + 0.1805*c[2]) / 0.95047)
	y := f(0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2])
	z := f((0.0193*c[0] + 0.1192*c[1] + 0.9505*c[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

// The first four series of a panel, and buys and sells, can be told apart by color alone
// with every kind of sight; a distance of 15 is plain to see side by side.
func TestColorsAreToldApart(t *testing.T) {
	pairs := [][2]string{{"gain", "s5"}}
	for i := range 4 {
		for k := range i {
			pairs = append(pairs, [2]string{SeriesStyle(i), SeriesStyle(k)})
		}
	}
	for theme, colors := range themes(t) {
		for _, kind := range []string{"all", "protanopia", "deuteranopia"} {
			for _, pair := range pairs {
				a, b := colors[pair[0]].seen(kind).lab(), colors[pair[1]].seen(kind).lab()
				if d := math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2]); d < 15 {
					t.Errorf("theme %d, %s: %s and %s differ by %.0f", theme, kind, pair[0], pair[1], d)
				}
			}
		}
	}
}
