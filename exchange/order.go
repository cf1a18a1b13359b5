package exchange

// OrderType is the kind of an order, over all three products. Margin's STOP_LOSS and
// TAKE_PROFIT are StopMarket and TakeProfitMarket here, its *_LIMIT kinds are Stop and
// TakeProfit, and its LIMIT_MAKER is Limit with GTX.
type OrderType uint8

const (
	// Limit rests at its price or better.
	Limit OrderType = iota + 1
	// Market takes what is there.
	Market
	// Stop becomes a limit order when the working price reaches the trigger from the
	// losing side: up for a buy, down for a sell.
	Stop
	// StopMarket is Stop with a market order.
	StopMarket
	// TakeProfit becomes a limit order when the working price reaches the trigger from
	// the winning side: down for a buy, up for a sell.
	TakeProfit
	// TakeProfitMarket is TakeProfit with a market order.
	TakeProfitMarket
	// TrailingStopMarket follows the best price since its activation at a distance.
	TrailingStopMarket
	// OCO is a margin pair of a limit order and a stop, of which one cancels the other.
	OCO
)

var orderTypeNames = enum{
	Limit: "LIMIT", Market: "MARKET", Stop: "STOP", StopMarket: "STOP_MARKET",
	TakeProfit: "TAKE_PROFIT", TakeProfitMarket: "TAKE_PROFIT_MARKET",
	TrailingStopMarket: "TRAILING_STOP_MARKET", OCO: "OCO",
}

func (t OrderType) String() string { return orderTypeNames.text("OrderType", int(t)) }

// ParseOrderType reads the futures names, such as "STOP_MARKET".
func ParseOrderType(s string) (OrderType, error) {
	v, err := orderTypeNames.parse("order type", s)
	return OrderType(v), err
}

// Conditional says whether the order waits for a trigger before it works.
func (t OrderType) Conditional() bool { return t >= Stop && t <= TrailingStopMarket }

// Market says whether the order takes any price once it works.
func (t OrderType) Market() bool {
	return t == Market || t == StopMarket || t == TakeProfitMarket || t == TrailingStopMarket
}

// MarshalText writes the name.
func (t OrderType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what [ParseOrderType] reads.
func (t *OrderType) UnmarshalText(b []byte) (err error) {
	*t, err = ParseOrderType(string(b))
	return err
}

// TimeInForce says how long an order works.
type TimeInForce uint8

const (
	// GTC works until it is filled or cancelled. It is the zero value.
	GTC TimeInForce = iota
	// IOC fills what it can at once and expires with the rest.
	IOC
	// FOK fills completely at once or expires.
	FOK
	// GTX is post-only: it expires when it would take.
	GTX
	// GTD is GTC until OrderRequest.GoodTill.
	GTD
)

var timeInForceNames = enum{GTC: "GTC", IOC: "IOC", FOK: "FOK", GTX: "GTX", GTD: "GTD"}

func (t TimeInForce) String() string { return timeInForceNames.text("TimeInForce", int(t)) }

// ParseTimeInForce reads "GTC", "IOC", "FOK", "GTX" or "GTD".
func ParseTimeInForce(s string) (TimeInForce, error) {
	v, err := timeInForceNames.parse("time in force", s)
	return TimeInForce(v), err
}

// MarshalText writes the name.
func (t TimeInForce) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what [ParseTimeInForce] reads.
func (t *TimeInForce) UnmarshalText(b []byte) (err error) {
	*t, err = ParseTimeInForce(string(b))
	return err
}

// WorkingType is the price that triggers a conditional order.
type WorkingType uint8

const (
	// ContractPrice is the last trade. It is Binance's default and the zero value.
	ContractPrice WorkingType = iota
	// MarkPrice is the mark.
	MarkPrice
)

var workingTypeNames = enum{ContractPrice: "CONTRACT_PRICE", MarkPrice: "MARK_PRICE"}

func (w WorkingType) String() string { return workingTypeNames.text("WorkingType", int(w)) }

// PriceMatch lets the engine set a limit price from its own book (futures only).
type PriceMatch uint8

const (
	// PriceMatchNone uses OrderRequest.Price.
	PriceMatchNone PriceMatch = iota
	// Opponent is the best price of the other side; Opponent5 to 20 that many levels in.
	Opponent
	Opponent5
	Opponent10
	Opponent20
	// Queue is the best price of the own side; Queue5 to 20 that many levels behind.
	Queue
	Queue5
	Queue10
	Queue20
)

var priceMatchNames = enum{
	PriceMatchNone: "NONE", Opponent: "OPPONENT", Opponent5: "OPPONENT_5", Opponent10: "OPPONENT_10",
	Opponent20: "OPPONENT_20", Queue: "QUEUE", Queue5: "QUEUE_5", Queue10: "QUEUE_10", Queue20: "QUEUE_20",
}

func (p PriceMatch) String() string { return priceMatchNames.text("PriceMatch", int(p)) }

// STP is self-trade prevention: which of two orders of one account expires when they
// would trade with each other.
type STP uint8

const (
	// STPDefault leaves the choice to the exchange.
	STPDefault STP = iota
	STPNone
	ExpireTaker
	ExpireMaker
	ExpireBoth
)

var stpNames = enum{
	STPDefault: "DEFAULT", STPNone: "NONE", ExpireTaker: "EXPIRE_TAKER", ExpireMaker: "EXPIRE_MAKER",
	ExpireBoth: "EXPIRE_BOTH",
}

func (s STP) String() string { return stpNames.text("STP", int(s)) }

// SideEffect says what a margin order does about loans.
type SideEffect uint8

const (
	// NoSideEffect trades what is there. It is Binance's default and the zero value.
	NoSideEffect SideEffect = iota
	// MarginBuy borrows what is missing.
	MarginBuy
	// AutoRepay repays loans with what comes in.
	AutoRepay
	// AutoBorrowRepay does both.
	AutoBorrowRepay
)

var sideEffectNames = enum{
	NoSideEffect: "NO_SIDE_EFFECT", MarginBuy: "MARGIN_BUY", AutoRepay: "AUTO_REPAY", AutoBorrowRepay: "AUTO_BORROW_REPAY",
}

func (s SideEffect) String() string { return sideEffectNames.text("SideEffect", int(s)) }

// OrderRequest is an order as we want it, of any kind papi takes. Fields that a kind
// does not use are zero.
type OrderRequest struct {
	Inst         InstrumentID
	Side         Side
	PositionSide PositionSide
	Type         OrderType
	TimeInForce  TimeInForce
	// Qty is in base coin for UM and margin, in contracts for CM. It is 0 only with
	// ClosePosition or QuoteQty.
	Qty Fixed
	// Price is the limit price of Limit, Stop and TakeProfit, and of an OCO's limit leg.
	Price Fixed
	// Trigger is the price at which a conditional order starts to work, and of an OCO's
	// stop leg; StopPrice is the limit of that leg, 0 for a market stop.
	Trigger, StopPrice Fixed
	WorkingType        WorkingType
	// PriceProtect holds the trigger back while mark and last price differ too much.
	PriceProtect bool
	// Activation and Callback belong to TrailingStopMarket: the price from which it
	// follows (0: at once) and its distance as a ratio, 0.01 for 1%.
	Activation, Callback Fixed
	// ReduceOnly is Binance's flag of that name: the order may only shrink its own
	// position. It says nothing about the risk of the account.
	ReduceOnly bool
	// ClosePosition closes whatever the position is at the trigger (UM algo only).
	ClosePosition bool
	// GoodTill ends a GTD order, in whole seconds and at least ten minutes ahead.
	GoodTill   Time
	PriceMatch PriceMatch
	STP        STP
	// SideEffect, QuoteQty and Iceberg belong to margin orders: borrowing, the amount of
	// a market order in quote asset, and the visible part of a limit order.
	SideEffect        SideEffect
	QuoteQty, Iceberg Fixed
}

// ClosesLeg says whether the order is on the closing side of its leg of hedge mode, where the
// exchange keeps it from opening anything.
func (r *OrderRequest) ClosesLeg() bool {
	return r.PositionSide == Long && r.Side == Sell || r.PositionSide == Short && r.Side == Buy
}

// OnlyCloses says whether the exchange itself keeps the order from doing more than close a
// position.
func (r *OrderRequest) OnlyCloses() bool { return r.ReduceOnly || r.ClosePosition || r.ClosesLeg() }

// Protects says whether the order is a stop that only closes: what a kill function leaves in
// place. One that takes profit protects nobody.
func (r *OrderRequest) Protects() bool {
	switch r.Type {
	case Stop, StopMarket, TrailingStopMarket:
		return r.OnlyCloses()
	}
	return false
}

// OrderID is our own number of an order: unique in a journal, rising, never reused.
// 0 is no order.
type OrderID uint64

// StrategyID is the place of a strategy in the configuration, from 1. 0 is the house:
// operator, guard, and orders that no strategy of ours has sent.
type StrategyID uint8

// OrderStatus is where an order stands in its life; see package engine for the walk.
type OrderStatus uint8

const (
	// StatusPendingNew is sent and not answered.
	StatusPendingNew OrderStatus = iota + 1
	// StatusWorking is accepted: in the book, or waiting for its trigger.
	StatusWorking
	// StatusPartiallyFilled is working with a part filled.
	StatusPartiallyFilled
	// StatusPendingCancel and StatusPendingAmend wait for an answer while working.
	StatusPendingCancel
	StatusPendingAmend
	// StatusTriggering and StatusTriggered: a conditional order whose child is being
	// made, and has been made.
	StatusTriggering
	StatusTriggered
	// StatusUnknown is an order whose last request got no definite answer. Its risk is
	// held until exchange truth ends the doubt.
	StatusUnknown
	// From here on the order is over.

	// StatusFilled is completely filled.
	StatusFilled
	// StatusCanceled was cancelled by us or an operator.
	StatusCanceled
	// StatusExpired was ended by the exchange: IOC rest, post-only, GTD, reduce-only, STP.
	StatusExpired
	// StatusRejected was refused by the exchange and never worked.
	StatusRejected
	// StatusFinished is a conditional order whose child is over.
	StatusFinished
	// StatusNotArrived is an Unknown order that provably never reached the exchange.
	StatusNotArrived
)

var orderStatusNames = enum{
	StatusPendingNew: "PENDING_NEW", StatusWorking: "WORKING", StatusPartiallyFilled: "PARTIALLY_FILLED",
	StatusPendingCancel: "PENDING_CANCEL", StatusPendingAmend: "PENDING_AMEND", StatusTriggering: "TRIGGERING",
	StatusTriggered: "TRIGGERED", StatusUnknown: "UNKNOWN", StatusFilled: "FILLED", StatusCanceled: "CANCELED",
	StatusExpired: "EXPIRED", StatusRejected: "REJECTED", StatusFinished: "FINISHED", StatusNotArrived: "NOT_ARRIVED",
}

func (s OrderStatus) String() string { return orderStatusNames.text("OrderStatus", int(s)) }

// Working says whether the order can fill, be amended and be cancelled.
func (s OrderStatus) Working() bool { return s == StatusWorking || s == StatusPartiallyFilled }

// Final says whether nothing more can happen to the order.
func (s OrderStatus) Final() bool { return s >= StatusFilled }

// Order is what we sent and where it stands. ID and Request.Inst never change; an amend
// changes Request.Price and Request.Qty.
type Order struct {
	ID       OrderID
	Strategy StrategyID
	// Ref is the strategy's own number for the intent that made the order.
	Ref     uint64
	Request OrderRequest
	Status  OrderStatus
	// ClientID is our name for the order at the exchange: made before it is sent, unique
	// across restarts, at most 32 characters.
	ClientID string
	// VenueID is the exchange's number, 0 until it answered.
	VenueID int64
	// Parent is the conditional order whose trigger made this one, or 0.
	Parent OrderID
	// Filled is the sum of fills in the request's unit; Created and Updated are event
	// times.
	Filled           Fixed
	Created, Updated Time
}

// Remaining is what can still fill. It is never negative.
func (o *Order) Remaining() Fixed { return max(0, o.Request.Qty-o.Filled) }
