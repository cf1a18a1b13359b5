package margin

import (
	"math"
	"math/bits"
)

// over is the quotient a/d rounded half away from zero; d is positive. Both have one
// scale, or a is finer by the places the quotient shall have.
func (a wide) over(d wide) wide {
	negative := a.negative()
	quo, rest := a.abs().divide(d)
	if !rest.add(rest).less(d) {
		quo = quo.add(wideInt(1))
	}
	if negative {
		return quo.neg()
	}
	return quo
}

// divide is quotient and remainder of magnitudes; d is not zero.
func (a wide) divide(d wide) (quo, rest wide) {
	if d.w1|d.w2|d.w3 == 0 {
		var r uint64
		if a.w2|a.w3 != 0 {
			quo.w3, r = a.w3/d.w0, a.w3%d.w0
			quo.w2, r = bits.Div64(r, a.w2, d.w0)
		}
		quo.w1, r = bits.Div64(r, a.w1, d.w0)
		quo.w0, r = bits.Div64(r, a.w0, d.w0)
		return quo, wide{w0: r}
	}
	if a.less(d) {
		return wide{}, a
	}
	return a.divideLong(d)
}

// divideLong is schoolbook division with 64-bit digits (Knuth, volume 2, algorithm D)
// for divisors of two digits and more. a >= d.
func (a wide) divideLong(d wide) (quo, rest wide) {
	v := [4]uint64{d.w0, d.w1, d.w2, d.w3}
	n := 4
	for v[n-1] == 0 {
		n--
	}
	shift := uint(bits.LeadingZeros64(v[n-1]))
	for i := n - 1; i > 0; i-- {
		v[i] = v[i]<<shift | v[i-1]>>1>>(63-shift)
	}
	v[0] <<= shift
	s := [4]uint64{a.w0, a.w1, a.w2, a.w3}
	var u [5]uint64
	u[4] = s[3] >> 1 >> (63 - shift)
	for i := 3; i > 0; i-- {
		u[i] = s[i]<<shift | s[i-1]>>1>>(63-shift)
	}
	u[0] = s[0] << shift
	var q [4]uint64
	for j := 4 - n; j >= 0; j-- {
		q[j] = divideDigit(u[j:j+n+1], v[:n])
	}
	quo = wide{q[0], q[1], q[2], q[3]}
	for i := range s {
		s[i] = u[i]>>shift | u[i+1]<<1<<(63-shift)
	}
	return quo, wide{s[0], s[1], s[2], s[3]}
}

// divideDigit gives one digit of the quotient and leaves the remainder in u, which has
// one digit more than v; the top bit of v is set.
func divideDigit(u, v []uint64) uint64 {
	n := len(v)
	digit := uint64(math.MaxUint64)
	if u[n] < v[n-1] {
		var r uint64
		digit, r = bits.Div64(u[n], u[n-1], v[n-1])
		for {
			hi, lo := bits.Mul64(digit, v[n-2])
			if hi < r || hi == r && lo <= u[n-2] {
				break
			}
			digit--
			before := r
			if r += v[n-1]; r < before {
				break
			}
		}
	}
	var borrow, carry uint64
	for i := range n {
		hi, lo := bits.Mul64(digit, v[i])
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		carry = hi + c
		u[i], borrow = bits.Sub64(u[i], lo, borrow)
	}
	u[n], borrow = bits.Sub64(u[n], carry, borrow)
	for borrow != 0 { // the estimate was too high, at most twice
		digit--
		var c uint64
		for i := range n {
			u[i], c = bits.Add64(u[i], v[i], c)
		}
		var top uint64
		u[n], top = bits.Add64(u[n], c, 0)
		borrow -= top
	}
	return digit
}
