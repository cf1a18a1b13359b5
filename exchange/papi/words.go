package papi

import "github.com/pmbot/pmbot/exchange"

// The words of Binance are texts in requests and answers, so that one which is new survives
// being read. Known translates them into the vocabulary, and says false to a word that
// nobody here knows: such an order or account is not understood, and must not be acted on
// as if it were.

// Side is "BUY" or "SELL".
type Side string

// Known is the side.
func (s Side) Known() (exchange.Side, bool) {
	v, err := exchange.ParseSide(string(s))
	return v, err == nil
}

// PositionSide is "BOTH", "LONG" or "SHORT". Margin orders have none.
type PositionSide string

// Known is the position side; "" is that of margin, Both.
func (p PositionSide) Known() (exchange.PositionSide, bool) {
	if p == "" {
		return exchange.Both, true
	}
	v, err := exchange.ParsePositionSide(string(p))
	return v, err == nil
}

// TimeInForce is "GTC", "IOC", "FOK", "GTX" or "GTD".
type TimeInForce string

// Known is the time in force.
func (t TimeInForce) Known() (exchange.TimeInForce, bool) {
	v, err := exchange.ParseTimeInForce(string(t))
	return v, err == nil
}

// OrderType is the type of a futures order, plain or conditional, such as "STOP_MARKET".
// Orders of a liquidation are "LIQUIDATION", which no order of ours can be.
type OrderType string

// Known is the type.
func (t OrderType) Known() (exchange.OrderType, bool) {
	v, err := exchange.ParseOrderType(string(t))
	return v, err == nil && v != exchange.OCO
}

// MarginOrderType is the type of a margin order, such as "STOP_LOSS_LIMIT".
type MarginOrderType string

// Known is the type, and for "LIMIT_MAKER" the time in force that it stands for; for all
// others the time in force is GTC and the order's own counts.
func (t MarginOrderType) Known() (exchange.OrderType, exchange.TimeInForce, bool) {
	switch t {
	case "LIMIT":
		return exchange.Limit, exchange.GTC, true
	case "LIMIT_MAKER":
		return exchange.Limit, exchange.GTX, true
	case "MARKET":
		return exchange.Market, exchange.GTC, true
	case "STOP_LOSS":
		return exchange.StopMarket, exchange.GTC, true
	case "STOP_LOSS_LIMIT":
		return exchange.Stop, exchange.GTC, true
	case "TAKE_PROFIT":
		return exchange.TakeProfitMarket, exchange.GTC, true
	case "TAKE_PROFIT_LIMIT":
		return exchange.TakeProfit, exchange.GTC, true
	default:
		return 0, exchange.GTC, false
	}
}

// OrderStatus is where a plain order stands, such as "PARTIALLY_FILLED".
type OrderStatus string

// Known is the status. "EXPIRED_IN_MATCH", an order ended by self-trade prevention, is
// StatusExpired.
func (s OrderStatus) Known() (exchange.OrderStatus, bool) {
	switch s {
	case "NEW":
		return exchange.StatusWorking, true
	case "PARTIALLY_FILLED":
		return exchange.StatusPartiallyFilled, true
	case "FILLED":
		return exchange.StatusFilled, true
	case "CANCELED":
		return exchange.StatusCanceled, true
	case "EXPIRED", "EXPIRED_IN_MATCH":
		return exchange.StatusExpired, true
	case "REJECTED":
		return exchange.StatusRejected, true
	default:
		return 0, false
	}
}

// ConditionalStatus is where a conditional order stands: the algoStatus of USD-M and the
// strategyStatus of COIN-M, such as "TRIGGERED".
type ConditionalStatus string

// Known is the status.
func (s ConditionalStatus) Known() (exchange.OrderStatus, bool) {
	switch s {
	case "NEW":
		return exchange.StatusWorking, true
	case "TRIGGERING":
		return exchange.StatusTriggering, true
	case "TRIGGERED":
		return exchange.StatusTriggered, true
	case "FINISHED":
		return exchange.StatusFinished, true
	case "CANCELED":
		return exchange.StatusCanceled, true
	case "EXPIRED":
		return exchange.StatusExpired, true
	case "REJECTED":
		return exchange.StatusRejected, true
	default:
		return 0, false
	}
}

// AccountStatus is how near the account is to liquidation, such as "NORMAL".
type AccountStatus string

// Known is the status.
func (s AccountStatus) Known() (exchange.AccountStatus, bool) {
	v, err := exchange.ParseAccountStatus(string(s))
	return v, err == nil
}

// IncomeType is the kind of an income entry, such as "FUNDING_FEE".
type IncomeType string

// Known is the reason for a booking. Bonuses, rebates and the entries of other products
// than futures move money as a transfer does. "DELIVERED_SETTELMENT" is Binance's spelling.
func (t IncomeType) Known() (exchange.Reason, bool) {
	switch t {
	case "DELIVERED_SETTELMENT":
		return exchange.ReasonDelivery, true
	case "WELCOME_BONUS", "REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "CONTEST_REWARD",
		"CROSS_COLLATERAL_TRANSFER", "OPTIONS_PREMIUM_FEE", "OPTIONS_SETTLE_PROFIT", "INTERNAL_TRANSFER",
		"COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "POSITION_LIMIT_INCREASE_FEE":
		return exchange.ReasonTransfer, true
	case "TRANSFER", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION", "INSURANCE_CLEAR", "AUTO_EXCHANGE":
		v, err := exchange.ParseReason(string(t))
		return v, err == nil
	default:
		return 0, false
	}
}
