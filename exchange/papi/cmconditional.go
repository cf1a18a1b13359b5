package papi

import (
	"context"

	"github.com/pmbot/pmbot/exchange"
)

// CMConditionalOrder is a conditional order of COIN-M, which Binance calls a strategy.
type CMConditionalOrder struct {
	NewClientStrategyID string            `json:"newClientStrategyId"`
	StrategyID          int64             `json:"strategyId"`
	StrategyStatus      ConditionalStatus `json:"strategyStatus"`
	StrategyType        OrderType         `json:"strategyType"`
	Symbol              string            `json:"symbol"`
	// Pair comes with the answer to placing only.
	Pair         string         `json:"pair"`
	Side         Side           `json:"side"`
	PositionSide PositionSide   `json:"positionSide"`
	TimeInForce  TimeInForce    `json:"timeInForce"`
	OrigQty      exchange.Fixed `json:"origQty"`
	Price        exchange.Fixed `json:"price"`
	StopPrice    exchange.Fixed `json:"stopPrice"`
	ReduceOnly   bool           `json:"reduceOnly"`
	// ActivatePrice and PriceRate, the callback in percent, belong to trailing stops.
	ActivatePrice exchange.Fixed `json:"activatePrice"`
	PriceRate     exchange.Fixed `json:"priceRate"`
	BookTime      exchange.Time  `json:"bookTime"`
	UpdateTime    exchange.Time  `json:"updateTime"`
	// WorkingType and PriceProtect do not come with the lists.
	WorkingType  string `json:"workingType"`
	PriceProtect bool   `json:"priceProtect"`
	// OrderID, Status and Type are those of the order that the trigger has made. They come
	// with the histories, as does TriggerTime; PriceMatch comes with that of one order.
	OrderID     int64         `json:"orderId"`
	Status      OrderStatus   `json:"status"`
	Type        OrderType     `json:"type"`
	TriggerTime exchange.Time `json:"triggerTime"`
	PriceMatch  string        `json:"priceMatch"`
}

func (o *CMConditionalOrder) missing() string {
	return first(need{"newClientStrategyId", o.NewClientStrategyID != ""}, need{"strategyId", o.StrategyID != 0},
		need{"strategyStatus", o.StrategyStatus != ""}, need{"symbol", o.Symbol != ""}, need{"side", o.Side != ""})
}

// newCMConditionalOrder places a conditional order. STOP and TAKE_PROFIT need Quantity, Price
// and StopPrice, their market kinds StopPrice, and TRAILING_STOP_MARKET CallbackRate.
type newCMConditionalOrder struct {
	Symbol       string
	Side         Side
	StrategyType OrderType
	PositionSide PositionSide
	TimeInForce  TimeInForce
	Quantity     exchange.Fixed
	ReduceOnly   bool
	Price        exchange.Fixed
	// WorkingType is MARK_PRICE or CONTRACT_PRICE, the default.
	WorkingType         string
	PriceProtect        bool
	NewClientStrategyID string
	StopPrice           exchange.Fixed
	// ActivationPrice is the latest price if it is 0. The answer calls it activatePrice.
	ActivationPrice exchange.Fixed
	// CallbackRate is in percent, from 0.1 to 5. The answer calls it priceRate.
	CallbackRate exchange.Fixed
}

func (p newCMConditionalOrder) query() *query {
	q := texts("symbol", p.Symbol)
	word(q, "side", p.Side)
	word(q, "strategyType", p.StrategyType)
	word(q, "positionSide", p.PositionSide)
	word(q, "timeInForce", p.TimeInForce)
	q.fixed("quantity", p.Quantity)
	q.flag("reduceOnly", p.ReduceOnly)
	q.fixed("price", p.Price)
	q.text("workingType", p.WorkingType)
	q.flag("priceProtect", p.PriceProtect)
	q.text("newClientStrategyId", p.NewClientStrategyID)
	q.fixed("stopPrice", p.StopPrice)
	q.fixed("activationPrice", p.ActivationPrice)
	q.fixed("callbackRate", p.CallbackRate)
	return q
}

// StrategyRef names a conditional order of COIN-M, by the exchange's number or by ours. One
// is needed.
type StrategyRef struct {
	StrategyID          int64
	NewClientStrategyID string
}

func (r StrategyRef) query(symbol string) *query {
	q := texts("symbol", symbol)
	q.int("strategyId", r.StrategyID)
	q.text("newClientStrategyId", r.NewClientStrategyID)
	return q
}

// CancelCMConditionalOrder cancels one conditional order.
func (c *Client) CancelCMConditionalOrder(ctx context.Context, symbol string, ref StrategyRef) (CMConditionalOrder, error) {
	return call[CMConditionalOrder](ctx, c, epCancelCMConditionalOrder, ref.query(symbol))
}

// CancelAllCMConditionalOrders cancels all open conditional orders of a symbol, and no
// others.
func (c *Client) CancelAllCMConditionalOrders(ctx context.Context, symbol string) (Message, error) {
	return call[Message](ctx, c, epCancelAllCMConditionalOrders, texts("symbol", symbol))
}

// CMOpenConditionalOrders lists the open conditional orders of a symbol, or of the account
// if symbol is "", which costs 40 times as much.
func (c *Client) CMOpenConditionalOrders(ctx context.Context, symbol string) ([]CMConditionalOrder, error) {
	return call[[]CMConditionalOrder](ctx, c, epCMOpenConditionalOrders, texts("symbol", symbol))
}

// CMOpenConditionalOrder asks for one open conditional order. It is an error once that has
// been triggered, cancelled or has expired: see [Client.CMConditionalOrder] then.
func (c *Client) CMOpenConditionalOrder(ctx context.Context, symbol string, ref StrategyRef) (CMConditionalOrder, error) {
	return call[CMConditionalOrder](ctx, c, epCMOpenConditionalOrder, ref.query(symbol))
}

// CMAllConditionalOrdersQuery asks for conditional orders of less than 7 days. All fields
// may be left out; without Symbol it costs 40 times as much.
type CMAllConditionalOrdersQuery struct {
	Symbol     string
	StrategyID int64
	Window
	// Limit is 500 by default and 1000 at most.
	Limit int64
}

func (p CMAllConditionalOrdersQuery) query() *query {
	q := texts("symbol", p.Symbol)
	q.int("strategyId", p.StrategyID)
	p.Window.add(q)
	q.int("limit", p.Limit)
	return q
}

// CMAllConditionalOrders lists conditional orders, open or not.
// [Client.EachCMConditionalOrder] goes over longer times.
func (c *Client) CMAllConditionalOrders(ctx context.Context, p CMAllConditionalOrdersQuery) ([]CMConditionalOrder, error) {
	return call[[]CMConditionalOrder](ctx, c, epCMAllConditionalOrders, p.query())
}

// CMConditionalOrder asks for one conditional order that is over. Open ones are not found
// by it: see [Client.CMOpenConditionalOrder].
func (c *Client) CMConditionalOrder(ctx context.Context, symbol string, ref StrategyRef) (CMConditionalOrder, error) {
	return call[CMConditionalOrder](ctx, c, epCMConditionalOrder, ref.query(symbol))
}
