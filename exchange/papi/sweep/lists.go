package sweep

import (
	"context"
	"fmt"
	"strings"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/papi"
)

// Order is an order as the exchange lists it.
type Order struct {
	// List is the list that it is on, such as "UM algo".
	List     string         `json:"list"`
	Symbol   string         `json:"symbol"`
	ClientID string         `json:"client_id"`
	ID       int64          `json:"id"`
	Side     string         `json:"side"`
	Type     string         `json:"type"`
	Qty      exchange.Fixed `json:"qty"`
	Price    exchange.Fixed `json:"price"`
	Trigger  exchange.Fixed `json:"trigger"`

	product  exchange.Product
	position string // BOTH, LONG or SHORT
	// stops says that it is a stop that the exchange lets do nothing but reduce.
	stops bool
}

// String is the order in a line.
func (o *Order) String() string {
	text := strings.Join([]string{o.List, o.Symbol, strings.ToLower(o.Side), o.Qty.String(), o.Type}, " ")
	if o.Side == "" {
		text = o.List + " " + o.Symbol
	}
	if o.Trigger != 0 {
		text += " from " + o.Trigger.String()
	}
	if o.Price != 0 {
		text += " at " + o.Price.String()
	}
	return fmt.Sprintf("%s (%s)", text, o.ClientID)
}

// list is one of the exchange's lists of open orders.
type list struct {
	name string
	// ends names the cancel of all orders of a symbol.
	ends    string
	product exchange.Product
	// stops says that it may have stops that only reduce.
	stops bool
	read  func(context.Context) ([]Order, error)
	all   func(ctx context.Context, symbol string) error
	one   func(ctx context.Context, o *Order) error

	// What was read last.
	orders []Order
	err    error
}

// nothing drops what an answer says beside its error.
func nothing[A any](_ A, err error) error { return err }

// each makes orders of an answer.
func each[A any](list []A, err error, of func(*A) Order) ([]Order, error) {
	var orders []Order
	for i := range list {
		orders = append(orders, of(&list[i]))
	}
	return orders, err
}

// allLists are the lists that an account's orders can be on.
func (s *sweep) allLists() []*list {
	return append(futuresLists(s.config.Client), s.marginLists()...)
}

func futuresLists(c *papi.Client) []*list {
	return []*list{
		{name: "UM orders", ends: "cancel UM orders", product: exchange.UM,
			read: func(ctx context.Context) ([]Order, error) {
				l, err := c.UMOpenOrders(ctx, "")
				return each(l, err, func(o *papi.UMOrder) Order {
					return Order{"UM", o.Symbol, o.ClientOrderID, o.OrderID, string(o.Side), string(o.Type), o.OrigQty, o.Price, 0, exchange.UM, string(o.PositionSide), false}
				})
			},
			all: func(ctx context.Context, symbol string) error { return nothing(c.CancelAllUMOrders(ctx, symbol)) },
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelUMOrder(ctx, o.Symbol, papi.OrderRef{OrderID: o.ID}))
			}},
		{name: "UM algo orders", ends: "cancel UM algo orders", product: exchange.UM, stops: true,
			read: func(ctx context.Context) ([]Order, error) {
				l, err := c.UMOpenAlgoOrders(ctx, papi.UMOpenAlgoOrdersQuery{})
				return each(l, err, func(o *papi.UMAlgoOrder) Order {
					return Order{"UM algo", o.Symbol, o.ClientAlgoID, o.AlgoID, string(o.Side), string(o.OrderType), o.Quantity, o.Price, o.TriggerPrice,
						exchange.UM, string(o.PositionSide), protects(o.OrderType, o.ReduceOnly || o.ClosePosition, o.Side, o.PositionSide)}
				})
			},
			all: func(ctx context.Context, symbol string) error { return nothing(c.CancelAllUMAlgoOrders(ctx, symbol)) },
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelUMAlgoOrder(ctx, papi.AlgoRef{AlgoID: o.ID}))
			}},
		{name: "CM orders", ends: "cancel CM orders", product: exchange.CM,
			read: func(ctx context.Context) ([]Order, error) {
				l, err := c.CMOpenOrders(ctx, "", "")
				return each(l, err, func(o *papi.CMOrder) Order {
					return Order{"CM", o.Symbol, o.ClientOrderID, o.OrderID, string(o.Side), string(o.Type), o.OrigQty, o.Price, 0, exchange.CM, string(o.PositionSide), false}
				})
			},
			all: func(ctx context.Context, symbol string) error { return nothing(c.CancelAllCMOrders(ctx, symbol)) },
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelCMOrder(ctx, o.Symbol, papi.OrderRef{OrderID: o.ID}))
			}},
		{name: "CM conditional orders", ends: "cancel CM conditional orders", product: exchange.CM, stops: true,
			read: func(ctx context.Context) ([]Order, error) {
				l, err := c.CMOpenConditionalOrders(ctx, "")
				return each(l, err, func(o *papi.CMConditionalOrder) Order {
					return Order{"CM conditional", o.Symbol, o.NewClientStrategyID, o.StrategyID, string(o.Side), string(o.StrategyType), o.OrigQty, o.Price, o.StopPrice,
						exchange.CM, string(o.PositionSide), protects(o.StrategyType, o.ReduceOnly, o.Side, o.PositionSide)}
				})
			},
			all: func(ctx context.Context, symbol string) error {
				return nothing(c.CancelAllCMConditionalOrders(ctx, symbol))
			},
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelCMConditionalOrder(ctx, o.Symbol, papi.StrategyRef{StrategyID: o.ID}))
			}},
	}
}

// protects says whether a conditional order is a stop that can only reduce. An order that
// takes profit protects nobody.
func protects(kind papi.OrderType, reduces bool, side papi.Side, position papi.PositionSide) bool {
	switch kind {
	case "STOP", "STOP_MARKET", "TRAILING_STOP_MARKET":
		return reduces || position == "LONG" && side == "SELL" || position == "SHORT" && side == "BUY"
	}
	return false
}

// marginLists are those of margin orders and OCOs. One cancel ends both of a pair.
func (s *sweep) marginLists() []*list {
	c := s.config.Client
	const ends = "cancel margin orders"
	all := func(ctx context.Context, pair string) error { return nothing(c.CancelAllMarginOrders(ctx, pair)) }
	return []*list{
		{name: "OCO lists", ends: ends, product: exchange.Margin, all: all,
			read: func(ctx context.Context) ([]Order, error) {
				l, err := c.MarginOpenOrderLists(ctx)
				return each(l, err, func(o *papi.OrderList) Order {
					return Order{List: "margin OCO", Symbol: o.Symbol, ClientID: o.ListClientOrderID, ID: o.OrderListID, product: exchange.Margin}
				})
			},
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelMarginOrderList(ctx, papi.CancelListQuery{Symbol: o.Symbol, ListClientOrderID: o.ClientID}))
			}},
		{name: "margin orders", ends: ends, product: exchange.Margin, all: all,
			read: func(ctx context.Context) (orders []Order, err error) {
				for _, pair := range s.pairs {
					l, err := c.MarginOpenOrders(ctx, pair)
					some, err := each(l, err, func(o *papi.MarginOrder) Order {
						return Order{"margin", o.Symbol, o.ClientOrderID, o.OrderID, string(o.Side), string(o.Type), o.OrigQty, o.Price, o.StopPrice, exchange.Margin, "", false}
					})
					if err != nil {
						return nil, err
					}
					orders = append(orders, some...)
				}
				return orders, nil
			},
			one: func(ctx context.Context, o *Order) error {
				return nothing(c.CancelMarginOrder(ctx, o.Symbol, papi.OrderRef{OrderID: o.ID}, ""))
			}},
	}
}
