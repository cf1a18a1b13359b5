package market

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// The usual deviations of the return of a second: what all coins share and what each has
// alone. Together they are 0.57 basis points, 32% a year, and two coins are correlated by
// 0.6.
const (
	commonCalm = basisPoint * 45 / 100
	ownCalm    = basisPoint * 35 / 100
)

// weather makes the returns of a market step by step. Its temper changes once a second, so
// that a market looks alike whatever its steps: volatility comes in clusters, drift in
// regimes of half an hour, and every few hours the price jumps.
type weather struct {
	random *rand.PCG
	// calm is the usual deviation of the return of a second, now that of this one. It is
	// drawn to calm slowly and to the size of the last return fast.
	calm, now int64
	// drift is the part of a second's return that is no noise, in the regime that holds,
	// and tilt what the crowd that follows it adds to every premium.
	drift, tilt int64
	// steps is how many a second has, and root 65,536 through its square root.
	steps, root int64
	// gone is the return of this second so far, and jump what comes on top at once.
	gone, jump int64
}

func newWeather(seed uint64, name string, calm int64, step time.Duration) weather {
	steps := int64(time.Second / step)
	return weather{
		random: rand.NewPCG(seed, stream(name)), calm: calm, now: calm,
		steps: steps, root: int64(65536 / math.Sqrt(float64(steps))),
	}
}

// second changes the temper.
func (w *weather) second() {
	dice := w.random.Uint64()
	if dice&0x7ff == 0 { // every 2,048 seconds or so
		direction := int64(dice>>32&0xffff) - 0x8000
		w.drift = w.calm * direction >> 20 // at most a 32nd of calm
		w.tilt = basisPoint * direction >> 14
	}
	if dice>>11&0x1fff == 0 { // every 8,192 seconds or so
		w.jump = 32 * w.now * gauss(w.random.Uint64()) >> 16
	}
	size := max(w.gone, -w.gone)
	w.now += (w.calm-w.now)>>9 + (size*5/4-w.now)>>4
	w.now = min(max(w.now, w.calm/4), 8*w.calm)
	w.gone = 0
}

// move is the return of the next step.
func (w *weather) move() int64 {
	r := w.drift/w.steps + (w.now*w.root>>16)*gauss(w.random.Uint64())>>16 + w.jump
	w.gone += r
	w.jump = 0
	return r
}

// activity is how much more than usual is going on, in parts of 65,536.
func (w *weather) activity() int64 { return w.now << 16 / w.calm }

// asset is what has an index price in USD: a coin, or a stable coin.
type asset struct {
	name string
	// stable coins stay near a dollar and follow no weather but their own.
	stable bool
	// start anchors the price, and level is the price through it in parts of 2^32.
	start, price exchange.Fixed
	level        int64
	own          weather
}

// move goes on by one step of a coin. common is the return that all coins share.
func (a *asset) move(common int64) {
	if a.stable {
		return
	}
	r := common + a.own.move() + a.pull()/a.own.steps
	a.level += part(a.level, min(max(r, -one/5), one/5))
	a.level = min(max(a.level, one/wall), wall*one)
	a.price = part(a.start, a.level)
}

// pull drives a price back that is far from where it started, beyond a factor of two.
func (a *asset) pull() int64 {
	switch {
	case a.level > 2*one:
		return -a.own.calm / 8
	case a.level < one/2:
		return a.own.calm / 8
	}
	return 0
}

// second changes the temper of a coin, and moves a stable coin by half a basis point of
// deviation around its dollar, with some minutes of memory.
func (a *asset) second() {
	if !a.stable {
		a.own.second()
		return
	}
	a.level += int64(a.own.random.Uint64()>>48) - 0x8000 - (a.level-one)>>8
	a.price = part(a.start, a.level)
}
