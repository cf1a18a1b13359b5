package papi

import "github.com/pmbot/pmbot/exchange"

// An order of the vocabulary in the exchange's words. What has its default is left out,
// for some endpoints refuse parameters that a type does not use.

// legOf is LONG or SHORT in hedge mode, and nothing in one-way mode.
func legOf(p exchange.PositionSide) PositionSide {
	if p == exchange.Both {
		return ""
	}
	return PositionSide(p.String())
}

// limitOnly is the time in force of orders that have a limit price; market orders have none.
func limitOnly(r *exchange.OrderRequest) TimeInForce {
	if r.Type.Market() {
		return ""
	}
	return TimeInForce(r.TimeInForce.String())
}

func matchOf(m exchange.PriceMatch) string {
	if m == exchange.PriceMatchNone {
		return ""
	}
	return m.String()
}

func stpOf(s exchange.STP) string {
	if s == exchange.STPDefault {
		return ""
	}
	return s.String()
}

func sideEffectOf(s exchange.SideEffect) string {
	if s == exchange.NoSideEffect {
		return ""
	}
	return s.String()
}

// percent is a ratio as Binance writes callback rates: 1 for 1%.
func percent(ratio exchange.Fixed) exchange.Fixed {
	p, err := ratio.MulInt(100)
	if err != nil {
		return exchange.FixedMax // more than any exchange takes
	}
	return p
}

// priceOf is the limit price, unless the engine sets it.
func priceOf(r *exchange.OrderRequest) exchange.Fixed {
	if r.PriceMatch != exchange.PriceMatchNone {
		return 0
	}
	return r.Price
}

// result asks for the answer that tells how an order that ends at once has ended.
const result = "RESULT"

func umOrderOf(symbol, clientID string, r *exchange.OrderRequest) newUMOrder {
	return newUMOrder{
		Symbol: symbol, Side: Side(r.Side.String()), Type: OrderType(r.Type.String()), PositionSide: legOf(r.PositionSide),
		TimeInForce: limitOnly(r), Quantity: r.Qty, ReduceOnly: r.ReduceOnly, Price: priceOf(r), NewClientOrderID: clientID,
		NewOrderRespType: result, PriceMatch: matchOf(r.PriceMatch), SelfTradePreventionMode: stpOf(r.STP), GoodTillDate: r.GoodTill,
	}
}

// umAlgoOrderOf always says which price triggers: what it is by default has changed before.
func umAlgoOrderOf(symbol, clientID string, r *exchange.OrderRequest) newUMAlgoOrder {
	return newUMAlgoOrder{
		Symbol: symbol, Side: Side(r.Side.String()), Type: OrderType(r.Type.String()), PositionSide: legOf(r.PositionSide),
		TimeInForce: limitOnly(r), Quantity: r.Qty, Price: priceOf(r), TriggerPrice: r.Trigger, WorkingType: r.WorkingType.String(),
		PriceMatch: matchOf(r.PriceMatch), ClosePosition: r.ClosePosition, PriceProtect: r.PriceProtect, ReduceOnly: r.ReduceOnly,
		ActivatePrice: r.Activation, CallbackRate: percent(r.Callback), ClientAlgoID: clientID,
		SelfTradePreventionMode: stpOf(r.STP), GoodTillDate: r.GoodTill,
	}
}

func cmOrderOf(symbol, clientID string, r *exchange.OrderRequest) newCMOrder {
	return newCMOrder{
		Symbol: symbol, Side: Side(r.Side.String()), Type: OrderType(r.Type.String()), PositionSide: legOf(r.PositionSide),
		TimeInForce: limitOnly(r), Quantity: r.Qty, ReduceOnly: r.ReduceOnly, Price: priceOf(r), PriceMatch: matchOf(r.PriceMatch),
		NewClientOrderID: clientID, NewOrderRespType: result,
	}
}

func cmConditionalOrderOf(symbol, clientID string, r *exchange.OrderRequest) newCMConditionalOrder {
	return newCMConditionalOrder{
		Symbol: symbol, Side: Side(r.Side.String()), StrategyType: OrderType(r.Type.String()), PositionSide: legOf(r.PositionSide),
		TimeInForce: limitOnly(r), Quantity: r.Qty, ReduceOnly: r.ReduceOnly, Price: r.Price, WorkingType: r.WorkingType.String(),
		PriceProtect: r.PriceProtect, NewClientStrategyID: clientID, StopPrice: r.Trigger,
		ActivationPrice: r.Activation, CallbackRate: percent(r.Callback),
	}
}

// marginTypeOf is a type in margin's words, "" for one that margin has not.
func marginTypeOf(r *exchange.OrderRequest) MarginOrderType {
	switch r.Type {
	case exchange.Limit:
		if r.TimeInForce == exchange.GTX {
			return "LIMIT_MAKER"
		}
		return "LIMIT"
	case exchange.Market:
		return "MARKET"
	case exchange.StopMarket:
		return "STOP_LOSS"
	case exchange.Stop:
		return "STOP_LOSS_LIMIT"
	case exchange.TakeProfitMarket:
		return "TAKE_PROFIT"
	case exchange.TakeProfit:
		return "TAKE_PROFIT_LIMIT"
	}
	return ""
}

func marginOrderOf(symbol, clientID string, r *exchange.OrderRequest) newMarginOrder {
	p := newMarginOrder{
		Symbol: symbol, Side: Side(r.Side.String()), Type: marginTypeOf(r), Quantity: r.Qty, QuoteOrderQty: r.QuoteQty, Price: r.Price,
		StopPrice: r.Trigger, NewClientOrderID: clientID, NewOrderRespType: result, IcebergQty: r.Iceberg,
		SideEffectType: sideEffectOf(r.SideEffect), TimeInForce: limitOnly(r), SelfTradePreventionMode: stpOf(r.STP),
	}
	if p.Type == "LIMIT_MAKER" {
		p.TimeInForce = ""
	}
	return p
}

func marginOCOOf(symbol, clientID string, r *exchange.OrderRequest) newMarginOCO {
	limit, stop := exchange.OCOLegs(clientID)
	p := newMarginOCO{
		Symbol: symbol, ListClientOrderID: clientID, Side: Side(r.Side.String()), Quantity: r.Qty,
		LimitClientOrderID: limit, Price: r.Price, LimitIcebergQty: r.Iceberg, StopClientOrderID: stop,
		StopPrice: r.Trigger, StopLimitPrice: r.StopPrice, NewOrderRespType: result, SideEffectType: sideEffectOf(r.SideEffect),
	}
	if r.StopPrice != 0 {
		p.StopLimitTimeInForce = TimeInForce(r.TimeInForce.String())
	}
	return p
}
