package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// OrderList is an OCO of margin: two orders of which one ends the other.
type OrderList struct {
	// OrderListID may be 0, as it is in Binance's examples.
	OrderListID int64 `json:"orderListId"`
	// ContingencyType is always OCO. ListStatusType is EXEC_STARTED, ALL_DONE or RESPONSE,
	// ListOrderStatus EXECUTING, ALL_DONE or REJECT.
	ContingencyType   string        `json:"contingencyType"`
	ListStatusType    string        `json:"listStatusType"`
	ListOrderStatus   string        `json:"listOrderStatus"`
	ListClientOrderID string        `json:"listClientOrderId"`
	TransactionTime   exchange.Time `json:"transactionTime"`
	Symbol            string        `json:"symbol"`
	// Orders names the legs.
	Orders []OrderListLeg `json:"orders"`
	// The rest comes with the answers to placing and cancelling only; what was borrowed,
	// with placing and where something was.
	OrderReports          []OrderListReport `json:"orderReports"`
	MarginBuyBorrowAmount decimal.Decimal   `json:"marginBuyBorrowAmount"`
	MarginBuyBorrowAsset  string            `json:"marginBuyBorrowAsset"`
}

// OrderListLeg names one of the two orders of an OCO.
type OrderListLeg struct {
	Symbol        string `json:"symbol"`
	OrderID       int64  `json:"orderId"`
	ClientOrderID string `json:"clientOrderId"`
}

func (l *OrderListLeg) missing() string { return first(need{"orderId", l.OrderID != 0}) }

// OrderListReport is one of the two orders of an OCO when it was placed or cancelled. After
// a cancellation ClientOrderID names that, and OrigClientOrderID the order.
type OrderListReport struct {
	Symbol            string          `json:"symbol"`
	OrderID           int64           `json:"orderId"`
	OrderListID       int64           `json:"orderListId"`
	OrigClientOrderID string          `json:"origClientOrderId"`
	ClientOrderID     string          `json:"clientOrderId"`
	TransactTime      exchange.Time   `json:"transactTime"`
	Price             exchange.Fixed  `json:"price"`
	OrigQty           exchange.Fixed  `json:"origQty"`
	ExecutedQty       exchange.Fixed  `json:"executedQty"`
	CumQuoteQty       decimal.Decimal `json:"cummulativeQuoteQty"`
	Status            OrderStatus     `json:"status"`
	TimeInForce       TimeInForce     `json:"timeInForce"`
	Type              MarginOrderType `json:"type"`
	Side              Side            `json:"side"`
	StopPrice         exchange.Fixed  `json:"stopPrice"`
	IcebergQty        exchange.Fixed  `json:"icebergQty"`
}

func (r *OrderListReport) missing() string {
	return first(need{"symbol", r.Symbol != ""}, need{"orderId", r.OrderID != 0})
}

func (l *OrderList) missing() string {
	if field := first(need{"listClientOrderId", l.ListClientOrderID != ""}, need{"listOrderStatus", l.ListOrderStatus != ""},
		need{"symbol", l.Symbol != ""}); field != "" {
		return field
	}
	return each("orders", l.Orders)
}

// MarginCanceled is an element of the answer to cancelling all margin orders of a symbol: an
// order, or an OCO with both its legs.
type MarginCanceled struct {
	MarginCancel
	OrderListID       int64             `json:"orderListId"`
	ContingencyType   string            `json:"contingencyType"`
	ListStatusType    string            `json:"listStatusType"`
	ListOrderStatus   string            `json:"listOrderStatus"`
	ListClientOrderID string            `json:"listClientOrderId"`
	TransactionTime   exchange.Time     `json:"transactionTime"`
	Orders            []OrderListLeg    `json:"orders"`
	OrderReports      []OrderListReport `json:"orderReports"`
}

// OCO says whether the element is an OCO. The embedded order holds nothing but Symbol then.
func (m *MarginCanceled) OCO() bool { return m.ContingencyType != "" }

func (m *MarginCanceled) missing() string {
	if !m.OCO() {
		return m.MarginCancel.missing()
	}
	if field := first(need{"listClientOrderId", m.ListClientOrderID != ""}, need{"symbol", m.Symbol != ""}); field != "" {
		return field
	}
	return each("orderReports", m.OrderReports)
}

// newMarginOCO places an OCO of a limit order and a stop for one quantity. A sale has Price
// above the market and StopPrice below it, a purchase the other way round.
type newMarginOCO struct {
	Symbol             string
	ListClientOrderID  string
	Side               Side
	Quantity           exchange.Fixed
	LimitClientOrderID string
	Price              exchange.Fixed
	LimitIcebergQty    exchange.Fixed
	StopClientOrderID  string
	StopPrice          exchange.Fixed
	// StopLimitPrice makes the stop a limit order, and needs StopLimitTimeInForce.
	StopLimitPrice       exchange.Fixed
	StopIcebergQty       exchange.Fixed
	StopLimitTimeInForce TimeInForce
	// NewOrderRespType is ACK or RESULT; SideEffectType cannot be AUTO_BORROW_REPAY.
	NewOrderRespType string
	SideEffectType   string
}

func (p newMarginOCO) query() *query {
	q := texts("symbol", p.Symbol, "listClientOrderId", p.ListClientOrderID)
	word(q, "side", p.Side)
	q.fixed("quantity", p.Quantity)
	q.text("limitClientOrderId", p.LimitClientOrderID)
	q.fixed("price", p.Price)
	q.fixed("limitIcebergQty", p.LimitIcebergQty)
	q.text("stopClientOrderId", p.StopClientOrderID)
	q.fixed("stopPrice", p.StopPrice)
	q.fixed("stopLimitPrice", p.StopLimitPrice)
	q.fixed("stopIcebergQty", p.StopIcebergQty)
	word(q, "stopLimitTimeInForce", p.StopLimitTimeInForce)
	q.text("newOrderRespType", p.NewOrderRespType)
	q.text("sideEffectType", p.SideEffectType)
	return q
}

// CancelAllMarginOrders cancels all open orders of a symbol, OCOs among them.
func (c *Client) CancelAllMarginOrders(ctx context.Context, symbol string) ([]MarginCanceled, error) {
	return call[[]MarginCanceled](ctx, c, epCancelAllMarginOrders, texts("symbol", symbol))
}

// CancelListQuery names an OCO to cancel: by the exchange's number or by ours, of which one
// is needed.
type CancelListQuery struct {
	Symbol            string
	OrderListID       int64
	ListClientOrderID string
	// NewClientOrderID names the cancellation.
	NewClientOrderID string
}

func (p CancelListQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("orderListId", p.OrderListID)
	q.text("listClientOrderId", p.ListClientOrderID)
	q.text("newClientOrderId", p.NewClientOrderID)
	return q
}

// CancelMarginOrderList cancels an OCO.
func (c *Client) CancelMarginOrderList(ctx context.Context, p CancelListQuery) (OrderList, error) {
	return call[OrderList](ctx, c, epCancelMarginOrderList, p.query())
}

// MarginOrderList asks for one OCO by the exchange's number or by ours, of which the other
// is 0 or "".
func (c *Client) MarginOrderList(ctx context.Context, orderListID int64, listClientOrderID string) (OrderList, error) {
	q := new(query)
	q.int("orderListId", orderListID)
	q.text("origClientOrderId", listClientOrderID) // its name here and nowhere else
	return call[OrderList](ctx, c, epMarginOrderList, q)
}

// AllOrderListsQuery asks for OCOs of a time, or for those from FromID upward, which
// excludes a window.
type AllOrderListsQuery struct {
	FromID int64
	Window
	// Limit is 500 at most, which is the default.
	Limit int64
}

func (p AllOrderListsQuery) query() *query {
	q := new(query)
	q.int("fromId", p.FromID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// MarginAllOrderLists lists OCOs, open or not. [Client.EachMarginOrderList] goes over longer
// times.
func (c *Client) MarginAllOrderLists(ctx context.Context, p AllOrderListsQuery) ([]OrderList, error) {
	return call[[]OrderList](ctx, c, epMarginAllOrderLists, p.query())
}

// MarginOpenOrderLists lists the open OCOs of the account.
func (c *Client) MarginOpenOrderLists(ctx context.Context) ([]OrderList, error) {
	return call[[]OrderList](ctx, c, epMarginOpenOrderLists, new(query))
}
