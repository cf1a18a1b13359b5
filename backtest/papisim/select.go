package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// The answers to orders that are not there, and to a request that names none.
var (
	errNoOrder = web.Errorf(-2013, "Order does not exist.")
	errUnknown = web.Errorf(-2011, "Unknown order sent.")
)

func eitherOf(a, b string) *web.Error {
	return web.Errorf(-1102, "Param '%s' or '%s' must be sent, but both were empty/null!", a, b)
}

// named reads which order a request means: by its id, which wins, or its client id; 0 and
// "" if it names none, which is an error.
func named(c *web.Call, id, name string) (int64, string) {
	n, text := c.Int(id), c.Text(name)
	if n == 0 && text == "" {
		c.Fail(eitherOf(name, id))
	}
	return n, text
}

// one finds the order that a request means, open or not: -2013 if there is none.
func (s *Sim) one(c *web.Call, p exchange.Product, l list) (*record, *web.Error) {
	in := s.symbol(c, p)
	id, name := named(c, "orderId", "origClientOrderId")
	if c.Err() != nil {
		return nil, c.Err()
	}
	o := s.records.find(p, l, id, name, c.At)
	if o == nil || o.Request.Inst != in.ID {
		return nil, errNoOrder
	}
	return o, nil
}

// oneOpen is one for an open order.
func (s *Sim) oneOpen(c *web.Call, p exchange.Product) (*record, *web.Error) {
	o, wrong := s.one(c, p, listOrders)
	if wrong == nil && !o.open() {
		wrong = errNoOrder
	}
	return o, wrong
}

// cancelOne cancels the order that a request means: -2011 if there is none that is open.
func (s *Sim) cancelOne(c *web.Call, p exchange.Product) (*record, *web.Error) {
	o, wrong := s.oneOpen(c, p)
	if wrong == errNoOrder {
		return nil, errUnknown
	}
	if wrong != nil {
		return nil, wrong
	}
	s.cancel(c.At, o)
	return o, nil
}

// cancelAll cancels the open orders of a symbol on a list.
func (s *Sim) cancelAll(c *web.Call, p exchange.Product, l list) *web.Error {
	found, wrong := s.allOpen(c, p, l)
	if c.Need("symbol") == "" {
		return c.Err()
	}
	for _, o := range found {
		if o.open() { // a cancel can end another
			s.cancel(c.At, o)
		}
	}
	return wrong
}

// allOpen are the open orders of a list, of one symbol if the request names one. Of
// conditional orders they are those that have not triggered.
func (s *Sim) allOpen(c *web.Call, p exchange.Product, l list) ([]*record, *web.Error) {
	var in *exchange.Instrument
	if c.Has("symbol") {
		if in = s.symbol(c, p); in == nil {
			return nil, c.Err()
		}
	}
	pair := c.Text("pair")
	var found []*record
	for _, o := range s.records.live {
		if o.product != p || o.list != l || !o.waiting() {
			continue
		}
		if of := s.ins.At(o.Request.Inst); (in == nil || of == in) && (pair == "" || of.Pair == pair) {
			found = append(found, o)
		}
	}
	return found, c.Err()
}

// orders are the orders of a list that a query of history asks for, in the order of their
// ids: from an id on, or of a window of their creation. Without a start they are the latest.
func (s *Sim) orders(c *web.Call, p exchange.Product, l list, of pages, id string, chosen func(*exchange.Instrument) bool) ([]*record, *web.Error) {
	from, w := c.Int(id), readPeriod(c, of)
	if c.Err() != nil {
		return nil, c.Err()
	}
	if from != 0 && !w.asked {
		w.from, w.to = 0, c.At
	}
	var found []*record
	for _, o := range s.records.all {
		if o.product == p && o.list == l && o.id >= from && w.has(o.Created) && chosen(s.ins.At(o.Request.Inst)) && !o.forgotten(c.At) {
			found = append(found, o)
		}
	}
	return cut(found, w.limit, from == 0 && w.latest), nil
}

// readAmend reads which limit order is to be changed, and to what.
func (s *Sim) readAmend(c *web.Call, p exchange.Product) (*record, amendment, *web.Error) {
	o, wrong := s.oneOpen(c, p)
	if wrong != nil {
		return nil, amendment{}, wrong
	}
	in := s.ins.At(o.Request.Inst)
	if readSide(c) != o.Request.Side {
		c.Fail(errSide)
	}
	c.Need("quantity")
	a := amendment{qty: readGrid(c, "quantity", in.Lot.Step), priceMatch: readPriceMatch(c, exchange.Limit)}
	if a.priceMatch == exchange.PriceMatchNone {
		c.Need("price")
		a.price = readPrice(c, "price", in)
	}
	if a.modified = c.Has("modifyId"); a.modified {
		a.modifyID = c.Int("modifyId")
	}
	return o, a, c.Err()
}
