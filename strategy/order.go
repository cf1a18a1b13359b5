package strategy

import (
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Order is an order being written, by the methods that read like its description:
//
//	env.Send(strategy.Sell(in, qty).Limit(price).PostOnly().Tag("hedge"))
//
// It is a value: each method returns a changed copy, so a half-written order can be kept
// and finished twice.
type Order struct {
	request exchange.OrderRequest
	tag     string
}

// Buy starts a buy of qty: base coin for UM and margin, contracts for CM.
func Buy(in *exchange.Instrument, qty exchange.Fixed) Order { return newOrder(in, exchange.Buy, qty) }

// Sell starts a sell of qty.
func Sell(in *exchange.Instrument, qty exchange.Fixed) Order {
	return newOrder(in, exchange.Sell, qty)
}

func newOrder(in *exchange.Instrument, side exchange.Side, qty exchange.Fixed) Order {
	return Order{request: exchange.OrderRequest{Inst: in.ID, Side: side, Type: exchange.Market, Qty: qty}}
}

// Lots is [exchange.Instrument.Lots].
func Lots(in *exchange.Instrument, t exchange.OrderType, qty exchange.Fixed) exchange.Fixed {
	return in.Lots(t, qty)
}

// Market takes what is there. It is what an order is unless told otherwise.
func (o Order) Market() Order { return o.of(exchange.Market, 0, 0) }

// of makes the order one of a kind, and forgets what another kind has said of prices: the
// exchange refuses prices that it has no use for.
func (o Order) of(t exchange.OrderType, trigger, price exchange.Fixed) Order {
	r := &o.request
	r.Type, r.Trigger, r.Price = t, trigger, price
	r.StopPrice, r.Callback, r.Activation = 0, 0, 0
	return o
}

// Limit rests at price or better.
func (o Order) Limit(price exchange.Fixed) Order { return o.of(exchange.Limit, 0, price) }

// Stop triggers a market order when the last price reaches trigger from the losing side.
func (o Order) Stop(trigger exchange.Fixed) Order { return o.of(exchange.StopMarket, trigger, 0) }

// StopLimit triggers a limit order at price.
func (o Order) StopLimit(trigger, price exchange.Fixed) Order {
	return o.of(exchange.Stop, trigger, price)
}

// TakeProfit triggers a market order when the last price reaches trigger from the
// winning side.
func (o Order) TakeProfit(trigger exchange.Fixed) Order {
	return o.of(exchange.TakeProfitMarket, trigger, 0)
}

// TakeProfitLimit triggers a limit order at price.
func (o Order) TakeProfitLimit(trigger, price exchange.Fixed) Order {
	return o.of(exchange.TakeProfit, trigger, price)
}

// Trailing follows the best price since activation (0: from now) and triggers a market
// order when the price comes back by the ratio callback, 0.01 for 1%.
func (o Order) Trailing(callback, activation exchange.Fixed) Order {
	o = o.of(exchange.TrailingStopMarket, 0, 0)
	o.request.Callback, o.request.Activation = callback, activation
	return o
}

// OCO rests at limit, post-only, on a margin pair, and beside it has a stop that triggers
// when the last price reaches trigger from the losing side: a market order, or with a
// stopLimit a limit order at that price. Whichever deals or triggers first ends the other.
// To sell, limit lies above the last price and trigger below; to buy the other way round.
func (o Order) OCO(limit, trigger, stopLimit exchange.Fixed) Order {
	o = o.of(exchange.OCO, trigger, limit)
	o.request.StopPrice = stopLimit
	return o
}

// PostOnly lets a limit order expire rather than take.
func (o Order) PostOnly() Order { o.request.TimeInForce = exchange.GTX; return o }

// IOC lets a limit order fill what it can at once and expire.
func (o Order) IOC() Order { o.request.TimeInForce = exchange.IOC; return o }

// FOK lets a limit order fill completely at once or expire.
func (o Order) FOK() Order { o.request.TimeInForce = exchange.FOK; return o }

// GoodTill ends the order at t, which must be ten minutes ahead or more.
func (o Order) GoodTill(t exchange.Time) Order {
	o.request.TimeInForce, o.request.GoodTill = exchange.GTD, t
	return o
}

// OnMark makes the mark price trigger a conditional order, in place of the last price.
func (o Order) OnMark() Order { o.request.WorkingType = exchange.MarkPrice; return o }

// ReduceOnly sets Binance's flag: the order may only shrink its own position.
func (o Order) ReduceOnly() Order { o.request.ReduceOnly = true; return o }

// Leg names the position of hedge mode that the order belongs to.
func (o Order) Leg(p exchange.PositionSide) Order { o.request.PositionSide = p; return o }

// Borrow lets a margin order borrow what is missing; Repay lets it repay loans.
func (o Order) Borrow() Order { o.request.SideEffect = exchange.MarginBuy; return o }

// Repay lets a margin order repay loans with what comes in.
func (o Order) Repay() Order { o.request.SideEffect = exchange.AutoRepay; return o }

// Tag notes a short reason for journal and report, cut at 32 bytes.
func (o Order) Tag(tag string) Order {
	o.tag = tagOf(tag)
	return o
}

func tagOf(tag string) string { return strings.ToValidUTF8(tag[:min(len(tag), 32)], "") }

// Request returns the order as written, for tests and for kinds without a method.
func (o Order) Request() exchange.OrderRequest { return o.request }

// With replaces the whole request, for kinds without a method.
func (o Order) With(r exchange.OrderRequest) Order { o.request = r; return o }
