package backtest

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// thinnedMax is how many points a thinned price series may have.
const thinnedMax = 16_384

// thinned keeps a price series of any length in a bounded number of points: when it is
// full, neighbours are merged and its step doubles. No high or low is lost.
type thinned struct {
	points []PricePoint
	step   time.Duration
	until  exchange.Time // end of the last point's step
}

// add folds the prices of a moment in; open comes before close.
func (t *thinned) add(at exchange.Time, open, high, low, close exchange.Fixed) {
	if at < t.until {
		p := &t.points[len(t.points)-1]
		p.High, p.Low, p.Close = max(p.High, high), min(p.Low, low), close
		return
	}
	if t.points == nil {
		t.points, t.step = make([]PricePoint, 0, thinnedMax), time.Second
	}
	if len(t.points) == thinnedMax {
		t.halve()
	}
	start := at.Floor(t.step)
	t.until = start.Add(t.step)
	if n := len(t.points); n > 0 && t.points[n-1].At == start { // after halving
		p := &t.points[n-1]
		p.High, p.Low, p.Close = max(p.High, high), min(p.Low, low), close
		return
	}
	t.points = append(t.points, PricePoint{start, open, high, low, close})
}

// covers says whether prices from after that moment are in, so that a piece that begins
// there would come out of place.
func (t *thinned) covers(at exchange.Time) bool {
	n := len(t.points)
	return n > 0 && at < t.points[n-1].At
}

// halve doubles the step until the points are at most half as many.
func (t *thinned) halve() {
	for len(t.points) > thinnedMax/2 {
		t.step *= 2
		kept := t.points[:0]
		for _, p := range t.points {
			start := p.At.Floor(t.step)
			if n := len(kept); n > 0 && kept[n-1].At == start {
				last := &kept[n-1]
				last.High, last.Low, last.Close = max(last.High, p.High), min(last.Low, p.Low), p.Close
				continue
			}
			p.At = start
			kept = append(kept, p)
		}
		t.points = kept
	}
}

// last is the newest price, 0 before any.
func (t *thinned) last() exchange.Fixed {
	if len(t.points) == 0 {
		return 0
	}
	return t.points[len(t.points)-1].Close
}
