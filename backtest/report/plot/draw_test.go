package plot

import (
	"fmt"
	"html/template"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// follow reads a path and returns the points that its pen visits, a list for each stroke.
func follow(t *testing.T, d string) [][][2]int {
	t.Helper()
	var strokes [][][2]int
	var x, y int
	for _, m := range regexp.MustCompile(`([A-Za-z])([-\d ]*)`).FindAllStringSubmatch(d, -1) {
		var n []int
		for _, text := range regexp.MustCompile(`-?\d+`).FindAllString(m[2], -1) {
			v, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			n = append(n, v)
		}
		switch m[1] {
		case "M":
			x, y = n[0], n[1]
			strokes = append(strokes, [][2]int{{x, y}})
		case "l":
			for i := 0; i < len(n); i += 2 {
				x, y = x+n[i], y+n[i+1]
				last := len(strokes) - 1
				strokes[last] = append(strokes[last], [2]int{x, y})
			}
		case "h", "Z":
		default:
			t.Fatalf("command %q in %q", m[1], d)
		}
	}
	return strokes
}

// magnitudes are series of every size and kind that a scale may meet.
func magnitudes() map[string][]Point {
	at := func(values ...float64) []Point {
		var out []Point
		for i, v := range values {
			out = append(out, Point{start.Add(time.Duration(i) * time.Minute), v})
		}
		return out
	}
	return map[string][]Point{
		"none": nil, "one": at(5), "zero": at(0), "holes": at(math.NaN(), math.NaN()), "constant": at(63_000, 63_000), "negative": at(-5, -3),
		"one vast": at(1e15), "vast": at(1e15, 1.1e15, -3e15), "near the vast": at(1e15, 1e15+1), "tiny": at(1e-8, 3e-8), "one tiny": at(1e-8),
		"price": at(63_000.1, 64_012.9), "narrow": at(63_000.1, 63_000.2), "endless": at(1, math.Inf(1), 2), "percent": at(0, -4.7), "millions": at(0, 2.3e7),
	}
}

// labelHeight and labelWidth are what a label takes at most on a wide page, in pixels.
const labelHeight, labelWidth = 16, 7.2

func TestEveryPanelIsFiniteAndReadable(t *testing.T) {
	page := template.Must(template.New("page").Parse(Templates + `{{template "plot" .}}`))
	for name, points := range magnitudes() {
		for _, axis := range []Axis{{}, {Places: 8}, {Hold: []float64{0}}, {Log: true, Hold: []float64{1, 3}}} {
			for _, size := range []Size{Tall, Mid, Low} {
				f := NewFrame(start, start.Add(2*time.Minute))
				p := f.Panel(name, size, axis)
				p.Line("s1", "line", points)
				p.Step("s2", "step", points)
				p.Area("s3", "area", points)
				p.Bars("bars", points)
				what := fmt.Sprintf("%s, %s, %+v", name, size, axis)
				checkLabels(t, what, p.Values(), size)
				for _, path := range p.Paths() {
					for _, stroke := range follow(t, path.D) {
						for _, at := range stroke {
							if at[0] < 0 || at[0] > plotWidth || at[1] < 0 || at[1] > plotHeight {
								t.Errorf("%s: %s leaves the plot at %v", what, path.Style, at)
							}
						}
					}
				}
				var out strings.Builder
				if err := page.Execute(&out, &Chart{ID: "x", Title: name, Panels: []*Panel{p}}); err != nil {
					t.Fatal(err)
				}
				if bad := regexp.MustCompile(`NaN|Inf|%!|e[+-]\d`).FindString(out.String()); bad != "" {
					t.Errorf("%s: the chart says %s", what, bad)
				}
			}
		}
	}
}

// checkLabels wants two to eight labels, each its own text, none over another, and short
// enough for the margin.
func checkLabels(t *testing.T, what string, labels []Label, size Size) {
	t.Helper()
	if len(labels) < 1 || len(labels) > 8 {
		t.Errorf("%s: %d labels", what, len(labels))
	}
	seen := map[string]bool{}
	before := math.Inf(1)
	for _, l := range labels {
		share, err := strconv.ParseFloat(l.At, 64)
		if err != nil || share < 0 || share > 100 {
			t.Fatalf("%s: label at %q", what, l.At)
		}
		y := share / 100 * float64(size.pixels())
		if before-y < labelHeight {
			t.Errorf("%s: label %s lies on the one below", what, l.Text)
		}
		before = y
		if seen[l.Text] {
			t.Errorf("%s: two labels %s", what, l.Text)
		}
		seen[l.Text] = true
	}
}

// The labels of time stand apart on a page 1,050 pixels wide.
func TestTimeLabelsStandApart(t *testing.T) {
	for minutes := 1; minutes < 60*24*365*6; minutes = minutes*5/4 + 1 {
		f := NewFrame(start, start.Add(time.Duration(minutes)*time.Minute))
		c := Chart{Panels: []*Panel{f.Panel("", Low, Axis{})}}
		end := math.Inf(-1)
		for _, l := range c.Times() {
			share, err := strconv.ParseFloat(l.At, 64)
			if err != nil {
				t.Fatal(err)
			}
			half := float64(utf8.RuneCountInString(l.Text)) * labelWidth / 2
			if middle := share / 100 * 1050; middle-half < end {
				t.Errorf("%d minutes: %s lies on the label before", minutes, l.Text)
			} else {
				end = middle + half
			}
		}
	}
}

func TestHolesBreakLines(t *testing.T) {
	f := NewFrame(start, start.Add(10*time.Minute))
	p := f.Panel("holes", Tall, Axis{})
	var points []Point
	for i, v := range []float64{math.NaN(), 1, 2, math.NaN(), math.NaN(), 3, math.NaN(), 4, 5, 4} {
		points = append(points, Point{start.Add(time.Duration(i) * time.Minute), v})
	}
	p.Line("s1", "line", points)
	p.Step("s1", "step", points)
	p.Area("s1", "area", points)
	want := map[int][]int{0: {2, 1, 3}, 1: {3, 1, 5}, 2: {4, 3, 5}}
	for i, path := range p.Paths()[:3] {
		var got []int
		for _, stroke := range follow(t, path.D) {
			got = append(got, len(stroke))
		}
		if fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("%s: strokes of %v points, want %v", path.Style, got, want[i])
		}
	}
}

// What is drawn without the script has every extreme too.
func TestDrawnLineHasTheExtremes(t *testing.T) {
	f := NewFrame(start, start.Add(600*24*time.Hour))
	p := f.Panel("long", Tall, Axis{})
	points := make([]Point, 800_000)
	for i := range points {
		points[i] = Point{start.Add(time.Duration(i) * time.Minute), 100 + math.Sin(float64(i)/9000)}
	}
	points[123_457].Value, points[700_001].Value = 90, 120
	p.Line("s1", "line", points)
	s := p.scale()
	low, high := plotHeight, 0
	count := 0
	for _, stroke := range follow(t, p.Paths()[0].D) {
		for _, at := range stroke {
			low, high, count = min(low, at[1]), max(high, at[1]), count+1
		}
	}
	if low != s.y(120) || high != s.y(90) || count > 4_000 {
		t.Errorf("%d points from height %d to %d, want %d to %d", count, low, high, s.y(120), s.y(90))
	}
}

// Names of reference lines that are near each other stand side by side.
func TestReferenceNamesStandApart(t *testing.T) {
	f := NewFrame(start, start.Add(time.Hour))
	p := f.Panel("uniMMR", Mid, Axis{Log: true, Hold: []float64{1, 3}})
	p.Line("s4", "uniMMR", []Point{{start, 1400}, {start.Add(time.Hour), 350}})
	for _, v := range []float64{1.05, 2, 1.2, 1.5, 0.001} {
		p.Ref(Ref{Style: FloorStyle, Text: fmt.Sprintf("%.2f some floor", v), Value: v})
	}
	refs := p.Refs()
	if len(refs) != 4 {
		t.Fatalf("%d references, want the 4 in the scale", len(refs))
	}
	for i, a := range refs {
		for _, b := range refs[:i] {
			right, err := strconv.ParseFloat(a.Right, 64)
			other, err2 := strconv.ParseFloat(b.Right, 64)
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			width := float64(len(b.Text)) * labelWidth * 100 / 1050
			if math.Abs(float64(a.Y-b.Y))*220/plotHeight < 12 && math.Abs(right-other) < width {
				t.Errorf("%s at %s%% lies on %s at %s%%", a.Text, a.Right, b.Text, b.Right)
			}
		}
	}
}
