package backtest

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/venue"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
	"github.com/pmbot/pmbot/strategy"
)

// SymbolFeeConfig is the fee of one symbol; what is nil is its product's.
type SymbolFeeConfig struct {
	// Symbol has the product in front, such as "UM:BTCUSDC".
	Symbol string          `toml:"symbol" json:"symbol"`
	Maker  *exchange.Fixed `toml:"maker" json:"maker"`
	Taker  *exchange.Fixed `toml:"taker" json:"taker"`
}

// MoneyConfig is what the account pays beside fees, and what the exchange does with what
// it owes; see [venue.Money]. Amounts by asset are in the asset.
type MoneyConfig struct {
	Interest     bool `toml:"interest" json:"interest"`
	BurnUM       bool `toml:"burn_um" json:"burn_um"`
	BurnMargin   bool `toml:"burn_margin" json:"burn_margin"`
	BurnInterest bool `toml:"burn_interest" json:"burn_interest"`
	AutoRepay    bool `toml:"auto_repay" json:"auto_repay"`
	// ExchangeCost is what auto-exchange loses, as a ratio.
	ExchangeCost exchange.Fixed `toml:"exchange_cost" json:"exchange_cost"`
	// Rates are hourly, as ratios: 0.00001 is 0.001% an hour.
	Rates        map[string]exchange.Fixed  `toml:"rates" json:"rates"`
	NegativeFree map[string]decimal.Decimal `toml:"negative_free" json:"negative_free"`
	ExchangeAt   map[string]decimal.Decimal `toml:"exchange_at" json:"exchange_at"`
	BorrowMax    map[string]decimal.Decimal `toml:"borrow_max" json:"borrow_max"`
}

// money is what the venue is told of it. Errors name a symbol that is none.
func (c *VenueConfig) money() (venue.Money, error) {
	m := venue.Money{
		Interest: c.Money.Interest, BurnUM: c.Money.BurnUM, BurnMargin: c.Money.BurnMargin, BurnInterest: c.Money.BurnInterest,
		AutoRepay: c.Money.AutoRepay, ExchangeCost: c.Money.ExchangeCost, NegativeFree: c.Money.NegativeFree,
		ExchangeAt: c.Money.ExchangeAt, BorrowMax: c.Money.BorrowMax,
	}
	for _, f := range c.Fees {
		s, err := strategy.ParseSymbol(f.Symbol)
		if err != nil {
			return venue.Money{}, fmt.Errorf("venue.fee: %w", err)
		}
		fees := venue.Fees(c.fees(s.Product))
		if f.Maker != nil {
			fees.Maker = *f.Maker
		}
		if f.Taker != nil {
			fees.Taker = *f.Taker
		}
		m.Fees = append(m.Fees, venue.SymbolFees{Product: s.Product, Symbol: s.Name, Fees: fees})
	}
	return m, nil
}

// fees are those of a product.
func (c *VenueConfig) fees(p exchange.Product) FeeConfig {
	switch p {
	case exchange.UM:
		return c.UM
	case exchange.CM:
		return c.CM
	default:
		return c.Margin
	}
}

// owedWarnings say what the interest of a run that owed something rests on.
func owedWarnings(c *MoneyConfig, tab *margin.Tables, b *balanceBook) []Warning {
	switch {
	case b.owed == 0:
		return nil
	case !c.Interest:
		return []Warning{{"model", fmt.Sprintf("interest is not charged; %s was owed since %v", b.owedAsset, b.owed)}}
	}
	var list []Warning
	if _, given := c.Rates[b.owedAsset]; !given && tab.InterestSource.Assumed {
		list = append(list, Warning{"assumed", fmt.Sprintf("interest on %s, owed since %v: %s, %s", b.owedAsset, b.owed, tab.InterestSource.Text, tab.InterestSource.Date)})
	}
	if _, given := c.NegativeFree[b.owedAsset]; !given && b.short {
		list = append(list, Warning{"assumed", "free negative balance of " + b.owedAsset + ": none; Binance's depends on the VIP tier"})
	}
	return list
}
