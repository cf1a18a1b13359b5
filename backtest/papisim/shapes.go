package papisim

import "github.com/pmbot/pmbot/exchange"

// The answers about futures orders are put together of these blocks, whose fields come in
// Binance's order on the wire. UM's and CM's differ in what stands between them.

// placedOrder begins the answer to a new or cancelled order.
type placedOrder struct {
	ClientOrderID string `json:"clientOrderId"`
	CumQty        string `json:"cumQty"`
	ExecutedQty   string `json:"executedQty"`
	OrderID       int64  `json:"orderId"`
	OrigQty       string `json:"origQty"`
	Price         string `json:"price"`
	ReduceOnly    bool   `json:"reduceOnly"`
	Side          string `json:"side"`
	PositionSide  string `json:"positionSide"`
	Status        string `json:"status"`
	Symbol        string `json:"symbol"`
}

func (r *record) placed(in *exchange.Instrument) placedOrder {
	filled := padded(r.Filled, in.Lot.Step)
	return placedOrder{
		ClientOrderID: r.name, CumQty: filled, ExecutedQty: filled, OrderID: r.id, OrigQty: padded(r.Request.Qty, in.Lot.Step),
		Price: paddedPrice(r.Request.Price, in.Tick), ReduceOnly: r.Request.ReduceOnly, Side: r.Request.Side.String(),
		PositionSide: r.Request.PositionSide.String(), Status: r.statusWord(), Symbol: in.Symbol,
	}
}

// orderKind is how long an order works, and what it is.
type orderKind struct {
	TimeInForce string `json:"timeInForce"`
	Type        string `json:"type"`
}

func (r *record) kind() orderKind { return orderKind{r.timeWord(), r.typeWord()} }

// amendedOrder begins the answer to an amend behind id and symbol. ModifyID is there when
// the caller has sent one.
type amendedOrder struct {
	Status        string `json:"status"`
	ClientOrderID string `json:"clientOrderId"`
	ModifyID      *int64 `json:"modifyId,omitempty"`
	Price         string `json:"price"`
	OrigQty       string `json:"origQty"`
	ExecutedQty   string `json:"executedQty"`
	CumQty        string `json:"cumQty"`
	orderKind
	ReduceOnly   bool   `json:"reduceOnly"`
	Side         string `json:"side"`
	PositionSide string `json:"positionSide"`
	OrigType     string `json:"origType"`
}

func (r *record) amended(in *exchange.Instrument, a *amendment) amendedOrder {
	filled := padded(r.Filled, in.Lot.Step)
	shown := amendedOrder{
		Status: r.statusWord(), ClientOrderID: r.name, Price: padded(r.Request.Price, in.Tick), OrigQty: padded(r.Request.Qty, in.Lot.Step),
		ExecutedQty: filled, CumQty: filled, orderKind: r.kind(), ReduceOnly: r.Request.ReduceOnly, Side: r.Request.Side.String(),
		PositionSide: r.Request.PositionSide.String(), OrigType: r.typeWord(),
	}
	if a.modified {
		shown.ModifyID = &a.modifyID
	}
	return shown
}

// queriedOrder is the middle of an order in the answers to queries.
type queriedOrder struct {
	ExecutedQty  string `json:"executedQty"`
	OrderID      int64  `json:"orderId"`
	OrigQty      string `json:"origQty"`
	OrigType     string `json:"origType"`
	Price        string `json:"price"`
	ReduceOnly   bool   `json:"reduceOnly"`
	Side         string `json:"side"`
	PositionSide string `json:"positionSide"`
	Status       string `json:"status"`
	Symbol       string `json:"symbol"`
}

func (r *record) queried(in *exchange.Instrument) queriedOrder {
	return queriedOrder{
		ExecutedQty: executed(r.Filled, in.Lot.Step), OrderID: r.id, OrigQty: padded(r.Request.Qty, in.Lot.Step), OrigType: r.typeWord(),
		Price: r.Request.Price.String(), ReduceOnly: r.Request.ReduceOnly, Side: r.Request.Side.String(),
		PositionSide: r.Request.PositionSide.String(), Status: r.statusWord(), Symbol: in.Symbol,
	}
}

// orderTimes is when an order came and changed last, with its kind in between.
type orderTimes struct {
	Time int64 `json:"time"`
	orderKind
	UpdateTime int64 `json:"updateTime"`
}

func (r *record) times() orderTimes {
	return orderTimes{r.Created.Millis(), r.kind(), r.Updated.Millis()}
}

// umModes is what only UM orders have.
type umModes struct {
	SelfTradePreventionMode string `json:"selfTradePreventionMode"`
	GoodTillDate            int64  `json:"goodTillDate"`
}

func (r *record) modes() umModes { return umModes{r.preventionWord(), r.Request.GoodTill.Millis()} }

// done is Binance's yes to requests without a result: an error's shape with a good code.
type done struct {
	Code int    `json:"code"`
	Msg  string `json:"msg"`
}

// doneText is done with the code as text, as CM and its conditional orders have it.
type doneText struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
}

// eachOf shows all of a list; an empty list is [] on the wire and never null.
func eachOf[T, V any](list []T, show func(T) V) []V {
	shown := make([]V, 0, len(list))
	for _, item := range list {
		shown = append(shown, show(item))
	}
	return shown
}
