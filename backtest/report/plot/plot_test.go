package plot

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

var start = exchange.TimeOf(time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))

func TestMergeSpansKeepsHighAndLow(t *testing.T) {
	var spans []Span
	for i := range 2_208 {
		v := 100 + 10*math.Sin(float64(i)/50) + float64(i*7919%100)/100
		spans = append(spans, Span{At: start + exchange.Time(i), Open: v, High: v + float64(i%7), Low: v - float64(i%5), Close: v + 0.5})
	}
	reach := func(list []Span) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		for _, s := range list {
			low, high = min(low, s.Low), max(high, s.High)
		}
		return low, high
	}
	got := mergeSpans(spans, 100)
	wantLow, wantHigh := reach(spans)
	low, high := reach(got)
	if len(got) != 100 || low != wantLow || high != wantHigh || got[0].Open != spans[0].Open || got[99].Close != spans[len(spans)-1].Close {
		t.Errorf("%d steps from %v to %v, want %v to %v", len(got), low, high, wantLow, wantHigh)
	}
}

// However many marks there are, the kept ones stand for all of them, and the lowest and
// the highest of each class in each stretch of time are among them.
func TestMarksKeepExtremes(t *testing.T) {
	f := NewFrame(start, start.Add(time.Hour))
	const limit, classes = 200, 3
	type place struct{ stretch, class int }
	type reach struct{ low, high float64 }
	for _, count := range []int{0, 1, 7, limit - 1, limit, limit + 1, 5_000} {
		m := f.NewMarks(limit, Class{Name: "a"}, Class{Name: "b"}, Class{Name: "c"})
		want, got := map[place]reach{}, map[place]reach{}
		widen := func(to map[place]reach, at exchange.Time, class int, v float64) {
			k := place{f.part(at, limit/(2*classes)), class}
			r, known := to[k]
			if !known {
				r = reach{v, v}
			}
			to[k] = reach{min(r.low, v), max(r.high, v)}
		}
		for i := range count {
			v, class := float64(1+i*7919%997), i*i%classes
			at := start.Add(time.Duration(i) * time.Hour / time.Duration(count))
			widen(want, at, class, v)
			if mark := m.Add(at, v, class); mark != nil && (mark.Value != v || mark.Words != nil) {
				t.Fatalf("%d marks: told of %+v", count, mark)
			}
		}
		stands := 0
		for _, mark := range m.list() {
			widen(got, mark.At, mark.Class, mark.Value)
			stands += mark.Stands
		}
		if m.Kept() > limit || stands != count || m.Len() != count || !maps.Equal(got, want) {
			t.Errorf("%d marks stand for %d of %d; %v, want %v", m.Kept(), stands, count, got, want)
		}
	}
}

func TestTimeTicksAreFewAndInside(t *testing.T) {
	for minutes := 1; minutes < 60*24*365*6; minutes = minutes*3/2 + 1 {
		to := start + exchange.Time(minutes)*60_000_000_000
		ticks := timeTicks(start, to)
		if len(ticks) > 14 || len(ticks) < 1 {
			t.Errorf("%d minutes: %d ticks", minutes, len(ticks))
		}
		for _, tick := range ticks {
			if tick.at < start || tick.at > to {
				t.Errorf("%d minutes: tick %s outside", minutes, tick.text)
			}
		}
	}
}

func TestScaleTicksAreRoundAndInside(t *testing.T) {
	plain, zero, ratio := Axis{}, Axis{Hold: []float64{0}}, Axis{Log: true, Hold: []float64{1, 3}}
	none, never := math.Inf(1), math.Inf(-1)
	for _, s := range []scale{
		plain.scale(99_647.92, 104_650.07), zero.scale(-4.7, -4.7), plain.scale(5, 5), plain.scale(none, never),
		plain.scale(1e-8, 2e-8), plain.scale(-3e9, 8e9), ratio.scale(none, never), ratio.scale(-5, 99_999),
	} {
		if s.y(1e18) != 0 || s.y(-1e18) != plotHeight {
			t.Errorf("%+v: values out of the scale at %d and %d", s, s.y(1e18), s.y(-1e18))
		}
		ticks := s.ticks(6)
		if len(ticks) < 2 || len(ticks) > 12 {
			t.Errorf("%+v: ticks %v", s, ticks)
		}
		texts := map[string]bool{}
		for _, v := range ticks {
			if y := s.y(v); y < 0 || y > plotHeight || texts[s.text(v, 6)] {
				t.Errorf("%+v: tick %v at %d, %q", s, v, y, s.text(v, 6))
			}
			texts[s.text(v, 6)] = true
		}
	}
}
