package papi

import (
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// EchoError says that the exchange has taken an order that is not the one which was sent.
// The order stands: a caller must cancel it, and must not count on it. A trigger price that
// comes back as 0 is one of these; such an order never triggers.
type EchoError struct {
	// Field is the parameter, Sent and Echoed its two values.
	Field, Sent, Echoed string
}

// Error names the parameter and both values.
func (e *EchoError) Error() string {
	return "the exchange took " + e.Field + " " + strconv.Quote(e.Echoed) + ", and " + strconv.Quote(e.Sent) + " was sent"
}

// echo compares what was sent with what came back, and keeps the first difference. What was
// not sent is the exchange's choice and is not compared.
type echo struct{ first *EchoError }

func (e *echo) differ(field, sent, echoed string) {
	if e.first == nil {
		e.first = &EchoError{Field: field, Sent: sent, Echoed: echoed}
	}
}

// err is the first difference, or nil.
func (e *echo) err() error {
	if e.first == nil {
		return nil
	}
	return e.first
}

func echoText[S, T ~string](e *echo, field string, sent S, echoed T) {
	if sent != "" && string(sent) != string(echoed) {
		e.differ(field, string(sent), string(echoed))
	}
}

func (e *echo) fixed(field string, sent, echoed exchange.Fixed) {
	if sent != 0 && sent != echoed {
		e.differ(field, sent.String(), echoed.String())
	}
}

func (e *echo) int(field string, sent, echoed int64) {
	if sent != 0 && sent != echoed {
		e.differ(field, strconv.FormatInt(sent, 10), strconv.FormatInt(echoed, 10))
	}
}

func (e *echo) flag(field string, sent, echoed bool) {
	if sent != echoed {
		e.differ(field, strconv.FormatBool(sent), strconv.FormatBool(echoed))
	}
}

// reduceOnly is the exchange's choice in hedge mode and for orders that close a position,
// unless it was asked for.
func (e *echo) reduceOnly(sent, echoed bool, side PositionSide, closes bool) {
	oneWay := side == "" || side == "BOTH"
	if sent || oneWay && !closes {
		e.flag("reduceOnly", sent, echoed)
	}
}

// goodTill is kept in whole seconds by the exchange.
func (e *echo) goodTill(sent, echoed exchange.Time) {
	if sent != 0 && sent.Floor(time.Second) != echoed.Floor(time.Second) {
		e.differ("goodTillDate", sent.String(), echoed.String())
	}
}

// price is the exchange's choice where the order asks it to match one.
func (e *echo) price(sent, echoed exchange.Fixed, priceMatch string) {
	if priceMatch == "" || priceMatch == "NONE" {
		e.fixed("price", sent, echoed)
	}
}

func (p newUMOrder) echo(a UMOrderAck) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "newClientOrderId", p.NewClientOrderID, a.ClientOrderID)
	echoText(&e, "side", p.Side, a.Side)
	echoText(&e, "type", p.Type, a.Type)
	echoText(&e, "positionSide", p.PositionSide, a.PositionSide)
	echoText(&e, "timeInForce", p.TimeInForce, a.TimeInForce)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.price(p.Price, a.Price, p.PriceMatch)
	e.reduceOnly(p.ReduceOnly, a.ReduceOnly, p.PositionSide, false)
	echoText(&e, "priceMatch", p.PriceMatch, a.PriceMatch)
	echoText(&e, "selfTradePreventionMode", p.SelfTradePreventionMode, a.SelfTradePreventionMode)
	e.goodTill(p.GoodTillDate, a.GoodTillDate)
	return e.err()
}

func (p amendUMOrder) echo(a UMOrderAck) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "side", p.Side, a.Side)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.price(p.Price, a.Price, p.PriceMatch)
	e.int("orderId", p.OrderID, a.OrderID)
	if p.OrderID == 0 {
		echoText(&e, "origClientOrderId", p.OrigClientOrderID, a.ClientOrderID)
	}
	echoText(&e, "priceMatch", p.PriceMatch, a.PriceMatch)
	e.int("modifyId", p.ModifyID, a.ModifyID)
	return e.err()
}

func (p newUMAlgoOrder) echo(a UMAlgoOrder) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "clientAlgoId", p.ClientAlgoID, a.ClientAlgoID)
	echoText(&e, "algoType", "CONDITIONAL", a.AlgoType)
	echoText(&e, "side", p.Side, a.Side)
	echoText(&e, "type", p.Type, a.OrderType)
	echoText(&e, "positionSide", p.PositionSide, a.PositionSide)
	echoText(&e, "timeInForce", p.TimeInForce, a.TimeInForce)
	e.fixed("quantity", p.Quantity, a.Quantity)
	e.price(p.Price, a.Price, p.PriceMatch)
	e.fixed("triggerPrice", p.TriggerPrice, a.TriggerPrice)
	echoText(&e, "workingType", p.WorkingType, a.WorkingType)
	echoText(&e, "priceMatch", p.PriceMatch, a.PriceMatch)
	// The flag went out of the answer and came back: only what was asked for must be there.
	if p.ClosePosition {
		e.flag("closePosition", true, a.ClosePosition)
	}
	e.flag("priceProtect", p.PriceProtect, a.PriceProtect)
	e.reduceOnly(p.ReduceOnly, a.ReduceOnly, p.PositionSide, p.ClosePosition)
	e.fixed("activatePrice", p.ActivatePrice, a.ActivatePrice)
	e.fixed("callbackRate", p.CallbackRate, a.CallbackRate)
	echoText(&e, "selfTradePreventionMode", p.SelfTradePreventionMode, a.SelfTradePreventionMode)
	e.goodTill(p.GoodTillDate, a.GoodTillDate)
	return e.err()
}

func (p newCMOrder) echo(a CMOrderAck) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "newClientOrderId", p.NewClientOrderID, a.ClientOrderID)
	echoText(&e, "side", p.Side, a.Side)
	echoText(&e, "type", p.Type, a.Type)
	echoText(&e, "positionSide", p.PositionSide, a.PositionSide)
	echoText(&e, "timeInForce", p.TimeInForce, a.TimeInForce)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.price(p.Price, a.Price, p.PriceMatch)
	e.reduceOnly(p.ReduceOnly, a.ReduceOnly, p.PositionSide, false)
	return e.err()
}

func (p amendCMOrder) echo(a CMOrderAck) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "side", p.Side, a.Side)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.price(p.Price, a.Price, p.PriceMatch)
	e.int("orderId", p.OrderID, a.OrderID)
	if p.OrderID == 0 {
		echoText(&e, "origClientOrderId", p.OrigClientOrderID, a.ClientOrderID)
	}
	e.int("modifyId", p.ModifyID, a.ModifyID)
	return e.err()
}

func (p newCMConditionalOrder) echo(a CMConditionalOrder) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "newClientStrategyId", p.NewClientStrategyID, a.NewClientStrategyID)
	echoText(&e, "side", p.Side, a.Side)
	echoText(&e, "strategyType", p.StrategyType, a.StrategyType)
	echoText(&e, "positionSide", p.PositionSide, a.PositionSide)
	echoText(&e, "timeInForce", p.TimeInForce, a.TimeInForce)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.fixed("price", p.Price, a.Price)
	e.fixed("stopPrice", p.StopPrice, a.StopPrice)
	echoText(&e, "workingType", p.WorkingType, a.WorkingType)
	e.flag("priceProtect", p.PriceProtect, a.PriceProtect)
	e.reduceOnly(p.ReduceOnly, a.ReduceOnly, p.PositionSide, false)
	e.fixed("activationPrice", p.ActivationPrice, a.ActivatePrice)
	e.fixed("callbackRate", p.CallbackRate, a.PriceRate)
	return e.err()
}

// An answer of the kind ACK, which is the default of all types but LIMIT and MARKET, has
// nothing to compare but symbol and client id. No answer tells the trigger of a margin
// order: see [Client.MarginOrder].
func (p newMarginOrder) echo(a MarginOrderAck) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "newClientOrderId", p.NewClientOrderID, a.ClientOrderID)
	ack := p.NewOrderRespType == "ACK" || p.NewOrderRespType == "" && p.Type != "LIMIT" && p.Type != "MARKET"
	if a.Type == "" && ack {
		return e.err()
	}
	echoText(&e, "side", p.Side, a.Side)
	echoText(&e, "type", p.Type, a.Type)
	echoText(&e, "timeInForce", p.TimeInForce, a.TimeInForce)
	e.fixed("quantity", p.Quantity, a.OrigQty)
	e.fixed("price", p.Price, a.Price)
	return e.err()
}

// The reports of an OCO's legs come with answers of the kind RESULT; the limit leg is the
// LIMIT_MAKER.
func (p newMarginOCO) echo(a OrderList) error {
	var e echo
	echoText(&e, "symbol", p.Symbol, a.Symbol)
	echoText(&e, "listClientOrderId", p.ListClientOrderID, a.ListClientOrderID)
	if len(a.Orders) != 2 {
		e.differ("legs", "2", strconv.Itoa(len(a.Orders)))
	}
	for _, leg := range a.OrderReports {
		echoText(&e, "side", p.Side, leg.Side)
		e.fixed("quantity", p.Quantity, leg.OrigQty)
		if leg.Type == "LIMIT_MAKER" {
			echoText(&e, "limitClientOrderId", p.LimitClientOrderID, leg.ClientOrderID)
			e.fixed("price", p.Price, leg.Price)
			continue
		}
		echoText(&e, "stopClientOrderId", p.StopClientOrderID, leg.ClientOrderID)
		e.fixed("stopPrice", p.StopPrice, leg.StopPrice)
		e.fixed("stopLimitPrice", p.StopLimitPrice, leg.Price)
		echoText(&e, "stopLimitTimeInForce", p.StopLimitTimeInForce, leg.TimeInForce)
	}
	return e.err()
}
