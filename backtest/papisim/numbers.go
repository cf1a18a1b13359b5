package papisim

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// How Binance writes numbers. Which form a field has is that of its example.

// money8 has eight decimals, rounded half away from zero: "23.72469206".
func money8(d decimal.Decimal) string { return d.StringFixed(exchange.FixedPlaces) }

// ratio8 has eight decimals at most, those beyond cut off, so that a ratio never looks
// better than it is.
func ratio8(d decimal.Decimal) string { return d.Truncate(exchange.FixedPlaces).String() }

// money8OrZero is money8, and "0" for nothing.
func money8OrZero(d decimal.Decimal) string {
	if d.IsZero() {
		return "0"
	}
	return money8(d)
}

// entry8 has one to eight decimals: "0.0", "22185.2", "11707.70000003".
func entry8(d decimal.Decimal) string {
	text := d.Round(exchange.FixedPlaces).String()
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// whole has none, those beyond cut off: "20000000".
func whole(f exchange.Fixed) string { return f.Decimal().Truncate(0).String() }

// onGrid has as many decimals as a tick or lot step: "0.000" for 0.001.
func onGrid(d decimal.Decimal, step exchange.Fixed) string { return d.StringFixed(places(step)) }

// number is written as a JSON number, exactly.
type number struct{ decimal.Decimal }

// MarshalJSON writes the plain form, without an exponent.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n.String()), nil }
