package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// ocoHead is what every answer about a list begins with, and ocoAnswer a list as queries
// show it.
type (
	ocoHead struct {
		ID          int64  `json:"orderListId"`
		Contingency string `json:"contingencyType"`
		StatusType  string `json:"listStatusType"`
		Status      string `json:"listOrderStatus"`
		Name        string `json:"listClientOrderId"`
		Time        int64  `json:"transactionTime"`
		Symbol      string `json:"symbol"`
	}
	ocoAnswer struct {
		ocoHead
		Orders []ocoLeg `json:"orders"`
	}
)

type ocoLeg struct {
	Symbol string `json:"symbol"`
	ID     int64  `json:"orderId"`
	Name   string `json:"clientOrderId"`
}

// placedOCO is the answer to a new list, and canceledOCO to one that was cancelled. A leg
// without trigger has no stopPrice there.
type (
	placedOCO struct {
		ocoHead
		borrowed
		Orders  []ocoLeg    `json:"orders"`
		Reports []placedLeg `json:"orderReports"`
	}
	placedLeg struct {
		Symbol string `json:"symbol"`
		ID     int64  `json:"orderId"`
		List   int64  `json:"orderListId"`
		Name   string `json:"clientOrderId"`
		At     int64  `json:"transactTime"`
		marginNumbers
		Trigger string `json:"stopPrice,omitempty"`
	}
	canceledOCO struct {
		ocoHead
		Orders  []ocoLeg      `json:"orders"`
		Reports []canceledLeg `json:"orderReports"`
	}
	canceledLeg struct {
		Symbol   string `json:"symbol"`
		Original string `json:"origClientOrderId"`
		ID       int64  `json:"orderId"`
		List     int64  `json:"orderListId"`
		Name     string `json:"clientOrderId"`
		marginNumbers
		Trigger string `json:"stopPrice,omitempty"`
		Iceberg string `json:"icebergQty,omitempty"`
	}
)

func (s *Sim) headOf(o *record) ocoHead {
	h := ocoHead{o.id, "OCO", "EXEC_STARTED", "EXECUTING", o.name, o.Created.Millis(), s.ins.At(o.Request.Inst).Symbol}
	if !o.open() {
		h.StatusType, h.Status, h.Time = "ALL_DONE", "ALL_DONE", o.Updated.Millis()
	}
	return h
}

// legsOf are the orders of a list, the stop first, as in the examples.
func (s *Sim) legsOf(o *record) []ocoLeg {
	symbol := s.ins.At(o.Request.Inst).Symbol
	return []ocoLeg{{symbol, o.stop.id, o.stop.name}, {symbol, o.limit.id, o.limit.name}}
}

// triggerText is the stopPrice of a leg, "" for the one that has none.
func triggerText(o *record) string {
	if o.Request.Trigger == 0 {
		return ""
	}
	return eight(o.Request.Trigger)
}

// postOCO places a list of a LIMIT_MAKER and a stop for one quantity.
func (s *Sim) postOCO(c *web.Call) (any, *web.Error) {
	list, wrong := s.readOCO(c)
	if wrong != nil {
		return nil, wrong
	}
	booked := s.ledger.lastID
	if wrong := s.place(c.At, list, list.stop, list.limit); wrong != nil {
		return nil, wrong
	}
	answer := placedOCO{ocoHead: s.headOf(list), borrowed: s.borrowedSince(booked), Orders: s.legsOf(list)}
	for _, leg := range [...]*record{list.stop, list.limit} {
		answer.Reports = append(answer.Reports, placedLeg{
			answer.Symbol, leg.id, list.id, leg.name, c.At.Millis(), leg.marginNumbers(), triggerText(leg),
		})
	}
	return answer, nil
}

// readOCO reads a new list with its legs. The venue knows one visible part for both legs:
// that of the limit leg; a stop leg's own is checked and shows what it was.
func (s *Sim) readOCO(c *web.Call) (*record, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	if in == nil {
		return nil, c.Err()
	}
	list := &record{product: exchange.Margin, list: listOCO}
	r := &list.Request
	r.Inst, r.Side, r.Type = in.ID, readSide(c), exchange.OCO
	needed := func(name string) exchange.Fixed {
		c.Need(name)
		return c.Fixed(name)
	}
	r.Qty, r.Price, r.Trigger = needed("quantity"), needed("price"), needed("stopPrice")
	if c.Has("stopLimitPrice") {
		if r.StopPrice = c.Fixed("stopLimitPrice"); r.StopPrice == 0 { // to the venue, none
			c.Fail(web.Errorf(-1013, "Filter failure: PRICE_FILTER"))
		}
		c.Need("stopLimitTimeInForce")
		r.TimeInForce = readMarginTime(c, "stopLimitTimeInForce")
	} else {
		c.Unwanted("stopLimitTimeInForce")
	}
	r.Iceberg = c.Fixed("limitIcebergQty")
	stopIceberg := c.Fixed("stopIcebergQty")
	list.name = readMarginID(c, "listClientOrderId")
	limitName, stopName := readMarginID(c, "limitClientOrderId"), readMarginID(c, "stopClientOrderId")
	readSideEffect(c, r, "NO_SIDE_EFFECT", "MARGIN_BUY", "AUTO_REPAY")
	c.OneOf("newOrderRespType", errRespType, "ACK", "RESULT", "FULL")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	switch {
	case limitName != "" && limitName == stopName:
		return nil, refusal(duplicateCode(exchange.Margin), "Duplicate order sent.", nil)
	case stopIceberg != 0 && (stopIceberg > r.Qty || r.StopPrice == 0):
		return nil, invalid("stopIcebergQty")
	}
	list.ClientID = s.records.venueName()
	s.split(list, limitName, stopName)
	list.stop.Request.Iceberg = stopIceberg
	return list, nil
}

// split makes the records of a list's legs.
func (s *Sim) split(list *record, limitName, stopName string) {
	limit, stop := list.Request.OCOLegs()
	list.limit = &record{product: exchange.Margin, list: listOrders, name: limitName, orderList: list}
	list.stop = &record{product: exchange.Margin, list: listOrders, name: stopName, orderList: list}
	list.limit.Request, list.stop.Request = limit, stop
	list.limit.ClientID, list.stop.ClientID = exchange.OCOLegs(list.ClientID)
}

func (s *Sim) canceledOCO(list *record, name string) canceledOCO {
	answer := canceledOCO{ocoHead: s.headOf(list), Orders: s.legsOf(list)}
	for _, leg := range [...]*record{list.stop, list.limit} {
		report := canceledLeg{
			Symbol: answer.Symbol, Original: leg.name, ID: leg.id, List: list.id, Name: name,
			marginNumbers: leg.marginNumbers(), Trigger: triggerText(leg),
		}
		if leg.Request.Iceberg != 0 {
			report.Iceberg = eight(leg.Request.Iceberg)
		}
		answer.Reports = append(answer.Reports, report)
	}
	return answer
}

func (s *Sim) deleteOCO(c *web.Call) (any, *web.Error) {
	in, name := s.symbol(c, exchange.Margin), s.readCancelID(c)
	id, listName := named(c, "orderListId", "listClientOrderId")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := s.records.find(exchange.Margin, listOCO, id, listName, c.At)
	if list == nil || !list.open() || list.Request.Inst != in.ID {
		return nil, errUnknown
	}
	s.cancelAs(c.At, list, name)
	return s.canceledOCO(list, name), nil
}

// getOCO finds a list by its id or its own client id, which is called origClientOrderId here.
func (s *Sim) getOCO(c *web.Call) (any, *web.Error) {
	id, name := named(c, "orderListId", "origClientOrderId")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	list := s.records.find(exchange.Margin, listOCO, id, name, c.At)
	if list == nil {
		return nil, errNoOrder
	}
	return s.showOCO(list), nil
}

func (s *Sim) showOCO(o *record) ocoAnswer { return ocoAnswer{s.headOf(o), s.legsOf(o)} }

func (s *Sim) getOpenOCOs(*web.Call) (any, *web.Error) {
	list := []ocoAnswer{}
	for _, o := range s.records.live {
		if o.list == listOCO {
			list = append(list, s.showOCO(o))
		}
	}
	return list, nil
}

// getOCOs lists all lists: from an id on, or of a time, never both.
func (s *Sim) getOCOs(c *web.Call) (any, *web.Error) {
	if c.Has("fromId") && (c.Has("startTime") || c.Has("endTime")) {
		return nil, web.Errorf(-1128, "Combination of optional parameters invalid.")
	}
	found, wrong := s.orders(c, exchange.Margin, listOCO, pagesOfMargin(500), "fromId", func(*exchange.Instrument) bool { return true })
	if wrong != nil {
		return nil, wrong
	}
	return eachOf(found, s.showOCO), nil
}
