package papisim

import (
	"net/http"
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// Codes that the exchange acts on.
const (
	codeFOK      = -5021
	codePostOnly = -5022
)

// official are the messages of Binance's error pages, by code: what the venue refuses is
// answered in these words and not in its own. %s is the symbol's minimum notional.
var official = map[int]string{
	-1014: "Unsupported order combination.",
	-1015: "Too many new orders.",
	-1108: "Invalid asset.",
	-1111: "Precision is over the maximum defined for this asset.",
	-1115: "Invalid timeInForce.",
	-1116: "Invalid orderType.",
	-1117: "Invalid side.",
	-1121: "Invalid symbol.",
	-1122: "Invalid symbol status.",
	-1128: "Combination of optional parameters invalid.",
	-2011: "Unknown order sent.",
	-2013: "Order does not exist.",
	-2018: "Balance is insufficient.",
	-2019: "Margin is insufficient.",
	-2021: "Order would immediately trigger.",
	-2022: "ReduceOnly Order is rejected.",
	-2023: "User in liquidation mode now.",
	-2025: "Reach max open order limit.",
	-2027: "Exceeded the maximum allowable position at current leverage.",
	-2028: "Leverage is smaller than permitted: insufficient margin balance.",
	-4001: "Price less than 0.",
	-4002: "Price greater than max price.",
	-4003: "Quantity less than zero.",
	-4004: "Quantity less than min quantity.",
	-4005: "Quantity greater than max quantity.",
	-4006: "Stop price less than zero.",
	-4007: "Stop price greater than max price.",
	-4013: "Price less than min price.",
	-4014: "Price not increased by tick size.",
	-4015: "Client order id is not valid.",
	-4016: "Price is higher than mark price multiplier cap.",
	-4023: "Qty not increased by step size.",
	-4024: "Price is lower than mark price multiplier floor.",
	-4031: "Invalid parameter working type",
	-4045: "Reach max stop order limit.",
	-4059: "No need to change position side.",
	-4060: "Invalid position side.",
	-4061: "Order's position side does not match user's setting.",
	-4067: "Position side cannot be changed if there exists open orders.",
	-4068: "Position side cannot be changed if there exists position.",
	-4087: "User can only place reduce only order",
	-4116: "clientOrderId is duplicated",
	-4131: "The counterparty's best price does not meet the PERCENT_PRICE filter limit",
	-4135: "Invalid activation price",
	-4137: "Quantity must be zero with closePosition equals true",
	-4164: "Order's notional must be no smaller than %s (unless you choose reduce only)",
	-4183: "Price is higher than stop price multiplier cap.",
	-4184: "Price is lower than stop price multiplier floor.",
	-5021: "Due to the order could not be filled immediately, the FOK order has been rejected.",
	-5022: "Due to the order could not be executed as maker, the Post Only order will be rejected.",
	-5025: "Only limit order is supported.",
	-5027: "No need to modify the order.",
	-5029: "Order's notional must be no smaller than %s",
	-5037: "Invalid price match",
	-5040: "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)",
}

// refusal is the answer to what the venue refuses, by its code; for codes with several
// messages, such as the filters of the spot engine, in the venue's words. The instrument may
// be nil where no message needs it.
func refusal(code int, reason string, in *exchange.Instrument) *web.Error {
	msg, ok := official[code]
	if !ok {
		msg = reason
	}
	if in != nil {
		msg = strings.ReplaceAll(msg, "%s", in.NotionalMin.Decimal().StringFixed(max(1, places(in.NotionalMin))))
	}
	e := &web.Error{Code: code, Msg: msg}
	if code == -1015 {
		e.Status = http.StatusTooManyRequests
	}
	return e
}
