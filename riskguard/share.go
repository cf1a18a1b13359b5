package riskguard

import (
	"math/bits"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// share is a part of a whole, both in one unit. Shares of one bound are compared by
// cross-multiplication, so they are exact, and divided only for people. Counts,
// nanoseconds and prices are whole numbers; money and ratios are decimals, whose products
// are what BenchmarkCheck spends its time on.
type share struct {
	part, whole int64
	// fine says that the numbers are these.
	fine                bool
	finePart, fineWhole decimal.Decimal
}

// shareOf is a share of whole numbers, neither of them negative.
func shareOf(part, whole int64) share { return share{part: part, whole: whole} }

// fineShare is a share of decimals.
func fineShare(part, whole decimal.Decimal) share {
	return share{fine: true, finePart: part, fineWhole: whole}
}

// ratio is how much of the whole a bound allows.
type ratio struct {
	exact decimal.Decimal
	// fixed is exact cut to eight decimals, for whole numbers.
	fixed exchange.Fixed
}

func ratioOf(d decimal.Decimal) ratio {
	f, _ := exchange.FixedFromDecimal(d, exchange.RoundDown) // limits are validated to be small
	return ratio{exact: d, fixed: f}
}

// all is the ratio of a bound whose limit is the whole.
func all() ratio { return ratioOf(decimal.New(1, 0)) }

// exceeds says whether the part is more than r allows of the whole.
func (s *share) exceeds(r *ratio) bool {
	switch {
	case !s.fine:
		return productAbove(s.part, int64(exchange.FixedOne), s.whole, int64(r.fixed))
	case r.fixed == exchange.FixedOne:
		return s.finePart.GreaterThan(s.fineWhole)
	default:
		return s.finePart.GreaterThan(s.fineWhole.Mul(r.exact))
	}
}

// above says whether s is the larger share of two that have a whole.
func (s *share) above(t *share) bool {
	if !s.fine {
		return productAbove(s.part, t.whole, t.part, s.whole)
	}
	return s.finePart.Mul(t.fineWhole).GreaterThan(t.finePart.Mul(s.fineWhole))
}

// cutPlaces is how exact a cut share is.
const cutPlaces = 16

// cut is the share without what lies beyond cutPlaces.
func (s *share) cut() decimal.Decimal {
	if !s.fine {
		return decimal.Zero
	}
	q, _ := s.finePart.QuoRem(s.fineWhole, cutPlaces)
	return q
}

// aboveCut is above t, whose cut is known, without the second product in most cases.
func (s *share) aboveCut(t *share, cut decimal.Decimal) bool {
	if s.fine {
		if s.finePart.Cmp(t.finePart) <= 0 && s.fineWhole.Cmp(t.fineWhole) >= 0 || s.finePart.LessThanOrEqual(s.fineWhole.Mul(cut)) {
			return false
		}
	}
	return s.above(t)
}

// defined says whether the share can be divided: of nothing there is none.
func (s *share) defined(r *ratio) bool {
	if s.fine {
		return s.fineWhole.IsPositive() && r.exact.IsPositive()
	}
	return s.whole > 0 && r.fixed > 0
}

// of is the part in proportion to what r allows of the whole, to eight decimals.
func (s *share) of(r *ratio) decimal.Decimal {
	if s.fine {
		return s.finePart.DivRound(s.fineWhole.Mul(r.exact), exchange.FixedPlaces)
	}
	return decimal.NewFromInt(s.part).DivRound(decimal.NewFromInt(s.whole).Mul(r.fixed.Decimal()), exchange.FixedPlaces)
}

// productAbove says whether a*b > c*d, of numbers that are not negative.
func productAbove(a, b, c, d int64) bool {
	high, low := bits.Mul64(uint64(a), uint64(b))
	high2, low2 := bits.Mul64(uint64(c), uint64(d))
	return high > high2 || high == high2 && low > low2
}
