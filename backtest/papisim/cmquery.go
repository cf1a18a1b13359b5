package papisim

import (
	"slices"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// orderCM is a CM order as lists show it.
type orderCM struct {
	AvgPrice      string `json:"avgPrice"`
	ClientOrderID string `json:"clientOrderId"`
	CumBase       string `json:"cumBase"`
	queriedOrder
	Pair string `json:"pair"`
	orderTimes
}

func (s *Sim) showCM(o *record) orderCM {
	in := s.instrument(o)
	return orderCM{o.averaged(in), o.name, o.quote.String(), o.queried(in), in.Pair, o.times()}
}

// oneCM is orderCM as GET cm/order shows it, with positionSide behind the pair.
type oneCM struct {
	AvgPrice      string `json:"avgPrice"`
	ClientOrderID string `json:"clientOrderId"`
	CumBase       string `json:"cumBase"`
	ExecutedQty   string `json:"executedQty"`
	OrderID       int64  `json:"orderId"`
	OrigQty       string `json:"origQty"`
	OrigType      string `json:"origType"`
	Price         string `json:"price"`
	ReduceOnly    bool   `json:"reduceOnly"`
	Side          string `json:"side"`
	Status        string `json:"status"`
	Symbol        string `json:"symbol"`
	Pair          string `json:"pair"`
	PositionSide  string `json:"positionSide"`
	orderTimes
}

func (s *Sim) orderCM(c *web.Call) (any, *web.Error) {
	found, wrong := s.one(c, exchange.CM, listOrders)
	if wrong != nil {
		return nil, wrong
	}
	o := s.showCM(found)
	return oneCM{
		o.AvgPrice, o.ClientOrderID, o.CumBase, o.ExecutedQty, o.OrderID, o.OrigQty, o.OrigType, o.Price, o.ReduceOnly, o.Side, o.Status,
		o.Symbol, o.Pair, o.PositionSide, o.orderTimes,
	}, nil
}

// openOrderCM answers with a list of one, unlike UM's.
func (s *Sim) openOrderCM(c *web.Call) (any, *web.Error) {
	o, wrong := s.oneOpen(c, exchange.CM)
	if wrong != nil {
		return nil, wrong
	}
	return []orderCM{s.showCM(o)}, nil
}

func (s *Sim) openOrdersCM(c *web.Call) (any, *web.Error) {
	found, wrong := s.allOpen(c, exchange.CM, listOrders)
	return eachOf(found, s.showCM), wrong
}

// allOrdersCM wants a symbol or a pair. From an id on it lists a symbol only.
func (s *Sim) allOrdersCM(c *web.Call) (any, *web.Error) {
	chosen := s.symbolOrPair(c, "orderId")
	found, wrong := s.orders(c, exchange.CM, listOrders, pages{span: week, below: true, usual: 50, most: 100}, "orderId", chosen)
	return eachOf(found, s.showCM), wrong
}

// symbolOrPair reads of which CM contracts a history is asked for: one, or all of a pair. A
// pair excludes the parameter that names a row to begin with.
func (s *Sim) symbolOrPair(c *web.Call, from string) func(*exchange.Instrument) bool {
	symbol, pair := c.Text("symbol"), c.Text("pair")
	switch {
	case symbol == "" && pair == "":
		c.Fail(eitherOf("symbol", "pair"))
	case symbol != "" && pair != "", pair != "" && c.Has(from):
		c.Fail(web.Errorf(-1128, "Combination of optional parameters invalid."))
	case symbol != "":
		s.symbol(c, exchange.CM)
	case !slices.ContainsFunc(s.ins.All(), func(in exchange.Instrument) bool { return in.Product == exchange.CM && in.Pair == pair }):
		c.Fail(web.Errorf(-4144, "Invalid pair"))
	}
	return func(in *exchange.Instrument) bool { return in.Symbol == symbol || in.Pair == pair }
}
