package papisim

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// The events of the user stream. Fields that are only there in some cases are left out in
// the others.

type orderUpdate struct {
	Event string     `json:"e"`
	Unit  string     `json:"fs"`
	Time  int64      `json:"E"`
	At    int64      `json:"T"`
	Alias string     `json:"i"`
	Order orderInner `json:"o"`
}

type orderInner struct {
	Symbol     string `json:"s"`
	ClientID   string `json:"c"`
	Side       string `json:"S"`
	Type       string `json:"o"`
	Force      string `json:"f"`
	Qty        string `json:"q"`
	Price      string `json:"p"`
	Average    string `json:"ap"`
	Ignore     string `json:"sp"`
	Execution  string `json:"x"`
	Status     string `json:"X"`
	ID         int64  `json:"i"`
	ModifyID   string `json:"M,omitempty"` // of an amend that has named itself
	LastQty    string `json:"l"`
	Filled     string `json:"z"`
	LastPrice  string `json:"L"`
	FeeAsset   string `json:"N,omitempty"` // with a commission only
	Fee        string `json:"n,omitempty"`
	At         int64  `json:"T"`
	Trade      int64  `json:"t"`
	Bids       string `json:"b"`
	Asks       string `json:"a"`
	Maker      bool   `json:"m"`
	Reduce     bool   `json:"R"`
	Leg        string `json:"ps"`
	Realized   string `json:"rp"`
	Parent     string `json:"st,omitempty"` // of a trigger's child
	ParentID   int64  `json:"si,omitempty"`
	Prevention string `json:"V"`
	GoodTill   int64  `json:"gtd"`
	PriceMatch string `json:"pm,omitempty"` // where one was asked for
}

// accountAlias is what CM events call the account; UM's say nothing.
const accountAlias = "PmSi"

func alias(p exchange.Product) string {
	if p == exchange.CM {
		return accountAlias
	}
	return ""
}

// orderUpdate tells what has happened to a futures order.
func (s *Sim) orderUpdate(n *news) orderUpdate {
	o, in := &n.order, s.ins.At(n.inst)
	r, at := &o.Request, n.at.Millis()
	bids, asks := s.exposure(n.inst)
	u := orderInner{
		Symbol: in.Symbol, ClientID: o.name, Side: r.Side.String(), Type: o.eventType(), Force: o.timeWord(), Qty: r.Qty.String(),
		Price: r.Price.String(), Average: o.averageText(in), Ignore: "0", Execution: string(n.execution),
		Status: o.statusWord(), ID: o.id, LastQty: "0", Filled: o.Filled.String(), LastPrice: "0", At: at, Bids: bids, Asks: asks,
		Reduce: r.ReduceOnly, Leg: r.PositionSide.String(), Realized: "0", Prevention: o.preventionWord(), GoodTill: r.GoodTill.Millis(),
	}
	if n.execution == executionAmendment {
		if a := &o.amendments[len(o.amendments)-1]; a.modified {
			u.ModifyID = strconv.FormatInt(a.modifyID, 10)
		}
	}
	if f := n.fill; f != nil {
		u.LastQty, u.LastPrice, u.Trade, u.Maker, u.Realized = f.Qty.String(), f.Price.String(), f.id, f.Maker, f.Realized.String()
		if !f.Fee.IsZero() {
			u.FeeAsset, u.Fee = f.FeeAsset, f.Fee.String()
		}
	}
	if o.parent != nil {
		u.Parent, u.ParentID = "C_"+o.parent.Request.Type.String(), o.parent.id
	}
	if o.priceMatch != exchange.PriceMatchNone {
		u.PriceMatch = o.priceMatch.String()
	}
	return orderUpdate{"ORDER_TRADE_UPDATE", in.Product.String(), at, at, alias(in.Product), u}
}

// averageText is the average price in events, "0" without a fill.
func (r *record) averageText(in *exchange.Instrument) string {
	if r.Filled == 0 {
		return "0"
	}
	return r.averaged(in)
}

// eventType is the kind of order in events, which have a word for those that liquidate.
func (r *record) eventType() string {
	if r.forced == exchange.ForcedLiquidation || r.forced == exchange.ForcedADL {
		return "LIQUIDATION"
	}
	return r.Request.Type.String()
}

// exposure is what the open limit orders of a symbol are worth on either side.
func (s *Sim) exposure(inst exchange.InstrumentID) (bids, asks string) {
	var worth [exchange.Sell + 1]decimal.Decimal
	in := s.ins.At(inst)
	for _, o := range s.records.live {
		if r := &o.Request; r.Inst == inst && o.list == listOrders && r.Type == exchange.Limit {
			worth[r.Side] = worth[r.Side].Add(in.Notional(o.Remaining(), r.Price))
		}
	}
	return worth[exchange.Buy].String(), worth[exchange.Sell].String()
}

type algoUpdate struct {
	Event string    `json:"e"`
	At    int64     `json:"T"`
	Time  int64     `json:"E"`
	Unit  string    `json:"fs"`
	Order algoInner `json:"ao"`
}

type algoInner struct {
	ClientID   string `json:"caid"`
	ID         int64  `json:"aid"`
	Algo       string `json:"at"`
	Type       string `json:"o"`
	Symbol     string `json:"s"`
	Side       string `json:"S"`
	Leg        string `json:"ps"`
	Force      string `json:"f"`
	Qty        string `json:"q"`
	Status     string `json:"X"`
	Child      string `json:"ai"`
	Average    string `json:"ap"`
	Filled     string `json:"aq"`
	ChildType  string `json:"act"`
	Trigger    string `json:"tp"`
	Price      string `json:"p"`
	Prevention string `json:"V"`
	Working    string `json:"wt"`
	PriceMatch string `json:"pm"`
	Close      bool   `json:"cp"`
	Protect    bool   `json:"pP"`
	Reduce     bool   `json:"R"`
	Triggered  int64  `json:"tt"`
	GoodTill   int64  `json:"gtd"`
	Reason     string `json:"rm"`
	Active     *bool  `json:"ia,omitempty"` // of trailing stops
}

// algoUpdate tells what has happened to a conditional order of UM.
func (s *Sim) algoUpdate(n *news) algoUpdate {
	o, in := &n.order, s.ins.At(n.inst)
	r, at := &o.Request, n.at.Millis()
	a := algoInner{
		ClientID: o.name, ID: o.id, Algo: algoConditional, Type: r.Type.String(), Symbol: in.Symbol, Side: r.Side.String(),
		Leg: r.PositionSide.String(), Force: o.timeWord(), Qty: r.Qty.String(), Status: o.algoStatus(), Average: "0.00000", Filled: "0.00000",
		ChildType: "0", Trigger: r.Trigger.String(), Price: r.Price.String(), Prevention: o.preventionWord(), Working: r.WorkingType.String(),
		PriceMatch: o.priceMatch.String(), Close: r.ClosePosition, Protect: r.PriceProtect, Reduce: r.ReduceOnly,
		Triggered: o.triggered.Millis(), GoodTill: r.GoodTill.Millis(), Reason: o.reason,
	}
	if c := o.child; c != nil {
		a.Child, a.ChildType = strconv.FormatInt(c.id, 10), c.Request.Type.String()
		a.Average, a.Filled = c.average(in).StringFixed(5), c.Filled.Decimal().StringFixed(5)
	}
	if r.Type == exchange.TrailingStopMarket {
		active := r.Activation == 0 || o.triggered != 0
		a.Active = &active
	}
	return algoUpdate{"ALGO_UPDATE", at, at, in.Product.String(), a}
}

type strategyUpdate struct {
	Event string        `json:"e"`
	At    int64         `json:"T"`
	Time  int64         `json:"E"`
	Unit  string        `json:"fs"`
	Order strategyInner `json:"so"`
}

type strategyInner struct {
	Symbol     string `json:"s"`
	ClientID   string `json:"c"`
	ID         int64  `json:"si"`
	Side       string `json:"S"`
	Type       string `json:"st"`
	Force      string `json:"f"`
	Qty        string `json:"q"`
	Price      string `json:"p"`
	Stop       string `json:"sp"`
	Status     string `json:"os"`
	Booked     int64  `json:"T"`
	Updated    int64  `json:"ut"`
	Reduce     bool   `json:"R"`
	Working    string `json:"wt"`
	Leg        string `json:"ps"`
	Close      bool   `json:"cp"`
	Activation string `json:"AP,omitempty"` // of trailing stops, with cr
	Callback   string `json:"cr,omitempty"`
	Child      int64  `json:"i,omitempty"` // after the trigger
	Prevention string `json:"V"`
	GoodTill   int64  `json:"gtd"`
}

// strategyUpdate tells what has happened to a conditional order of CM. A child that is
// refused ends it as EXPIRED, for there is no other word (assumed).
func (s *Sim) strategyUpdate(n *news) strategyUpdate {
	o, in := &n.order, s.ins.At(n.inst)
	r, at, status := &o.Request, n.at.Millis(), string(n.execution)
	if n.execution == executionRejected {
		status = "EXPIRED"
	}
	a := strategyInner{
		Symbol: in.Symbol, ClientID: o.name, ID: o.id, Side: r.Side.String(), Type: r.Type.String(), Force: o.timeWord(), Qty: r.Qty.String(),
		Price: r.Price.String(), Stop: r.Trigger.String(), Status: status, Booked: o.Created.Millis(), Updated: at, Reduce: r.ReduceOnly,
		Working: r.WorkingType.String(), Leg: r.PositionSide.String(), Close: r.ClosePosition, Prevention: o.preventionWord(),
		GoodTill: r.GoodTill.Millis(),
	}
	if r.Type == exchange.TrailingStopMarket {
		a.Activation, a.Callback = r.Activation.String(), entry8(r.Callback.Decimal().Shift(2))
	}
	if o.child != nil {
		a.Child = o.child.id
	}
	return strategyUpdate{"CONDITIONAL_ORDER_TRADE_UPDATE", at, at, in.Product.String(), a}
}

type configFrame struct {
	Event  string      `json:"e"`
	Unit   string      `json:"fs"`
	Time   int64       `json:"E"`
	At     int64       `json:"T"`
	Config configInner `json:"ac"`
}

type configInner struct {
	Symbol   string `json:"s"`
	Leverage int    `json:"l"`
}
