package market

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// ticksMin is the lowest price of a leg in ticks, so that a tick stays small against it.
const ticksMin = 100

// Binance's funding formula: the premium, pulled to the interest rate by at most a
// clamp, within a cap. Source: FAQ 360033525031, state of 2025-09-18; the cap is that of
// BTC and ETH.
const (
	interest     exchange.Fixed = 10_000  // 0.01%
	fundingClamp exchange.Fixed = 50_000  // 0.05%
	fundingCap   exchange.Fixed = 300_000 // 0.30%
)

// leg is one contract, or margin pair.
type leg struct {
	inst       exchange.InstrumentID
	inverse    bool
	spot       bool          // a margin pair: it follows the index, without mark and funding
	delivery   exchange.Time // of a dated contract, 0 for others
	random     *rand.PCG
	tick, step exchange.Fixed
	size       exchange.Fixed
	every      time.Duration

	// index is the coin in the quote of the leg. premium is the slow part of what the
	// contract costs above it; it wanders around usual, by noise, with 2^memory bars of
	// memory.
	index                 exchange.Fixed
	premium, usual, noise int64
	memory                int
	// open is the first price of the next bar, close the last of the one before.
	open, close exchange.Fixed
	// lots is how many lot steps an average bar trades.
	lots int64

	funding funding
}

// Typical turnover of a minute in USD, by which volumes are sized.
const (
	turnoverUM = 10_000_000
	turnoverCM = 1_000_000
)

func newLeg(seed uint64, in *exchange.Instrument, c *coin, every time.Duration, start exchange.Time) leg {
	minutes := int64(every / time.Minute)
	l := leg{
		inst: in.ID, inverse: in.Inverse(), random: rand.NewPCG(seed, stream(in.Name())),
		tick: in.Tick, step: in.Lot.Step, size: in.ContractSize, every: every,
		// About 34 hours of memory whatever the bar, and 6 basis points of deviation.
		memory:  max(3, 12-bits.Len64(uint64(minutes))),
		usual:   basisPoint * 3 / 2,
		funding: newFunding(start, every),
	}
	l.premium = l.usual
	if in.Product == exchange.Margin {
		l.spot, l.usual, l.premium = true, 0, 0
	}
	l.delivery = in.Delivery
	l.noise = int64(float64(6*basisPoint) * math.Sqrt(2/float64(int64(1)<<l.memory)))
	if l.spot {
		l.noise /= 6
	}
	lotUSD, turnover := float64(c.price.Float()*l.step.Float()), float64(turnoverUM)
	if l.inverse {
		lotUSD, turnover = float64(l.size.Float()*l.step.Float()), turnoverCM
	}
	l.lots = int64(min(max(float64(turnover*float64(minutes))/lotUSD, 8), 1<<32))
	l.index = l.indexOf(c)
	l.close = l.onTick(l.index + part(l.index, l.over(l.premium, start)))
	l.open = l.close
	return l
}

// indexOf is the coin's price in the leg's quote: dollars, or stable coins that are off
// their dollar a little.
func (l *leg) indexOf(c *coin) exchange.Fixed {
	if l.inverse {
		return c.price
	}
	return c.price - part(c.price, c.depeg)
}

// perpetual says whether the leg pays funding.
func (l *leg) perpetual() bool { return !l.spot && l.delivery == 0 }

// trades says whether a bar that closes at an instant is the leg's.
func (l *leg) trades(at exchange.Time) bool { return l.delivery == 0 || at <= l.delivery }

// over is what the leg costs above its index at an instant, with that premium. Of a dated
// contract it goes with the time that is left, and there is none at its delivery.
func (l *leg) over(premium int64, at exchange.Time) int64 {
	if l.delivery == 0 {
		return premium
	}
	left := max(0, int64(l.delivery.Sub(at)/time.Second))
	return carry*left/yearSeconds + premium*min(left, daySeconds)/daySeconds
}

func (l *leg) onTick(p exchange.Fixed) exchange.Fixed { return max(p-p%l.tick, l.tick) }

// move goes on by one bar and writes it to b.
func (l *leg) move(c *coin, start exchange.Time, b *exchange.Bar) {
	dice, wicks := l.random.Uint64(), l.random.Uint64()
	l.index = l.indexOf(c)
	crowd := l.usual + c.tilt // who follows a trend pays for it
	if l.spot {
		crowd = 0
	}
	l.premium += (crowd-l.premium)>>l.memory + l.noise*centred(dice)>>16
	premium := l.premium + centred(dice>>16)*basisPoint>>17
	l.funding.sample(premium)

	open := l.open
	l.close = l.onTick(l.index + part(l.index, l.over(premium, start.Add(l.every))))
	span := part(l.close, c.now)
	high, low := wick(span, wicks), wick(span, wicks>>32)
	high = max(open, l.close) + high - high%l.tick
	low = max(min(open, l.close)-(low-low%l.tick), l.tick)
	l.open = max(l.close+l.tick*exchange.Fixed(int64(dice>>32&1)-int64(dice>>33&1)), l.tick)

	*b = exchange.Bar{Start: start, Interval: l.every, Open: open, High: high, Low: low, Close: l.close}
	l.volume(b, c.activity(), dice>>34)
}

// centred maps sixteen random bits to a uniform number with standard deviation 65,536.
func centred(random uint64) int64 {
	return (int64(random&0xffff) - 0x8000) * 113_512 >> 15
}

// wick is how far a bar reaches beyond its open and close: most often little, sometimes
// one and a half times the deviation of a return.
func wick(span exchange.Fixed, random uint64) exchange.Fixed {
	share := int64(random&0xffff) * int64(random>>16&0xffff)
	return part(span, share+share>>1)
}

// volume fills in what was traded, from thirty random bits.
func (l *leg) volume(b *exchange.Bar, activity int64, random uint64) {
	lots := l.lots * activity >> 16
	lots = 1 + lots*(0x4000+int64(random&0xffff)*3/2)>>16
	buyers := int64(0x6000) + int64(random>>16&0x3fff) // of 65,536
	if b.Close < b.Open {
		buyers = 0x10000 - buyers
	}
	volume := exchange.Fixed(lots) * l.step
	typical := (b.High + b.Low + b.Close) / 3
	b.Volume = exchange.WideOf(volume)
	b.TakerBuy = exchange.WideOf(exchange.Fixed(lots*buyers>>16) * l.step)
	b.Trades = 1 + lots>>7
	if l.inverse {
		b.QuoteVolume = mulDiv(volume, l.size, typical)
	} else {
		b.QuoteVolume = mulDiv(volume, typical, exchange.FixedOne)
	}
}

// mulDiv is a·b/c, rounded down, for numbers that are not negative.
func mulDiv(a, b, c exchange.Fixed) exchange.Wide {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	top := hi / uint64(c)
	low, _ := bits.Div64(hi%uint64(c), lo, uint64(c))
	return exchange.WideFromWords(int64(top), low)
}

// mark is Binance's: the median of index with the funding still to come, index with the
// usual basis, and the last price; of a dated contract the index with its usual basis.
func (l *leg) mark(now exchange.Time) exchange.Mark {
	if l.delivery != 0 {
		return exchange.Mark{Price: l.index + part(l.index, l.over(l.premium, now)), Index: l.index, Settle: l.index}
	}
	first := l.index + part(l.index, l.funding.ahead())
	second := l.index + part(l.index, l.premium)
	return exchange.Mark{
		Price: max(min(first, second), min(max(first, second), l.close)),
		Index: l.index, Rate: l.funding.rate(), NextFunding: now.Add(l.funding.left()),
	}
}

// funding averages the premium of a leg over the eight hours to the next settlement.
type funding struct {
	bar time.Duration
	// bars is the length of an interval, and due how many of it are still to come.
	bars, due int64
	// sum is the sum of n premiums, the first counted once, the second twice, and so on.
	sum, n int64
	// last is the settled rate before, in parts of 2^32 for a bar.
	last int64
}

func newFunding(start exchange.Time, bar time.Duration) funding {
	f := funding{bar: bar, bars: int64(fundingEvery / bar)}
	f.due = f.bars - int64(start%exchange.Time(fundingEvery))/int64(bar)
	f.last = int64(interest) * one / int64(exchange.FixedOne) / f.bars
	return f
}

func (f *funding) sample(premium int64) {
	f.due--
	f.n++
	f.sum += f.n * premium
}

// rate is what would be settled now.
func (f *funding) rate() exchange.Fixed {
	if f.n == 0 {
		return interest
	}
	premium := part(exchange.FixedOne, f.sum/(f.n*(f.n+1)/2))
	rate := premium + min(max(interest-premium, -fundingClamp), fundingClamp)
	return min(max(rate, -fundingCap), fundingCap)
}

// ahead is the share of the last rate that the time to the next settlement stands for.
func (f *funding) ahead() int64 { return f.last * f.due }

func (f *funding) left() time.Duration { return time.Duration(f.due) * f.bar }

// settle ends the interval with its rate.
func (f *funding) settle() exchange.Fixed {
	rate := f.rate()
	f.last = int64(rate) * one / int64(exchange.FixedOne) / f.bars
	f.sum, f.n, f.due = 0, 0, f.bars
	return rate
}
