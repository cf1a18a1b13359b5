package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// CMOrder is a COIN-M order as the queries tell it. Quantities are contracts.
type CMOrder struct {
	Symbol        string       `json:"symbol"`
	Pair          string       `json:"pair"`
	OrderID       int64        `json:"orderId"`
	ClientOrderID string       `json:"clientOrderId"`
	Status        OrderStatus  `json:"status"`
	Side          Side         `json:"side"`
	PositionSide  PositionSide `json:"positionSide"`
	// Type is what the order is now, OrigType what it was placed as.
	Type        OrderType      `json:"type"`
	OrigType    OrderType      `json:"origType"`
	TimeInForce TimeInForce    `json:"timeInForce"`
	ReduceOnly  bool           `json:"reduceOnly"`
	Price       exchange.Fixed `json:"price"`
	OrigQty     exchange.Fixed `json:"origQty"`
	ExecutedQty exchange.Fixed `json:"executedQty"`
	// AvgPrice is 0 until something is filled; CumBase is what is filled in coin.
	AvgPrice decimal.Decimal `json:"avgPrice"`
	CumBase  decimal.Decimal `json:"cumBase"`
	// Time is when the order was made, UpdateTime when it changed last.
	Time       exchange.Time `json:"time"`
	UpdateTime exchange.Time `json:"updateTime"`
}

func (o *CMOrder) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""},
		need{"side", o.Side != ""}, need{"clientOrderId", o.ClientOrderID != ""})
}

// CMOrderAck is the answer to placing, amending or cancelling a COIN-M order. Do not take
// fills from it.
type CMOrderAck struct {
	Symbol        string       `json:"symbol"`
	Pair          string       `json:"pair"`
	OrderID       int64        `json:"orderId"`
	ClientOrderID string       `json:"clientOrderId"`
	Status        OrderStatus  `json:"status"`
	Side          Side         `json:"side"`
	PositionSide  PositionSide `json:"positionSide"`
	Type          OrderType    `json:"type"`
	// OrigType and ModifyID come with amendments only.
	OrigType    OrderType      `json:"origType"`
	ModifyID    int64          `json:"modifyId"`
	TimeInForce TimeInForce    `json:"timeInForce"`
	ReduceOnly  bool           `json:"reduceOnly"`
	Price       exchange.Fixed `json:"price"`
	OrigQty     exchange.Fixed `json:"origQty"`
	// CumQty and ExecutedQty are the same.
	CumQty      exchange.Fixed `json:"cumQty"`
	ExecutedQty exchange.Fixed `json:"executedQty"`
	// AvgPrice and CumBase were taken out of these answers in July and August of 2026.
	AvgPrice   decimal.Decimal `json:"avgPrice"`
	CumBase    decimal.Decimal `json:"cumBase"`
	UpdateTime exchange.Time   `json:"updateTime"`
}

func (o *CMOrderAck) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""},
		need{"clientOrderId", o.ClientOrderID != ""})
}

// newCMOrder places a LIMIT or MARKET order for whole contracts. LIMIT needs TimeInForce,
// Quantity and Price or PriceMatch; MARKET needs Quantity. There is neither GTD nor a choice
// of self-trade prevention.
type newCMOrder struct {
	Symbol string
	Side   Side
	Type   OrderType
	// PositionSide is LONG or SHORT in hedge mode, and "" in one-way mode.
	PositionSide PositionSide
	TimeInForce  TimeInForce
	Quantity     exchange.Fixed
	// ReduceOnly is not allowed in hedge mode.
	ReduceOnly       bool
	Price            exchange.Fixed
	PriceMatch       string
	NewClientOrderID string
	// NewOrderRespType is ACK, the default, or RESULT.
	NewOrderRespType string
}

func (p newCMOrder) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "side", p.Side)
	word(q, "type", p.Type)
	word(q, "positionSide", p.PositionSide)
	word(q, "timeInForce", p.TimeInForce)
	q.fixed("quantity", p.Quantity)
	q.flag("reduceOnly", p.ReduceOnly)
	q.fixed("price", p.Price)
	q.text("priceMatch", p.PriceMatch)
	q.text("newClientOrderId", p.NewClientOrderID)
	q.text("newOrderRespType", p.NewOrderRespType)
	return q
}

// amendCMOrder changes price and quantity of a LIMIT order, by the rules of amendUMOrder.
type amendCMOrder struct {
	Symbol            string
	Side              Side
	Quantity          exchange.Fixed
	Price             exchange.Fixed
	OrderID           int64
	OrigClientOrderID string
	// PriceMatch takes the place of Price.
	PriceMatch string
	// ModifyID is our number of the amendment, told back in answer and events.
	ModifyID int64
}

func (p amendCMOrder) query() *query { return amendUMOrder(p).query() }

// CancelCMOrder cancels one COIN-M order. [ErrNoSuchOrder] says that it is over already or
// was never there.
func (c *Client) CancelCMOrder(ctx context.Context, symbol string, ref OrderRef) (CMOrderAck, error) {
	return call[CMOrderAck](ctx, c, epCancelCMOrder, ref.query(symbol))
}

// CancelAllCMOrders cancels all open orders of a symbol but the conditional ones, for which
// see [Client.CancelAllCMConditionalOrders].
func (c *Client) CancelAllCMOrders(ctx context.Context, symbol string) (Message, error) {
	return call[Message](ctx, c, epCancelAllCMOrders, texts("symbol", symbol))
}

// CMOrder asks for one order, open or not.
func (c *Client) CMOrder(ctx context.Context, symbol string, ref OrderRef) (CMOrder, error) {
	return call[CMOrder](ctx, c, epCMOrder, ref.query(symbol))
}

// CMOpenOrder asks for one open order. Unlike its USD-M twin it answers with a list, of one
// order.
func (c *Client) CMOpenOrder(ctx context.Context, symbol string, ref OrderRef) ([]CMOrder, error) {
	return call[[]CMOrder](ctx, c, epCMOpenOrder, ref.query(symbol))
}

// CMOpenOrders lists the open orders of a symbol, of a pair, or of the account if both are
// "". Without symbol it costs 40 times as much. Conditional orders are in another list,
// [Client.CMOpenConditionalOrders].
func (c *Client) CMOpenOrders(ctx context.Context, symbol, pair string) ([]CMOrder, error) {
	return call[[]CMOrder](ctx, c, epCMOpenOrders, texts("symbol", symbol, "pair", pair))
}

// CMAllOrdersQuery asks for the orders of a symbol or, for twice the cost, a pair: of less
// than 7 days, or those from OrderID upward.
type CMAllOrdersQuery struct {
	Symbol  string
	Pair    string
	OrderID int64
	Window
	// Limit is 50 by default and 100 at most.
	Limit int64
}

func (p CMAllOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol, "pair", p.Pair)
	q.int("orderId", p.OrderID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// CMAllOrders lists orders, open or not, from the oldest. [Client.EachCMOrder] goes over
// longer times.
func (c *Client) CMAllOrders(ctx context.Context, p CMAllOrdersQuery) ([]CMOrder, error) {
	return call[[]CMOrder](ctx, c, epCMAllOrders, p.query())
}

// CMOrderAmendments lists the amendments of COIN-M orders.
func (c *Client) CMOrderAmendments(ctx context.Context, p AmendmentsQuery) ([]Amendment, error) {
	return call[[]Amendment](ctx, c, epCMOrderAmendments, p.query())
}

// CMTrade is one of our fills of COIN-M.
type CMTrade struct {
	Symbol       string         `json:"symbol"`
	Pair         string         `json:"pair"`
	ID           int64          `json:"id"`
	OrderID      int64          `json:"orderId"`
	Side         Side           `json:"side"`
	PositionSide PositionSide   `json:"positionSide"`
	Price        exchange.Fixed `json:"price"`
	// Qty is in contracts, BaseQty in coin.
	Qty     exchange.Fixed  `json:"qty"`
	BaseQty decimal.Decimal `json:"baseQty"`
	// RealizedPnl is in MarginAsset, before fees. Commission is positive when paid.
	RealizedPnl     decimal.Decimal `json:"realizedPnl"`
	MarginAsset     string          `json:"marginAsset"`
	Commission      decimal.Decimal `json:"commission"`
	CommissionAsset string          `json:"commissionAsset"`
	Time            exchange.Time   `json:"time"`
	Buyer           bool            `json:"buyer"`
	Maker           bool            `json:"maker"`
}

func (t *CMTrade) missing() string {
	return first(need{"symbol", t.Symbol != ""}, need{"orderId", t.OrderID != 0},
		need{"side", t.Side != ""}, need{"price", t.Price != 0}, need{"qty", t.Qty != 0})
}

// CMTradesQuery asks for the fills of a symbol or, for twice the cost, a pair, never both:
// of at most 24 hours, of the last 24 without a window, or, for a symbol, those from FromID
// upward.
type CMTradesQuery struct {
	Symbol string
	Pair   string
	Window
	FromID int64
	// Limit is 50 by default and 1000 at most.
	Limit int64
}

func (p CMTradesQuery) query() *query {
	q := texts("symbol", p.Symbol, "pair", p.Pair)
	p.Window.add(q)
	q.int("fromId", p.FromID)
	q.int("limit", p.Limit)
	return q
}

// CMTrades lists our fills from the oldest. [Client.EachCMTrade] goes over longer times.
func (c *Client) CMTrades(ctx context.Context, p CMTradesQuery) ([]CMTrade, error) {
	return call[[]CMTrade](ctx, c, epCMTrades, p.query())
}

// CMForceOrders lists the orders by which positions of ours were liquidated or deleveraged.
func (c *Client) CMForceOrders(ctx context.Context, p ForceOrdersQuery) ([]CMOrder, error) {
	return call[[]CMOrder](ctx, c, epCMForceOrders, p.query())
}

// CMADLQuantiles tells the places of a symbol in the queue of auto-deleveraging, or of all
// with a position if symbol is "".
func (c *Client) CMADLQuantiles(ctx context.Context, symbol string) ([]ADLQuantile, error) {
	return call[[]ADLQuantile](ctx, c, epCMADLQuantiles, texts("symbol", symbol))
}
