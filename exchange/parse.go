package exchange

import (
	"fmt"
	"math"
	"math/bits"
)

const (
	// numberLenMax bounds the text of a number, and with it the exponent that its digits
	// can outweigh. Nothing that Binance sends comes near.
	numberLenMax = 1000
	// exponentMax is where exponents are clamped: far enough beyond numberLenMax and the
	// 39 digits of a Wide that a clamped one still decides the same way.
	exponentMax = 10_000
)

// pow10 holds the powers of ten that fit 64 bits.
var pow10 = [20]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
}

// numberError names the text that was no number; only its beginning, for it may be long.
func numberError(s string, err error) error { return fmt.Errorf("%q: %w", clip(s), err) }

// clip bounds what an error message repeats of its input.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// parsePlain reads the numbers that fill market data: an optional minus, at most 18
// digits, one point, at most eight decimals. It says false to everything else, right or
// wrong, and leaves that to [parseNumber]. See BenchmarkParseFixed.
func parsePlain[T string | []byte](s T) (Fixed, bool) {
	negative := len(s) > 0 && s[0] == '-'
	i := 0
	if negative {
		i = 1
	}
	digits := len(s) - i
	var n uint64
	places := 0
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			if s[i] != '.' || places != 0 || i == len(s)-1 {
				return 0, false
			}
			places = len(s) - 1 - i
			digits--
			continue
		}
		n = n*10 + uint64(c) // may wrap with more than 18 digits, and is not used then
	}
	if digits < 1 || digits > 18 || places > FixedPlaces {
		return 0, false
	}
	hi, lo := bits.Mul64(n, pow10[FixedPlaces-places])
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -Fixed(lo), true
	}
	return Fixed(lo), true
}

func parseFixed[T string | []byte](s T) (Fixed, error) {
	w, err := parseWide(s)
	if err != nil {
		return 0, err
	}
	return w.Fixed()
}

func parseWide[T string | []byte](s T) (Wide, error) {
	n, err := parseNumber(s)
	if err != nil {
		return Wide{}, err
	}
	return n.wide()
}

// number is a text taken apart: ±hi:lo·10^power. Its last digit is not 0 unless it is 0
// altogether.
type number struct {
	negative bool
	hi, lo   uint64
	power    int
	// huge says that hi:lo did not fit 127 bits; they are meaningless then.
	huge bool
}

// parseNumber is the one number scanner: sign, digits, point, digits, exponent. Zeros
// wait until a digit follows them, so that trailing ones cannot overflow.
func parseNumber[T string | []byte](s T) (number, error) {
	if len(s) > numberLenMax {
		return number{}, ErrNumberSyntax
	}
	var n number
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		n.negative = s[i] == '-'
		i++
	}
	places, digits, zeros, point := 0, 0, 0, false
scan:
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
			if point {
				places++
			}
			zeros++
			if c != '0' {
				n.push(zeros, c-'0')
				zeros = 0
			}
		case c == '.' && !point:
			point = true
		case c == 'e' || c == 'E':
			break scan
		default:
			return number{}, ErrNumberSyntax
		}
	}
	if digits == 0 {
		return number{}, ErrNumberSyntax
	}
	exponent, err := parseExponent(s, i)
	n.power = zeros - places + exponent
	return n, err
}

// push makes room for that many digits and adds d as the last of them. The check stands
// before the sum, which could otherwise carry out of 128 bits; after it hi is at most
// 1<<63, the magnitude of the least Wide.
func (n *number) push(room int, d byte) {
	hi, lo, ok := shift10(n.hi, n.lo, room)
	n.huge = n.huge || !ok || hi > math.MaxInt64
	lo, carry := bits.Add64(lo, uint64(d), 0)
	n.hi, n.lo = hi+carry, lo
}

// wide brings the number to eight decimals, refusing whatever would be lost.
func (n number) wide() (Wide, error) {
	if n.hi == 0 && n.lo == 0 && !n.huge {
		return Wide{}, nil
	}
	power := n.power + FixedPlaces
	if power < 0 {
		return Wide{}, ErrNumberPrecision // the last digit is not a zero
	}
	hi, lo, ok := shift10(n.hi, n.lo, power)
	least := n.negative && hi == 1<<63 && lo == 0
	if n.huge || !ok || hi > math.MaxInt64 && !least {
		return Wide{}, ErrNumberRange
	}
	if n.negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return Wide{int64(hi), lo}, nil
}

// parseExponent reads "e-05" at s[i:], or nothing at the end of s.
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
	exponent := 0
	for ; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, ErrNumberSyntax
		}
		exponent = min(exponent*10+int(s[i]-'0'), exponentMax)
	}
	if negative {
		exponent = -exponent
	}
	return exponent, nil
}

// shift10 multiplies hi:lo by 10^n and says whether the product fits 128 bits.
func shift10(hi, lo uint64, n int) (uint64, uint64, bool) {
	if hi == 0 && lo == 0 {
		return 0, 0, true
	}
	if n > 39 {
		return 0, 0, false
	}
	for n > 0 {
		k := min(n, len(pow10)-1)
		over, h := bits.Mul64(hi, pow10[k])
		carried, l := bits.Mul64(lo, pow10[k])
		h, carry := bits.Add64(h, carried, 0)
		if over != 0 || carry != 0 {
			return 0, 0, false
		}
		hi, lo = h, l
		n -= k
	}
	return hi, lo, true
}
