package plot

import (
	"math"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// A plot is drawn in its own coordinates, right across and down, and stretched by the
// browser to whatever room there is. Whole numbers keep the file small; when a reader zooms,
// the script draws anew in the same coordinates.
const (
	plotWidth  = 20_000
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
		x := f.x(t.at)
		out = append(out, Label{percentOf(x, plotWidth), t.text, x > lastFrom})
	}
	return out
}

// Label is a text at a share of the width or height, in percent. The Last one of a width is
// so near its end that it would stand over the edge of the card.
type Label struct {
	At   string
	Text string
	Last bool
}

// lastFrom is from where on a label is the last.
const lastFrom = plotWidth * 97 / 100

// x places an instant.
func (f *Frame) x(at exchange.Time) int {
	share := float64(at-f.from) / float64(f.to-f.from)
	return int(math.Round(min(max(share, 0), 1) * plotWidth))
}

func percentOf(part, whole int) string {
	return strconv.FormatFloat(float64(part)*100/float64(whole), 'f', 2, 64)
}
