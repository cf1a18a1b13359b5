package stats

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Value is a figure, or the reason why there is none. Ratios are computed in float64 and
// kept to twelve significant digits, so that they are the same on every machine; money is
// exact, to the eight decimals of a booking.
type Value struct {
	Number decimal.Decimal
	OK     bool
	// Reason completes "undefined: " when OK is false.
	Reason string
}

const (
	// ratioDigits are the significant digits of a ratio: what other machines may compute
	// otherwise in float64 lies behind them.
	ratioDigits = 12
	// ratioMax bounds ratios: beyond it the data are damaged, not the market wild.
	ratioMax = 1e15
	// ratioNoise is what rounding alone can make of a ratio that is nothing.
	ratioNoise = 1e-15
	// percentPlaces are the decimals of exact returns, and of divisions that are not of
	// money.
	percentPlaces = 8
	// divPlaces is the precision of the one division a formula may have.
	divPlaces = 16
)

// none is a statistic that cannot be given.
func none(format string, a ...any) Value { return Value{Reason: fmt.Sprintf(format, a...)} }

// noSamples is the reason of what is measured over samples.
const noSamples = "the run has no samples"

func exactly(d decimal.Decimal) Value { return Value{Number: d, OK: true} }
func counted(n int) Value             { return exactly(decimal.NewFromInt(int64(n))) }
func lasted(d time.Duration) Value    { return exactly(decimal.NewFromInt(int64(d))) }
func happened(t exchange.Time) Value  { return exactly(decimal.NewFromInt(int64(t))) }

// meanUSD is a mean of money.
func meanUSD(sum decimal.Decimal, over int64) Value {
	return exactly(sum.DivRound(decimal.NewFromInt(over), exchange.FixedPlaces))
}

// ratio keeps the digits that are the same on every machine.
func ratio(v float64) Value {
	switch {
	case math.IsNaN(v) || math.Abs(v) > ratioMax:
		return none("the figures are out of range")
	case math.Abs(v) < ratioNoise:
		return exactly(decimal.Zero)
	}
	return exactly(decimal.RequireFromString(strconv.FormatFloat(v, 'e', ratioDigits-1, 64)))
}

// quotient is a ratio of exact figures; the divisor is not zero.
func quotient(a, b decimal.Decimal) Value { return ratio(a.InexactFloat64() / b.InexactFloat64()) }

// percent is the exact share of a in b in percent; b is not zero.
func percent(a, b decimal.Decimal) decimal.Decimal { return a.Shift(2).DivRound(b, percentPlaces) }
