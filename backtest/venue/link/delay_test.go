package link

import (
	"slices"
	"testing"
	"time"
)

// TestDraw holds the drawn delays to the chances that doc.go states.
func TestDraw(t *testing.T) {
	const draws = 200_000
	for _, c := range []struct {
		delay        string
		least, most  time.Duration
		beyond       time.Duration
		share, slack float64
		mean         time.Duration
	}{
		{"10ms..40ms", 10 * time.Millisecond, 40 * time.Millisecond, 25 * time.Millisecond, 0.5, 0.01, 25 * time.Millisecond},
		{"20ms tail 6ms", 20 * time.Millisecond, DelayMax, 24 * time.Millisecond, 0.5, 0.01, 27500 * time.Microsecond},
		{"20ms tail 6ms", 20 * time.Millisecond, DelayMax, 26 * time.Millisecond, 0.25, 0.01, 27500 * time.Microsecond},
		{"0s tail 6ms", 0, DelayMax, 6 * 63 * time.Millisecond, 1.0 / 4096, 0.0001, 7500 * time.Microsecond},
		{"20ms", 20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond, 0, 0, 20 * time.Millisecond},
	} {
		d, err := ParseDelay(c.delay)
		if err != nil {
			t.Fatal(err)
		}
		courier, beyond, sum := newCourier(d, 1, "test"), 0, time.Duration(0)
		for range draws {
			took := courier.next(0)
			if took < c.least || took > c.most {
				t.Fatalf("%s took %v", c.delay, took)
			}
			if took > c.beyond {
				beyond++
			}
			sum += took
		}
		if share := float64(beyond) / draws; share < c.share-c.slack || share > c.share+c.slack {
			t.Errorf("%s: a share of %v takes more than %v, want %v", c.delay, share, c.beyond, c.share)
		}
		if mean := sum / draws; (mean - c.mean).Abs() > c.mean/20 {
			t.Errorf("%s takes %v on average, want %v", c.delay, mean, c.mean)
		}
	}
	one, two := newCourier(Delay{form: uniform, high: time.Hour}, 1, "feed"), newCourier(Delay{form: uniform, high: time.Hour}, 1, "entry")
	if one.next(0) == two.next(0) {
		t.Error("two ways share a stream")
	}
}

// TestFaultStreams: a line more or less leaves the draws of the others as they were.
func TestFaultStreams(t *testing.T) {
	draws := func(index int, lines ...string) (hits []int) {
		faults, err := ParseFaults(lines)
		if err != nil {
			t.Fatal(err)
		}
		l, err := New(nil, Config{Seed: 5, Faults: faults})
		if err != nil {
			t.Fatal(err)
		}
		f := &l.faults[index]
		f.begin(0)
		for i := range 1000 {
			if f.hits(0) {
				hits = append(hits, i)
			}
		}
		return hits
	}
	alone := draws(0, "chance 10% lose-ack")
	if len(alone) < 70 || len(alone) > 130 {
		t.Errorf("%d hits in 1000 at 10%%", len(alone))
	}
	same := slices.Equal[[]int]
	if !same(alone, draws(1, "chance 50% delay 1s", "chance 10%  lose-ack")) {
		t.Error("a line before it shifts the draws of a fault")
	}
	if same(alone, draws(1, "chance 10% lose-ack", "chance 10% lose-ack")) {
		t.Error("two equal lines hit the same messages")
	}
}
