package plot

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// detailMax is how many points the script is given of a series.
	detailMax = 16_384
	// stackMax is how many instants of a stack.
	stackMax = 4_096
	// pageMax is how many values of series a page has: if there are more, each series is
	// thinned until they fit. A value takes about four characters.
	pageMax = 320_000
)

// Data is what the page's script draws from when a reader zooms; it is marshaled into an
// element of the page. Instants are Unix milliseconds.
type Data struct {
	From   int64       `json:"from"`
	To     int64       `json:"to"`
	Times  []instants  `json:"times"`
	Panels []panelData `json:"panels"`
}

// panelData is what the script needs of a panel.
type panelData struct {
	Low    float64      `json:"low"`
	High   float64      `json:"high"`
	Log    bool         `json:"log,omitempty"`
	Zero   bool         `json:"zero,omitempty"`
	Places int          `json:"places"`
	Series []seriesData `json:"series"`
	Marks  *marksData   `json:"marks,omitempty"`
	Trips  *tripsData   `json:"trips,omitempty"`
}

// seriesData has the values at the page's list of instants number Times.
type seriesData struct {
	Kind   kind   `json:"kind"`
	Times  int    `json:"times"`
	Values column `json:"values"`
	// Base is where a layer of a stack begins.
	Base *column `json:"base,omitempty"`
	// Open, High and Low of a price are differences to Values, which are the closes, and
	// in the same scale.
	Open string `json:"open,omitempty"`
	High string `json:"high,omitempty"`
	Low  string `json:"low,omitempty"`
}

// Data collects the detail of all panels. Call it when all of them are filled.
func (f *Frame) Data() Data {
	out := Data{From: f.from.Millis(), To: f.to.Millis(), Times: []instants{}, Panels: []panelData{}}
	limit := f.fairShare()
	for _, p := range f.panels {
		s := p.scale()
		d := panelData{Low: s.low, High: s.high, Log: s.log, Zero: s.zero, Places: p.axis.Places, Series: []seriesData{}}
		for i := range p.series {
			d.Series = append(d.Series, out.series(p, &p.series[i], limit))
		}
		d.Marks, d.Trips = p.marks.data(p.axis.Places), p.trips.data(p.axis.Places)
		out.Panels = append(out.Panels, d)
	}
	return out
}

// weight is how many values the script is given for a point.
func (s *series) weight() int {
	switch s.kind {
	case spansKind:
		return 4
	case layerKind:
		return 2
	default:
		return 1
	}
}

// fairShare is how many points each series may have so that the page's values are at most
// pageMax: short series keep all, and the long ones share what is left.
func (f *Frame) fairShare() int {
	limit := detailMax
	for ; limit > 1024; limit -= 512 {
		sum := 0
		for _, p := range f.panels {
			for i := range p.series {
				s := &p.series[i]
				sum += min(len(s.points), limit) * s.weight()
			}
		}
		if sum <= pageMax {
			break
		}
	}
	return limit
}

func (d *Data) series(p *Panel, s *series, limit int) seriesData {
	low, high := p.reach()
	places := packPlaces(p.axis.Places, low, high)
	out := seriesData{Kind: s.kind}
	points, spans := s.points, mergeSpans(s.spans, limit)
	switch s.kind {
	case layerKind: // the layers of a stack share their instants
		base := packValues(s.base, places)
		out.Base = &base
	case spansKind:
		points = closes(spans)
	default:
		points = p.frame.thin(points, limit)
	}
	values := make([]float64, len(points))
	for i, pt := range points {
		values[i] = pt.Value
	}
	out.Times = d.instants(packInstants(len(points), func(i int) exchange.Time { return points[i].At }))
	out.Values = packValues(values, places)
	if s.kind == spansKind {
		out.Open = packAround(spans, places, func(s Span) float64 { return s.Open })
		out.High = packAround(spans, places, func(s Span) float64 { return s.High })
		out.Low = packAround(spans, places, func(s Span) float64 { return s.Low })
	}
	return out
}

// instants interns a list of instants and returns its number.
func (d *Data) instants(list instants) int {
	if i := slices.Index(d.Times, list); i >= 0 {
		return i
	}
	d.Times = append(d.Times, list)
	return len(d.Times) - 1
}
