package exchange

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"

	"github.com/shopspring/decimal"
)

// Fixed is a number with eight decimals in an int64: 1 is written [FixedOne]. It
// carries prices, rates of streams and the quantities of single orders, fills and
// quotes. Its range is ±92,233,720,368.54775807.
//
// Arithmetic is checked: overflow and digits beyond the eighth are errors and never
// wrap or round. There is no Fixed times Fixed; products are money or notionals, and
// those are decimals (see [Fixed.Decimal]).
type Fixed int64

const (
	// FixedPlaces is the number of decimals of a [Fixed].
	FixedPlaces = 8
	// FixedOne is the Fixed 1.
	FixedOne Fixed = 100_000_000
	// FixedMax is the largest Fixed, 92233720368.54775807.
	FixedMax Fixed = math.MaxInt64
	// FixedMin is the smallest Fixed, -92233720368.54775808.
	FixedMin Fixed = math.MinInt64
)

// Errors of number parsing and arithmetic. Callers test them with errors.Is.
var (
	// ErrNumberSyntax says that a text is not a decimal number.
	ErrNumberSyntax = errors.New("not a decimal number")
	// ErrNumberRange says that a number does not fit its type.
	ErrNumberRange = errors.New("number out of range")
	// ErrNumberPrecision says that a number has more decimals than its type holds.
	ErrNumberPrecision = errors.New("number has more than 8 decimals")
)

// ParseFixed reads a decimal number such as "62909.90", "-0.5" or "6.818e-05", of at
// most a thousand characters. Zeros beyond the eighth decimal are accepted, other digits
// there are ErrNumberPrecision. It does not allocate unless it fails.
func ParseFixed(s string) (Fixed, error) {
	if f, ok := parsePlain(s); ok {
		return f, nil
	}
	f, err := parseFixed(s)
	if err != nil {
		return 0, numberError(s, err)
	}
	return f, nil
}

// ParseFixedBytes is [ParseFixed] for bytes, without copying them.
func ParseFixedBytes(b []byte) (Fixed, error) {
	if f, ok := parsePlain(b); ok {
		return f, nil
	}
	f, err := parseFixed(b)
	if err != nil {
		return 0, numberError(string(b), err)
	}
	return f, nil
}

// MustFixed is [ParseFixed] for constants in code and tests; it panics on an error.
func MustFixed(s string) Fixed {
	f, err := ParseFixed(s)
	if err != nil {
		panic("exchange: MustFixed: " + err.Error())
	}
	return f
}

// String prints the shortest exact form, without trailing zeros: "62909.9", "0", "-0.5".
func (f Fixed) String() string {
	var buf [24]byte
	return string(f.Append(buf[:0]))
}

// Append appends the form of [Fixed.String] to b and does not allocate if b has room.
func (f Fixed) Append(b []byte) []byte {
	u := uint64(f)
	if f < 0 {
		b = append(b, '-')
		u = -u
	}
	b = strconv.AppendUint(b, u/uint64(FixedOne), 10)
	return appendFraction(b, u%uint64(FixedOne))
}

// appendFraction appends ".ddd" for frac/1e8 without trailing zeros, nothing for 0.
func appendFraction(b []byte, frac uint64) []byte {
	if frac == 0 {
		return b
	}
	places := FixedPlaces
	for frac%10 == 0 {
		frac /= 10
		places--
	}
	b = append(b, '.')
	start := len(b)
	for range places {
		b = append(b, '0')
	}
	for i := start + places - 1; frac > 0; i-- {
		b[i] = byte('0' + frac%10)
		frac /= 10
	}
	return b
}

// MarshalText writes the form of [Fixed.String], so that JSON and TOML carry exact text.
func (f Fixed) MarshalText() ([]byte, error) { return f.Append(nil), nil }

// UnmarshalText reads what [ParseFixed] reads.
func (f *Fixed) UnmarshalText(b []byte) error {
	v, err := ParseFixedBytes(b)
	if err != nil {
		return err
	}
	*f = v
	return nil
}

// Add returns f+g or ErrNumberRange.
func (f Fixed) Add(g Fixed) (Fixed, error) {
	s := f + g
	if (s > f) != (g > 0) && g != 0 {
		return 0, fmt.Errorf("%v + %v: %w", f, g, ErrNumberRange)
	}
	return s, nil
}

// Sub returns f-g or ErrNumberRange.
func (f Fixed) Sub(g Fixed) (Fixed, error) {
	d := f - g
	if (d < f) != (g > 0) && g != 0 {
		return 0, fmt.Errorf("%v - %v: %w", f, g, ErrNumberRange)
	}
	return d, nil
}

// MulInt returns f·n or ErrNumberRange.
func (f Fixed) MulInt(n int64) (Fixed, error) {
	hi, lo := bits.Mul64(magnitude(int64(f)), magnitude(n))
	negative := (f < 0) != (n < 0)
	if hi != 0 || lo > math.MaxInt64 && !(negative && lo == 1<<63) {
		return 0, fmt.Errorf("%v * %d: %w", f, n, ErrNumberRange)
	}
	if negative {
		return Fixed(-lo), nil
	}
	return Fixed(lo), nil
}

// Neg returns -f. The one value without a negative, FixedMin, gives FixedMax: it is no
// price or quantity, and saturating keeps the sign.
func (f Fixed) Neg() Fixed {
	if f == FixedMin {
		return FixedMax
	}
	return -f
}

// Abs returns |f|, with FixedMin as [Fixed.Neg] treats it.
func (f Fixed) Abs() Fixed {
	if f < 0 {
		return f.Neg()
	}
	return f
}

// Decimal returns f as an exact decimal.
func (f Fixed) Decimal() decimal.Decimal { return decimal.New(int64(f), -FixedPlaces) }

// Float returns the nearest float64, for indicators and statistics only.
func (f Fixed) Float() float64 { return float64(f) / float64(FixedOne) }

// IsMultipleOf says whether f-offset is a whole number of steps. A step of zero, which
// Binance uses for "no rule", or below is met by every f.
func (f Fixed) IsMultipleOf(step, offset Fixed) bool {
	if step <= 0 {
		return true
	}
	a, b := f%step, offset%step // equal remainders: f-offset itself may overflow
	if a < 0 {
		a += step
	}
	if b < 0 {
		b += step
	}
	return a == b
}

// Rounding names how a number is brought to a coarser grid. There is no default: who
// rounds says which way.
type Rounding uint8

const (
	// RoundDown goes toward zero: quantities, so that nothing is spent that is not there.
	RoundDown Rounding = iota + 1
	// RoundHalfUp goes to the nearest, halves away from zero: money when it is booked.
	RoundHalfUp
	// RoundFloor goes toward minus infinity: the passive side of a buy price.
	RoundFloor
	// RoundCeil goes toward plus infinity: the passive side of a sell price.
	RoundCeil
)

// PassiveRounding is the rounding that never makes a limit price more aggressive: down
// for a buy, up for a sell.
func PassiveRounding(s Side) Rounding {
	if s == Buy {
		return RoundFloor
	}
	return RoundCeil
}

// Round brings f to a whole number of steps above zero in the named direction. A step
// of zero returns f. The result saturates at FixedMin and FixedMax.
func (f Fixed) Round(step Fixed, r Rounding) Fixed {
	if step <= 0 {
		return f
	}
	rest := f % step
	if rest == 0 {
		return f
	}
	down := f - rest // toward zero
	away := down + step
	if f < 0 {
		away = down - step
	}
	if (f > 0) != (away > down) { // wrapped
		away = FixedMax
		if f < 0 {
			away = FixedMin
		}
	}
	switch r {
	case RoundHalfUp:
		if rest.Abs() >= step-rest.Abs() {
			return away
		}
		return down
	case RoundFloor:
		if f < 0 {
			return away
		}
		return down
	case RoundCeil:
		if f > 0 {
			return away
		}
		return down
	default:
		return down
	}
}

// FixedFromDecimal converts d with a named rounding at the eighth decimal, or fails
// with ErrNumberRange. Its cost does not grow with d's exponent.
func FixedFromDecimal(d decimal.Decimal, r Rounding) (Fixed, error) {
	if d.IsZero() {
		return 0, nil
	}
	// |d| lies in [10^(size-1), 10^size) units of 1e-8. Outside of int64's nineteen digits
	// the answer is known without raising ten to a power that the sender has chosen.
	size := d.NumDigits() + int(d.Exponent()) + FixedPlaces
	if size > 19 {
		return 0, decimalRange(d)
	}
	if size < 0 {
		return roundSpeck(d.Sign(), r), nil
	}
	var v decimal.Decimal
	switch r {
	case RoundHalfUp:
		v = d.Round(FixedPlaces)
	case RoundFloor:
		v = d.RoundFloor(FixedPlaces)
	case RoundCeil:
		v = d.RoundCeil(FixedPlaces)
	default:
		v = d.Truncate(FixedPlaces)
	}
	n := v.Shift(FixedPlaces).BigInt()
	if !n.IsInt64() {
		return 0, decimalRange(d)
	}
	return Fixed(n.Int64()), nil
}

// roundSpeck rounds a number of that sign that is smaller than a tenth of 1e-8.
func roundSpeck(sign int, r Rounding) Fixed {
	switch {
	case r == RoundFloor && sign < 0:
		return -1
	case r == RoundCeil && sign > 0:
		return 1
	default:
		return 0
	}
}

// decimalRange prints mantissa and exponent, for the plain form may be gigabytes long.
func decimalRange(d decimal.Decimal) error {
	return numberError(d.Coefficient().String()+"e"+strconv.Itoa(int(d.Exponent())), ErrNumberRange)
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}
