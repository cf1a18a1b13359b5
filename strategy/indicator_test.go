package strategy

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// series is random prices: most wander, some jump, some stand still.
func series(seed uint64, n int) []exchange.Fixed {
	random := rand.New(rand.NewPCG(seed, 1))
	price := exchange.Fixed(60_000) * exchange.FixedOne
	list := make([]exchange.Fixed, n)
	for i := range list {
		switch random.IntN(8) {
		case 0:
		case 1:
			price = exchange.Fixed(random.Int64N(int64(1_000_000*exchange.FixedOne))) + 1
		default:
			price = max(price+exchange.Fixed(random.Int64N(2e9)-1e9), 1)
		}
		list[i] = price
	}
	return list
}

func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))+1e-15
}

// last returns the last n values up to and with i.
func lastOf(list []exchange.Fixed, i, n int) []exchange.Fixed {
	return list[max(0, i+1-n) : i+1]
}

func exactMean(list []exchange.Fixed) *big.Rat {
	sum := new(big.Rat)
	for _, v := range list {
		sum.Add(sum, big.NewRat(int64(v), int64(exchange.FixedOne)))
	}
	return sum.Mul(sum, big.NewRat(1, int64(len(list))))
}

func TestSMAAgainstRationals(t *testing.T) {
	for seed := range uint64(5) {
		list := series(seed, 400)
		if seed == 4 { // the ends of the range
			for i := range list {
				list[i] = []exchange.Fixed{exchange.FixedMax, exchange.FixedMin, -1, 0}[list[i]%4]
			}
		}
		fast, slow := NewSMA(7), NewSMA(50)
		for i, v := range list {
			fast.Push(v)
			slow.Push(v)
			a, b := exactMean(lastOf(list, i, 7)), exactMean(lastOf(list, i, 50))
			if got, want := fast.Compare(slow), a.Cmp(b); got != want {
				t.Fatalf("seed %d, value %d: Compare = %d, want %d", seed, i, got, want)
			}
			want, _ := b.Float64()
			if got := slow.Value(); math.Abs(got-want) > 4e-16*math.Abs(want) {
				t.Fatalf("seed %d, value %d: Value = %v, want %v", seed, i, got, want)
			}
			if slow.Ready() != (i >= 49) {
				t.Fatalf("Ready is wrong after %d values", i+1)
			}
		}
	}
}

// The case that floating point gets wrong: equal averages of different lengths.
func TestSMACompareIsExact(t *testing.T) {
	a, b := NewSMA(3), NewSMA(10)
	for range 20 {
		a.Push(exchange.MustFixed("0.1"))
		b.Push(exchange.MustFixed("0.1"))
		if a.Compare(b) != 0 || b.Compare(a) != 0 {
			t.Fatal("equal averages differ")
		}
	}
	b.Push(exchange.MustFixed("0.10000001"))
	if a.Compare(b) != -1 || b.Compare(a) != 1 {
		t.Error("a difference in the eighth decimal is not seen")
	}
}

func TestEMAAgainstSum(t *testing.T) {
	list := series(1, 200)
	ema := NewEMA(9)
	for i, v := range list {
		ema.Push(v)
		// The weights written out: 0.8^i on the first value, 0.2·0.8^k on the others.
		want, weight := 0.0, 1.0
		for j := i; j > 0; j-- {
			want += 0.2 * weight * list[j].Float()
			weight *= 0.8
		}
		want += weight * list[0].Float()
		if !near(ema.Value(), want) || ema.Ready() != (i >= 8) {
			t.Fatalf("value %d: %v, ready %v, want %v", i, ema.Value(), ema.Ready(), want)
		}
	}
}

func TestStdDevAgainstTwoPasses(t *testing.T) {
	for seed := range uint64(5) {
		list := series(seed, 300)
		dev := NewStdDev(20)
		var returns []float64
		for i, v := range list {
			dev.Push(v)
			dev.Push(0) // ignored
			if i > 0 {
				r := v.Float()/list[i-1].Float() - 1
				returns = append(returns, math.Min(math.Max(r, -4), 4))
			}
			window := returns[max(0, len(returns)-20):]
			mean, squares := 0.0, 0.0
			for _, r := range window {
				mean += r / float64(len(window))
			}
			for _, r := range window {
				squares += (r - mean) * (r - mean)
			}
			want := 0.0
			if len(window) >= 2 {
				want = math.Sqrt(squares / float64(len(window)-1))
			}
			if math.Abs(dev.Value()-want) > 1e-8*want+1e-11 || dev.Ready() != (len(returns) >= 20) {
				t.Fatalf("seed %d, value %d: %v, want %v", seed, i, dev.Value(), want)
			}
		}
	}
}

func TestStdDevOfAQuietPriceIsZero(t *testing.T) {
	dev := NewStdDev(5)
	for _, v := range series(3, 50) {
		dev.Push(v)
	}
	for range 6 {
		dev.Push(exchange.FixedOne)
	}
	if dev.Value() != 0 {
		t.Errorf("%v is left over of returns that fell out of the window", dev.Value())
	}
}

// bars makes highs, lows and closes of a series.
func bars(seed uint64, n int) (highs, lows, closes []exchange.Fixed) {
	closes = series(seed, n)
	random := rand.New(rand.NewPCG(seed, 2))
	for _, c := range closes {
		highs = append(highs, c+exchange.Fixed(random.Int64N(3)))
		lows = append(lows, c-exchange.Fixed(random.Int64N(3)))
	}
	return highs, lows, closes
}

func TestATRAgainstRecursion(t *testing.T) {
	highs, lows, closes := bars(1, 200)
	atr := NewATR(14)
	var ranges []float64
	wilder := 0.0
	for i := range closes {
		atr.Push(highs[i], lows[i], closes[i])
		r := highs[i] - lows[i]
		if i > 0 {
			r = max(r, (highs[i] - closes[i-1]).Abs(), (lows[i] - closes[i-1]).Abs())
		}
		ranges = append(ranges, r.Float())
		sum := 0.0
		for _, x := range ranges {
			sum += x
		}
		if i < 14 {
			wilder = sum / float64(i+1)
		} else {
			wilder = (wilder*13 + ranges[i]) / 14
		}
		if !near(atr.Value(), wilder) || atr.Ready() != (i >= 13) {
			t.Fatalf("bar %d: %v, want %v", i, atr.Value(), wilder)
		}
	}
}

func TestDonchianAgainstScan(t *testing.T) {
	for _, n := range []int{1, 2, 20} {
		highs, lows, _ := bars(uint64(n), 500)
		channel := NewDonchian(n)
		for i := range highs {
			channel.Push(highs[i], lows[i])
			high, low := highs[i], lows[i]
			for j := range lastOf(highs, i, n) {
				high, low = max(high, highs[i-j]), min(low, lows[i-j])
			}
			if channel.High() != high || channel.Low() != low || channel.Ready() != (i >= n-1) {
				t.Fatalf("n %d, bar %d: %v to %v, want %v to %v", n, i, channel.Low(), channel.High(), low, high)
			}
		}
	}
}

// every is one of each indicator with a way to feed it and a way to see all it shows.
func every(n int) []struct {
	Indicator
	push func(h, l, c exchange.Fixed)
	show func() string
} {
	type row = struct {
		Indicator
		push func(h, l, c exchange.Fixed)
		show func() string
	}
	sma, ema, dev, atr, channel := NewSMA(n), NewEMA(n), NewStdDev(n), NewATR(n), NewDonchian(n)
	return []row{
		{sma, func(_, _, c exchange.Fixed) { sma.Push(c) }, func() string { return fmt.Sprint(sma.hi, sma.lo, sma.Value()) }},
		{ema, func(_, _, c exchange.Fixed) { ema.Push(c) }, func() string { return fmt.Sprint(ema.Value()) }},
		{dev, func(_, _, c exchange.Fixed) { dev.Push(c) }, func() string { return fmt.Sprint(dev.Value()) }},
		{atr, atr.Push, func() string { return fmt.Sprint(atr.Value()) }},
		{channel, func(h, l, _ exchange.Fixed) { channel.Push(h, l) }, func() string { return fmt.Sprint(channel.High(), channel.Low()) }},
	}
}

// An indicator restored at any moment goes on bit for bit like the one that was saved.
func TestIndicatorsRestore(t *testing.T) {
	const total = 60
	highs, lows, closes := bars(9, total)
	for _, n := range []int{2, 7, 25} {
		for k := range total {
			saved, restored := every(n), every(n)
			for i, s := range saved {
				for j := range k {
					s.push(highs[j], lows[j], closes[j])
				}
				if err := restored[i].Restore(s.State()); err != nil {
					t.Fatal(err)
				}
				for j := k; j < total; j++ {
					s.push(highs[j], lows[j], closes[j])
					restored[i].push(highs[j], lows[j], closes[j])
					if s.show() != restored[i].show() || s.Ready() != restored[i].Ready() ||
						!reflect.DeepEqual(s.State(), restored[i].State()) {
						t.Fatalf("%T of %d saved at %d differs at %d", s.Indicator, n, k, j)
					}
				}
			}
		}
	}
}

func TestIndicatorsRefuseForeignState(t *testing.T) {
	long := make([]int64, 60)
	long[0] = 9
	for _, x := range every(5) {
		before := x.State()
		if err := x.Restore(long); err == nil {
			t.Errorf("%T takes a state that is not its own", x.Indicator)
		}
		if !reflect.DeepEqual(x.State(), before) {
			t.Errorf("%T changed by a state it refused", x.Indicator)
		}
	}
	if err := RestoreStates([][]int64{{1}}, NewSMA(1), NewSMA(2)); err == nil {
		t.Error("one state for two indicators is taken")
	}
}

func FuzzDonchianRestore(f *testing.F) {
	f.Add(int64(2), int64(1), int64(1), int64(0), int64(5), int64(1), int64(4))
	f.Add(int64(2), int64(2), int64(0), int64(-1), int64(5), int64(99), int64(4))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h int64) {
		x := NewDonchian(3)
		if x.Restore([]int64{a, b, c, d, e, g, h}) == nil {
			for i := range exchange.Fixed(10) {
				x.Push(i, -i)
			}
		}
	})
}

func TestLengthsAreBounded(t *testing.T) {
	for _, n := range []int{-5, 0, 1} {
		for _, x := range every(n) {
			x.push(1, 1, 1)
			x.push(1, 1, 1)
			x.push(1, 1, 1)
			if !x.Ready() {
				t.Errorf("%T of %d is not ready after three values", x.Indicator, n)
			}
		}
	}
}

func TestIndicatorsAllocateNothing(t *testing.T) {
	for _, x := range every(50) {
		i := exchange.Fixed(0)
		push := func() {
			i = (i*7 + 3) % 1009
			x.push(i+2, i, i+1)
		}
		if n := testing.AllocsPerRun(200, push); n != 0 {
			t.Errorf("%T allocates %v times a push", x.Indicator, n)
		}
	}
}

func TestSnap(t *testing.T) {
	tick := exchange.MustFixed("0.1")
	for _, c := range []struct {
		x    float64
		r    exchange.Rounding
		want string
		ok   bool
	}{
		{100.07, exchange.RoundDown, "100", true}, {100.07, exchange.RoundCeil, "100.1", true},
		{0.1 + 0.2, exchange.RoundCeil, "0.3", true}, {-0.05, exchange.RoundFloor, "-0.1", true},
		{math.NaN(), exchange.RoundDown, "0", false}, {math.Inf(1), exchange.RoundDown, "0", false},
		{1e12, exchange.RoundDown, "0", false},
	} {
		if got, ok := Snap(c.x, tick, c.r); ok != c.ok || got != exchange.MustFixed(c.want) {
			t.Errorf("Snap(%v) = %v, %v, want %v", c.x, got, ok, c.want)
		}
	}
}

func BenchmarkIndicators(b *testing.B) {
	highs, lows, closes := bars(1, 1024)
	for _, x := range every(50) {
		b.Run(fmt.Sprintf("%T", x.Indicator), func(b *testing.B) {
			for i := range b.N {
				x.push(highs[i%1024], lows[i%1024], closes[i%1024])
			}
		})
	}
}
