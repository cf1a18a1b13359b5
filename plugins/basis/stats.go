package basis

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// stats is mean and deviation of the last closes of the basis. The sums are whole numbers, so
// that nothing drifts and a restart leaves no trace.
type stats struct {
	window  int
	values  []exchange.Fixed // oldest first
	sum, sq int64
}

// mostRatio bounds a value, so that no sum of squares leaves its range.
const mostRatio = exchange.FixedOne / 5

func (s *stats) push(v exchange.Fixed) {
	v = min(max(v, -mostRatio), mostRatio)
	s.values, s.sum, s.sq = append(s.values, v), s.sum+int64(v), s.sq+int64(v)*int64(v)
	if len(s.values) > s.window {
		old := int64(s.values[0])
		s.values, s.sum, s.sq = s.values[1:], s.sum-old, s.sq-old*old
	}
}

// score is how many deviations a value is from the mean, and how far as a ratio without its
// sign; ok=false before the window is full or when nothing has ever moved.
func (s *stats) score(v exchange.Fixed) (z, off float64, ok bool) {
	n := float64(s.window)
	if len(s.values) < s.window {
		return 0, 0, false
	}
	mean := float64(s.sum) / n
	variance := (float64(s.sq) - float64(mean*mean*n)) / (n - 1)
	if variance < 1 {
		return 0, 0, false
	}
	distance := float64(v) - mean
	return distance / math.Sqrt(variance), math.Abs(distance) / float64(exchange.FixedOne), true
}
