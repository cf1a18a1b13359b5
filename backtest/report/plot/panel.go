package plot

import (
	"cmp"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pmbot/pmbot/exchange"
)

// Size is the style's name for a panel's height.
type Size string

// The sizes.
const (
	Tall Size = "tall"
	Mid  Size = "mid"
	Low  Size = "low"
)

// ticks is about how many values a scale of that height names.
func (s Size) ticks() int {
	if s == Low {
		return 3
	}
	return 5
}

// pixels is the height on a wide page.
func (s Size) pixels() int {
	switch s {
	case Tall:
		return 300
	case Mid:
		return 220
	default:
		return 120
	}
}

// Panel is a plot with its own vertical scale. Fill it with Line, Step, Area, Bars, Stack,
// Spans and Marks, of which later ones lie on earlier ones.
type Panel struct {
	// Number counts the panels of the page; the script finds its data by it.
	Number int
	// Title and Desc are what a reader who cannot see the plot is told.
	Title, Desc string
	Size        Size
	// Empty says why there is nothing to see; it is shown instead of values.
	Empty string

	frame  *Frame
	axis   Axis
	series []series
	marks  *Marks
	trips  *Trips
	shades []shade
	refs   []Ref
	// low and high are the reach of the series.
	low, high float64
}

// series is one thing that has values over time.
type series struct {
	kind        kind
	style, name string
	points      []Point
	// base is below what a layer of a stack begins, beside each point.
	base  []float64
	spans []Span
	last  float64
}

// kind is how a series is drawn; the script has the same words.
type kind string

const (
	lineKind  kind = "line"
	stepKind  kind = "step"
	areaKind  kind = "area"
	barsKind  kind = "bars"
	layerKind kind = "layer"
	spansKind kind = "spans"
)

// Line adds a series as a line; a value that is NaN breaks it. Points are in time order,
// here as everywhere.
func (p *Panel) Line(style, name string, points []Point) { p.add(lineKind, style, name, points) }

// Step adds a series as a line that holds each value until the next.
func (p *Panel) Step(style, name string, points []Point) { p.add(stepKind, style, name, points) }

// Area adds a series as a line with the space between it and zero filled.
func (p *Panel) Area(style, name string, points []Point) { p.add(areaKind, style, name, points) }

// Bars adds a series as upright bars on zero, gains and losses in their own styles.
func (p *Panel) Bars(name string, points []Point) { p.add(barsKind, "gain", name, points) }

func (p *Panel) add(k kind, style, name string, points []Point) {
	s := series{kind: k, style: style, name: name, last: math.NaN()}
	for i := len(points) - 1; i >= 0 && math.IsNaN(s.last); i-- {
		s.last = points[i].Value
	}
	for _, pt := range points {
		p.hold(pt.Value)
	}
	if k == areaKind || k == barsKind {
		p.hold(0)
	}
	s.points = p.frame.thin(points, detailMax)
	p.series = append(p.series, s)
}

// Marks adds a set of marks; a panel has at most one.
func (p *Panel) Marks(m *Marks) { p.marks = m }

// Trips adds round trips; a panel has at most one set.
func (p *Panel) Trips(t *Trips) { p.trips = t }

// Shade colors a stretch of time behind the lines and names it, unless the name is empty.
func (p *Panel) Shade(from, to exchange.Time, name string) {
	x := p.frame.x(from)
	at := "left:" + percentOf(x, plotWidth)
	if x > plotWidth-(utf8.RuneCountInString(name)+1)*shadeNameWidth {
		at = "right:" + percentOf(plotWidth-x, plotWidth)
	}
	at += "%"
	level := p.shadeLevel(x, name)
	if level > 0 {
		at += ";top:" + strconv.Itoa(3+14*level) + "px"
	}
	p.shades = append(p.shades, shade{x, max(p.frame.x(to)-x, 1), from.Millis(), to.Millis(), template.CSS(at), name, level})
}

// shadeLevel is how many lines lower a name stands than others do, so that it covers none of
// those before it.
func (p *Panel) shadeLevel(x int, name string) int {
	if name == "" || len(p.shades) == 0 {
		return 0
	}
	last := p.shades[len(p.shades)-1]
	if last.Name == "" || x-last.X >= (utf8.RuneCountInString(last.Name)+1)*shadeNameDesk {
		return 0
	}
	return last.level + 1
}

// shadeNameDesk is the room that a character of a shade's name takes on a desk.
const shadeNameDesk = plotWidth / 100

// shadeNameWidth is the room that a character of a shade's name takes on a phone. Only a name
// that would leave the plot stands before its shade, where it could be taken for that of
// the one before.
const shadeNameWidth = plotWidth * 3 / 100

// shade is a stretch of time in the plot, From and To in Unix milliseconds. Its name stands
// At its upper left, or beside it where the plot would end.
type shade struct {
	X, Width int
	From, To int64
	At       template.CSS
	Name     string
	level    int
}

// FloorStyle is the style of references that name a configured limit.
const FloorStyle = "floor"

// Ref is a horizontal line with a name. Style is reduce, liquidate or [FloorStyle].
type Ref struct {
	Style, Text string
	Value       float64
}

// Ref adds a reference. It does not widen the scale, and is left out where the scale does
// not reach; hold its value in the panel's axis if it must be seen.
func (p *Panel) Ref(r Ref) { p.refs = append(p.refs, r) }

// Cut returns the end of the scale, and whether there are values above it.
func (p *Panel) Cut() (high float64, cut bool) {
	s := p.scale()
	_, top := p.reach()
	return s.high, top > s.high
}

// hold widens the panel's reach to a value.
func (p *Panel) hold(v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		p.low, p.high = min(p.low, v), max(p.high, v)
	}
}

// reach is the lowest and the highest value of the panel; low is above high if it has none.
func (p *Panel) reach() (low, high float64) {
	if m := p.marks; m != nil {
		return min(p.low, m.low), max(p.high, m.high)
	}
	return p.low, p.high
}

// scale follows from what was added so far.
func (p *Panel) scale() scale {
	low, high := p.reach()
	return p.axis.scale(low, high)
}

// Grid draws the lines at Values.
func (p *Panel) Grid() string {
	var d strings.Builder
	s := p.scale()
	for _, v := range s.ticks(p.Size.ticks()) {
		fmt.Fprintf(&d, "M0 %dH%d", s.y(v), plotWidth)
	}
	return d.String()
}

// Values are the labels of the scale.
func (p *Panel) Values() []Label {
	var out []Label
	s := p.scale()
	for _, v := range s.ticks(p.Size.ticks()) {
		out = append(out, Label{At: percentOf(s.y(v), plotHeight), Text: s.text(v, p.Size.ticks())})
	}
	return out
}

// Many says whether there are lines to tell apart, by their dashes too.
func (p *Panel) Many() bool { return len(p.series) > 1 }

// Shades are the stretches of time behind the lines.
func (p *Panel) Shades() []shade { return p.shades }

// reference is a horizontal line as it is drawn.
type reference struct {
	Y               int
	At, Text, Style string
	Value           float64
	// Right is how far from the right edge the name stands, in percent, so that names of
	// near lines do not cover each other.
	Right string
}

// nameWidth and nameHeight are the room that a character of a reference's name takes, in
// hundredths of a percent of a wide page's plot, and a line of it in any.
const (
	nameWidth  = 66
	nameHeight = 16
)

// Refs are the horizontal lines within the scale, from the top.
func (p *Panel) Refs() []reference {
	var out []reference
	s := p.scale()
	refs := slices.Clone(p.refs)
	slices.SortStableFunc(refs, func(a, b Ref) int { return cmp.Compare(b.Value, a.Value) })
	type box struct{ y, right, end int }
	var taken []box
	for _, r := range refs {
		if r.Value < s.low || r.Value > s.high {
			continue
		}
		b := box{y: s.y(r.Value), right: 40}
		for _, t := range taken {
			if (b.y-t.y)*p.Size.pixels() < nameHeight*plotHeight && b.right < t.end {
				b.right = t.end
			}
		}
		b.end = b.right + nameWidth*(utf8.RuneCountInString(r.Text)+2)
		taken = append(taken, b)
		out = append(out, reference{b.y, percentOf(b.y, plotHeight), r.Text, r.Style, r.Value, percentOf(b.right, 10_000)})
	}
	return out
}

// SeriesStyle is the style of the i-th series of a panel, the most distinct first.
func SeriesStyle(i int) string {
	styles := [...]string{"s1", "s5", "s3", "s4", "s2", "s6"}
	return styles[i%len(styles)]
}

// key is an entry of a legend: a glyph that is drawn like the series. Value is the last
// one; the script replaces it by the one under the pointer.
type key struct {
	Glyph, Style, Name, Value string
	Hollow                    bool
	// Series is the index in the panel's data, -1 for a key without values.
	Series int
}

// Keys are the panel's legend.
func (p *Panel) Keys() []key {
	var out []key
	for i, s := range p.series {
		glyph := "line"
		switch s.kind {
		case barsKind, layerKind:
			glyph = string(s.kind)
		}
		out = append(out, key{Glyph: glyph, Style: s.style, Name: s.name, Value: numeral(s.last, p.axis.Places), Series: i})
	}
	if p.marks == nil {
		return out
	}
	for i, c := range p.marks.classes {
		if p.marks.counts[i] > 0 {
			out = append(out, key{Glyph: "mark", Style: c.Style, Name: c.Name, Hollow: c.Hollow, Series: -1})
		}
	}
	return out
}
