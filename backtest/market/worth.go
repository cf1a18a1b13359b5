package market

import (
	"math/bits"
	"math/rand/v2"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

const (
	// sampled is how often the premium enters the funding rate, as Binance does it.
	sampled = 5 * time.Second
	// settled is the time before delivery whose mean index settles a dated contract.
	settled = 30 * time.Minute
	// carry is what a dated contract costs above its index, of a year.
	carry = one / 20

	daySeconds  = 86_400
	yearSeconds = 365 * daySeconds
)

// worth is what an instrument is worth: the index of its coin in its quote, and what it
// costs above that.
type worth struct {
	random *rand.PCG
	base   *asset
	quote  *asset // nil for the dollar
	// delivery is 0 for what does not end.
	delivery exchange.Time

	index exchange.Fixed
	// fair is what the instrument is worth now and before what it was a step ago.
	fair, before exchange.Fixed
	// premium is the slow part of what it costs above the index. It wanders around usual,
	// by noise, with four and a half hours of memory; crowded says that those who follow a
	// trend pay for it.
	premium, usual, noise int64
	crowded               bool

	funding  funding // of a perpetual
	settling settling
}

// follow goes on by one step, after the assets have moved.
func (v *worth) follow(now exchange.Time, second bool, common *weather) {
	if second {
		crowd := v.usual
		if v.crowded {
			crowd += common.tilt + v.base.own.tilt
		}
		v.premium += (crowd-v.premium)>>14 + v.noise*centred(v.random.Uint64())>>16
	}
	v.value(now)
	if now%exchange.Time(sampled) == 0 {
		v.funding.sample(v.premium)
	}
}

// value works out the index and the fair price, which wavers a little.
func (v *worth) value(now exchange.Time) {
	v.index = v.base.price
	if v.quote != nil {
		hi, lo := bits.Mul64(uint64(v.index), uint64(exchange.FixedOne))
		ratio, _ := bits.Div64(hi, lo, uint64(v.quote.price)) // it fits; see startOf
		v.index = exchange.Fixed(ratio)
	}
	price := v.price(now)
	v.before, v.fair = v.fair, price+part(price, centred(v.random.Uint64())*(basisPoint/16)>>16)
	if v.delivery != 0 && v.delivery.Sub(now) <= settled && now%exchange.Time(time.Second) == 0 {
		v.settling.add(v.index)
	}
}

// price is index and premium. What a dated contract costs above its index goes with the
// time that it has left, and in the end the mean that it is settled by replaces both.
func (v *worth) price(now exchange.Time) exchange.Fixed {
	if v.delivery == 0 {
		return v.index + part(v.index, v.premium)
	}
	left := int64(v.delivery.Sub(now) / time.Second)
	price := v.index + part(v.index, carry*left/yearSeconds+v.premium*min(left, daySeconds)/daySeconds)
	known := v.settling.n * one / max(v.settling.n+left, 1)
	return price - part(price, known) + part(v.settling.mean(), known)
}

// mark is Binance's: for a perpetual the median of index with the funding still to come,
// index with the usual basis, and the last price; for a dated contract the index with its
// usual basis, and in the end the settlement price.
func (v *worth) mark(now exchange.Time, last exchange.Fixed) exchange.Mark {
	if v.delivery != 0 {
		m := exchange.Mark{Price: v.price(now), Index: v.index, Settle: v.index}
		if v.settling.n > 0 {
			m.Settle = v.settling.mean()
		}
		return m
	}
	first := v.index + part(v.index, v.funding.ahead())
	second := v.index + part(v.index, v.premium)
	return exchange.Mark{
		Price: max(min(first, second), min(max(first, second), last)), Index: v.index, Rate: v.funding.rate(),
		NextFunding: now.Add(fundingEvery - 1).Floor(fundingEvery),
	}
}

// settling is the mean index of the time before delivery so far, one sample a second,
// summed up as differences to the first.
type settling struct {
	first  exchange.Fixed
	sum, n int64
}

func (s *settling) add(index exchange.Fixed) {
	if s.n == 0 {
		s.first = index
	}
	s.sum += int64(index - s.first)
	s.n++
}

func (s *settling) mean() exchange.Fixed { return s.first + exchange.Fixed(s.sum/max(s.n, 1)) }
