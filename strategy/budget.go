package strategy

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"
)

// Budget is what a strategy asks for at most, over all that it trades. An amount of 0 is not asked
// for. Whoever runs it may grant less with [[risk.budget]]; where that is more, or nothing is said,
// what is asked for here bounds it. To have more it must ask for more, in another version of it.
type Budget struct {
	// NotionalUSD bounds its positions and orders, CapitalUSD what they and its loans take of the
	// account's money, and LossUSD what it may lose; all in USD, 0 to 1,000,000,000,000.
	NotionalUSD decimal.Decimal `json:"notional_usd,omitzero"`
	CapitalUSD  decimal.Decimal `json:"capital_usd,omitzero"`
	LossUSD     decimal.Decimal `json:"loss_usd,omitzero"`
	// MessagesPerMinute bounds its new orders and amends, 0 to 1200.
	MessagesPerMinute int `json:"messages_per_minute,omitzero"`
}

const (
	// budgetMessagesMax is what Binance lets an account send in a minute.
	budgetMessagesMax = 1200
	// budgetDigitsMax bounds the digits of an amount, so that nobody computes with millions of them.
	budgetDigitsMax = 40
)

// IsZero says whether nothing is asked for.
func (b Budget) IsZero() bool {
	return b.NotionalUSD.IsZero() && b.CapitalUSD.IsZero() && b.LossUSD.IsZero() && b.MessagesPerMinute == 0
}

// Check names every amount that makes no sense.
func (b Budget) Check() error {
	var errs []error
	most := decimal.New(1, 12)
	for _, a := range [...]struct {
		key string
		usd decimal.Decimal
	}{{"notional_usd", b.NotionalUSD}, {"capital_usd", b.CapitalUSD}, {"loss_usd", b.LossUSD}} {
		switch {
		case a.usd.Exponent() < -budgetDigitsMax || a.usd.Exponent() > budgetDigitsMax || a.usd.NumDigits() > budgetDigitsMax:
			errs = append(errs, fmt.Errorf("budget: %s has more digits than %d", a.key, budgetDigitsMax))
		case a.usd.IsNegative() || a.usd.GreaterThan(most):
			errs = append(errs, fmt.Errorf("budget: %s is %v; it must be 0, which asks for nothing, to %v", a.key, a.usd, most))
		}
	}
	if n := b.MessagesPerMinute; n < 0 || n > budgetMessagesMax {
		errs = append(errs, fmt.Errorf("budget: messages_per_minute is %d; it must be 0, which asks for nothing, to %d", n, budgetMessagesMax))
	}
	return errors.Join(errs...)
}
