package papi

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Events of the user stream, one struct for each, with the letters of userdata.md in the
// order in which they stand there. Letters differ by case, and the same letter has another
// meaning in another event: T is a time in all but liabilityChange, where it is a
// transaction's id. Fields that are there only sometimes have their zero value else.

// unread is a field of which nothing is made: it may be anything, and costs nothing.
type unread struct{}

// UnmarshalJSONFrom passes over the value.
func (*unread) UnmarshalJSONFrom(d *jsontext.Decoder) error { return d.SkipValue() }

// orderTradeUpdate is ORDER_TRADE_UPDATE: news of an order on UM or CM.
type orderTradeUpdate struct {
	Business     string             `json:"fs"`
	EventTime    int64              `json:"E"`
	EngineTime   int64              `json:"T"`
	AccountAlias unread             `json:"i"`
	Order        futuresOrderUpdate `json:"o"`
}

// futuresOrderUpdate is the order of an orderTradeUpdate.
type futuresOrderUpdate struct {
	Symbol          string          `json:"s"`
	ClientID        string          `json:"c"`
	Side            string          `json:"S"`
	Type            unread          `json:"o"`
	TimeInForce     unread          `json:"f"`
	Qty             exchange.Fixed  `json:"q"`
	Price           exchange.Fixed  `json:"p"`
	AveragePrice    unread          `json:"ap"`
	Ignored         unread          `json:"sp"`
	Execution       string          `json:"x"`
	Status          string          `json:"X"`
	OrderID         int64           `json:"i"`
	LastQty         exchange.Fixed  `json:"l"`
	Filled          exchange.Fixed  `json:"z"`
	LastPrice       exchange.Fixed  `json:"L"`
	CommissionAsset string          `json:"N"`
	Commission      decimal.Decimal `json:"n"`
	TradeTime       unread          `json:"T"`
	TradeID         int64           `json:"t"`
	BidsNotional    unread          `json:"b"`
	AsksNotional    unread          `json:"a"`
	Maker           bool            `json:"m"`
	ReduceOnly      unread          `json:"R"`
	PositionSide    string          `json:"ps"`
	Realized        decimal.Decimal `json:"rp"`
	StrategyType    unread          `json:"st"`
	StrategyID      int64           `json:"si"`
	STP             unread          `json:"V"`
	GoodTill        unread          `json:"gtd"`
	PriceMatch      unread          `json:"pm"`
	ModifyID        unread          `json:"M"`
	ExpireReason    string          `json:"er"`
}

// algoUpdate is ALGO_UPDATE: news of a conditional order on UM.
type algoUpdate struct {
	EngineTime int64     `json:"T"`
	EventTime  int64     `json:"E"`
	Business   string    `json:"fs"`
	Order      algoOrder `json:"ao"`
}

// algoOrder is the order of an algoUpdate. ActualID is empty before the trigger.
type algoOrder struct {
	ClientID      string         `json:"caid"`
	AlgoID        int64          `json:"aid"`
	AlgoType      unread         `json:"at"`
	Type          unread         `json:"o"`
	Symbol        string         `json:"s"`
	Side          unread         `json:"S"`
	PositionSide  unread         `json:"ps"`
	TimeInForce   unread         `json:"f"`
	Qty           exchange.Fixed `json:"q"`
	Status        string         `json:"X"`
	ActualID      string         `json:"ai"`
	AveragePrice  unread         `json:"ap"`
	Filled        unread         `json:"aq"`
	ActualType    unread         `json:"act"`
	Trigger       unread         `json:"tp"`
	Price         exchange.Fixed `json:"p"`
	STP           unread         `json:"V"`
	WorkingType   unread         `json:"wt"`
	PriceMatch    unread         `json:"pm"`
	ClosePosition unread         `json:"cp"`
	PriceProtect  unread         `json:"pP"`
	ReduceOnly    unread         `json:"R"`
	TriggerTime   unread         `json:"tt"`
	GoodTill      unread         `json:"gtd"`
	Reason        string         `json:"rm"`
	Activated     unread         `json:"ia"`
}

// conditionalUpdate is CONDITIONAL_ORDER_TRADE_UPDATE: news of a conditional order on CM.
type conditionalUpdate struct {
	EngineTime int64            `json:"T"`
	EventTime  int64            `json:"E"`
	Business   string           `json:"fs"`
	Order      conditionalOrder `json:"so"`
}

// conditionalOrder is the order of a conditionalUpdate. OrderID is 0 before the trigger.
type conditionalOrder struct {
	Symbol        string         `json:"s"`
	ClientID      string         `json:"c"`
	StrategyID    int64          `json:"si"`
	Side          unread         `json:"S"`
	Type          unread         `json:"st"`
	TimeInForce   unread         `json:"f"`
	Qty           exchange.Fixed `json:"q"`
	Price         exchange.Fixed `json:"p"`
	Trigger       unread         `json:"sp"`
	Status        string         `json:"os"`
	BookTime      unread         `json:"T"`
	UpdateTime    int64          `json:"ut"`
	ReduceOnly    unread         `json:"R"`
	WorkingType   unread         `json:"wt"`
	PositionSide  unread         `json:"ps"`
	ClosePosition unread         `json:"cp"`
	Activation    unread         `json:"AP"`
	CallbackRate  unread         `json:"cr"`
	OrderID       int64          `json:"i"`
	STP           unread         `json:"V"`
	GoodTill      unread         `json:"gtd"`
	PriceMatch    unread         `json:"pm"`
}

// accountUpdate is ACCOUNT_UPDATE: balances and positions of UM or CM that have
// changed. Positions are made of fills, so those here are passed over.
type accountUpdate struct {
	Business     string `json:"fs"`
	EventTime    int64  `json:"E"`
	EngineTime   int64  `json:"T"`
	AccountAlias unread `json:"i"`
	Account      struct {
		Reason    string          `json:"m"`
		Symbol    unread          `json:"S"`
		Balances  []balanceChange `json:"B"`
		Positions unread          `json:"P"`
	} `json:"a"`
}

// balanceChange is an asset of an accountUpdate: what its futures wallet has come to.
type balanceChange struct {
	Asset       string          `json:"a"`
	Wallet      decimal.Decimal `json:"wb"`
	CrossWallet unread          `json:"cw"`
	Change      unread          `json:"bc"`
}

// configUpdate is ACCOUNT_CONFIG_UPDATE: another leverage.
type configUpdate struct {
	Business   string `json:"fs"`
	EventTime  int64  `json:"E"`
	EngineTime int64  `json:"T"`
	Config     struct {
		Symbol   string `json:"s"`
		Leverage int64  `json:"l"`
	} `json:"ac"`
}

// executionReport is executionReport: news of a margin order. CommissionAsset is null and
// TradeID -1 without a trade, OrderListID -1 outside of an OCO. The fields from
// PreventedMatchID on are there only when self-trade prevention was at work.
type executionReport struct {
	EventTime       int64           `json:"E"`
	Symbol          string          `json:"s"`
	ClientID        string          `json:"c"`
	Side            string          `json:"S"`
	Type            unread          `json:"o"`
	TimeInForce     unread          `json:"f"`
	Qty             exchange.Fixed  `json:"q"`
	Price           exchange.Fixed  `json:"p"`
	Trigger         unread          `json:"P"`
	TrailingDelta   unread          `json:"d"`
	Iceberg         unread          `json:"F"`
	OrderListID     int64           `json:"g"`
	OrigClientID    string          `json:"C"`
	Execution       string          `json:"x"`
	Status          string          `json:"X"`
	RejectReason    string          `json:"r"`
	OrderID         int64           `json:"i"`
	LastQty         exchange.Fixed  `json:"l"`
	Filled          exchange.Fixed  `json:"z"`
	LastPrice       exchange.Fixed  `json:"L"`
	Commission      decimal.Decimal `json:"n"`
	CommissionAsset string          `json:"N"`
	EngineTime      int64           `json:"T"`
	TradeID         int64           `json:"t"`
	ExecutionID     unread          `json:"I"`
	OnBook          unread          `json:"w"`
	Maker           bool            `json:"m"`
	Created         unread          `json:"O"`
	FilledQuote     unread          `json:"Z"`
	LastQuote       unread          `json:"Y"`
	QuoteQty        unread          `json:"Q"`
	TrailingTime    unread          `json:"D"`
	StrategyID      unread          `json:"j"`
	StrategyType    unread          `json:"J"`
	WorkingTime     unread          `json:"W"`
	STP             unread          `json:"V"`
	ExpireReason    string          `json:"eR"`

	PreventedMatchID unread `json:"v"`
	TradeGroupID     unread `json:"u"`
	CounterOrderID   unread `json:"U"`
	PreventedQty     unread `json:"A"`
	LastPrevented    unread `json:"B"`
	CounterSymbol    unread `json:"Cs"`
	PreventedLast    unread `json:"pl"`
	PreventedPrice   unread `json:"pL"`
	PreventedQuote   unread `json:"pY"`
}

// marginPosition is outboundAccountPosition: what assets of the margin wallet have come to.
type marginPosition struct {
	EventTime  int64 `json:"E"`
	UpdateTime int64 `json:"u"`
	UpdateID   int64 `json:"U"`
	Balances   []struct {
		Asset  string          `json:"a"`
		Free   decimal.Decimal `json:"f"`
		Locked decimal.Decimal `json:"l"`
	} `json:"B"`
}

// balanceUpdate is balanceUpdate: money came into the margin wallet, or went.
type balanceUpdate struct {
	EventTime int64           `json:"E"`
	Asset     string          `json:"a"`
	Delta     decimal.Decimal `json:"d"`
	UpdateID  int64           `json:"U"`
	ClearTime int64           `json:"T"`
}

// liabilityChange is liabilityChange: a loan was taken, repaid or charged. Transaction is
// no time.
type liabilityChange struct {
	EventTime   int64           `json:"E"`
	Asset       string          `json:"a"`
	Type        string          `json:"t"`
	Transaction int64           `json:"T"`
	Principal   decimal.Decimal `json:"p"`
	Interest    decimal.Decimal `json:"i"`
	Total       decimal.Decimal `json:"l"`
}

// openOrderLoss is openOrderLoss: what margin orders would lose, by asset.
type openOrderLoss struct {
	EventTime int64  `json:"E"`
	Losses    unread `json:"O"`
}

// riskLevelChange is riskLevelChange: uniMMR has crossed a line.
type riskLevelChange struct {
	EventTime    int64           `json:"E"`
	UniMMR       decimal.Decimal `json:"u"`
	Status       string          `json:"s"`
	Equity       decimal.Decimal `json:"eq"`
	ActualEquity decimal.Decimal `json:"ae"`
	MaintMargin  decimal.Decimal `json:"m"`
}

// listenKeyExpired is listenKeyExpired: nothing more comes with this key.
type listenKeyExpired struct {
	EventTime int64 `json:"E"`
}

// unknownEvent is one of a name that this package does not know.
type unknownEvent struct{ name string }

// errEvent is what all errors of events are.
var errEvent = errors.New("event not understood")

// envelope is what every frame begins with: an event's name, or the event as Data.
type envelope struct {
	Name string         `json:"e"`
	Data jsontext.Value `json:"data"`
}

// unwrap takes a frame out of its envelope: a frame is an event, or {"stream", "data"} around
// one. It returns the event and its name.
func unwrap(frame []byte) (event, name []byte, err error) {
	if name, ok := leading(frame); ok {
		return frame, name, nil
	}
	var head envelope
	if err := decode(frame, &head); err != nil {
		return nil, nil, fmt.Errorf("%w: frame: %w", errEvent, err)
	}
	if head.Name == "" && len(head.Data) > 0 {
		var inner envelope
		if err := decode(head.Data, &inner); err != nil {
			return nil, nil, fmt.Errorf("%w: data of the frame: %w", errEvent, err)
		}
		frame, head.Name = head.Data, inner.Name
	}
	if head.Name == "" {
		return nil, nil, fmt.Errorf("%w: a frame without e", errEvent)
	}
	return frame, []byte(head.Name), nil
}

// leading is the name of an event that begins with it, as all do that Binance sends: reading
// the frame for its name first would cost as much again (BenchmarkOrderTradeUpdate). That
// the rest is sound is for the decoder of the event.
func leading(frame []byte) (name []byte, ok bool) {
	const start = `{"e":"`
	if !bytes.HasPrefix(frame, []byte(start)) {
		return nil, false
	}
	word := frame[len(start):]
	n := bytes.IndexByte(word, '"')
	if n < 1 || bytes.IndexByte(word[:n], '\\') >= 0 {
		return nil, false
	}
	return word[:n], true
}

// parseEvent decodes a frame into the struct of its event.
func parseEvent(frame []byte) (any, error) {
	data, name, err := unwrap(frame)
	if err != nil {
		return nil, err
	}
	var event any
	switch string(name) {
	case "ORDER_TRADE_UPDATE":
		event = &orderTradeUpdate{}
	case "ALGO_UPDATE":
		event = &algoUpdate{}
	case "CONDITIONAL_ORDER_TRADE_UPDATE":
		event = &conditionalUpdate{}
	case "ACCOUNT_UPDATE":
		event = &accountUpdate{}
	case "ACCOUNT_CONFIG_UPDATE":
		event = &configUpdate{}
	case "executionReport":
		event = &executionReport{}
	case "outboundAccountPosition":
		event = &marginPosition{}
	case "balanceUpdate":
		event = &balanceUpdate{}
	case "liabilityChange":
		event = &liabilityChange{}
	case "openOrderLoss":
		event = &openOrderLoss{}
	case "riskLevelChange":
		event = &riskLevelChange{}
	case "listenKeyExpired":
		event = &listenKeyExpired{}
	default:
		return &unknownEvent{name: brief(string(name))}, nil
	}
	if err := decode(data, event); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errEvent, name, err)
	}
	return event, nil
}

// brief bounds text from outside that goes into an error.
func brief(s string) string {
	const most = 80
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
