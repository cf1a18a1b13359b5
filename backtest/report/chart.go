package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// A plot is drawn in its own coordinates, right across and down, and stretched by the
// browser to whatever room there is. Whole numbers keep the file small; the script zooms
// by moving the view box over them.
const (
	plotWidth  = 100_000
	plotHeight = 10_000
)

// chart is a figure of one or more panels over the time of the run.
type chart struct {
	ID, Title, Note string
	Panels          []*panel
	Times           []label
}

// panel is a plot with its own vertical scale.
type panel struct {
	// Number counts the panels of the page; the script finds its data by it.
	Number int
	// Title and Desc are what a reader who cannot see the plot is told.
	Title, Desc string
	// Size is the style's name for the height.
	Size string
	// Grid draws the lines at Values.
	Grid   string
	Values []label
	Shades []shade
	Refs   []reference
	Keys   []key
	Paths  []path
	// Empty says why there is nothing to see.
	Empty string

	scale scale
	data  panelData
}

// label is a text at a share of the width or height, in percent.
type label struct {
	At   string
	Text string
}

// shade is a stretch of time behind the lines.
type shade struct{ X, Width int }

// reference is a horizontal line with a name.
type reference struct {
	Y    int
	At   string
	Text string
	// Left is where the name stands, in percent, so that names of near lines do not
	// cover each other; empty is the right edge.
	Left  string
	Style string
}

// key is an entry of a legend. Value is the last one; the script replaces it by the one
// under the pointer.
type key struct {
	Style, Name, Value string
	// Series is the index in the panel's data, -1 for a key without values.
	Series int
}

// path is a line, an area or a set of marks.
type path struct{ Style, D string }

// panelData is what the script needs of a panel.
type panelData struct {
	Low    float64      `json:"low"`
	High   float64      `json:"high"`
	Log    bool         `json:"log"`
	Zero   bool         `json:"zero"`
	Places int          `json:"places"`
	Series []seriesData `json:"series"`
	Fills  []fillData   `json:"fills,omitempty"`
}

// seriesData has the exact values at the page's list of instants number Times.
type seriesData struct {
	Times  int      `json:"times"`
	Values []number `json:"values"`
}

// number is a float64 whose NaN is JSON's null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return strconv.AppendFloat(nil, f, 'f', -1, 64), nil
	}
	return []byte("null"), nil
}

// frame is what all charts of a page share: the time of the run, and the instants.
type frame struct {
	from, to exchange.Time
	times    [][]int64
	panels   []*panel
}

// newFrame spans at least a minute, for a run of one sample has a chart too.
func newFrame(from, to exchange.Time) *frame {
	if to < from.Add(time.Minute) {
		from, to = from.Add(-time.Minute/2), from.Add(time.Minute/2)
	}
	return &frame{from: from, to: to}
}

// x places an instant.
func (f *frame) x(at exchange.Time) int {
	share := float64(at-f.from) / float64(f.to-f.from)
	return int(math.Round(min(max(share, 0), 1) * plotWidth))
}

// instants interns a list of instants in milliseconds and returns its number.
func (f *frame) instants(points []point) int {
	list := make([]int64, len(points))
	for i, p := range points {
		list[i] = p.at.Millis()
	}
	for i, known := range f.times {
		if slices.Equal(known, list) {
			return i
		}
	}
	f.times = append(f.times, list)
	return len(f.times) - 1
}

// panel starts a panel whose scale holds all values of the lists.
func (f *frame) panel(title, size string, s scale, places int) *panel {
	p := &panel{Number: len(f.panels), Title: title, Size: size, scale: s}
	p.data = panelData{Low: s.low, High: s.high, Log: s.log, Zero: s.zero, Places: places}
	for _, v := range s.ticks() {
		y := s.y(v)
		p.Grid += fmt.Sprintf("M0 %dH%d", y, plotWidth)
		p.Values = append(p.Values, label{percentOf(y, plotHeight), s.text(v)})
	}
	f.panels = append(f.panels, p)
	return p
}

func percentOf(part, whole int) string {
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 2, 64)
}

// line adds a series as a line; values without number break it.
func (f *frame) line(p *panel, style, name string, points []point) {
	points = thin(points, pointsMax)
	var d strings.Builder
	pen := "M"
	for _, pt := range points {
		if math.IsNaN(pt.v) {
			pen = "M"
			continue
		}
		fmt.Fprintf(&d, "%s%d %d", pen, f.x(pt.at), p.scale.y(pt.v))
		pen = "L"
	}
	if len(points) == 1 && d.Len() > 0 {
		style += " single"
		d.WriteString("h1")
	}
	p.Paths = append(p.Paths, path{"line " + style, d.String()})
	f.series(p, style, name, points)
}

// area adds a series as a line with the space between it and zero filled.
func (f *frame) area(p *panel, style, name string, points []point) {
	points = thin(points, pointsMax)
	if len(points) == 0 {
		return
	}
	zero := p.scale.y(0)
	var d strings.Builder
	fmt.Fprintf(&d, "M%d %d", f.x(points[0].at), zero)
	for _, pt := range points {
		fmt.Fprintf(&d, "L%d %d", f.x(pt.at), p.scale.y(pt.v))
	}
	fmt.Fprintf(&d, "V%dZ", zero)
	p.Paths = append(p.Paths, path{"area " + style, d.String()})
	f.line(p, style, name, points)
}

// bars adds a series as upright bars on zero, gains and losses in their own styles.
func (f *frame) bars(p *panel, name string, points []point) {
	points = thin(points, pointsMax)
	var up, down strings.Builder
	zero := p.scale.y(0)
	for _, pt := range points {
		d := &up
		if pt.v < 0 {
			d = &down
		}
		fmt.Fprintf(d, "M%d %dV%d", f.x(pt.at), zero, p.scale.y(pt.v))
	}
	p.Paths = append(p.Paths, path{"bars gain", up.String()}, path{"bars loss", down.String()})
	f.series(p, "gain", name, points)
}

// series adds the values of a drawn series to legend and data.
func (f *frame) series(p *panel, style, name string, points []point) {
	values := make([]number, len(points))
	last := math.NaN()
	for i, pt := range points {
		values[i] = number(pt.v)
		if !math.IsNaN(pt.v) {
			last = pt.v
		}
	}
	text := undefined
	if !math.IsNaN(last) {
		text = page.plain(strconv.FormatFloat(last, 'f', p.data.Places, 64))
	}
	p.Keys = append(p.Keys, key{style, name, text, len(p.data.Series)})
	p.data.Series = append(p.data.Series, seriesData{f.instants(points), values})
}

// floorStyle is the style of the configured limits.
const floorStyle = "floor"

// refer adds a named horizontal line, if the scale reaches there.
func (p *panel) refer(style, text string, v float64) {
	if v < p.scale.low || v > p.scale.high {
		return
	}
	y := p.scale.y(v)
	ref := reference{Y: y, At: percentOf(y, plotHeight), Text: text, Style: style}
	if style == floorStyle {
		left := 0
		for _, other := range p.Refs {
			if other.Style == floorStyle {
				left += 25
			}
		}
		ref.Left = percentOf(left%100, 100)
	}
	p.Refs = append(p.Refs, ref)
}

// shadow shades a stretch of time.
func (f *frame) shadow(p *panel, from, to exchange.Time) {
	x := f.x(from)
	p.Shades = append(p.Shades, shade{x, max(f.x(to)-x, 1)})
}

// timeLabels are the labels below a chart.
func (f *frame) timeLabels() []label {
	var out []label
	for _, t := range timeTicks(f.from, f.to) {
		out = append(out, label{percentOf(f.x(t.at), plotWidth), t.text})
	}
	return out
}
