package rundir

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/bits"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// wordDigits is how many digits always fit into an int64.
const wordDigits = 18

// appendDecimal appends what d.String returns. Most numbers of a run are short, and then it
// takes no memory: a million fills have four million decimals.
func appendDecimal(b []byte, d decimal.Decimal) []byte {
	places := -int(d.Exponent())
	if places < 0 || places > wordDigits || d.NumDigits() > wordDigits {
		return append(b, d.String()...)
	}
	n := d.CoefficientInt64()
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	var room [2 * wordDigits]byte
	digits := strconv.AppendInt(room[:0], n, 10)
	if short := places + 1 - len(digits); short > 0 {
		digits = append(room[:0], zeros[:short]...)
		digits = strconv.AppendInt(digits, n, 10)
	}
	whole, frac := digits[:len(digits)-places], bytes.TrimRight(digits[len(digits)-places:], "0")
	if b = append(b, whole...); len(frac) > 0 {
		b = append(append(b, '.'), frac...)
	}
	return b
}

const zeros = "0000000000000000000"

// decimalTextMax bounds the digits of a number in a file.
const decimalTextMax = 64

// parseDecimal reads a plain decimal number. Exponents are refused: a few bytes of them
// could stand for gigabytes of digits.
func parseDecimal(s string) (decimal.Decimal, error) {
	if len(s) > decimalTextMax || strings.ContainsAny(s, "eE_") {
		return decimal.Zero, fmt.Errorf("%.40q is no plain decimal number", s)
	}
	if f, err := exchange.ParseFixed(s); err == nil {
		return f.Decimal(), nil
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Zero, fmt.Errorf("%.40q is no plain decimal number", s)
	}
	return d, nil
}

// wide is a whole number in two's complement, high byte first, as Parquet has decimals of
// more than 18 digits.
type wide [16]byte

// wideDigits is how many digits always fit into a wide.
const wideDigits = 38

// set makes w the number d·10^places, rounded half away from zero, and says whether it
// fits into wideDigits.
func (w *wide) set(d decimal.Decimal, places int32) bool {
	up := int(places + d.Exponent())
	if up < 0 || up > wordDigits || d.NumDigits() > wordDigits {
		return w.setBig(d.Shift(places).Round(0))
	}
	n := d.CoefficientInt64()
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	scale := uint64(1)
	for range up {
		scale *= 10
	}
	hi, lo := bits.Mul64(u, scale)
	if n < 0 {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	w.words(hi, lo)
	return true
}

// words sets both halves.
func (w *wide) words(hi, lo uint64) {
	binary.BigEndian.PutUint64(w[:8], hi)
	binary.BigEndian.PutUint64(w[8:], lo)
}

func (w *wide) setBig(whole decimal.Decimal) bool {
	if whole.NumDigits()+max(int(whole.Exponent()), 0) > wideDigits {
		return false
	}
	n := whole.BigInt()
	if n.Sign() < 0 {
		n.Add(n, new(big.Int).Lsh(big.NewInt(1), 8*uint(len(w))))
	}
	n.FillBytes(w[:])
	return true
}
