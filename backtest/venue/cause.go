package venue

import "fmt"

// cause is Binance's reason for refusing or ending an order: its error code and what it
// says. The zero cause is no objection.
type cause struct {
	code   int
	reason string
}

// Error is what the exchange answers to a request on the account that it refuses.
type Error struct {
	// Code is Binance's error code, 0 where it has none.
	Code   int
	Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("%d %s", e.Code, e.Reason) }

// err is the cause as an error for whoever has called; no objection is nil.
func (c cause) err() error {
	if c == (cause{}) {
		return nil
	}
	return &Error{c.code, c.reason}
}

// The causes, with the codes of the Portfolio Margin error page. Orders on margin pairs
// meet the spot engine, which has one code for all filters.
var (
	errFilterPrice    = cause{-1013, "Filter failure: PRICE_FILTER"}
	errFilterLot      = cause{-1013, "Filter failure: LOT_SIZE"}
	errFilterNotional = cause{-1013, "Filter failure: NOTIONAL"}
	errFilterPercent  = cause{-1013, "Filter failure: PERCENT_PRICE"}

	errFilterOrders     = cause{-1013, "Filter failure: MAX_NUM_ORDERS"}
	errFilterAlgoOrders = cause{-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"}

	errCombination  = cause{-1014, "Unsupported order combination."}
	errTooMany      = cause{-1015, "Too many new orders."}
	errCharacters   = cause{-1100, "Illegal characters found in parameter 'newClientOrderId'."}
	errParameter    = cause{-1106, "Parameter sent when not required."}
	errTimeInForce  = cause{-1115, "Invalid timeInForce."}
	errOrderType    = cause{-1116, "Invalid orderType."}
	errSide         = cause{-1117, "Invalid side."}
	errSymbol       = cause{-1121, "Invalid symbol."}
	errSymbolStatus = cause{-1122, "Invalid symbol status."}
	errOptional     = cause{-1128, "Combination of optional parameters invalid."}
	errSideEffect   = cause{-1130, "Data sent for parameter 'sideEffectType' is not valid."}
	errCallback     = cause{-1130, "Data sent for parameter 'callbackRate' is not valid."}

	errBalance         = cause{-2010, "Account has insufficient balance for requested action."}
	errDuplicateSpot   = cause{-2010, "Duplicate order sent."}
	errWouldTake       = cause{-2010, "Order would immediately match and take."}
	errTriggersNowSpot = cause{-2010, "Stop price would trigger immediately."}
	errOCOPrices       = cause{-2010, "The relationship of the prices for the orders is not correct."}
	errCancel          = cause{-2011, "Unknown order sent."}
	errNoOrder         = cause{-2013, "Order does not exist."}
	errMargin          = cause{-2019, "Margin is insufficient."}
	errTriggersNow     = cause{-2021, "Order would immediately trigger."}
	errReduceOnly      = cause{-2022, "ReduceOnly Order is rejected."}
	errLiquidation     = cause{-2023, "User in liquidation mode now."}
	errOrdersMax       = cause{-2025, "Reach max open order limit."}
	errLeverage        = cause{-2027, "Exceeded the maximum allowable position at current leverage."}

	errLowLeverage = cause{-2028, "Leverage is smaller than permitted: insufficient margin balance."}

	errPriceZero       = cause{-4001, "Price less than 0."}
	errPriceMax        = cause{-4002, "Price greater than max price."}
	errQtyZero         = cause{-4003, "Quantity less than zero."}
	errQtyMin          = cause{-4004, "Quantity less than min quantity."}
	errQtyMax          = cause{-4005, "Quantity greater than max quantity."}
	errTriggerZero     = cause{-4006, "Stop price less than zero."}
	errTriggerMax      = cause{-4007, "Stop price greater than max price."}
	errPriceMin        = cause{-4013, "Price less than min price."}
	errTick            = cause{-4014, "Price not increased by tick size."}
	errClientID        = cause{-4015, "Client order id is not valid."}
	errPercentUp       = cause{-4016, "Price is higher than mark price multiplier cap."}
	errStep            = cause{-4023, "Qty not increased by step size."}
	errPercentDown     = cause{-4024, "Price is lower than mark price multiplier floor."}
	errBadLeverage     = cause{-4028, "Leverage is not valid"}
	errWorkingType     = cause{-4031, "Invalid parameter working type"}
	errAlgoOrdersMax   = cause{-4045, "Reach max stop order limit."}
	errModeSame        = cause{-4059, "No need to change position side."}
	errBadPositionSide = cause{-4060, "Invalid position side."}
	errPositionSide    = cause{-4061, "Order's position side does not match user's setting."}
	errModeOrders      = cause{-4067, "Position side cannot be changed if there exists open orders."}
	errModePosition    = cause{-4068, "Position side cannot be changed if there exists position."}
	errReduceAccount   = cause{-4087, "User can only place reduce only order"}
	errDuplicate       = cause{-4116, "clientOrderId is duplicated"}
	errMarketPrice     = cause{-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit"}
	errActivation      = cause{-4135, "Invalid activation price"}
	errCloseQty        = cause{-4137, "Quantity must be zero with closePosition equals true"}
	errNotional        = cause{-4164, "Order's notional is too small (unless you choose reduce only)"}
	errStopUp          = cause{-4183, "Price is higher than stop price multiplier cap."}
	errStopDown        = cause{-4184, "Price is lower than stop price multiplier floor."}

	errFOK           = cause{-5021, "Due to the order could not be filled immediately, the FOK order has been rejected."}
	errPostOnly      = cause{-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."}
	errLimitOnly     = cause{-5025, "Only limit order is supported."}
	errSame          = cause{-5027, "No need to modify the order."}
	errAmendNotional = cause{-5029, "Order's notional is too small"}
	errPriceMatch    = cause{-5037, "Invalid price match"}
	errGoodTill      = cause{-5040, "The goodTillDate timestamp must be greater than the current time plus 600 seconds"}

	errAsset       = cause{-1108, "Invalid asset."}
	errPrecision   = cause{-1111, "Precision is over the maximum defined for this asset."}
	errAmount      = cause{-1130, "Data sent for parameter 'amount' is not valid."}
	errShort       = cause{-2018, "Balance is insufficient."}
	errBorrowMax   = cause{51006, "Exceeds maximum borrowable amount."}
	errBanned      = cause{51014, "This asset is currently not available for borrowing."}
	errInventory   = cause{51061, "Due to high borrowing demand, there are currently insufficient loanable assets. Please adjust your borrow amount or try again tomorrow."}
	errLiquidating = cause{51068, "Unable to trade. Your margin account is currently in liquidation. Please try again once liquidation is processed."}
	errNotAllowed  = cause{51122, "Portfolio Margin account users cannot use this function."}

	// Reasons without a code of Binance's.
	errExpired     = cause{0, "good till date"}
	errLiquidated  = cause{0, "account liquidation"}
	errDeleveraged = cause{0, "auto-deleveraging"}
	errSymbolEnded = cause{0, "symbol status"}
	errOtherLeg    = cause{0, "the other leg of the OCO"}
	errSelfTrade   = cause{0, "self-trade prevention"}
	errTakeBound   = cause{0, "price bound of market orders"}
	errDelivered   = cause{0, "delivery"}
)
