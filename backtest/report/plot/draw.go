package plot

import (
	"fmt"
	"math"
	"strings"
)

// path is a line, an area or a set of marks.
type path struct{ Style, D string }

// Paths draws what was added, in order.
func (p *Panel) Paths() []path {
	pen := pen{p.frame, p.scale()}
	var out []path
	for i := range p.series {
		s := &p.series[i]
		switch s.kind {
		case lineKind, stepKind:
			out = append(out, pen.line(s))
		case areaKind:
			out = append(out, pen.area(s), pen.line(s))
		case barsKind:
			out = append(out, pen.bars(s)...)
		case layerKind:
			out = append(out, pen.layer(s))
		case spansKind:
			out = append(out, pen.spans(s), pen.line(s))
		}
	}
	return append(out, pen.marks(p.marks)...)
}

// pen draws on one scale.
type pen struct {
	frame *Frame
	scale scale
}

func (p pen) line(s *series) path {
	var d strings.Builder
	command, style := "M", "line "+s.style
	for _, pt := range s.points {
		if math.IsNaN(pt.Value) {
			command = "M"
			continue
		}
		if s.kind == stepKind && command == "L" {
			fmt.Fprintf(&d, "H%d", p.frame.x(pt.At))
		}
		fmt.Fprintf(&d, "%s%d %d", command, p.frame.x(pt.At), p.scale.y(pt.Value))
		command = "L"
	}
	if len(s.points) == 1 && d.Len() > 0 {
		style += " single"
		d.WriteString("h1")
	}
	return path{style, d.String()}
}

func (p pen) area(s *series) path {
	if len(s.points) == 0 {
		return path{Style: "area " + s.style}
	}
	zero := p.scale.y(0)
	var d strings.Builder
	fmt.Fprintf(&d, "M%d %d", p.frame.x(s.points[0].At), zero)
	for _, pt := range s.points {
		v := pt.Value
		if math.IsNaN(v) {
			v = 0
		}
		fmt.Fprintf(&d, "L%d %d", p.frame.x(pt.At), p.scale.y(v))
	}
	fmt.Fprintf(&d, "V%dZ", zero)
	return path{"area " + s.style, d.String()}
}

func (p pen) bars(s *series) []path {
	var up, down strings.Builder
	zero := p.scale.y(0)
	for _, pt := range s.points {
		d := &up
		if pt.Value < 0 {
			d = &down
		}
		fmt.Fprintf(d, "M%d %dV%d", p.frame.x(pt.At), zero, p.scale.y(pt.Value))
	}
	return []path{{"bars gain", up.String()}, {"bars loss", down.String()}}
}

// layer is the space between a layer's base and its top.
func (p pen) layer(s *series) path {
	var d strings.Builder
	command := "M"
	for _, pt := range s.points {
		fmt.Fprintf(&d, "%s%d %d", command, p.frame.x(pt.At), p.scale.y(pt.Value))
		command = "L"
	}
	for i := len(s.points) - 1; i >= 0; i-- {
		fmt.Fprintf(&d, "L%d %d", p.frame.x(s.points[i].At), p.scale.y(s.base[i]))
	}
	if d.Len() > 0 {
		d.WriteByte('Z')
	}
	return path{"layer " + s.style, d.String()}
}

// spans draws from low to high of each step.
func (p pen) spans(s *series) path {
	var d strings.Builder
	for _, step := range s.spans {
		if step.High > step.Low {
			fmt.Fprintf(&d, "M%d %dV%d", p.frame.x(step.At), p.scale.y(step.Low), p.scale.y(step.High))
		}
	}
	return path{"span", d.String()}
}

// denseMarks is from how many marks on they are drawn smaller.
const denseMarks = 300

// marks draws dots: a line of hardly any length whose round or square end is a dot on the
// screen however the plot is stretched. A hollow one has a smaller dot of the ground's
// color on it.
func (p pen) marks(m *Marks) []path {
	if m == nil {
		return nil
	}
	dots := make([]strings.Builder, len(m.classes))
	dense := ""
	list := m.list()
	if len(list) > denseMarks {
		dense = " dense"
	}
	for _, mark := range list {
		fmt.Fprintf(&dots[mark.Class], "M%d %dh1", p.frame.x(mark.At), p.scale.y(mark.Value))
	}
	var out []path
	for i, c := range m.classes {
		d := dots[i].String()
		if d == "" {
			continue
		}
		out = append(out, path{"mark " + c.Style + dense, d})
		if c.Hollow {
			out = append(out, path{"mark hollow " + c.Style + dense, d})
		}
	}
	return out
}
