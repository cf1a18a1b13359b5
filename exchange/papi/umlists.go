package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Amendment is one change of an order, of USD-M or COIN-M.
type Amendment struct {
	AmendmentID   int64           `json:"amendmentId"`
	Symbol        string          `json:"symbol"`
	Pair          string          `json:"pair"`
	OrderID       int64           `json:"orderId"`
	ClientOrderID string          `json:"clientOrderId"`
	Time          exchange.Time   `json:"time"`
	Amendment     AmendmentChange `json:"amendment"`
	// PriceMatch comes with USD-M only.
	PriceMatch string `json:"priceMatch"`
}

// AmendmentChange is what an amendment changed.
type AmendmentChange struct {
	Price   FixedChange `json:"price"`
	OrigQty FixedChange `json:"origQty"`
	// Count is how often the order has been amended; at most 10,000 times.
	Count    int64 `json:"count"`
	ModifyID int64 `json:"modifyId"`
}

// FixedChange is a number before and after an amendment.
type FixedChange struct {
	Before exchange.Fixed `json:"before"`
	After  exchange.Fixed `json:"after"`
}

func (a *Amendment) missing() string {
	return first(need{"amendmentId", a.AmendmentID != 0}, need{"orderId", a.OrderID != 0})
}

// AmendmentsQuery asks for the amendments of an order.
type AmendmentsQuery struct {
	Symbol string
	OrderRef
	Window
	// Limit is 500 by default and 1000 at most for USD-M, 50 and 100 for COIN-M.
	Limit int64
}

func (p AmendmentsQuery) query() *query {
	q := p.OrderRef.query(p.Symbol)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// UMOrderAmendments lists the amendments of USD-M orders.
func (c *Client) UMOrderAmendments(ctx context.Context, p AmendmentsQuery) ([]Amendment, error) {
	return call[[]Amendment](ctx, c, epUMOrderAmendments, p.query())
}

// UMTrade is one of our fills of USD-M.
type UMTrade struct {
	Symbol       string         `json:"symbol"`
	ID           int64          `json:"id"`
	OrderID      int64          `json:"orderId"`
	Side         Side           `json:"side"`
	PositionSide PositionSide   `json:"positionSide"`
	Price        exchange.Fixed `json:"price"`
	Qty          exchange.Fixed `json:"qty"`
	// QuoteQty is the notional; RealizedPnl is before fees.
	QuoteQty    decimal.Decimal `json:"quoteQty"`
	RealizedPnl decimal.Decimal `json:"realizedPnl"`
	// Commission is positive when paid.
	Commission      decimal.Decimal `json:"commission"`
	CommissionAsset string          `json:"commissionAsset"`
	Time            exchange.Time   `json:"time"`
	Buyer           bool            `json:"buyer"`
	Maker           bool            `json:"maker"`
}

// The first trade of a symbol may have the id 0.
func (t *UMTrade) missing() string {
	return first(need{"symbol", t.Symbol != ""}, need{"orderId", t.OrderID != 0},
		need{"side", t.Side != ""}, need{"price", t.Price != 0}, need{"qty", t.Qty != 0})
}

// UMTradesQuery asks for a symbol's fills of at most 7 days, of the last 7 without a
// window, or those from FromID upward, which excludes a window.
type UMTradesQuery struct {
	Symbol string
	Window
	FromID int64
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p UMTradesQuery) query() *query {
	q := texts("symbol", p.Symbol)
	p.Window.add(q)
	q.int("fromId", p.FromID)
	q.int("limit", p.Limit)
	return q
}

// UMTrades lists our fills from the oldest. [Client.EachUMTrade] goes over longer times.
func (c *Client) UMTrades(ctx context.Context, p UMTradesQuery) ([]UMTrade, error) {
	return call[[]UMTrade](ctx, c, epUMTrades, p.query())
}

// ForceOrdersQuery asks for forced orders of the last 90 days; without StartTime, of the 7
// days before EndTime. All fields may be left out.
type ForceOrdersQuery struct {
	Symbol string
	// AutoCloseType is LIQUIDATION, ADL, or both if "".
	AutoCloseType string
	Window
	// Limit is 50 by default and 100 at most.
	Limit int64
}

func (p ForceOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol, "autoCloseType", p.AutoCloseType)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// UMForceOrders lists the orders by which positions of ours were liquidated or deleveraged.
func (c *Client) UMForceOrders(ctx context.Context, p ForceOrdersQuery) ([]UMOrder, error) {
	return call[[]UMOrder](ctx, c, epUMForceOrders, p.query())
}

// ADLQuantile is a symbol's place in the queue of auto-deleveraging.
type ADLQuantile struct {
	Symbol      string       `json:"symbol"`
	ADLQuantile ADLPositions `json:"adlQuantile"`
}

// ADLPositions is the place of each position from 0 to 4, the next to go. Both is that of
// one-way mode; Hedge is a mark of hedge mode that means nothing else.
type ADLPositions struct {
	Long  int64 `json:"LONG"`
	Short int64 `json:"SHORT"`
	Hedge int64 `json:"HEDGE"`
	Both  int64 `json:"BOTH"`
}

func (a *ADLQuantile) missing() string { return first(need{"symbol", a.Symbol != ""}) }

// UMADLQuantiles tells the places of a symbol, or of all with a position if symbol is "".
// They are renewed every 30 seconds.
func (c *Client) UMADLQuantiles(ctx context.Context, symbol string) ([]ADLQuantile, error) {
	return call[[]ADLQuantile](ctx, c, epUMADLQuantiles, texts("symbol", symbol))
}

// TradingStatus is what the exchange's quantitative rules hold against the account.
type TradingStatus struct {
	// Indicators are by symbol, and under "ACCOUNT" those of the account.
	Indicators map[string][]TradingIndicator `json:"indicators"`
	UpdateTime exchange.Time                 `json:"updateTime"`
}

// TradingIndicator is one of the rules: UFR, IFER, GCR or DR of a symbol, TMV of the
// account.
type TradingIndicator struct {
	Indicator          string          `json:"indicator"`
	IsLocked           bool            `json:"isLocked"`
	PlannedRecoverTime exchange.Time   `json:"plannedRecoverTime"`
	Value              decimal.Decimal `json:"value"`
	TriggerValue       decimal.Decimal `json:"triggerValue"`
}

func (s *TradingStatus) missing() string { return first(need{"indicators", s.Indicators != nil}) }

// UMTradingStatus asks for a symbol, or for all if symbol is "", which costs ten times as
// much.
func (c *Client) UMTradingStatus(ctx context.Context, symbol string) (TradingStatus, error) {
	return call[TradingStatus](ctx, c, epUMTradingStatus, texts("symbol", symbol))
}
