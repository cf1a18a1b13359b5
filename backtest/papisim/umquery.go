package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// orderUM is a UM order as all queries show it.
type orderUM struct {
	AvgPrice      string `json:"avgPrice"`
	ClientOrderID string `json:"clientOrderId"`
	CumQuote      string `json:"cumQuote"`
	queriedOrder
	orderTimes
	umModes
	PriceMatch string `json:"priceMatch"`
}

func (s *Sim) showUM(o *record) orderUM {
	in := s.instrument(o)
	return orderUM{o.averaged(in), o.name, o.quote.String(), o.queried(in), o.times(), o.modes(), o.priceMatch.String()}
}

func (s *Sim) orderUM(c *web.Call) (any, *web.Error) {
	o, wrong := s.one(c, exchange.UM, listOrders)
	if wrong != nil {
		return nil, wrong
	}
	return s.showUM(o), nil
}

func (s *Sim) openOrderUM(c *web.Call) (any, *web.Error) {
	o, wrong := s.oneOpen(c, exchange.UM)
	if wrong != nil {
		return nil, wrong
	}
	return s.showUM(o), nil
}

func (s *Sim) openOrdersUM(c *web.Call) (any, *web.Error) {
	found, wrong := s.allOpen(c, exchange.UM, listOrders)
	return eachOf(found, s.showUM), wrong
}

func (s *Sim) allOrdersUM(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.UM)
	found, wrong := s.orders(c, exchange.UM, listOrders, pagesOfOrders(), "orderId", func(other *exchange.Instrument) bool { return other == in })
	return eachOf(found, s.showUM), wrong
}
