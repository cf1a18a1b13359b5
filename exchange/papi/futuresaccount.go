package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// UMAccount is the USD-M side of the account: all assets, and the symbols with a position
// or an open order.
type UMAccount struct {
	Assets    []FuturesAsset      `json:"assets"`
	Positions []UMAccountPosition `json:"positions"`
}

func (a *UMAccount) missing() string {
	if field := each("assets", a.Assets); field != "" {
		return field
	}
	return each("positions", a.Positions)
}

// UMAccountPosition is a position with its margin.
type UMAccountPosition struct {
	Symbol           string          `json:"symbol"`
	PositionSide     PositionSide    `json:"positionSide"`
	PositionAmt      decimal.Decimal `json:"positionAmt"`
	InitialMargin    decimal.Decimal `json:"initialMargin"`
	MaintMargin      decimal.Decimal `json:"maintMargin"`
	UnrealizedProfit decimal.Decimal `json:"unrealizedProfit"`
	Notional         decimal.Decimal `json:"notional"`
	UpdateTime       exchange.Time   `json:"updateTime"`
}

func (p *UMAccountPosition) missing() string {
	return first(need{"symbol", p.Symbol != ""}, need{"positionSide", p.PositionSide != ""},
		need{"positionAmt", told(p.PositionAmt)})
}

// UMAccount asks for the USD-M side of the account.
func (c *Client) UMAccount(ctx context.Context) (UMAccount, error) {
	return call[UMAccount](ctx, c, epUMAccount, new(query))
}

// UMAccountV1 is [UMAccount] as its first version tells it: with every symbol there is.
type UMAccountV1 struct {
	Assets    []FuturesAsset        `json:"assets"`
	Positions []UMAccountV1Position `json:"positions"`
}

func (a *UMAccountV1) missing() string {
	if field := each("assets", a.Assets); field != "" {
		return field
	}
	return each("positions", a.Positions)
}

// UMAccountV1Position is a position with its margin and settings.
type UMAccountV1Position struct {
	Symbol                 string          `json:"symbol"`
	PositionSide           PositionSide    `json:"positionSide"`
	PositionAmt            decimal.Decimal `json:"positionAmt"`
	InitialMargin          decimal.Decimal `json:"initialMargin"`
	MaintMargin            decimal.Decimal `json:"maintMargin"`
	UnrealizedProfit       decimal.Decimal `json:"unrealizedProfit"`
	PositionInitialMargin  decimal.Decimal `json:"positionInitialMargin"`
	OpenOrderInitialMargin decimal.Decimal `json:"openOrderInitialMargin"`
	Leverage               int64           `json:"leverage"`
	EntryPrice             decimal.Decimal `json:"entryPrice"`
	MaxNotional            decimal.Decimal `json:"maxNotional"`
	// BidNotional and AskNotional are those of open orders.
	BidNotional decimal.Decimal `json:"bidNotional"`
	AskNotional decimal.Decimal `json:"askNotional"`
	UpdateTime  exchange.Time   `json:"updateTime"`
}

func (p *UMAccountV1Position) missing() string {
	return first(need{"symbol", p.Symbol != ""}, need{"positionSide", p.PositionSide != ""},
		need{"positionAmt", told(p.PositionAmt)})
}

// UMAccountV1 asks for the first version, which is large: prefer [Client.UMAccount].
func (c *Client) UMAccountV1(ctx context.Context) (UMAccountV1, error) {
	return call[UMAccountV1](ctx, c, epUMAccountV1, new(query))
}

// CMAccount is the COIN-M side of the account.
type CMAccount struct {
	Assets    []FuturesAsset      `json:"assets"`
	Positions []CMAccountPosition `json:"positions"`
}

func (a *CMAccount) missing() string {
	if field := each("assets", a.Assets); field != "" {
		return field
	}
	return each("positions", a.Positions)
}

// CMAccountPosition is a position in contracts, with its margin in coin.
type CMAccountPosition struct {
	Symbol                 string          `json:"symbol"`
	PositionSide           PositionSide    `json:"positionSide"`
	PositionAmt            decimal.Decimal `json:"positionAmt"`
	InitialMargin          decimal.Decimal `json:"initialMargin"`
	MaintMargin            decimal.Decimal `json:"maintMargin"`
	UnrealizedProfit       decimal.Decimal `json:"unrealizedProfit"`
	PositionInitialMargin  decimal.Decimal `json:"positionInitialMargin"`
	OpenOrderInitialMargin decimal.Decimal `json:"openOrderInitialMargin"`
	Leverage               int64           `json:"leverage"`
	EntryPrice             decimal.Decimal `json:"entryPrice"`
	MaxQty                 decimal.Decimal `json:"maxQty"`
	UpdateTime             exchange.Time   `json:"updateTime"`
}

func (p *CMAccountPosition) missing() string {
	return first(need{"symbol", p.Symbol != ""}, need{"positionSide", p.PositionSide != ""},
		need{"positionAmt", told(p.PositionAmt)})
}

// CMAccount asks for the COIN-M side of the account.
func (c *Client) CMAccount(ctx context.Context) (CMAccount, error) {
	return call[CMAccount](ctx, c, epCMAccount, new(query))
}
