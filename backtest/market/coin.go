package market

import (
	"math"
	"math/bits"
	"math/rand/v2"

	"github.com/pmbot/pmbot/exchange"
)

// Ratios are counted in parts of 2^32, in which a basis point is about 429,497: fine
// enough for any return, and multiplied exactly in integers.
const (
	one        = 1 << 32
	basisPoint = one / 10_000
)

// wall is how far the price may go from its start, as a factor. Drift turns back long
// before, at a factor of four.
const wall = 64

// part is p times a ratio, rounded toward zero. p is not negative.
func part[T ~int64](p T, ratio int64) T {
	hi, lo := bits.Mul64(uint64(p), uint64(max(ratio, -ratio)))
	product := T(hi<<32 | lo>>32)
	if ratio < 0 {
		return -product
	}
	return product
}

// gauss turns 64 random bits into a nearly normal number with standard deviation
// 65,536: the sum of four uniform numbers, which never leaves ±3.5 deviations. The far
// tails of returns come from changing volatility and from jumps.
func gauss(random uint64) int64 {
	sum := int64(random&0xffff) + int64(random>>16&0xffff) + int64(random>>32&0xffff) + int64(random>>48)
	return (sum - 2*0xffff) * 113_512 >> 16 // 113,512/65,536 is the root of 3
}

// coin is the price of the coin in USD and what moves it.
type coin struct {
	random *rand.PCG
	asset  string
	price  exchange.Fixed
	// start anchors the price, which stays within wall times and a wall-th of it.
	start exchange.Fixed
	// calm is the usual deviation of a bar's return, now that of the next one. It is
	// drawn to calm slowly and to the size of the last return fast.
	calm, now int64
	// drift is the part of the return that is no noise, in the regime that holds, and
	// tilt what the crowd that follows it adds to every premium.
	drift, tilt int64
	// depeg is how far the stable coins are off their dollar.
	depeg int64
}

func newCoin(seed uint64, asset string, price exchange.Fixed, minutes int64) coin {
	// 4.5 basis points a minute are 33% a year; clusters, jumps and drift nearly double it.
	calm := int64(float64(4.5*basisPoint) * math.Sqrt(float64(minutes)))
	return coin{random: rand.NewPCG(seed, stream(asset)), asset: asset, price: price, start: price, calm: calm, now: calm}
}

// stream numbers an independent sequence of random numbers by a name: FNV-1a.
func stream(name string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}

// move goes on by one bar.
func (c *coin) move() {
	noise, dice := c.random.Uint64(), c.random.Uint64()
	if dice&0x7ff == 0 { // every 2,048 bars or so
		c.turn(int64(dice>>32&0xffff) - 0x8000)
	}
	shock := c.now * gauss(noise) >> 16
	if dice>>11&0x3fff == 0 { // a jump, every 16,384 bars or so
		shock *= 4
	}
	shock = min(max(shock, -one/5), one/5)
	c.price += part(c.price, c.drift+shock)
	c.price = min(max(c.price, c.start/wall), wall*c.start)
	size := max(shock, -shock)
	c.now += (c.calm-c.now)>>9 + (size*5/4-c.now)>>4
	c.now = min(max(c.now, c.calm/4), 8*c.calm, one/16)
	c.depeg += int64(dice>>48) - 0x8000 - c.depeg>>8 // half a basis point of deviation
}

// turn begins a regime with a direction from -32,768 to 32,767. Far from where it
// started the price is always driven back.
func (c *coin) turn(direction int64) {
	if c.price > 4*c.start {
		direction = -max(direction, -direction)
	}
	if c.price < c.start/4 {
		direction = max(direction, -direction)
	}
	c.drift = c.calm * direction >> 20 // at most a 32nd of calm
	c.tilt = basisPoint * direction >> 14
}

// activity is how much more than usual is going on, in parts of 65,536.
func (c *coin) activity() int64 { return c.now << 16 / c.calm }
