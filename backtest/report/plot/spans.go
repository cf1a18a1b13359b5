package plot

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// Span is the prices of one step of time, which begins at At.
type Span struct {
	At                     exchange.Time
	Open, High, Low, Close float64
}

// Spans adds a price: candles where there is room for them, and else a line of closes over
// the reach of each step.
func (p *Panel) Spans(style, name string, spans []Span) {
	s := series{kind: spansKind, style: style, name: name, last: math.NaN()}
	for _, step := range spans {
		p.hold(step.Low)
		p.hold(step.High)
		s.last = step.Close
	}
	s.spans = mergeSpans(spans, detailMax)
	s.points = closes(s.spans)
	p.series = append(p.series, s)
}

func closes(spans []Span) []Point {
	out := make([]Point, len(spans))
	for i, s := range spans {
		out[i] = Point{s.At, s.Close}
	}
	return out
}

// mergeSpans merges neighbours until at most limit are left. Each keeps the first open,
// the last close, the highest high and the lowest low.
func mergeSpans(spans []Span, limit int) []Span {
	if len(spans) <= limit {
		return spans
	}
	out := make([]Span, limit)
	for i := range out {
		part := spans[i*len(spans)/limit : (i+1)*len(spans)/limit]
		merged := part[0]
		for _, s := range part[1:] {
			merged.High, merged.Low, merged.Close = max(merged.High, s.High), min(merged.Low, s.Low), s.Close
		}
		out[i] = merged
	}
	return out
}

// packAround packs what of each span differs from its close.
func packAround(spans []Span, places int, of func(Span) float64) string {
	factor := math.Pow10(places)
	out := make([]int64, len(spans))
	for i, s := range spans {
		out[i] = int64(math.Round(of(s)*factor)) - int64(math.Round(s.Close*factor))
	}
	return packWhole(out)
}
