package plot

import (
	"math"
	"slices"
	"strconv"
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

// Point is a value of a series at an instant; NaN where the series has no value.
type Point struct {
	At    exchange.Time
	Value float64
}

// Frame is what all charts of a page share: the time of the run, and the instants.
type Frame struct {
	from, to exchange.Time
	panels   []*Panel
}

// NewFrame is the time from one instant to another, at least a minute, for a run of one
// sample has a chart too.
func NewFrame(from, to exchange.Time) *Frame {
	if to < from.Add(time.Minute) {
		from, to = from.Add(-time.Minute/2), from.Add(time.Minute/2)
	}
	return &Frame{from: from, to: to}
}

// Span is the time that the charts show.
func (f *Frame) Span() (from, to exchange.Time) { return f.from, f.to }

// Panel starts a panel of the page. Panels are numbered in the order of the calls.
func (f *Frame) Panel(title string, size Size, axis Axis) *Panel {
	p := &Panel{Number: len(f.panels), Title: title, Size: size, frame: f, axis: axis, low: math.Inf(1), high: math.Inf(-1)}
	f.panels = append(f.panels, p)
	return p
}

// Chart is a figure of one or more panels over the time of the frame.
type Chart struct {
	// ID is the element's id, unique on the page.
	ID, Title, Note string
	Panels          []*Panel
}

// Times are the labels below the chart.
func (c *Chart) Times() []Label {
	if len(c.Panels) == 0 {
		return nil
	}
	f := c.Panels[0].frame
	var out []Label
	for _, t := range timeTicks(f.from, f.to) {
		out = append(out, Label{percentOf(f.x(t.at), plotWidth), t.text})
	}
	return out
}

// Label is a text at a share of the width or height, in percent.
type Label struct {
	At   string
	Text string
}

// x places an instant.
func (f *Frame) x(at exchange.Time) int {
	share := float64(at-f.from) / float64(f.to-f.from)
	return int(math.Round(min(max(share, 0), 1) * plotWidth))
}

func percentOf(part, whole int) string {
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 2, 64)
}

// Data is what the page's script needs beside what is drawn; it is marshaled into the
// element [DataID]. Instants are Unix milliseconds.
type Data struct {
	From   int64       `json:"from"`
	To     int64       `json:"to"`
	Times  [][]int64   `json:"times"`
	Panels []panelData `json:"panels"`
}

// panelData is what the script needs of a panel.
type panelData struct {
	Low    float64      `json:"low"`
	High   float64      `json:"high"`
	Log    bool         `json:"log"`
	Zero   bool         `json:"zero"`
	Places int          `json:"places"`
	Series []seriesData `json:"series"`
	Fills  []markData   `json:"fills,omitempty"`
}

// seriesData has the exact values at the page's list of instants number Times.
type seriesData struct {
	Times  int      `json:"times"`
	Values []number `json:"values"`
}

// markData is a mark and what the script says of it. Fields are short, for there are many.
type markData struct {
	At    int64  `json:"t"`
	Value number `json:"p"`
	Text  string `json:"x"`
	// Stands is how many marks it stands for.
	Stands int `json:"n"`
}

// number is a float64 whose NaN is JSON's null.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return strconv.AppendFloat(nil, f, 'f', -1, 64), nil
	}
	return []byte("null"), nil
}

// Data collects the detail of all panels. Call it when all of them are filled.
func (f *Frame) Data() Data {
	out := Data{From: f.from.Millis(), To: f.to.Millis(), Times: [][]int64{}}
	for _, p := range f.panels {
		s := p.scale()
		d := panelData{Low: s.low, High: s.high, Log: s.log, Zero: s.zero, Places: p.axis.Places, Series: []seriesData{}}
		for _, line := range p.series {
			values := make([]number, len(line.points))
			for i, pt := range line.points {
				values[i] = number(pt.Value)
			}
			d.Series = append(d.Series, seriesData{out.instants(line.points), values})
		}
		for _, m := range p.marks.list() {
			d.Fills = append(d.Fills, markData{m.At.Millis(), number(m.Value), m.text(), m.Stands})
		}
		out.Panels = append(out.Panels, d)
	}
	return out
}

// instants interns a list of instants in milliseconds and returns its number.
func (d *Data) instants(points []Point) int {
	list := make([]int64, len(points))
	for i, p := range points {
		list[i] = p.At.Millis()
	}
	for i, known := range d.Times {
		if slices.Equal(known, list) {
			return i
		}
	}
	d.Times = append(d.Times, list)
	return len(d.Times) - 1
}
