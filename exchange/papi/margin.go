package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// MarginOrder is a margin order as the queries tell it.
type MarginOrder struct {
	Symbol        string          `json:"symbol"`
	OrderID       int64           `json:"orderId"`
	ClientOrderID string          `json:"clientOrderId"`
	Status        OrderStatus     `json:"status"`
	Side          Side            `json:"side"`
	Type          MarginOrderType `json:"type"`
	TimeInForce   TimeInForce     `json:"timeInForce"`
	Price         exchange.Fixed  `json:"price"`
	StopPrice     exchange.Fixed  `json:"stopPrice"`
	OrigQty       exchange.Fixed  `json:"origQty"`
	ExecutedQty   exchange.Fixed  `json:"executedQty"`
	IcebergQty    exchange.Fixed  `json:"icebergQty"`
	// CumQuoteQty is what is filled in quote asset; negative means that it is not known.
	CumQuoteQty decimal.Decimal `json:"cummulativeQuoteQty"`
	// IsWorking says that the order is in the book.
	IsWorking  bool          `json:"isWorking"`
	Time       exchange.Time `json:"time"`
	UpdateTime exchange.Time `json:"updateTime"`
	AccountID  int64         `json:"accountId"`
	// The rest tells of self-trade prevention. The last two are numbers, null, or the word
	// None.
	SelfTradePreventionMode string `json:"selfTradePreventionMode"`
	PreventedMatchID        string `json:"preventedMatchId"`
	PreventedQuantity       string `json:"preventedQuantity"`
}

func (o *MarginOrder) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""},
		need{"side", o.Side != ""}, need{"clientOrderId", o.ClientOrderID != ""})
}

// MarginOrderAck is the answer to placing a margin order. With ACK it has nothing but ids
// and TransactTime.
type MarginOrderAck struct {
	Symbol        string          `json:"symbol"`
	OrderID       int64           `json:"orderId"`
	ClientOrderID string          `json:"clientOrderId"`
	TransactTime  exchange.Time   `json:"transactTime"`
	Price         exchange.Fixed  `json:"price"`
	OrigQty       exchange.Fixed  `json:"origQty"`
	ExecutedQty   exchange.Fixed  `json:"executedQty"`
	CumQuoteQty   decimal.Decimal `json:"cummulativeQuoteQty"`
	Status        OrderStatus     `json:"status"`
	TimeInForce   TimeInForce     `json:"timeInForce"`
	Type          MarginOrderType `json:"type"`
	Side          Side            `json:"side"`
	// MarginBuyBorrowAmount was borrowed for the order, of MarginBuyBorrowAsset. Both are
	// absent when nothing was.
	MarginBuyBorrowAmount decimal.Decimal `json:"marginBuyBorrowAmount"`
	MarginBuyBorrowAsset  string          `json:"marginBuyBorrowAsset"`
	// Fills comes with FULL only.
	Fills []MarginFill `json:"fills"`
}

// MarginFill is a fill in the answer to an order. It has no trade id, so that it cannot be
// told from the same fill on the user stream: do not book it.
type MarginFill struct {
	Price           exchange.Fixed  `json:"price"`
	Qty             exchange.Fixed  `json:"qty"`
	Commission      decimal.Decimal `json:"commission"`
	CommissionAsset string          `json:"commissionAsset"`
}

func (o *MarginOrderAck) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"clientOrderId", o.ClientOrderID != ""})
}

// newMarginOrder places a margin order. LIMIT needs Quantity, Price and TimeInForce, MARKET
// Quantity or QuoteOrderQty, LIMIT_MAKER Quantity and Price, STOP_LOSS and TAKE_PROFIT
// Quantity and StopPrice, and their limit kinds Price and TimeInForce too.
type newMarginOrder struct {
	Symbol   string
	Side     Side
	Type     MarginOrderType
	Quantity exchange.Fixed
	// QuoteOrderQty is what a MARKET order spends or receives.
	QuoteOrderQty    exchange.Fixed
	Price            exchange.Fixed
	StopPrice        exchange.Fixed
	NewClientOrderID string
	// NewOrderRespType is ACK, RESULT or FULL, which LIMIT and MARKET answer by default.
	NewOrderRespType string
	// IcebergQty is the visible part of a limit order.
	IcebergQty              exchange.Fixed
	SideEffectType          string
	TimeInForce             TimeInForce
	SelfTradePreventionMode string
	// KeepLoanAtCancel sends autoRepayAtCancel=false: what was borrowed for the order is not
	// repaid when it is cancelled.
	KeepLoanAtCancel bool
}

func (p newMarginOrder) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "side", p.Side)
	word(q, "type", p.Type)
	q.fixed("quantity", p.Quantity)
	q.fixed("quoteOrderQty", p.QuoteOrderQty)
	q.fixed("price", p.Price)
	q.fixed("stopPrice", p.StopPrice)
	q.text("newClientOrderId", p.NewClientOrderID)
	q.text("newOrderRespType", p.NewOrderRespType)
	q.fixed("icebergQty", p.IcebergQty)
	q.text("sideEffectType", p.SideEffectType)
	word(q, "timeInForce", p.TimeInForce)
	q.text("selfTradePreventionMode", p.SelfTradePreventionMode)
	if p.KeepLoanAtCancel {
		q.boolean("autoRepayAtCancel", false)
	}
	return q
}

// MarginCancel is the answer to cancelling a margin order. ClientOrderID names the
// cancellation, OrigClientOrderID the order.
type MarginCancel struct {
	Symbol                  string          `json:"symbol"`
	OrderID                 int64           `json:"orderId"`
	OrigClientOrderID       string          `json:"origClientOrderId"`
	ClientOrderID           string          `json:"clientOrderId"`
	Price                   exchange.Fixed  `json:"price"`
	OrigQty                 exchange.Fixed  `json:"origQty"`
	ExecutedQty             exchange.Fixed  `json:"executedQty"`
	CumQuoteQty             decimal.Decimal `json:"cummulativeQuoteQty"`
	Status                  OrderStatus     `json:"status"`
	TimeInForce             TimeInForce     `json:"timeInForce"`
	Type                    MarginOrderType `json:"type"`
	Side                    Side            `json:"side"`
	SelfTradePreventionMode string          `json:"selfTradePreventionMode"`
}

func (o *MarginCancel) missing() string {
	return first(need{"symbol", o.Symbol != ""}, need{"orderId", o.OrderID != 0}, need{"status", o.Status != ""})
}

// CancelMarginOrder cancels one margin order. newClientOrderID names the cancellation and
// may be "". Cancelling a leg of an OCO cancels both.
func (c *Client) CancelMarginOrder(ctx context.Context, symbol string, ref OrderRef, newClientOrderID string) (MarginCancel, error) {
	q := ref.query(symbol)
	q.text("newClientOrderId", newClientOrderID)
	return call[MarginCancel](ctx, c, epCancelMarginOrder, q)
}

// MarginOrder asks for one order, open or not.
func (c *Client) MarginOrder(ctx context.Context, symbol string, ref OrderRef) (MarginOrder, error) {
	return call[MarginOrder](ctx, c, epMarginOrder, ref.query(symbol))
}

// MarginOpenOrders lists the open orders of a symbol, legs of OCOs among them. The reference
// says both that symbol is needed and what it costs without; give it.
func (c *Client) MarginOpenOrders(ctx context.Context, symbol string) ([]MarginOrder, error) {
	return call[[]MarginOrder](ctx, c, epMarginOpenOrders, texts("symbol", symbol))
}

// MarginAllOrdersQuery asks for a symbol's orders, or those from OrderID upward.
type MarginAllOrdersQuery struct {
	Symbol  string
	OrderID int64
	Window
	// Limit is 500 at most, which is the default.
	Limit int64
}

func (p MarginAllOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("orderId", p.OrderID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// MarginAllOrders lists orders, open or not. [Client.EachMarginOrder] goes over longer times.
func (c *Client) MarginAllOrders(ctx context.Context, p MarginAllOrdersQuery) ([]MarginOrder, error) {
	return call[[]MarginOrder](ctx, c, epMarginAllOrders, p.query())
}

// MarginTrade is one of our fills of margin.
type MarginTrade struct {
	Symbol  string         `json:"symbol"`
	ID      int64          `json:"id"`
	OrderID int64          `json:"orderId"`
	Price   exchange.Fixed `json:"price"`
	Qty     exchange.Fixed `json:"qty"`
	// Commission is positive when paid.
	Commission      decimal.Decimal `json:"commission"`
	CommissionAsset string          `json:"commissionAsset"`
	Time            exchange.Time   `json:"time"`
	IsBuyer         bool            `json:"isBuyer"`
	IsMaker         bool            `json:"isMaker"`
	IsBestMatch     bool            `json:"isBestMatch"`
}

func (t *MarginTrade) missing() string {
	return first(need{"symbol", t.Symbol != ""}, need{"orderId", t.OrderID != 0},
		need{"price", t.Price != 0}, need{"qty", t.Qty != 0})
}

// MarginTradesQuery asks for a symbol's fills of less than 24 hours, of an order, or from
// FromID upward.
type MarginTradesQuery struct {
	Symbol  string
	OrderID int64
	Window
	FromID int64
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p MarginTradesQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("orderId", p.OrderID)
	p.Window.add(q)
	q.int("fromId", p.FromID)
	q.int("limit", p.Limit)
	return q
}

// MarginTrades lists our fills from the oldest. [Client.EachMarginTrade] goes over longer
// times.
func (c *Client) MarginTrades(ctx context.Context, p MarginTradesQuery) ([]MarginTrade, error) {
	return call[[]MarginTrade](ctx, c, epMarginTrades, p.query())
}

// MarginForceOrder is an order by which the exchange liquidated margin assets.
type MarginForceOrder struct {
	AvgPrice    decimal.Decimal `json:"avgPrice"`
	ExecutedQty exchange.Fixed  `json:"executedQty"`
	OrderID     int64           `json:"orderId"`
	Price       exchange.Fixed  `json:"price"`
	Qty         exchange.Fixed  `json:"qty"`
	Side        Side            `json:"side"`
	Symbol      string          `json:"symbol"`
	TimeInForce TimeInForce     `json:"timeInForce"`
	UpdatedTime exchange.Time   `json:"updatedTime"`
}

func (o *MarginForceOrder) missing() string {
	return first(need{"orderId", o.OrderID != 0}, need{"symbol", o.Symbol != ""}, need{"side", o.Side != ""})
}

// MarginForceOrders lists forced margin orders. An account that was liquidated by the
// risk-based adjustment has none here: see [Client.CapitalFlow].
func (c *Client) MarginForceOrders(ctx context.Context, p PageQuery) (Page[MarginForceOrder], error) {
	return call[Page[MarginForceOrder]](ctx, c, epMarginForceOrders, p.query())
}
