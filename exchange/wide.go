package exchange

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"

	"github.com/shopspring/decimal"
)

// Wide is a number with eight decimals in 128 bits: the volumes of bars and tickers,
// which overflow a [Fixed] on coins counted in trillions. The zero value is 0; its
// range is about ±1.7e30. Values compare with ==.
type Wide struct {
	hi int64
	lo uint64
}

// ParseWide reads what [ParseFixed] reads, over the wider range.
func ParseWide(s string) (Wide, error) {
	w, err := parseWide(s)
	if err != nil {
		return Wide{}, numberError(s, err)
	}
	return w, nil
}

// ParseWideBytes is [ParseWide] for bytes, without copying them.
func ParseWideBytes(b []byte) (Wide, error) {
	w, err := parseWide(b)
	if err != nil {
		return Wide{}, numberError(string(b), err)
	}
	return w, nil
}

// WideOf returns f as a Wide.
func WideOf(f Fixed) Wide {
	w := Wide{lo: uint64(f)}
	if f < 0 {
		w.hi = -1
	}
	return w
}

// Fixed returns w as a Fixed, or ErrNumberRange.
func (w Wide) Fixed() (Fixed, error) {
	if w.hi == 0 && w.lo <= math.MaxInt64 || w.hi == -1 && w.lo >= 1<<63 {
		return Fixed(w.lo), nil
	}
	return 0, ErrNumberRange
}

// Words returns the two's-complement halves of w·1e8, high first, for encoders.
func (w Wide) Words() (hi int64, lo uint64) { return w.hi, w.lo }

// WideFromWords is the inverse of [Wide.Words].
func WideFromWords(hi int64, lo uint64) Wide { return Wide{hi, lo} }

// Add returns w+v, or ErrNumberRange.
func (w Wide) Add(v Wide) (Wide, error) {
	lo, carry := bits.Add64(w.lo, v.lo, 0)
	hi := w.hi + v.hi + int64(carry)
	if (w.hi < 0) == (v.hi < 0) && (hi < 0) != (w.hi < 0) {
		return Wide{}, ErrNumberRange
	}
	return Wide{hi, lo}, nil
}

// Sign returns -1, 0 or +1.
func (w Wide) Sign() int {
	switch {
	case w.hi < 0:
		return -1
	case w.hi == 0 && w.lo == 0:
		return 0
	default:
		return 1
	}
}

// Decimal returns w as an exact decimal.
func (w Wide) Decimal() decimal.Decimal {
	if f, err := w.Fixed(); err == nil {
		return f.Decimal()
	}
	n := new(big.Int).Lsh(big.NewInt(w.hi), 64)
	n.Or(n, new(big.Int).SetUint64(w.lo)) // the low 64 bits of a shifted number are zero
	return decimal.NewFromBigInt(n, -FixedPlaces)
}

// Float returns a float64 near w, for indicators and statistics only.
func (w Wide) Float() float64 {
	neg, hi, lo := w.split()
	f := float64(float64(hi)*(1<<64)) + float64(lo)
	if neg {
		f = -f
	}
	return f / float64(FixedOne)
}

// String prints the shortest exact form, without trailing zeros.
func (w Wide) String() string {
	var buf [48]byte
	return string(w.Append(buf[:0]))
}

// Append appends the form of [Wide.String] to b.
func (w Wide) Append(b []byte) []byte {
	neg, hi, lo := w.split()
	if neg {
		b = append(b, '-')
	}
	const one = uint64(FixedOne)
	qhi := hi / one
	qlo, frac := bits.Div64(hi%one, lo, one)
	if qhi == 0 {
		b = strconv.AppendUint(b, qlo, 10)
		return appendFraction(b, frac)
	}
	const e19 = 10_000_000_000_000_000_000 // the largest power of ten in 64 bits
	top, low := bits.Div64(qhi, qlo, e19)  // qhi < e19, so the quotient fits
	b = strconv.AppendUint(b, top, 10)
	var digits [20]byte
	d := strconv.AppendUint(digits[:0], low, 10)
	for range 19 - len(d) {
		b = append(b, '0')
	}
	return appendFraction(append(b, d...), frac)
}

// MarshalText writes the form of [Wide.String].
func (w Wide) MarshalText() ([]byte, error) { return w.Append(nil), nil }

// UnmarshalText reads what [ParseWide] reads.
func (w *Wide) UnmarshalText(b []byte) error {
	v, err := ParseWideBytes(b)
	if err != nil {
		return err
	}
	*w = v
	return nil
}

func (w Wide) split() (negative bool, hi, lo uint64) {
	if w.hi >= 0 {
		return false, uint64(w.hi), w.lo
	}
	lo, borrow := bits.Sub64(0, w.lo, 0)
	hi, _ = bits.Sub64(0, uint64(w.hi), borrow)
	return true, hi, lo
}
