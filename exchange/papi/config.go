package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// UMLeverage is the leverage of a USD-M symbol and the notional that it allows.
type UMLeverage struct {
	Symbol           string          `json:"symbol"`
	Leverage         int64           `json:"leverage"`
	MaxNotionalValue decimal.Decimal `json:"maxNotionalValue"`
}

func (l *UMLeverage) missing() string {
	return first(need{"symbol", l.Symbol != ""}, need{"leverage", l.Leverage > 0})
}

// CMLeverage is the leverage of a COIN-M symbol and the coins that it allows.
type CMLeverage struct {
	Symbol   string          `json:"symbol"`
	Leverage int64           `json:"leverage"`
	MaxQty   decimal.Decimal `json:"maxQty"`
}

func (l *CMLeverage) missing() string {
	return first(need{"symbol", l.Symbol != ""}, need{"leverage", l.Leverage > 0})
}

func leverageOf(symbol string, leverage int64) *query {
	q := texts("symbol", symbol)
	q.int("leverage", leverage)
	return q
}

// UMBrackets are the leverage brackets of a USD-M symbol.
type UMBrackets struct {
	Symbol string `json:"symbol"`
	// NotionalCoef multiplies the bounds for this account; 0 where it is not told, and 1 is
	// meant.
	NotionalCoef decimal.Decimal `json:"notionalCoef"`
	Brackets     []UMBracket     `json:"brackets"`
}

func (b *UMBrackets) missing() string {
	if field := first(need{"symbol", b.Symbol != ""}); field != "" {
		return field
	}
	return each("brackets", b.Brackets)
}

// UMBracket is one bracket: notionals from NotionalFloor to NotionalCap.
type UMBracket struct {
	Bracket         int64           `json:"bracket"`
	InitialLeverage int64           `json:"initialLeverage"`
	NotionalCap     decimal.Decimal `json:"notionalCap"`
	NotionalFloor   decimal.Decimal `json:"notionalFloor"`
	// MaintMarginRatio is a ratio, 0.004 for 0.4%; Cum is what the lower brackets save.
	MaintMarginRatio decimal.Decimal `json:"maintMarginRatio"`
	Cum              decimal.Decimal `json:"cum"`
}

func (b *UMBracket) missing() string {
	return first(need{"notionalCap", told(b.NotionalCap)}, need{"notionalFloor", told(b.NotionalFloor)},
		need{"maintMarginRatio", told(b.MaintMarginRatio)}, need{"cum", told(b.Cum)})
}

// UMLeverageBrackets lists the brackets of a symbol, or of all if symbol is "".
func (c *Client) UMLeverageBrackets(ctx context.Context, symbol string) ([]UMBrackets, error) {
	return call[[]UMBrackets](ctx, c, epUMLeverageBrackets, texts("symbol", symbol))
}

// CMBrackets are the leverage brackets of a COIN-M symbol.
type CMBrackets struct {
	Symbol   string      `json:"symbol"`
	Brackets []CMBracket `json:"brackets"`
}

func (b *CMBrackets) missing() string {
	if field := first(need{"symbol", b.Symbol != ""}); field != "" {
		return field
	}
	return each("brackets", b.Brackets)
}

// CMBracket is one bracket: coins from QtyFloor to QtyCap.
type CMBracket struct {
	Bracket          int64           `json:"bracket"`
	InitialLeverage  int64           `json:"initialLeverage"`
	QtyCap           decimal.Decimal `json:"qtyCap"`
	QtyFloor         decimal.Decimal `json:"qtyFloor"`
	MaintMarginRatio decimal.Decimal `json:"maintMarginRatio"`
	Cum              decimal.Decimal `json:"cum"`
}

func (b *CMBracket) missing() string {
	return first(need{"qtyCap", told(b.QtyCap)}, need{"qtyFloor", told(b.QtyFloor)},
		need{"maintMarginRatio", told(b.MaintMarginRatio)}, need{"cum", told(b.Cum)})
}

// CMLeverageBrackets lists the brackets of a symbol, or of all if symbol is "".
func (c *Client) CMLeverageBrackets(ctx context.Context, symbol string) ([]CMBrackets, error) {
	return call[[]CMBrackets](ctx, c, epCMLeverageBrackets, texts("symbol", symbol))
}

// AccountConfig is what the account may do in USD-M.
type AccountConfig struct {
	FeeTier     int64 `json:"feeTier"`
	CanTrade    bool  `json:"canTrade"`
	CanDeposit  bool  `json:"canDeposit"`
	CanWithdraw bool  `json:"canWithdraw"`
	// DualSidePosition is hedge mode.
	DualSidePosition  bool          `json:"dualSidePosition"`
	UpdateTime        exchange.Time `json:"updateTime"`
	MultiAssetsMargin bool          `json:"multiAssetsMargin"`
	// TradeGroupID is -1 for none.
	TradeGroupID int64 `json:"tradeGroupId"`
}

// An answer without any of them reads as an account that may do nothing.
func (a *AccountConfig) missing() string { return first(need{"canTrade", *a != AccountConfig{}}) }

// UMAccountConfig asks what the account may do in USD-M.
func (c *Client) UMAccountConfig(ctx context.Context) (AccountConfig, error) {
	return call[AccountConfig](ctx, c, epUMAccountConfig, new(query))
}

// SymbolConfig is the account's setting of a USD-M symbol. MarginType is always CROSSED.
type SymbolConfig struct {
	Symbol           string          `json:"symbol"`
	MarginType       string          `json:"marginType"`
	IsAutoAddMargin  bool            `json:"isAutoAddMargin"`
	Leverage         int64           `json:"leverage"`
	MaxNotionalValue decimal.Decimal `json:"maxNotionalValue"`
}

func (s *SymbolConfig) missing() string {
	return first(need{"symbol", s.Symbol != ""}, need{"leverage", s.Leverage > 0})
}

// UMSymbolConfigs lists the settings of a symbol, or of all if symbol is "".
func (c *Client) UMSymbolConfigs(ctx context.Context, symbol string) ([]SymbolConfig, error) {
	return call[[]SymbolConfig](ctx, c, epUMSymbolConfigs, texts("symbol", symbol))
}

// CommissionRate is what the account pays for a symbol, as ratios: 0.0002 for 0.02%.
type CommissionRate struct {
	Symbol              string          `json:"symbol"`
	MakerCommissionRate decimal.Decimal `json:"makerCommissionRate"`
	TakerCommissionRate decimal.Decimal `json:"takerCommissionRate"`
}

func (r *CommissionRate) missing() string {
	return first(need{"symbol", r.Symbol != ""}, need{"makerCommissionRate", told(r.MakerCommissionRate)},
		need{"takerCommissionRate", told(r.TakerCommissionRate)})
}

// UMCommissionRate asks for the fees of a USD-M symbol. It costs 20: keep the answer.
func (c *Client) UMCommissionRate(ctx context.Context, symbol string) (CommissionRate, error) {
	return call[CommissionRate](ctx, c, epUMCommissionRate, texts("symbol", symbol))
}

// CMCommissionRate asks for the fees of a COIN-M symbol. It costs 20: keep the answer.
func (c *Client) CMCommissionRate(ctx context.Context, symbol string) (CommissionRate, error) {
	return call[CommissionRate](ctx, c, epCMCommissionRate, texts("symbol", symbol))
}
