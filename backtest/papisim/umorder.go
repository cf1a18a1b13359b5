package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// umOrderRoutes are the endpoints of plain UM orders.
func (s *Sim) umOrderRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/um/order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.placeUM},
		{Host: web.PAPI, Method: "PUT", Path: "/papi/v1/um/order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.amendUM},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/um/order", Security: web.Trade, Weight: 1, Serve: s.cancelUM},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/um/allOpenOrders", Security: web.Trade, Weight: 1, Serve: s.cancelAllUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/order", Security: web.UserData, Weight: 1, Serve: s.orderUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/openOrder", Security: web.UserData, Weight: 1, Serve: s.openOrderUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/openOrders", Security: web.UserData, WeightOf: weightBySymbol(1, 40), Serve: s.openOrdersUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/allOrders", Security: web.UserData, Weight: 5, Serve: s.allOrdersUM},
	}
}

// weightBySymbol is the weight of queries that are dearer without a symbol.
func weightBySymbol(with, without int) func(*web.Params) int {
	return func(p *web.Params) int {
		if p.Has("symbol") {
			return with
		}
		return without
	}
}

// placedUM answers a new UM order.
type placedUM struct {
	placedOrder
	orderKind
	umModes
	UpdateTime int64  `json:"updateTime"`
	PriceMatch string `json:"priceMatch"`
}

func (s *Sim) placeUM(c *web.Call) (any, *web.Error) {
	o, wrong := umOrders().read(s, c)
	if wrong == nil {
		wrong = s.place(c.At, o)
	}
	if wrong != nil {
		return nil, wrong
	}
	shown := o.acknowledged(c)
	return placedUM{shown.placed(s.instrument(o)), o.kind(), o.modes(), shown.Updated.Millis(), o.priceMatch.String()}, nil
}

// acknowledged is how the answer to a new order shows it. An ACK knows nothing of what
// became of it, and neither does the RESULT of a limit order that may rest (assumed: Binance
// promises the final state for MARKET, IOC, FOK and GTX).
func (r *record) acknowledged(c *web.Call) record {
	shown, mayRest := *r, r.Request.Type == exchange.Limit && (r.Request.TimeInForce == exchange.GTC || r.Request.TimeInForce == exchange.GTD)
	if c.Text("newOrderRespType") != "RESULT" || mayRest {
		shown.Status, shown.Filled, shown.Updated = exchange.StatusWorking, 0, r.Created
	}
	return shown
}

// amendedUM answers an amended UM order.
type amendedUM struct {
	OrderID int64  `json:"orderId"`
	Symbol  string `json:"symbol"`
	amendedOrder
	umModes
	UpdateTime int64  `json:"updateTime"`
	PriceMatch string `json:"priceMatch"`
}

func (s *Sim) amendUM(c *web.Call) (any, *web.Error) {
	o, a, wrong := s.readAmend(c, exchange.UM)
	if wrong == nil {
		wrong = s.amend(c.At, o, a)
	}
	if wrong != nil {
		return nil, wrong
	}
	in := s.instrument(o)
	return amendedUM{o.id, in.Symbol, o.amended(in, &a), o.modes(), o.Updated.Millis(), o.priceMatch.String()}, nil
}

// canceledUM answers a cancelled UM order.
type canceledUM struct {
	placedOrder
	orderKind
	UpdateTime int64 `json:"updateTime"`
	umModes
	PriceMatch string `json:"priceMatch"`
}

func (s *Sim) cancelUM(c *web.Call) (any, *web.Error) {
	o, wrong := s.cancelOne(c, exchange.UM)
	if wrong != nil {
		return nil, wrong
	}
	return canceledUM{o.placed(s.instrument(o)), o.kind(), o.Updated.Millis(), o.modes(), o.priceMatch.String()}, nil
}

func (s *Sim) cancelAllUM(c *web.Call) (any, *web.Error) {
	if wrong := s.cancelAll(c, exchange.UM, listOrders); wrong != nil {
		return nil, wrong
	}
	return done{200, allCanceled}, nil
}

// allCanceled is what those are told who cancel everything.
const allCanceled = "The operation of cancel all open order is done."

// instrument is what an order is for.
func (s *Sim) instrument(o *record) *exchange.Instrument { return s.ins.At(o.Request.Inst) }
