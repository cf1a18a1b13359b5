package public

import (
	"math/bits"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// pricePlaces is with how many decimals Binance writes marks, indexes and rates.
const pricePlaces = 8

// padded writes a number with at least that many decimals, as Binance does: "83091.60".
func padded(number string, places int) string {
	if places == 0 {
		return number
	}
	_, fraction, ok := strings.Cut(number, ".")
	if !ok {
		number += "."
	}
	return number + strings.Repeat("0", max(0, places-len(fraction)))
}

func fixed(f exchange.Fixed, places int) string { return padded(f.String(), places) }

func wide(w exchange.Wide, places int) string { return padded(w.String(), places) }

// rate writes what has eight decimals whatever the symbol.
func rate(f exchange.Fixed) string { return fixed(f, pricePlaces) }

// placesOf is how many decimals a whole number of steps can have.
func placesOf(step exchange.Fixed) int {
	_, fraction, _ := strings.Cut(step.String(), ".")
	return len(fraction)
}

// times is a·b/c of numbers that are not below zero, rounded half up to eight decimals, and
// the largest Wide where that does not fit. c is above zero.
func times(a, b, c exchange.Fixed) exchange.Wide {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	lo, carry := bits.Add64(lo, uint64(c)/2, 0)
	hi += carry
	low, _ := bits.Div64(hi%uint64(c), lo, uint64(c))
	return exchange.WideFromWords(int64(hi/uint64(c)), low)
}

// sum is a+b; volumes of a simulation stay far below what a Wide holds, and one that does
// not stands still.
func sum(a, b exchange.Wide) exchange.Wide {
	if s, err := a.Add(b); err == nil {
		return s
	}
	return a
}

// quotient is a/b with eight decimals, 0 where there is nothing to divide by.
func quotient(a, b decimal.Decimal) decimal.Decimal {
	if b.IsZero() {
		return decimal.Zero
	}
	return a.DivRound(b, pricePlaces)
}
