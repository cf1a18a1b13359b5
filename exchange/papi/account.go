package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Account is the account's risk in one answer. Amounts are in USD. Under load the exchange
// may answer with an older state.
type Account struct {
	// UniMMR is equity over maintenance margin, and [exchange.UniMMRMax] without any.
	UniMMR decimal.Decimal `json:"uniMMR"`
	// AccountEquity is after haircuts, ActualEquity before them.
	AccountEquity        decimal.Decimal `json:"accountEquity"`
	ActualEquity         decimal.Decimal `json:"actualEquity"`
	AccountInitialMargin decimal.Decimal `json:"accountInitialMargin"`
	AccountMaintMargin   decimal.Decimal `json:"accountMaintMargin"`
	AccountStatus        AccountStatus   `json:"accountStatus"`
	// VirtualMaxWithdrawAmount is what could be taken out.
	VirtualMaxWithdrawAmount decimal.Decimal `json:"virtualMaxWithdrawAmount"`
	// TotalAvailableBalance and TotalMarginOpenLoss may be "" and are 0 then.
	TotalAvailableBalance decimal.Decimal `json:"totalAvailableBalance"`
	TotalMarginOpenLoss   decimal.Decimal `json:"totalMarginOpenLoss"`
	UpdateTime            exchange.Time   `json:"updateTime"`
}

func (a *Account) missing() string {
	return first(need{"uniMMR", told(a.UniMMR)}, need{"accountEquity", told(a.AccountEquity)},
		need{"accountMaintMargin", told(a.AccountMaintMargin)}, need{"accountStatus", a.AccountStatus != ""})
}

// Account asks for the account's risk.
func (c *Client) Account(ctx context.Context) (Account, error) {
	return call[Account](ctx, c, epAccount, new(query))
}

// Balance is what there is of an asset in all wallets.
type Balance struct {
	Asset string `json:"asset"`
	// TotalWalletBalance is CrossMarginFree, CrossMarginLocked and both futures wallets.
	TotalWalletBalance decimal.Decimal `json:"totalWalletBalance"`
	// CrossMarginAsset is free and locked; the answer for one asset does not tell it.
	CrossMarginAsset    decimal.Decimal `json:"crossMarginAsset"`
	CrossMarginBorrowed decimal.Decimal `json:"crossMarginBorrowed"`
	CrossMarginFree     decimal.Decimal `json:"crossMarginFree"`
	CrossMarginInterest decimal.Decimal `json:"crossMarginInterest"`
	CrossMarginLocked   decimal.Decimal `json:"crossMarginLocked"`
	// UMWalletBalance and CMWalletBalance may be negative.
	UMWalletBalance decimal.Decimal `json:"umWalletBalance"`
	UMUnrealizedPNL decimal.Decimal `json:"umUnrealizedPNL"`
	CMWalletBalance decimal.Decimal `json:"cmWalletBalance"`
	CMUnrealizedPNL decimal.Decimal `json:"cmUnrealizedPNL"`
	UpdateTime      exchange.Time   `json:"updateTime"`
	NegativeBalance decimal.Decimal `json:"negativeBalance"`
}

func (b *Balance) missing() string {
	return first(need{"asset", b.Asset != ""}, need{"crossMarginBorrowed", told(b.CrossMarginBorrowed)},
		need{"crossMarginFree", told(b.CrossMarginFree)}, need{"crossMarginInterest", told(b.CrossMarginInterest)},
		need{"crossMarginLocked", told(b.CrossMarginLocked)}, need{"umWalletBalance", told(b.UMWalletBalance)},
		need{"cmWalletBalance", told(b.CMWalletBalance)})
}

// Balances lists all assets of the account, or one if asset is not "": Binance answers with
// an object instead of a list then, and here it is a list of one.
func (c *Client) Balances(ctx context.Context, asset string) ([]Balance, error) {
	return call[[]Balance](ctx, c, epBalances, texts("asset", asset))
}

// UMPosition is a USD-M position.
type UMPosition struct {
	Symbol string `json:"symbol"`
	// PositionSide is BOTH in one-way mode.
	PositionSide PositionSide `json:"positionSide"`
	// PositionAmt is in base coin, negative for a short position.
	PositionAmt      decimal.Decimal `json:"positionAmt"`
	EntryPrice       decimal.Decimal `json:"entryPrice"`
	MarkPrice        decimal.Decimal `json:"markPrice"`
	UnrealizedProfit decimal.Decimal `json:"unRealizedProfit"`
	// LiquidationPrice is an estimate for the whole account, 0 where there is none.
	LiquidationPrice decimal.Decimal `json:"liquidationPrice"`
	Leverage         int64           `json:"leverage"`
	// MaxNotionalValue is what Leverage allows.
	MaxNotionalValue decimal.Decimal `json:"maxNotionalValue"`
	Notional         decimal.Decimal `json:"notional"`
	UpdateTime       exchange.Time   `json:"updateTime"`
}

func (p *UMPosition) missing() string {
	return first(need{"symbol", p.Symbol != ""}, need{"positionSide", p.PositionSide != ""},
		need{"positionAmt", told(p.PositionAmt)}, need{"entryPrice", told(p.EntryPrice)})
}

// UMPositions lists the USD-M positions of a symbol, or of all if symbol is "". A symbol
// without a row is flat; an error says nothing of any position.
func (c *Client) UMPositions(ctx context.Context, symbol string) ([]UMPosition, error) {
	return call[[]UMPosition](ctx, c, epUMPositions, texts("symbol", symbol))
}

// CMPosition is a COIN-M position.
type CMPosition struct {
	Symbol string `json:"symbol"`
	// PositionSide is BOTH in one-way mode.
	PositionSide PositionSide `json:"positionSide"`
	// PositionAmt is in contracts, negative for a short position.
	PositionAmt decimal.Decimal `json:"positionAmt"`
	EntryPrice  decimal.Decimal `json:"entryPrice"`
	MarkPrice   decimal.Decimal `json:"markPrice"`
	// UnrealizedProfit and NotionalValue are in coin.
	UnrealizedProfit decimal.Decimal `json:"unRealizedProfit"`
	// LiquidationPrice is an estimate for the whole account, 0 where there is none.
	LiquidationPrice decimal.Decimal `json:"liquidationPrice"`
	Leverage         int64           `json:"leverage"`
	// MaxQty is what Leverage allows, in coin.
	MaxQty        decimal.Decimal `json:"maxQty"`
	NotionalValue decimal.Decimal `json:"notionalValue"`
	UpdateTime    exchange.Time   `json:"updateTime"`
}

func (p *CMPosition) missing() string {
	return first(need{"symbol", p.Symbol != ""}, need{"positionSide", p.PositionSide != ""},
		need{"positionAmt", told(p.PositionAmt)}, need{"entryPrice", told(p.EntryPrice)})
}

// CMPositions lists the COIN-M positions of a margin asset such as "BTC", of a pair such as
// "BTCUSD", or all if both are "". It does not ask by symbol.
func (c *Client) CMPositions(ctx context.Context, marginAsset, pair string) ([]CMPosition, error) {
	return call[[]CMPosition](ctx, c, epCMPositions, texts("marginAsset", marginAsset, "pair", pair))
}

// FuturesAsset is what there is of an asset in one of the futures wallets.
type FuturesAsset struct {
	Asset string `json:"asset"`
	// CrossWalletBalance is without unrealised profit, which is CrossUnPnl.
	CrossWalletBalance     decimal.Decimal `json:"crossWalletBalance"`
	CrossUnPnl             decimal.Decimal `json:"crossUnPnl"`
	MaintMargin            decimal.Decimal `json:"maintMargin"`
	InitialMargin          decimal.Decimal `json:"initialMargin"`
	PositionInitialMargin  decimal.Decimal `json:"positionInitialMargin"`
	OpenOrderInitialMargin decimal.Decimal `json:"openOrderInitialMargin"`
	UpdateTime             exchange.Time   `json:"updateTime"`
}

func (a *FuturesAsset) missing() string {
	return first(need{"asset", a.Asset != ""}, need{"crossWalletBalance", told(a.CrossWalletBalance)})
}

// OrderRateLimit is how many orders are allowed in IntervalNum of Interval, such as 1 and
// MINUTE.
type OrderRateLimit struct {
	RateLimitType string `json:"rateLimitType"`
	Interval      string `json:"interval"`
	IntervalNum   int64  `json:"intervalNum"`
	Limit         int64  `json:"limit"`
}

func (l *OrderRateLimit) missing() string {
	return first(need{"rateLimitType", l.RateLimitType != ""}, need{"interval", l.Interval != ""},
		need{"intervalNum", l.IntervalNum > 0}, need{"limit", l.Limit > 0})
}

// OrderRateLimits asks for the account's limits of orders.
func (c *Client) OrderRateLimits(ctx context.Context) ([]OrderRateLimit, error) {
	return call[[]OrderRateLimit](ctx, c, epOrderRateLimits, new(query))
}
