package margin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The scales of the model's integers, as decimal places.
const (
	// qtyPlaces is the scale of quantities: one [exchange.Fixed].
	qtyPlaces = exchange.FixedPlaces
	// entryPlaces is the scale of entry prices, of values (quantity times price) and of
	// every quotient.
	entryPlaces = 16
	// amountPlaces is the scale of amounts of an asset: quantity times entry price, or
	// quantity times price times a rate.
	amountPlaces = 24
	// usdPlaces is the scale of dollars: an amount times index price times rate.
	usdPlaces = 40
)

// fixedOne is 10^8, by which an integer moves up eight decimal places.
const fixedOne = int64(exchange.FixedOne)

// wide is a signed integer of 256 bits, two's complement, least significant word first.
// It carries a decimal number whose scale the context names. Sums and products are
// exact: what enters the model is bounded (see [wideFromDecimal]), so that nothing it
// computes comes near 2^255, some 5.8e36 dollars. It exists because a decimal.Decimal
// costs two allocations and some 100 ns an operation, and BenchmarkProject makes hundreds.
type wide struct{ w0, w1, w2, w3 uint64 }

func wideInt(n int64) wide {
	s := uint64(n >> 63)
	return wide{uint64(n), s, s, s}
}

// amount brings a Fixed to the scale of amounts.
func amount(f exchange.Fixed) wide { return wideInt(int64(f)).up2() }

func (a wide) add(b wide) wide {
	var c uint64
	a.w0, c = bits.Add64(a.w0, b.w0, 0)
	a.w1, c = bits.Add64(a.w1, b.w1, c)
	a.w2, c = bits.Add64(a.w2, b.w2, c)
	a.w3, _ = bits.Add64(a.w3, b.w3, c)
	return a
}

func (a wide) sub(b wide) wide {
	var c uint64
	a.w0, c = bits.Sub64(a.w0, b.w0, 0)
	a.w1, c = bits.Sub64(a.w1, b.w1, c)
	a.w2, c = bits.Sub64(a.w2, b.w2, c)
	a.w3, _ = bits.Sub64(a.w3, b.w3, c)
	return a
}

// replace is the sum a after one of its parts has gone from old to now.
func (a wide) replace(old, now wide) wide { return a.sub(old).add(now) }

func (a wide) neg() wide { return wide{}.sub(a) }

func (a wide) negative() bool { return int64(a.w3) < 0 }

func (a wide) zero() bool { return a == wide{} }

func (a wide) positive() bool { return !a.negative() && !a.zero() }

func (a wide) abs() wide {
	if a.negative() {
		return a.neg()
	}
	return a
}

func (a wide) less(b wide) bool { return a.sub(b).negative() }

func (a wide) min(b wide) wide {
	if b.less(a) {
		return b
	}
	return a
}

func (a wide) max(b wide) wide {
	if a.less(b) {
		return b
	}
	return a
}

// small says whether a fits an int64, and gives it.
func (a wide) small() (int64, bool) {
	n := int64(a.w0)
	return n, a == wideInt(n)
}

// mul is the exact product with a 64-bit integer.
func (a wide) mul(n int64) wide {
	negative := (n < 0) != a.negative()
	m := uint64(n)
	if n < 0 {
		m = -m
	}
	r := mulWord(a.abs(), m)
	if negative {
		return r.neg()
	}
	return r
}

// mulWide is the exact product of two wide integers, of which one fits 64 bits more often
// than not.
func (a wide) mulWide(b wide) wide {
	if n, ok := b.small(); ok {
		return a.mul(n)
	}
	if n, ok := a.small(); ok {
		return b.mul(n)
	}
	negative := a.negative() != b.negative()
	a, b = a.abs(), b.abs()
	r := mulWord(a, b.w0)
	m := mulWord(a, b.w1)
	r = r.add(wide{0, m.w0, m.w1, m.w2})
	m = mulWord(a, b.w2)
	r = r.add(wide{0, 0, m.w0, m.w1})
	r = r.add(wide{0, 0, 0, a.w0 * b.w3})
	if negative {
		return r.neg()
	}
	return r
}

// mulWord is the product of a magnitude and a word.
func mulWord(a wide, m uint64) (r wide) {
	var carry, hi, lo, c uint64
	carry, r.w0 = bits.Mul64(a.w0, m)
	hi, lo = bits.Mul64(a.w1, m)
	r.w1, c = bits.Add64(lo, carry, 0)
	carry = hi + c
	hi, lo = bits.Mul64(a.w2, m)
	r.w2, c = bits.Add64(lo, carry, 0)
	r.w3 = a.w3*m + hi + c
	return r
}

// times is the exact product with a Fixed; the scale grows by eight places.
func (a wide) times(f exchange.Fixed) wide { return a.mul(int64(f)) }

// up moves a to a scale eight places finer, up2 to one sixteen places finer.
func (a wide) up() wide  { return a.mul(fixedOne) }
func (a wide) up2() wide { return a.mul(fixedOne * fixedOne) }

// decimal returns a, at a scale of that many places, as an exact decimal.
func (a wide) decimal(places int32) decimal.Decimal {
	negative := a.negative()
	m := a.abs()
	for places >= qtyPlaces { // shorter numbers are cheaper for whoever goes on with them
		quo, rest := m.divide(wideInt(fixedOne))
		if !rest.zero() {
			break
		}
		m, places = quo, places-qtyPlaces
	}
	if negative {
		m = m.neg()
	}
	if n, ok := m.small(); ok {
		return decimal.New(n, -places)
	}
	return decimal.NewFromBigInt(m.big(), -places)
}

func (a wide) big() *big.Int {
	m := a.abs()
	b := make([]byte, 0, 32)
	for _, w := range [4]uint64{m.w3, m.w2, m.w1, m.w0} {
		if w != 0 || len(b) > 0 {
			b = binary.BigEndian.AppendUint64(b, w)
		}
	}
	n := new(big.Int).SetBytes(b)
	if a.negative() {
		n.Neg(n)
	}
	return n
}

// errTooFine and errTooLarge say why a decimal cannot enter the model.
var (
	errTooFine  = errors.New("too many decimals")
	errTooLarge = errors.New("too large")
)

// What may enter has fewer digits before the point than these: no account is near, and
// no product of them overflows.
const (
	amountDigitsMax = 16
	qtyDigitsMax    = 12
	entryDigitsMax  = 11
)

// wideFromDecimal converts d exactly to a scale. It refuses digits beyond [entryPlaces]
// and more than digits before the point.
func wideFromDecimal(d decimal.Decimal, places int32, digits int) (wide, error) {
	if d.IsZero() {
		return wide{}, nil
	}
	if e := int(d.Exponent()); e < -100 || e > digits || d.NumDigits()+e > digits {
		return wide{}, fmt.Errorf("%v digits and exponent %d: %w", d.NumDigits(), e, errTooLarge)
	}
	fine := d.Shift(min(places, entryPlaces))
	if !fine.IsInteger() {
		return wide{}, fmt.Errorf("%s: %w", d, errTooFine)
	}
	n := fine.BigInt()
	var b [32]byte
	n.FillBytes(b[:])
	var w [4]uint64
	for i := range 32 {
		w[3-i/8] = w[3-i/8]<<8 | uint64(b[i])
	}
	m := wide{w[0], w[1], w[2], w[3]}
	for at := int32(entryPlaces); at < places; at += qtyPlaces {
		m = m.up()
	}
	if n.Sign() < 0 {
		return m.neg(), nil
	}
	return m, nil
}

// scaled is price·ratio rounded half up to a Fixed, and at most FixedMax: a shocked or
// collared price. Neither factor is negative.
func scaled(price, ratio exchange.Fixed) exchange.Fixed {
	if ratio == exchange.FixedOne {
		return price
	}
	const half = uint64(fixedOne) / 2
	hi, lo := bits.Mul64(uint64(price), uint64(ratio))
	lo, carry := bits.Add64(lo, half, 0)
	if hi += carry; hi >= uint64(fixedOne) {
		return exchange.FixedMax
	}
	n, _ := bits.Div64(hi, lo, uint64(fixedOne))
	if n > math.MaxInt64 {
		return exchange.FixedMax
	}
	return exchange.Fixed(n)
}
