package backtest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/strategy"
)

// AllowConfig takes from a strategy some of what it has declared; it never gives it more. A list
// that is left out takes nothing.
type AllowConfig struct {
	Symbols    []strategy.Symbol    `toml:"symbols" json:"symbols,omitempty"`
	Sides      []exchange.Side      `toml:"sides" json:"sides,omitempty"`
	OrderTypes []exchange.OrderType `toml:"order_types" json:"order_types,omitempty"`
	// NoLoans takes loans from a strategy whose manifest declares that it borrows.
	NoLoans bool `toml:"no_loans" json:"no_loans,omitzero"`
}

// PermitOf is what the guard lets a strategy do: trade the instruments that its parameters name,
// or if they name none the others, which its owner has named; by the kinds of orders, and on the
// products, that its manifest declares, within the budget that it asks for; all of it as far as a leaves it. What a names beyond that
// is an error with the key and the cure.
func PermitOf(d *Description, a *AllowConfig, others []strategy.Symbol) (riskguard.Permit, error) {
	symbols := d.Symbols
	if len(symbols) == 0 {
		symbols = others
	}
	symbols = slices.DeleteFunc(slices.Clone(symbols), func(s strategy.Symbol) bool {
		return len(d.Manifest.Products) > 0 && !slices.Contains(d.Manifest.Products, s.Product)
	})
	kinds := d.Manifest.OrderTypes
	if len(kinds) == 0 {
		for t := exchange.Limit; t <= exchange.OCO; t++ {
			kinds = append(kinds, t)
		}
	}
	p := riskguard.Permit{Borrow: d.Manifest.Borrow && !a.NoLoans, Asked: AskedFor(&d.Manifest.Budget)}
	left, err := narrow("symbols", symbols, a.Symbols)
	for _, s := range left {
		p.Symbols = append(p.Symbols, s.String())
	}
	var wrong [2]error
	p.Sides, wrong[0] = narrow("sides", []exchange.Side{exchange.Buy, exchange.Sell}, a.Sides)
	p.OrderTypes, wrong[1] = narrow("order_types", kinds, a.OrderTypes)
	return p, errors.Join(err, wrong[0], wrong[1])
}

// AskedFor is a manifest's budget as the guard reads it, nil where it asks for nothing.
func AskedFor(b *strategy.Budget) *riskguard.Budget {
	if b.IsZero() {
		return nil
	}
	text := func(d decimal.Decimal) riskguard.LimitText {
		if d.IsZero() {
			return ""
		}
		return riskguard.LimitText(d.String())
	}
	return &riskguard.Budget{
		NotionalUSD: text(b.NotionalUSD), CapitalUSD: text(b.CapitalUSD), LossUSD: text(b.LossUSD),
		MessagesPerMinute: text(decimal.NewFromInt(int64(b.MessagesPerMinute))),
	}
}

// narrow leaves of what is declared what is allowed.
func narrow[T comparable](key string, declared, allowed []T) ([]T, error) {
	if allowed == nil {
		return declared, nil
	}
	for _, one := range allowed {
		if !slices.Contains(declared, one) {
			return nil, fmt.Errorf("allow.%s names %v, and the strategy declares %v: it can only take away", key, one, declared)
		}
	}
	return slices.DeleteFunc(slices.Clone(declared), func(one T) bool { return !slices.Contains(allowed, one) }), nil
}
