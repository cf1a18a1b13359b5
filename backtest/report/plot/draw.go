package plot

import (
	"math"
	"strconv"
)

const (
	// drawnMax is how many points of a line are drawn without the script: enough for the
	// widest page, of which each column has at most four.
	drawnMax = 4_000
	// drawnSpans is how many steps of a price are drawn, and up to candlesMax they are
	// candles.
	drawnSpans = 1_000
	candlesMax = 160
	// drawnMarks is how many marks are drawn; from denseMarks on they are smaller.
	drawnMarks = 2_000
	denseMarks = 300
	// drawnTrips is up to how many round trips they are drawn. The script does so when no
	// more are in view.
	drawnTrips = 200
)

// path is a line, an area or a set of marks. Draw is what the script draws into it when a
// reader zooms: of the series, or the class of marks, number Of.
type path struct {
	Style, D, Draw string
	Of             int
}

// Paths draws what was added, in order.
func (p *Panel) Paths() []path {
	pen := pen{p.frame, p.scale()}
	var out []path
	for i := range p.series {
		s := &p.series[i]
		points := p.frame.thin(s.points, drawnMax)
		switch s.kind {
		case lineKind, stepKind:
			out = append(out, pen.line(points, s, i))
		case areaKind:
			out = append(out, pen.area(points, s, i), pen.line(points, s, i))
		case barsKind:
			out = append(out, pen.bars(points, i)...)
		case layerKind:
			out = append(out, pen.layer(s, i))
		case spansKind:
			out = append(out, pen.price(mergeSpans(s.spans, drawnSpans), s, i)...)
		}
	}
	return append(append(out, pen.trips(p.trips)...), pen.marks(p.marks)...)
}

// pen draws on one scale.
type pen struct {
	frame *Frame
	scale scale
}

// trail is the text of a path. It has relative coordinates, for they are short.
type trail struct {
	d    []byte
	x, y int
	// relative says that the last command was a line, of which more pairs may follow.
	relative bool
}

func (t *trail) move(x, y int) {
	t.d = append(t.d, 'M')
	t.d = strconv.AppendInt(t.d, int64(x), 10)
	t.d = append(t.d, ' ')
	t.d = strconv.AppendInt(t.d, int64(y), 10)
	t.x, t.y, t.relative = x, y, false
}

func (t *trail) line(x, y int) {
	if x == t.x && y == t.y {
		return
	}
	switch {
	case !t.relative:
		t.d = append(t.d, 'l')
	case x >= t.x:
		t.d = append(t.d, ' ')
	}
	t.d = strconv.AppendInt(t.d, int64(x-t.x), 10)
	if y >= t.y {
		t.d = append(t.d, ' ')
	}
	t.d = strconv.AppendInt(t.d, int64(y-t.y), 10)
	t.x, t.y, t.relative = x, y, true
}

func (t *trail) command(text string) {
	t.d = append(t.d, text...)
	t.relative = false
}

func (p pen) line(points []Point, s *series, of int) path {
	var t trail
	style, drawing := "line "+s.style, false
	for _, pt := range points {
		if math.IsNaN(pt.Value) {
			drawing = false
			continue
		}
		x, y := p.frame.x(pt.At), p.scale.y(pt.Value)
		switch {
		case !drawing:
			t.move(x, y)
		case s.kind == stepKind:
			t.line(x, t.y)
			t.line(x, y)
		default:
			t.line(x, y)
		}
		drawing = true
	}
	if len(points) == 1 && drawing {
		style += " single"
		t.command("h1")
	}
	return path{style, string(t.d), string(s.kind), of}
}

// area closes each stretch with values to zero.
func (p pen) area(points []Point, s *series, of int) path {
	var t trail
	zero := p.scale.y(0)
	open := false
	for i := 0; i <= len(points); i++ {
		hole := i == len(points) || math.IsNaN(points[i].Value)
		switch {
		case hole && open:
			t.line(t.x, zero)
			t.command("Z")
		case !hole && !open:
			t.move(p.frame.x(points[i].At), zero)
		}
		if open = !hole; open {
			t.line(p.frame.x(points[i].At), p.scale.y(points[i].Value))
		}
	}
	return path{"area " + s.style, string(t.d), "area", of}
}

// barRoom is how far apart bars are at least that may be fat, as those of the days of a month.
const barRoom = plotWidth / 50

func (p pen) bars(points []Point, of int) []path {
	var up, down trail
	zero := p.scale.y(0)
	fat := " fat"
	for i, pt := range points {
		if i > 0 && p.frame.x(pt.At)-p.frame.x(points[i-1].At) < barRoom {
			fat = ""
		}
		t := &up
		if pt.Value < 0 {
			t = &down
		}
		if math.IsNaN(pt.Value) {
			continue
		}
		x := p.frame.x(pt.At)
		t.move(x, zero)
		t.line(x, p.scale.y(pt.Value))
	}
	return []path{{"bars gain" + fat, string(up.d), "up", of}, {"bars loss" + fat, string(down.d), "down", of}}
}

// layer is the space between a layer's base and its top.
func (p pen) layer(s *series, of int) path {
	var t trail
	for i, pt := range s.points {
		if i == 0 {
			t.move(p.frame.x(pt.At), p.scale.y(pt.Value))
		}
		t.line(p.frame.x(pt.At), p.scale.y(pt.Value))
	}
	for i := len(s.points) - 1; i >= 0; i-- {
		t.line(p.frame.x(s.points[i].At), p.scale.y(s.base[i]))
	}
	if len(s.points) > 0 {
		t.command("Z")
	}
	return path{"layer " + s.style, string(t.d), "layer", of}
}

// price draws from low to high of each step, and candles or a line of closes on it.
func (p pen) price(spans []Span, s *series, of int) []path {
	var wicks, rise, fall trail
	half := max(p.candleWidth(spans)/2, 1)
	candles := len(spans) <= candlesMax
	for _, step := range spans {
		x := p.frame.x(step.At)
		if step.High > step.Low {
			wicks.move(x, p.scale.y(step.Low))
			wicks.line(x, p.scale.y(step.High))
		}
		if !candles {
			continue
		}
		body := &rise
		if step.Close < step.Open {
			body = &fall
		}
		open, shut := p.scale.y(step.Open), p.scale.y(step.Close)
		body.move(x-half, open)
		body.line(x+half, open)
		body.line(x+half, shut)
		body.line(x-half, shut)
		body.command("Z")
	}
	line := path{"line " + s.style, "", "closes", of}
	if !candles {
		line = p.line(closes(spans), s, of)
		line.Draw = "closes"
	}
	return []path{{"span", string(wicks.d), "wicks", of}, line,
		{"body rise", string(rise.d), "rise", of}, {"body fall", string(fall.d), "fall", of}}
}

// candleWidth is seven tenths of the least distance of two steps.
func (p pen) candleWidth(spans []Span) int {
	least := plotWidth / 20
	for i := 1; i < len(spans); i++ {
		if d := p.frame.x(spans[i].At) - p.frame.x(spans[i-1].At); d > 0 {
			least = min(least, d)
		}
	}
	return least * 7 / 10
}

// marks draws dots: a line of hardly any length whose round or square end is a dot on the
// screen however the plot is stretched. A hollow one has a smaller dot of the ground's
// color on it.
func (p pen) marks(m *Marks) []path {
	if m == nil {
		return nil
	}
	list := m.thinned(drawnMarks)
	dots := make([]trail, len(m.classes))
	for _, mark := range list {
		t := &dots[mark.Class]
		t.move(p.frame.x(mark.At), p.scale.y(mark.Value))
		t.command("h1")
	}
	dense := ""
	if len(list) > denseMarks {
		dense = " dense"
	}
	var out []path
	for i, c := range m.classes {
		if m.counts[i] == 0 {
			continue
		}
		out = append(out, path{"mark " + c.Style + dense, string(dots[i].d), "dots", i})
		if c.Hollow {
			out = append(out, path{"mark hollow " + c.Style + dense, string(dots[i].d), "dots", i})
		}
	}
	return out
}

// trips draws from entry to exit.
func (p pen) trips(t *Trips) []path {
	list := t.list()
	if len(list) == 0 {
		return nil
	}
	var won, lost trail
	if len(list) > drawnTrips {
		list = nil
	}
	for _, trip := range list {
		d := &lost
		if trip.Won {
			d = &won
		}
		d.move(p.frame.x(trip.From), p.scale.y(trip.Entry))
		d.line(p.frame.x(trip.To), p.scale.y(trip.Exit))
	}
	return []path{{"trip won", string(won.d), "won", 0}, {"trip lost", string(lost.d), "lost", 0}}
}
