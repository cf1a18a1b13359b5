package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// fillRoutes are the endpoints of what has become of futures orders: amendments, fills, and
// orders that the exchange has forced on the account.
func (s *Sim) fillRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/orderAmendment", Security: web.Trade, Weight: 1, Serve: s.amendmentsUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/orderAmendment", Security: web.Trade, Weight: 1, Serve: s.amendmentsCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/userTrades", Security: web.UserData, Weight: 5, Serve: s.userTradesUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/userTrades", Security: web.UserData, WeightOf: weightBySymbol(20, 40), Serve: s.userTradesCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/forceOrders", Security: web.UserData, WeightOf: weightBySymbol(20, 50), Serve: s.forceOrdersUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/forceOrders", Security: web.UserData, WeightOf: weightBySymbol(20, 50), Serve: s.forceOrdersCM},
	}
}

// change is a number before and after an amendment.
type change struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

// shownAmendment is one change of a CM order. Its modifyId is there when one was sent.
type shownAmendment struct {
	AmendmentID   int64  `json:"amendmentId"`
	Symbol        string `json:"symbol"`
	Pair          string `json:"pair"`
	OrderID       int64  `json:"orderId"`
	ClientOrderID string `json:"clientOrderId"`
	Time          int64  `json:"time"`
	Amendment     struct {
		Price    change `json:"price"`
		OrigQty  change `json:"origQty"`
		Count    int    `json:"count"`
		ModifyID *int64 `json:"modifyId,omitempty"`
	} `json:"amendment"`
}

// shownAmendmentUM is one change of a UM order.
type shownAmendmentUM struct {
	shownAmendment
	PriceMatch string `json:"priceMatch"`
}

// amendmentsOf are the changes of an order, the latest first. CM's page is the smaller one
// of the two that the reference has.
func (s *Sim) amendmentsOf(c *web.Call, p exchange.Product) (*record, []amendment, *web.Error) {
	of := pages{span: orderLife, usual: 50, most: 100}
	if p == exchange.UM {
		of.usual, of.most = 500, 1000
	}
	w := readPeriod(c, of)
	o, wrong := s.one(c, p, listOrders)
	if wrong != nil {
		return nil, nil, wrong
	}
	var found []amendment
	for i := len(o.amendments) - 1; i >= 0; i-- {
		if w.has(o.amendments[i].at) {
			found = append(found, o.amendments[i])
		}
	}
	return o, cut(found, w.limit, false), nil
}

func (s *Sim) showAmendment(o *record, a *amendment) shownAmendment {
	in := s.instrument(o)
	shown := shownAmendment{AmendmentID: a.id, Symbol: in.Symbol, Pair: in.Pair, OrderID: o.id, ClientOrderID: o.name, Time: a.at.Millis()}
	shown.Amendment.Price = change{a.priceBefore.String(), a.price.String()}
	shown.Amendment.OrigQty = change{a.qtyBefore.String(), a.qty.String()}
	shown.Amendment.Count = a.count
	if a.modified {
		shown.Amendment.ModifyID = &a.modifyID
	}
	return shown
}

func (s *Sim) amendmentsUM(c *web.Call) (any, *web.Error) {
	o, found, wrong := s.amendmentsOf(c, exchange.UM)
	return eachOf(found, func(a amendment) shownAmendmentUM {
		return shownAmendmentUM{s.showAmendment(o, &a), a.priceMatch.String()}
	}), wrong
}

func (s *Sim) amendmentsCM(c *web.Call) (any, *web.Error) {
	o, found, wrong := s.amendmentsOf(c, exchange.CM)
	return eachOf(found, func(a amendment) shownAmendment { return s.showAmendment(o, &a) }), wrong
}

// tradeUM is a fill of a UM order.
type tradeUM struct {
	Symbol          string `json:"symbol"`
	ID              int64  `json:"id"`
	OrderID         int64  `json:"orderId"`
	Side            string `json:"side"`
	Price           string `json:"price"`
	Qty             string `json:"qty"`
	RealizedPnl     string `json:"realizedPnl"`
	QuoteQty        string `json:"quoteQty"`
	Commission      string `json:"commission"`
	CommissionAsset string `json:"commissionAsset"`
	Time            int64  `json:"time"`
	Buyer           bool   `json:"buyer"`
	Maker           bool   `json:"maker"`
	PositionSide    string `json:"positionSide"`
}

// tradeCM is a fill of a CM order.
type tradeCM struct {
	Symbol          string `json:"symbol"`
	ID              int64  `json:"id"`
	OrderID         int64  `json:"orderId"`
	Pair            string `json:"pair"`
	Side            string `json:"side"`
	Price           string `json:"price"`
	Qty             string `json:"qty"`
	RealizedPnl     string `json:"realizedPnl"`
	MarginAsset     string `json:"marginAsset"`
	BaseQty         string `json:"baseQty"`
	Commission      string `json:"commission"`
	CommissionAsset string `json:"commissionAsset"`
	Time            int64  `json:"time"`
	PositionSide    string `json:"positionSide"`
	Buyer           bool   `json:"buyer"`
	Maker           bool   `json:"maker"`
}

// trades are the fills that a query asks for: from a trade id on, which excludes times, or
// of a window.
func (s *Sim) trades(c *web.Call, of pages, chosen func(*exchange.Instrument) bool) ([]*fill, *web.Error) {
	from, w := c.Int("fromId"), readPeriod(c, of)
	if c.Has("fromId") {
		if w.asked {
			c.Fail(web.Errorf(-1128, "Combination of optional parameters invalid."))
		}
		w.from, w.to, w.latest = 0, c.At, false
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	var found []*fill
	for _, f := range s.records.fills {
		if f.id >= from && w.has(f.at) && chosen(s.ins.At(f.inst)) {
			found = append(found, f)
		}
	}
	return cut(found, w.limit, w.latest), nil
}

func (s *Sim) userTradesUM(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.UM)
	found, wrong := s.trades(c, pages{span: week, usual: 500, most: 1000}, func(other *exchange.Instrument) bool { return other == in })
	return eachOf(found, func(f *fill) tradeUM {
		return tradeUM{
			Symbol: in.Symbol, ID: f.id, OrderID: f.order.id, Side: f.Side.String(), Price: padded(f.Price, in.Tick), Qty: padded(f.Qty, in.Lot.Step),
			RealizedPnl: f.Realized.StringFixed(8), QuoteQty: f.quote.StringFixed(5), Commission: f.Fee.StringFixed(8),
			CommissionAsset: f.FeeAsset, Time: f.at.Millis(), Buyer: f.Side == exchange.Buy, Maker: f.Maker, PositionSide: f.PositionSide.String(),
		}
	}), wrong
}

func (s *Sim) userTradesCM(c *web.Call) (any, *web.Error) {
	chosen := s.symbolOrPair(c, "fromId")
	futures := func(in *exchange.Instrument) bool { return in.Product == exchange.CM && chosen(in) }
	found, wrong := s.trades(c, pages{span: day, usual: 50, most: 1000}, futures)
	return eachOf(found, func(f *fill) tradeCM {
		in := s.ins.At(f.inst)
		return tradeCM{
			Symbol: in.Symbol, ID: f.id, OrderID: f.order.id, Pair: in.Pair, Side: f.Side.String(), Price: f.Price.String(), Qty: f.Qty.String(),
			RealizedPnl: f.Realized.String(), MarginAsset: in.MarginAsset, BaseQty: f.quote.String(), Commission: f.Fee.String(),
			CommissionAsset: f.FeeAsset, Time: f.at.Millis(), PositionSide: f.PositionSide.String(), Buyer: f.Side == exchange.Buy, Maker: f.Maker,
		}
	}), wrong
}

// forcedHead and forcedTail are what forced orders of UM and CM have in common.
type forcedHead struct {
	Status        string `json:"status"`
	ClientOrderID string `json:"clientOrderId"`
	Price         string `json:"price"`
	AvgPrice      string `json:"avgPrice"`
	OrigQty       string `json:"origQty"`
	ExecutedQty   string `json:"executedQty"`
}

type forcedTail struct {
	orderKind
	ReduceOnly   bool   `json:"reduceOnly"`
	Side         string `json:"side"`
	PositionSide string `json:"positionSide"`
	OrigType     string `json:"origType"`
	Time         int64  `json:"time"`
	UpdateTime   int64  `json:"updateTime"`
}

type forcedUM struct {
	OrderID int64  `json:"orderId"`
	Symbol  string `json:"symbol"`
	forcedHead
	CumQuote string `json:"cumQuote"`
	forcedTail
}

type forcedCM struct {
	OrderID int64  `json:"orderId"`
	Symbol  string `json:"symbol"`
	Pair    string `json:"pair"`
	forcedHead
	CumBase string `json:"cumBase"`
	forcedTail
}

// forced are the orders by which the account was liquidated or deleveraged, of the last 90
// days. Deliveries are none of them.
func (s *Sim) forced(c *web.Call, p exchange.Product) ([]*record, *web.Error) {
	kind := c.OneOf("autoCloseType", invalid("autoCloseType"), "LIQUIDATION", "ADL")
	var in *exchange.Instrument
	if c.Has("symbol") {
		in = s.symbol(c, p)
	}
	w := readPeriod(c, pages{span: orderLife, usual: 50, most: 100})
	if !c.Has("startTime") {
		w.from = w.to.Add(-week)
	}
	if c.Err() != nil {
		return nil, c.Err()
	}
	var found []*record
	for _, o := range s.records.all {
		if o.product != p || o.forced != exchange.ForcedLiquidation && o.forced != exchange.ForcedADL || kind != "" && o.forced.String() != kind {
			continue
		}
		if w.has(o.Created) && (in == nil || in.ID == o.Request.Inst) && !o.forgotten(c.At) {
			found = append(found, o)
		}
	}
	return cut(found, w.limit, w.latest), nil
}

func (s *Sim) showForced(o *record) (forcedHead, forcedTail) {
	in := s.instrument(o)
	head := forcedHead{
		o.statusWord(), o.name, bound(o, s.records.fillsOf(o)).String(), o.averaged(in), padded(o.Request.Qty, in.Lot.Step), padded(o.Filled, in.Lot.Step),
	}
	// The flag says false on the wire: it is that of a client's order.
	return head, forcedTail{o.kind(), false, o.Request.Side.String(), o.Request.PositionSide.String(), o.typeWord(), o.Created.Millis(), o.Updated.Millis()}
}

// bound is the limit of a forced order to the outside: the worst price that its fills have
// met.
func bound(o *record, fills []*fill) exchange.Fixed {
	worst := exchange.Fixed(0)
	for _, f := range fills {
		if worst == 0 || (f.Price > worst) == (o.Request.Side == exchange.Buy) {
			worst = f.Price
		}
	}
	return worst
}

func (s *Sim) forceOrdersUM(c *web.Call) (any, *web.Error) {
	found, wrong := s.forced(c, exchange.UM)
	return eachOf(found, func(o *record) forcedUM {
		head, tail := s.showForced(o)
		return forcedUM{o.id, s.instrument(o).Symbol, head, o.quote.String(), tail}
	}), wrong
}

func (s *Sim) forceOrdersCM(c *web.Call) (any, *web.Error) {
	found, wrong := s.forced(c, exchange.CM)
	return eachOf(found, func(o *record) forcedCM {
		in := s.instrument(o)
		head, tail := s.showForced(o)
		return forcedCM{o.id, in.Symbol, in.Pair, head, o.quote.String(), tail}
	}), wrong
}
