package exchange

import (
	"fmt"
	"math"
	"math/bits"
)

func numberError(s string, err error) error { return fmt.Errorf("%q: %w", clip(s), err) }

// parseWide is the one number scanner: sign, digits, point, digits, exponent. It keeps
// the significant digits as a 128-bit integer and their scale apart, then brings the
// scale to eight decimals, refusing whatever would be lost.
func parseWide[T string | []byte](s T) (Wide, error) {
	i, negative := 0, false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	var hi, lo uint64
	scale, digits, zeros, point := 0, 0, 0, false
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
			if point {
				scale++
			}
			if c == '0' { // zeros wait: trailing ones must not overflow
				zeros++
				continue
			}
			var ok bool
			if hi, lo, ok = shift10(hi, lo, zeros+1); !ok || hi > math.MaxInt64 {
				return Wide{}, ErrNumberRange
			}
			zeros = 0
			var carry uint64
			lo, carry = bits.Add64(lo, uint64(c-'0'), 0)
			hi += carry
		case c == '.' && !point:
			point = true
		case c == 'e' || c == 'E':
			break scan
		default:
			return Wide{}, ErrNumberSyntax
		}
	}
	if digits == 0 {
		return Wide{}, ErrNumberSyntax
	}
	exp, err := parseExponent(s, i)
	if err != nil {
		return Wide{}, err
	}
	if hi == 0 && lo == 0 {
		return Wide{}, nil
	}
	// value = hi:lo · 10^(zeros-scale+exp); the integer we keep is value · 10^8.
	power := zeros - scale + exp + FixedPlaces
	if power < 0 {
		return Wide{}, ErrNumberPrecision // the last digit kept is not a zero
	}
	hi, lo, ok := shift10(hi, lo, power)
	if !ok || hi > math.MaxInt64 && !(negative && hi == 1<<63 && lo == 0) {
		return Wide{}, ErrNumberRange
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return Wide{int64(hi), lo}, nil
}

// parseExponent reads "e-05" at s[i:], or nothing at the end of s. Exponents beyond a
// thousand are clamped: they are zero, out of range or too precise anyway.
func parseExponent[T string | []byte](s T, i int) (int, error) {
	if i == len(s) {
		return 0, nil
	}
	i++ // the e
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	if i == len(s) {
		return 0, ErrNumberSyntax
	}
	exp := 0
	for ; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, ErrNumberSyntax
		}
		exp = min(exp*10+int(s[i]-'0'), 1_000_000_000)
	}
	if negative {
		exp = -exp
	}
	return exp, nil
}

// shift10 multiplies hi:lo by 10^n and says whether it fitted.
func shift10(hi, lo uint64, n int) (uint64, uint64, bool) {
	if hi == 0 && lo == 0 {
		return 0, 0, true
	}
	if n > 39 {
		return 0, 0, false
	}
	for n > 0 {
		k := min(n, 19)
		p := pow10(k)
		c, h := bits.Mul64(hi, p)
		if c != 0 {
			return 0, 0, false
		}
		l1, l0 := bits.Mul64(lo, p)
		var carry uint64
		hi, carry = bits.Add64(h, l1, 0)
		if carry != 0 {
			return 0, 0, false
		}
		lo = l0
		n -= k
	}
	return hi, lo, true
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
