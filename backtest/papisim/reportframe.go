package papisim

import (
	"github.com/pmbot/pmbot/exchange"
)

// executionReport is the event of a margin order. Of the fields that belong to trailing
// stops, strategies and self-trade prevention there are none.
type executionReport struct {
	Event      string  `json:"e"`
	Time       int64   `json:"E"`
	Symbol     string  `json:"s"`
	ClientID   string  `json:"c"`
	Side       string  `json:"S"`
	Type       string  `json:"o"`
	Force      string  `json:"f"`
	Qty        string  `json:"q"`
	Price      string  `json:"p"`
	Stop       string  `json:"P"`
	Iceberg    string  `json:"F"`
	List       int64   `json:"g"`
	Original   string  `json:"C"`
	Execution  string  `json:"x"`
	Status     string  `json:"X"`
	Reject     string  `json:"r"`
	ID         int64   `json:"i"`
	LastQty    string  `json:"l"`
	Filled     string  `json:"z"`
	LastPrice  string  `json:"L"`
	Fee        string  `json:"n"`
	FeeAsset   *string `json:"N"` // null without a commission
	At         int64   `json:"T"`
	Trade      int64   `json:"t"`
	Report     int64   `json:"I"`
	OnBook     bool    `json:"w"`
	Maker      bool    `json:"m"`
	Created    int64   `json:"O"`
	Quote      string  `json:"Z"`
	LastQuote  string  `json:"Y"`
	QuoteQty   string  `json:"Q"`
	Working    int64   `json:"W,omitempty"` // once it works
	Prevention string  `json:"V"`
	Expiry     string  `json:"eR,omitempty"` // of an order that has expired
}

// executionReport tells what has happened to a margin order. A cancel has a client id of
// its own, and the order's stands in C.
func (s *Sim) executionReport(n *news) executionReport {
	o, in := &n.order, s.ins.At(n.inst)
	r, at := &o.Request, n.at.Millis()
	s.user.executionID++
	e := executionReport{
		Event: "executionReport", Time: at, Symbol: in.Symbol, ClientID: o.name, Side: r.Side.String(), Type: o.marginWord(), Force: o.marginTime(),
		Qty: eight(r.Qty), Price: eight(r.Price), Stop: eight(r.Trigger), Iceberg: eight(r.Iceberg), List: -1,
		Execution: string(n.execution), Status: o.statusWord(), Reject: "NONE", ID: o.id, LastQty: eight(0), Filled: eight(o.Filled),
		LastPrice: eight(0), Fee: "0", At: at, Trade: -1, Report: s.user.executionID, OnBook: o.open() && !o.dormant(),
		Created: o.Created.Millis(), Quote: money8(o.quote), LastQuote: eight(0), QuoteQty: eight(r.QuoteQty), Prevention: o.marginPrevention(),
	}
	if o.orderList != nil {
		e.List = o.orderList.id
	}
	if !o.dormant() {
		e.Working = max(o.Created, o.triggered).Millis()
	}
	if f := n.fill; f != nil {
		e.LastQty, e.LastPrice, e.LastQuote = eight(f.Qty), eight(f.Price), money8(f.quote)
		e.Trade, e.Maker = f.id, f.Maker
		if !f.Fee.IsZero() {
			e.Fee, e.FeeAsset = money8(f.Fee), &f.FeeAsset
		}
	}
	switch n.execution {
	case executionTriggered: // it goes on as itself, and works now
		e.Execution, e.Status = string(executionNew), "NEW"
	case executionCalculated: // margin has no word for a liquidation
		e.Execution = string(executionTrade)
	case executionCanceled:
		if e.ClientID = o.canceledBy; e.ClientID == "" { // nobody asked for it
			e.ClientID = letters(s.user.random, clientIDLength)
		}
		e.Original = o.name
	case executionExpired:
		e.Expiry = o.expiry()
	}
	return e
}

func eight(f exchange.Fixed) string { return money8(f.Decimal()) }

// dormant says whether a stop of a margin pair has not triggered yet.
func (r *record) dormant() bool { return r.Request.Type.Conditional() && r.triggered == 0 }

// expiry is why an order has expired: what it did not find, or else nothing, for Binance
// lists no other reason.
func (r *record) expiry() string {
	t := r.Request.TimeInForce
	if !r.dormant() && (t == exchange.IOC || t == exchange.FOK || r.Request.Type.Market()) {
		return "INSUFFICIENT_LIQUIDITY"
	}
	return ""
}
