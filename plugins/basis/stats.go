package basis

import (
	"math"

	"github.com/pmbot/pmbot/exchange"
)

// stats is mean and deviation of the last closes of the basis. The sums are whole numbers, so
// that nothing drifts and a restart leaves no trace.
type stats struct {
	ring []exchange.Fixed
	n    int64 // pushed
	sum  int64
	sq   int64
}

// mostRatio bounds a value, so that no sum of squares leaves its range.
const mostRatio = exchange.FixedOne / 5

func newStats(window int) stats { return stats{ring: make([]exchange.Fixed, window)} }

func (s *stats) push(v exchange.Fixed) {
	v = min(max(v, -mostRatio), mostRatio)
	at := &s.ring[s.n%int64(len(s.ring))]
	if s.n >= int64(len(s.ring)) {
		s.sum -= int64(*at)
		s.sq -= int64(*at) * int64(*at)
	}
	*at = v
	s.n++
	s.sum += int64(v)
	s.sq += int64(v) * int64(v)
}

// score is how many deviations a value is from the mean, and how far as a ratio without its
// sign; ok=false before the window is full or when nothing has ever moved.
func (s *stats) score(v exchange.Fixed) (z, off float64, ok bool) {
	n := float64(len(s.ring))
	if s.n < int64(len(s.ring)) {
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

// values are those in the window, oldest first.
func (s *stats) values() []exchange.Fixed {
	size := int64(len(s.ring))
	if s.n <= size {
		return append([]exchange.Fixed{}, s.ring[:s.n]...)
	}
	return append(append([]exchange.Fixed{}, s.ring[s.n%size:]...), s.ring[:s.n%size]...)
}
