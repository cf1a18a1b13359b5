package papisim

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// marginOrderRoutes are the orders of cross margin.
func (s *Sim) marginOrderRoutes() []web.Route {
	at := func(method, path string, security web.Security, weight int, serve func(*web.Call) (any, *web.Error)) web.Route {
		return web.Route{Host: web.PAPI, Method: method, Path: "/papi/v1/margin/" + path, Security: security, Weight: weight, Serve: serve}
	}
	place := at("POST", "order", web.Trade, 1, s.postMarginOrder)
	place.Orders = 1
	list := at("POST", "order/oco", web.Trade, 1, s.postOCO)
	list.Orders = 2
	return []web.Route{
		place, list,
		at("DELETE", "order", web.Trade, 2, s.deleteMarginOrder),
		at("DELETE", "allOpenOrders", web.Trade, 5, s.deleteMarginOrders),
		at("GET", "order", web.UserData, 10, s.getMarginOrder),
		at("GET", "openOrders", web.UserData, 5, s.getMarginOpen),
		at("GET", "allOrders", web.UserData, 100, s.getMarginOrders),
		at("GET", "myTrades", web.UserData, 5, s.getMarginTrades),
		at("DELETE", "orderList", web.Trade, 2, s.deleteOCO),
		at("GET", "orderList", web.UserData, 5, s.getOCO),
		at("GET", "allOrderList", web.UserData, 100, s.getOCOs),
		at("GET", "openOrderList", web.UserData, 5, s.getOpenOCOs),
		at("GET", "forceOrders", web.UserData, 1, s.getMarginForced),
	}
}

// The three answers to POST margin/order, each with more than the one before.
type (
	marginAck struct {
		Symbol string `json:"symbol"`
		ID     int64  `json:"orderId"`
		Name   string `json:"clientOrderId"`
		Time   int64  `json:"transactTime"`
	}
	marginResult struct {
		marginAck
		marginNumbers
		borrowed
	}
	marginFull struct {
		marginResult
		Fills []marginFill `json:"fills"`
	}
	marginFill struct {
		Price    string `json:"price"`
		Qty      string `json:"qty"`
		Fee      string `json:"commission"`
		FeeAsset string `json:"commissionAsset"`
	}
)

// marginNumbers are what all answers about a margin order have. The typo is Binance's.
type marginNumbers struct {
	Price  string `json:"price"`
	Qty    string `json:"origQty"`
	Filled string `json:"executedQty"`
	Quote  string `json:"cummulativeQuoteQty"`
	Status string `json:"status"`
	Time   string `json:"timeInForce"`
	Type   string `json:"type"`
	Side   string `json:"side"`
}

// borrowed is what was borrowed to place an order; it is missing when nothing was.
type borrowed struct {
	Amount string `json:"marginBuyBorrowAmount,omitempty"`
	Asset  string `json:"marginBuyBorrowAsset,omitempty"`
}

func (o *record) marginNumbers() marginNumbers {
	r := &o.Request
	return marginNumbers{
		Price: eight(r.Price), Qty: eight(r.Qty), Filled: eight(o.Filled), Quote: money8(o.quote),
		Status: o.statusWord(), Time: o.marginTime(), Type: o.marginWord(), Side: r.Side.String(),
	}
}

// postMarginOrder answers LIMIT and MARKET orders in full unless it is told otherwise, and
// others with an acknowledgement.
func (s *Sim) postMarginOrder(c *web.Call) (any, *web.Error) {
	o, wrong := s.readMargin(c)
	if wrong != nil {
		return nil, wrong
	}
	booked := s.ledger.lastID
	if wrong := s.place(c.At, o); wrong != nil {
		return nil, wrong
	}
	if c.Has("autoRepayAtCancel") && !c.Bool("autoRepayAtCancel") {
		s.venue.KeepLoan(o.ClientID)
	}
	ack := marginAck{s.ins.At(o.Request.Inst).Symbol, o.id, o.name, c.At.Millis()}
	result := marginResult{ack, o.marginNumbers(), s.borrowedSince(booked)}
	kind := c.Text("newOrderRespType")
	if word := o.marginWord(); kind == "" && (word == "LIMIT" || word == "MARKET") {
		kind = "FULL"
	}
	switch kind {
	case "FULL":
		full := marginFull{result, []marginFill{}}
		for _, f := range s.records.fillsOf(o) {
			full.Fills = append(full.Fills, marginFill{eight(f.Price), eight(f.Qty), money8(f.Fee), f.FeeAsset})
		}
		return full, nil
	case "RESULT":
		return result, nil
	default:
		return ack, nil
	}
}

// borrowedSince sums the loans that were taken after a booking.
func (s *Sim) borrowedSince(booked int64) borrowed {
	var sum decimal.Decimal
	asset := ""
	for _, l := range slices.Backward(s.ledger.loans) {
		if l.id <= booked {
			break
		}
		sum, asset = sum.Add(l.principal), l.asset
	}
	if asset == "" {
		return borrowed{}
	}
	return borrowed{sum.String(), asset}
}

// fillsOf are the fills of an order, in the order of time.
func (r *records) fillsOf(o *record) []*fill {
	var list []*fill
	for _, f := range slices.Backward(r.fills) {
		if f.at < o.Created {
			break
		}
		if f.order == o {
			list = append(list, f)
		}
	}
	slices.Reverse(list)
	return list
}

// canceledOrder is a margin order that was cancelled: Name is that of the request to do so.
type canceledOrder struct {
	Symbol   string `json:"symbol"`
	ID       int64  `json:"orderId"`
	Original string `json:"origClientOrderId"`
	Name     string `json:"clientOrderId"`
	marginNumbers
}

func (s *Sim) deleteMarginOrder(c *web.Call) (any, *web.Error) {
	name := s.readCancelID(c)
	o, wrong := s.oneOpen(c, exchange.Margin)
	if wrong == errNoOrder {
		wrong = errUnknown
	}
	if wrong == nil {
		wrong = c.Err()
	}
	if wrong != nil {
		return nil, wrong
	}
	s.cancelAs(c.At, o, name)
	return canceledOrder{s.ins.At(o.Request.Inst).Symbol, o.id, o.name, name, o.marginNumbers()}, nil
}

// readCancelID reads what a request to cancel is to be called, or makes it up.
func (s *Sim) readCancelID(c *web.Call) string {
	if name := readMarginID(c, "newClientOrderId"); name != "" {
		return name
	}
	return letters(s.records.random, clientIDLength)
}

// cancelAs cancels an order, and of an OCO both legs, which all take the name of the request.
func (s *Sim) cancelAs(at exchange.Time, o *record, name string) {
	for _, r := range [...]*record{o, o.orderList, o.limit, o.stop} {
		if r != nil {
			r.canceledBy = name
		}
	}
	if l := o.orderList; l != nil {
		l.limit.canceledBy, l.stop.canceledBy = name, name
	}
	s.cancel(at, o)
}

// canceledSingle is an order that is no leg of a list in the answer to DELETE allOpenOrders.
type canceledSingle struct {
	Symbol   string `json:"symbol"`
	Original string `json:"origClientOrderId"`
	ID       int64  `json:"orderId"`
	List     int64  `json:"orderListId"`
	Name     string `json:"clientOrderId"`
	marginNumbers
}

// deleteMarginOrders answers with single orders and lists in one array, in the order of
// their ids.
func (s *Sim) deleteMarginOrders(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	if in == nil {
		return nil, c.Err()
	}
	var open []*record
	for _, o := range s.records.live {
		if o.product == exchange.Margin && o.Request.Inst == in.ID && o.orderList == nil {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return nil, errUnknown
	}
	name, answer := letters(s.records.random, clientIDLength), []any{}
	for _, o := range open {
		if !o.open() {
			continue
		}
		s.cancelAs(c.At, o, name)
		if o.list == listOCO {
			answer = append(answer, s.canceledOCO(o, name))
		} else {
			answer = append(answer, canceledSingle{in.Symbol, o.name, o.id, noList, name, o.marginNumbers()})
		}
	}
	return answer, nil
}

// noList is the orderListId of an order that is in none.
const noList = -1
