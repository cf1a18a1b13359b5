package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// cmOrderRoutes are the endpoints of plain CM orders.
func (s *Sim) cmOrderRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/cm/order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.placeCM},
		{Host: web.PAPI, Method: "PUT", Path: "/papi/v1/cm/order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.amendCM},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/cm/order", Security: web.Trade, Weight: 1, Serve: s.cancelCM},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/cm/allOpenOrders", Security: web.Trade, Weight: 1, Serve: s.cancelAllCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/order", Security: web.UserData, Weight: 1, Serve: s.orderCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/openOrder", Security: web.UserData, Weight: 1, Serve: s.openOrderCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/openOrders", Security: web.UserData, WeightOf: weightBySymbol(1, 40), Serve: s.openOrdersCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/allOrders", Security: web.UserData, WeightOf: weightBySymbol(20, 40), Serve: s.allOrdersCM},
	}
}

// placedCM answers a new or cancelled CM order.
type placedCM struct {
	placedOrder
	Pair string `json:"pair"`
	orderKind
	UpdateTime int64 `json:"updateTime"`
}

func (s *Sim) showPlacedCM(o *record) placedCM {
	in := s.instrument(o)
	return placedCM{o.placed(in), in.Pair, o.kind(), o.Updated.Millis()}
}

func (s *Sim) placeCM(c *web.Call) (any, *web.Error) {
	o, wrong := cmOrders().read(s, c)
	if wrong == nil {
		wrong = s.place(c.At, o)
	}
	if wrong != nil {
		return nil, wrong
	}
	shown := o.acknowledged(c)
	return s.showPlacedCM(&shown), nil
}

// amendedCM answers an amended CM order.
type amendedCM struct {
	OrderID int64  `json:"orderId"`
	Symbol  string `json:"symbol"`
	Pair    string `json:"pair"`
	amendedOrder
	UpdateTime int64 `json:"updateTime"`
}

func (s *Sim) amendCM(c *web.Call) (any, *web.Error) {
	o, a, wrong := s.readAmend(c, exchange.CM)
	if wrong == nil {
		wrong = s.amend(c.At, o, a)
	}
	if wrong != nil {
		return nil, wrong
	}
	in := s.instrument(o)
	return amendedCM{o.id, in.Symbol, in.Pair, o.amended(in, &a), o.Updated.Millis()}, nil
}

func (s *Sim) cancelCM(c *web.Call) (any, *web.Error) {
	o, wrong := s.cancelOne(c, exchange.CM)
	if wrong != nil {
		return nil, wrong
	}
	return s.showPlacedCM(o), nil
}

// cancelAllCM answers with the code as text: the reference says both, and text is what a
// careless client does not expect.
func (s *Sim) cancelAllCM(c *web.Call) (any, *web.Error) {
	if wrong := s.cancelAll(c, exchange.CM, listOrders); wrong != nil {
		return nil, wrong
	}
	return doneText{"200", allCanceled}, nil
}
