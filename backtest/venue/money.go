package venue

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// Money is how the exchange treats what the account pays and owes. The zero value takes
// fees in the asset traded, charges no interest and neither repays nor converts by itself.
type Money struct {
	// Fees are the rates of single symbols, in place of those of their product.
	Fees []SymbolFees
	// BurnUM pays the commissions of UM in BNB out of the UM wallet, 10% cheaper, and
	// BurnMargin those of margin pairs out of the margin wallet, 25% cheaper. CM has no
	// such discount.
	BurnUM, BurnMargin bool
	// Interest charges interest: on loans every hour, on negative balances every day.
	Interest bool
	// BurnInterest pays the hourly interest in BNB of the margin wallet while there is
	// some.
	BurnInterest bool
	// NegativeFree is how far the balance of an asset over all wallets may be below zero
	// without interest, in the asset and not below zero. It depends on the VIP tier; an
	// asset that is not listed has none.
	NegativeFree map[string]decimal.Decimal
	// AutoRepay pays off negative futures wallets from the margin wallet, at 22:00 and
	// 23:00 UTC.
	AutoRepay bool
	// ExchangeAt is how far the balance of an asset over all wallets may fall below zero,
	// in the asset, before other assets are converted to it; never for an asset that is not
	// listed. ExchangeCost is what such a conversion loses against the index prices, a ratio
	// from 0 to below 1.
	ExchangeAt   map[string]decimal.Decimal
	ExchangeCost exchange.Fixed
	// BorrowMax is the largest principal of an asset that the account may owe, in the
	// asset; an asset that is not listed is limited by the account's value only.
	BorrowMax map[string]decimal.Decimal
}

// SymbolFees are the rates of one symbol.
type SymbolFees struct {
	Product exchange.Product
	Symbol  string
	Fees    Fees
}

// money is what the venue keeps of [Money] and of what changes it.
type money struct {
	Money
	tables *margin.Tables
	// hourly are the interest rates, and hourlyMost the rate of an asset without one: the
	// highest that is known.
	hourly     map[string]exchange.Fixed
	hourlyMost exchange.Fixed
	// inventory is what can still be borrowed of an asset; without an entry, any amount.
	inventory map[string]decimal.Decimal
	notes     []string
}

func newMoney(c Config) (money, error) {
	m := money{
		Money: c.Money, tables: c.Tables, hourly: map[string]exchange.Fixed{},
		inventory: map[string]decimal.Decimal{},
	}
	if c.Tables == nil {
		return money{}, errors.New("no margin tables")
	}
	for _, asset := range slices.Sorted(maps.Keys(c.Tables.Interest)) {
		rate := c.Tables.Interest[asset]
		if rate < 0 || rate >= exchange.FixedOne {
			return money{}, fmt.Errorf("hourly interest of %s, %v, is not a ratio from 0 to below 1", asset, rate)
		}
		m.hourly[asset], m.hourlyMost = rate, max(m.hourlyMost, rate)
	}
	for _, t := range []struct {
		name    string
		amounts map[string]decimal.Decimal
	}{{"free negative balance", m.NegativeFree}, {"limit of auto-exchange", m.ExchangeAt}, {"limit of loans", m.BorrowMax}} {
		for _, asset := range slices.Sorted(maps.Keys(t.amounts)) {
			if err := CheckBalance(t.amounts[asset]); err != nil {
				return money{}, fmt.Errorf("%s of %s: %w", t.name, asset, err)
			}
		}
	}
	if m.ExchangeCost < 0 || m.ExchangeCost >= exchange.FixedOne {
		return money{}, fmt.Errorf("cost of auto-exchange, %v, is not a ratio from 0 to below 1", m.ExchangeCost)
	}
	return m, nil
}

// note keeps a sentence for [Venue.Warnings], once.
func (m *money) note(text string) {
	if !slices.Contains(m.notes, text) {
		m.notes = append(m.notes, text)
	}
}

// noteFirst keeps a sentence with the first instant at which it was true.
func (m *money) noteFirst(text string, at exchange.Time) {
	text += ", first at "
	if !slices.ContainsFunc(m.notes, func(s string) bool { return strings.HasPrefix(s, text) }) {
		m.notes = append(m.notes, text+at.String())
	}
}

// Warnings are what a reader of a result must know of how the venue had to help itself,
// one sentence each, in the order in which it came up.
func (v *Venue) Warnings() []string { return slices.Clone(v.money.notes) }
