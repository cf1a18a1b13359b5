package plot

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// unpacked reads what appendPacked wrote, as the script does; holes are reported apart.
func unpacked(t *testing.T, text string) (values []int64, holes []bool) {
	t.Helper()
	var sum uint64
	shift := 0
	for _, c := range text {
		digit := strings.IndexRune(packDigits, c)
		if digit < 0 {
			t.Fatalf("%q is no digit", c)
		}
		sum |= uint64(digit&31) << shift
		if shift += 5; digit&32 != 0 {
			continue
		}
		v := int64(sum >> 1)
		if sum&1 == 1 {
			v = -v
		}
		values, holes = append(values, v), append(holes, sum == 1)
		sum, shift = 0, 0
	}
	if shift != 0 {
		t.Fatalf("%q ends within a number", text)
	}
	return values, holes
}

func TestPackedNumbersComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, scale := range []float64{1e-8, 1e-3, 1, 63_000, 1e9, 1e15, 1e200} {
		values := []float64{0, scale, -scale, math.NaN(), scale * 1.5, math.NaN(), math.NaN(), -scale / 3}
		for range 200 {
			values = append(values, (rng.Float64()-0.4)*scale)
		}
		places := packPlaces(2, -scale, 1.5*scale)
		packed := packValues(values, places)
		deltas, holes := unpacked(t, packed.Packed)
		if len(deltas) != len(values) {
			t.Fatalf("scale %g: %d values of %d", scale, len(deltas), len(values))
		}
		sum := int64(0)
		for i, d := range deltas {
			if holes[i] != math.IsNaN(values[i]) {
				t.Errorf("scale %g: value %d is %v, hole %v", scale, i, values[i], holes[i])
			}
			if holes[i] {
				continue
			}
			if sum += d; sum > packMax || sum < -packMax {
				t.Errorf("scale %g: value %d is packed as %d, which a float64 may not hold", scale, i, sum)
			}
			got := float64(sum) / math.Pow10(places)
			if off := math.Abs(got - values[i]); off > scale/1e4 {
				t.Errorf("scale %g, %d places: value %d comes back as %g, was %g", scale, places, i, got, values[i])
			}
		}
	}
}

func TestPackedWholeNumbersComeBack(t *testing.T) {
	want := []int64{0, 1, -1, 15, 16, -16, 31, 32, 1023, 1024, packMax, -packMax}
	got, holes := unpacked(t, packWhole(want))
	for i := range want {
		if got[i] != want[i] || holes[i] {
			t.Errorf("%d comes back as %d, hole %v", want[i], got[i], holes[i])
		}
	}
}

func TestPackedInstantsComeBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	even, uneven := []exchange.Time{start}, []exchange.Time{start}
	for range 1000 {
		even = append(even, even[len(even)-1].Add(time.Minute))
		uneven = append(uneven, uneven[len(uneven)-1].Add(time.Duration(rng.Int64N(90_000))*time.Millisecond))
	}
	for name, list := range map[string][]exchange.Time{"none": nil, "one": even[:1], "same": {start, start, start}, "even": even, "uneven": uneven} {
		packed := packInstants(len(list), func(i int) exchange.Time { return list[i] })
		changes, _ := unpacked(t, packed.Packed)
		if len(changes) != len(list) {
			t.Fatalf("%s: %d instants of %d", name, len(changes), len(list))
		}
		at, step := packed.From, int64(0)
		for i, c := range changes {
			step += c
			at += step * packed.Unit
			if at != list[i].Millis() {
				t.Fatalf("%s: instant %d comes back as %d, was %d", name, i, at, list[i].Millis())
			}
		}
		if name == "even" && len(packed.Packed) > len(list)+1 {
			t.Errorf("an even series takes %d characters for %d instants", len(packed.Packed), len(list))
		}
	}
}

// Instants that several series share are in the page once, and a page with more than it may
// hold is thinned until it fits.
func TestDataSharesInstantsAndHasABudget(t *testing.T) {
	f := NewFrame(start, start.Add(10_000*time.Hour))
	points := make([]Point, 30_000)
	for i := range points {
		points[i] = Point{start.Add(time.Duration(i) * 20 * time.Minute), float64(i * 7919 % 1000)}
	}
	few := points[:100]
	for range 60 {
		p := f.Panel("many", Low, Axis{})
		p.Line("s1", "long", points)
		p.Line("s2", "short", few)
		p.Step("s3", "short", few)
	}
	d := f.Data()
	if len(d.Times) != 2 {
		t.Errorf("%d lists of instants, want 2", len(d.Times))
	}
	sum := 0
	for _, p := range d.Panels {
		for i, s := range p.Series {
			values, _ := unpacked(t, s.Values.Packed)
			if sum += len(values); i > 0 && len(values) != len(few) {
				t.Fatalf("a short series has %d of %d values", len(values), len(few))
			}
		}
	}
	if sum > pageMax || sum < pageMax/2 {
		t.Errorf("%d values, the page has room for %d", sum, pageMax)
	}
}
