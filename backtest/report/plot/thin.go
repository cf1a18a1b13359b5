package plot

import "math"

const (
	// pointsMax is how many points a line of a chart has: about two a pixel.
	pointsMax = 2000
	// spansMax is how many steps a price has.
	spansMax = 1000
)

// thin keeps at most limit points: the first, the last, and of each of equally many
// points between them the lowest and the highest, in their order. No extreme is lost. A
// hole that is narrower than such a group closes.
func thin(points []Point, limit int) []Point {
	if len(points) <= limit || limit < 4 {
		return points
	}
	groups := (limit - 2) / 2
	inner := points[1 : len(points)-1]
	out := append(make([]Point, 0, limit), points[0])
	for g := range groups {
		part := inner[g*len(inner)/groups : (g+1)*len(inner)/groups]
		low, high := extremes(part)
		if low > high {
			low, high = high, low
		}
		out = append(out, part[low])
		if high != low {
			out = append(out, part[high])
		}
	}
	return append(out, points[len(points)-1])
}

// extremes returns the indices of the lowest and the highest value, both 0 if all are
// NaN.
func extremes(points []Point) (low, high int) {
	for i, p := range points {
		if math.IsNaN(p.Value) {
			continue
		}
		if math.IsNaN(points[low].Value) || p.Value < points[low].Value {
			low = i
		}
		if math.IsNaN(points[high].Value) || p.Value > points[high].Value {
			high = i
		}
	}
	return low, high
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
