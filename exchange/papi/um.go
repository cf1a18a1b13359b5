package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// UMOrder is a USD-M order as the queries tell it.
type UMOrder struct {
	Symbol        string      `json:"symbol"`
	OrderID       int64       `json:"orderId"`
	ClientOrderID string      `json:"clientOrderId"`
	Status        OrderStatus `json:"status"`
	Side          Side        `json:"side"`
	// PositionSide is BOTH in one-way mode.
	PositionSide PositionSide `json:"positionSide"`
	// Type is what the order is now, OrigType what it was placed as.
	Type        OrderType      `json:"type"`
	OrigType    OrderType      `json:"origType"`
	TimeInForce TimeInForce    `json:"timeInForce"`
	ReduceOnly  bool           `json:"reduceOnly"`
	Price       exchange.Fixed `json:"price"`
	// OrigQty and ExecutedQty are in base coin.
	OrigQty     exchange.Fixed `json:"origQty"`
	ExecutedQty exchange.Fixed `json:"executedQty"`
	// AvgPrice is 0 until something is filled; CumQuote is the filled notional.
	AvgPrice decimal.Decimal `json:"avgPrice"`
	CumQuote decimal.Decimal `json:"cumQuote"`
	// Time is when the order was made, UpdateTime when it changed last.
	Time       exchange.Time `json:"time"`
	UpdateTime exchange.Time `json:"updateTime"`
	// The rest is not told of forced orders. GoodTillDate is 0 but for GTD; PriceMatch is
	// NONE where the price is our own.
	SelfTradePreventionMode string        `json:"selfTradePreventionMode"`
	GoodTillDate            exchange.Time `json:"goodTillDate"`
	PriceMatch              string        `json:"priceMatch"`
}

func (o *UMOrder) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""},
		need{"side", o.Side != ""}, need{"clientOrderId", o.ClientOrderID != ""})
}

// UMOrderAck is the answer to placing, amending or cancelling a USD-M order. Do not take
// fills from it: see the user stream, [Client.UMTrades] or [Client.UMOrder].
type UMOrderAck struct {
	Symbol        string       `json:"symbol"`
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
	// AvgPrice and CumQuote were taken out of these answers in July and August of 2026.
	AvgPrice                decimal.Decimal `json:"avgPrice"`
	CumQuote                decimal.Decimal `json:"cumQuote"`
	UpdateTime              exchange.Time   `json:"updateTime"`
	SelfTradePreventionMode string          `json:"selfTradePreventionMode"`
	GoodTillDate            exchange.Time   `json:"goodTillDate"`
	PriceMatch              string          `json:"priceMatch"`
}

func (o *UMOrderAck) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""},
		need{"clientOrderId", o.ClientOrderID != ""})
}

// newUMOrder places a LIMIT or MARKET order. LIMIT needs TimeInForce, Quantity and Price or
// PriceMatch; MARKET needs Quantity.
type newUMOrder struct {
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
	NewClientOrderID string
	// NewOrderRespType is ACK, the default, or RESULT.
	NewOrderRespType        string
	PriceMatch              string
	SelfTradePreventionMode string
	// GoodTillDate belongs to GTD: whole seconds, at least ten minutes ahead.
	GoodTillDate exchange.Time
}

func (p newUMOrder) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "side", p.Side)
	word(q, "type", p.Type)
	word(q, "positionSide", p.PositionSide)
	word(q, "timeInForce", p.TimeInForce)
	q.fixed("quantity", p.Quantity)
	q.flag("reduceOnly", p.ReduceOnly)
	q.fixed("price", p.Price)
	q.text("newClientOrderId", p.NewClientOrderID)
	q.text("newOrderRespType", p.NewOrderRespType)
	q.text("priceMatch", p.PriceMatch)
	q.text("selfTradePreventionMode", p.SelfTradePreventionMode)
	q.time("goodTillDate", p.GoodTillDate)
	return q
}

// amendUMOrder changes price and quantity of a LIMIT order, which goes to the end of its
// queue. Both are needed, and Side must be the order's. OrderID counts if both ids are
// there. The exchange cancels the order instead if Quantity is not above what is filled, or
// if it is post-only and would take.
type amendUMOrder struct {
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

func (p amendUMOrder) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "side", p.Side)
	q.fixed("quantity", p.Quantity)
	q.fixed("price", p.Price)
	q.int("orderId", p.OrderID)
	q.text("origClientOrderId", p.OrigClientOrderID)
	q.text("priceMatch", p.PriceMatch)
	q.int("modifyId", p.ModifyID)
	return q
}

// CancelUMOrder cancels one USD-M order. [ErrNoSuchOrder] says that it is over already or
// was never there.
func (c *Client) CancelUMOrder(ctx context.Context, symbol string, ref OrderRef) (UMOrderAck, error) {
	return call[UMOrderAck](ctx, c, epCancelUMOrder, ref.query(symbol))
}

// CancelAllUMOrders cancels all open orders of a symbol but the conditional ones, for which
// see [Client.CancelAllUMAlgoOrders].
func (c *Client) CancelAllUMOrders(ctx context.Context, symbol string) (Message, error) {
	return call[Message](ctx, c, epCancelAllUMOrders, texts("symbol", symbol))
}

// UMOrder asks for one order, open or not. Orders that ended without a fill are forgotten
// after three days.
func (c *Client) UMOrder(ctx context.Context, symbol string, ref OrderRef) (UMOrder, error) {
	return call[UMOrder](ctx, c, epUMOrder, ref.query(symbol))
}

// UMOpenOrder asks for one open order; [ErrNoSuchOrder] says that it is not open.
func (c *Client) UMOpenOrder(ctx context.Context, symbol string, ref OrderRef) (UMOrder, error) {
	return call[UMOrder](ctx, c, epUMOpenOrder, ref.query(symbol))
}

// UMOpenOrders lists the open orders of a symbol, or of the account if symbol is "", which
// costs 40 times as much. Conditional orders are in another list, [Client.UMOpenAlgoOrders].
func (c *Client) UMOpenOrders(ctx context.Context, symbol string) ([]UMOrder, error) {
	return call[[]UMOrder](ctx, c, epUMOpenOrders, texts("symbol", symbol))
}

// UMAllOrdersQuery asks for a symbol's orders of less than 7 days, of the last 7 without a
// window, or those from OrderID upward.
type UMAllOrdersQuery struct {
	Symbol  string
	OrderID int64
	Window
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p UMAllOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("orderId", p.OrderID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// UMAllOrders lists orders, open or not, from the oldest. [Client.EachUMOrder] goes over
// longer times.
func (c *Client) UMAllOrders(ctx context.Context, p UMAllOrdersQuery) ([]UMOrder, error) {
	return call[[]UMOrder](ctx, c, epUMAllOrders, p.query())
}
