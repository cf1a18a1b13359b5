package plot

import (
	"fmt"
	"math"
	"slices"
	"strings"

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

// kind is how a series is drawn.
type kind uint8

const (
	lineKind kind = iota
	stepKind
	areaKind
	barsKind
	layerKind
	spansKind
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
	s.points = thin(points, pointsMax)
	p.series = append(p.series, s)
}

// Layer is one series of a stack.
type Layer struct {
	Style, Name string
	Values      []float64
}

// Stack adds layers on top of each other, those above zero upward and those below zero
// downward; all have a value for each of the instants. NaN counts as nothing.
func (p *Panel) Stack(times []exchange.Time, layers []Layer) {
	up, down := make([]float64, len(times)), make([]float64, len(times))
	for _, l := range layers {
		s := series{kind: layerKind, style: l.Style, name: l.Name, last: math.NaN()}
		for i, v := range l.Values {
			side := up
			if v < 0 {
				side = down
			}
			if math.IsNaN(v) {
				v = 0
			}
			s.base = append(s.base, side[i])
			side[i] += v
			p.hold(s.base[i])
			p.hold(side[i])
			s.points = append(s.points, Point{times[i], side[i]})
			s.last = v
		}
		p.series = append(p.series, s)
	}
}

// Span is the prices of one step of time.
type Span struct {
	At                     exchange.Time
	Open, High, Low, Close float64
}

// Spans adds a price: a line of its closes over the reach of each step.
func (p *Panel) Spans(style, name string, spans []Span) {
	s := series{kind: spansKind, style: style, name: name, last: math.NaN()}
	s.spans = mergeSpans(spans, spansMax)
	for _, step := range s.spans {
		s.points = append(s.points, Point{step.At, step.Close})
		s.last = step.Close
		p.hold(step.Low)
		p.hold(step.High)
	}
	p.series = append(p.series, s)
}

// Marks adds a set of marks; a panel has at most one.
func (p *Panel) Marks(m *Marks) { p.marks = m }

// Shade colors a stretch of time behind the lines and names it, unless the name is empty.
func (p *Panel) Shade(from, to exchange.Time, name string) {
	x := p.frame.x(from)
	p.shades = append(p.shades, shade{x, max(p.frame.x(to)-x, 1), percentOf(x, plotWidth), name})
}

// shade is a stretch of time in the plot; its name stands at its upper left.
type shade struct {
	X, Width int
	At, Name string
}

// FloorStyle is the style of references that name a configured limit. Their names stand
// side by side, for such limits are near each other.
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
	for _, v := range s.ticks() {
		fmt.Fprintf(&d, "M0 %dH%d", s.y(v), plotWidth)
	}
	return d.String()
}

// Values are the labels of the scale.
func (p *Panel) Values() []Label {
	var out []Label
	s := p.scale()
	for _, v := range s.ticks() {
		out = append(out, Label{percentOf(s.y(v), plotHeight), s.text(v)})
	}
	return out
}

// Shades are the stretches of time behind the lines.
func (p *Panel) Shades() []shade { return p.shades }

// reference is a horizontal line as it is drawn.
type reference struct {
	Y    int
	At   string
	Text string
	// Left is where the name stands, in percent, so that names of near lines do not
	// cover each other; empty is the right edge.
	Left  string
	Style string
}

// Refs are the horizontal lines within the scale.
func (p *Panel) Refs() []reference {
	var out []reference
	s := p.scale()
	left := 0
	for _, r := range p.refs {
		if r.Value < s.low || r.Value > s.high {
			continue
		}
		y := s.y(r.Value)
		ref := reference{Y: y, At: percentOf(y, plotHeight), Text: r.Text, Style: r.Style}
		if r.Style == FloorStyle {
			ref.Left = percentOf(left%100, 100)
			left += 25
		}
		out = append(out, ref)
	}
	return out
}

// SeriesStyle is the style of the i-th series of a panel, the most distinct first.
func SeriesStyle(i int) string {
	styles := [...]string{"s1", "s5", "s3", "s4", "s2", "s6"}
	return styles[i%len(styles)]
}

// key is an entry of a legend. Value is the last one; the script replaces it by the one
// under the pointer.
type key struct {
	Style, Name, Value string
	// Series is the index in the panel's data, -1 for a key without values.
	Series int
}

// Keys are the panel's legend.
func (p *Panel) Keys() []key {
	var out []key
	for i, s := range p.series {
		out = append(out, key{s.style, s.name, numeral(s.last, p.axis.Places), i})
	}
	return slices.Concat(out, p.marks.keys())
}
