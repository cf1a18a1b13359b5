package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// UMAlgoOrder is a conditional order of USD-M: as it was placed, or as the queries tell it.
type UMAlgoOrder struct {
	AlgoID       int64  `json:"algoId"`
	ClientAlgoID string `json:"clientAlgoId"`
	// AlgoType is always CONDITIONAL.
	AlgoType     string            `json:"algoType"`
	OrderType    OrderType         `json:"orderType"`
	Symbol       string            `json:"symbol"`
	Side         Side              `json:"side"`
	PositionSide PositionSide      `json:"positionSide"`
	TimeInForce  TimeInForce       `json:"timeInForce"`
	Quantity     exchange.Fixed    `json:"quantity"`
	AlgoStatus   ConditionalStatus `json:"algoStatus"`
	// ActualOrderID is the order that the trigger has made, 0 until then, and ActualPrice
	// its average price. Neither comes with the answer to placing.
	ActualOrderID           int64           `json:"actualOrderId"`
	ActualPrice             decimal.Decimal `json:"actualPrice"`
	TriggerPrice            exchange.Fixed  `json:"triggerPrice"`
	Price                   exchange.Fixed  `json:"price"`
	SelfTradePreventionMode string          `json:"selfTradePreventionMode"`
	WorkingType             string          `json:"workingType"`
	PriceMatch              string          `json:"priceMatch"`
	ClosePosition           bool            `json:"closePosition"`
	PriceProtect            bool            `json:"priceProtect"`
	ReduceOnly              bool            `json:"reduceOnly"`
	// ActivatePrice and CallbackRate, in percent, belong to trailing stops and come with
	// the answer to placing.
	ActivatePrice exchange.Fixed `json:"activatePrice"`
	CallbackRate  exchange.Fixed `json:"callbackRate"`
	CreateTime    exchange.Time  `json:"createTime"`
	UpdateTime    exchange.Time  `json:"updateTime"`
	// TriggerTime is 0 until the trigger, GoodTillDate but for GTD.
	TriggerTime  exchange.Time `json:"triggerTime"`
	GoodTillDate exchange.Time `json:"goodTillDate"`
}

func (o *UMAlgoOrder) missing() string {
	return first(need{"algoId", o.AlgoID != 0}, need{"clientAlgoId", o.ClientAlgoID != ""}, need{"symbol", o.Symbol != ""},
		need{"side", o.Side != ""}, need{"algoStatus", o.AlgoStatus != ""})
}

// newUMAlgoOrder places a conditional order. STOP and TAKE_PROFIT need Quantity, Price and
// TriggerPrice, their market kinds TriggerPrice and Quantity or ClosePosition, and
// TRAILING_STOP_MARKET Quantity and CallbackRate.
type newUMAlgoOrder struct {
	Symbol       string
	Side         Side
	Type         OrderType
	PositionSide PositionSide
	TimeInForce  TimeInForce
	Quantity     exchange.Fixed
	Price        exchange.Fixed
	TriggerPrice exchange.Fixed
	// WorkingType is MARK_PRICE or CONTRACT_PRICE, the default, which triggers on wicks.
	WorkingType string
	PriceMatch  string
	// ClosePosition closes whatever the position is: without Quantity and ReduceOnly.
	ClosePosition bool
	PriceProtect  bool
	ReduceOnly    bool
	// ActivatePrice is the latest price if it is 0.
	ActivatePrice exchange.Fixed
	// CallbackRate is in percent, from 0.1 to 20.
	CallbackRate            exchange.Fixed
	ClientAlgoID            string
	NewOrderRespType        string
	SelfTradePreventionMode string
	GoodTillDate            exchange.Time
}

// The trigger is called triggerPrice here. Binance accepts stopPrice without a word, and
// such an order never triggers.
func (p newUMAlgoOrder) query() *query {
	q := texts("algoType", "CONDITIONAL", "symbol", p.Symbol)
	word(q, "side", p.Side)
	word(q, "type", p.Type)
	word(q, "positionSide", p.PositionSide)
	word(q, "timeInForce", p.TimeInForce)
	q.fixed("quantity", p.Quantity)
	q.fixed("price", p.Price)
	q.fixed("triggerPrice", p.TriggerPrice)
	q.text("workingType", p.WorkingType)
	q.text("priceMatch", p.PriceMatch)
	q.flag("closePosition", p.ClosePosition)
	q.flag("priceProtect", p.PriceProtect)
	q.flag("reduceOnly", p.ReduceOnly)
	q.fixed("activatePrice", p.ActivatePrice)
	q.fixed("callbackRate", p.CallbackRate)
	q.text("clientAlgoId", p.ClientAlgoID)
	q.text("newOrderRespType", p.NewOrderRespType)
	q.text("selfTradePreventionMode", p.SelfTradePreventionMode)
	q.time("goodTillDate", p.GoodTillDate)
	return q
}

// AlgoRef names a conditional order of USD-M, by the exchange's number or by ours. One is
// needed; a symbol is not.
type AlgoRef struct {
	AlgoID       int64
	ClientAlgoID string
}

func (r AlgoRef) query() *query {
	q := new(query)
	q.int("algoId", r.AlgoID)
	q.text("clientAlgoId", r.ClientAlgoID)
	return q
}

// UMAlgoCancel is the answer to cancelling a conditional order; until May of 2026 it was
// the ids with a message.
type UMAlgoCancel struct {
	Complete     bool   `json:"complete"`
	AlgoID       int64  `json:"algoId"`
	ClientAlgoID string `json:"clientAlgoId"`
	Code         int64  `json:"code"`
	Msg          string `json:"msg"`
}

func (a *UMAlgoCancel) missing() string {
	return first(need{"code", a.Code >= 0}, need{"complete", a.Complete || a.AlgoID != 0})
}

// CancelUMAlgoOrder cancels one conditional order.
func (c *Client) CancelUMAlgoOrder(ctx context.Context, ref AlgoRef) (UMAlgoCancel, error) {
	return call[UMAlgoCancel](ctx, c, epCancelUMAlgoOrder, ref.query())
}

// CancelAllUMAlgoOrders cancels all open conditional orders of a symbol, and no others.
func (c *Client) CancelAllUMAlgoOrders(ctx context.Context, symbol string) (Message, error) {
	return call[Message](ctx, c, epCancelAllUMAlgoOrders, texts("symbol", symbol))
}

// UMAlgoOrder asks for one conditional order, open or not. Orders that ended without a fill
// are forgotten after three days, all others after 90.
func (c *Client) UMAlgoOrder(ctx context.Context, ref AlgoRef) (UMAlgoOrder, error) {
	return call[UMAlgoOrder](ctx, c, epUMAlgoOrder, ref.query())
}

// UMOpenAlgoOrdersQuery asks for open conditional orders. All fields may be left out;
// without Symbol it costs 40 times as much.
type UMOpenAlgoOrdersQuery struct {
	AlgoType string
	Symbol   string
	AlgoID   int64
}

func (p UMOpenAlgoOrdersQuery) query() *query {
	q := texts("algoType", p.AlgoType, "symbol", p.Symbol)
	q.int("algoId", p.AlgoID)
	return q
}

// UMOpenAlgoOrders lists the open conditional orders of USD-M.
func (c *Client) UMOpenAlgoOrders(ctx context.Context, p UMOpenAlgoOrdersQuery) ([]UMAlgoOrder, error) {
	return call[[]UMAlgoOrder](ctx, c, epUMOpenAlgoOrders, p.query())
}

// UMAllAlgoOrdersQuery asks for a symbol's conditional orders of less than 7 days, or those
// from AlgoID upward.
type UMAllAlgoOrdersQuery struct {
	Symbol string
	AlgoID int64
	Window
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p UMAllAlgoOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("algoId", p.AlgoID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// UMAllAlgoOrders lists conditional orders, open or not. [Client.EachUMAlgoOrder] goes over
// longer times.
func (c *Client) UMAllAlgoOrders(ctx context.Context, p UMAllAlgoOrdersQuery) ([]UMAlgoOrder, error) {
	return call[[]UMAlgoOrder](ctx, c, epUMAllAlgoOrders, p.query())
}
