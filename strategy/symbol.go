package strategy

import (
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Symbol names an instrument in a parameter: "UM:BTCUSDT", "CM:BTCUSD_PERP" or
// "MARGIN:BTCUSDT". The zero value names none.
type Symbol struct {
	Product exchange.Product
	Name    string
}

// ParseSymbol reads "PRODUCT:SYMBOL".
func ParseSymbol(s string) (Symbol, error) {
	product, name, ok := strings.Cut(s, ":")
	if !ok || name == "" {
		return Symbol{}, fmt.Errorf("%q is not PRODUCT:SYMBOL, such as UM:BTCUSDT", s)
	}
	p, err := exchange.ParseProduct(strings.ToUpper(product))
	if err != nil {
		return Symbol{}, fmt.Errorf("%q: %w; products are UM, CM and MARGIN", s, err)
	}
	return Symbol{p, strings.ToUpper(name)}, nil
}

// String prints what [ParseSymbol] reads, and "" for none.
func (s Symbol) String() string {
	if s == (Symbol{}) {
		return ""
	}
	return s.Product.String() + ":" + s.Name
}

// MarshalText writes the form of [Symbol.String].
func (s Symbol) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSymbol] reads, and "" as none.
func (s *Symbol) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*s = Symbol{}
		return nil
	}
	*s, err = ParseSymbol(string(b))
	return err
}
