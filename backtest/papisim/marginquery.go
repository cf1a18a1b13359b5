package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// marginOrder is a margin order as queries show it.
type marginOrder struct {
	Name       string  `json:"clientOrderId"`
	Quote      string  `json:"cummulativeQuoteQty"`
	Filled     string  `json:"executedQty"`
	Iceberg    string  `json:"icebergQty"`
	Working    bool    `json:"isWorking"`
	ID         int64   `json:"orderId"`
	Qty        string  `json:"origQty"`
	Price      string  `json:"price"`
	Side       string  `json:"side"`
	Status     string  `json:"status"`
	Trigger    string  `json:"stopPrice"`
	Symbol     string  `json:"symbol"`
	Created    int64   `json:"time"`
	Time       string  `json:"timeInForce"`
	Type       string  `json:"type"`
	Updated    int64   `json:"updateTime"`
	Account    int64   `json:"accountId"`
	Prevention string  `json:"selfTradePreventionMode"`
	Match      *string `json:"preventedMatchId"`
	Prevented  *string `json:"preventedQuantity"`
}

// accountID is the account's number.
const accountID = 152950866

// showMargin writes an order. It works when it stands in the book, or could: a conditional
// one does not before its trigger. The prevented match and quantity are null where there
// are none.
func (s *Sim) showMargin(o *record) marginOrder {
	n, r := o.marginNumbers(), &o.Request
	return marginOrder{
		Name: o.name, Quote: n.Quote, Filled: n.Filled, Iceberg: eight(r.Iceberg),
		Working: !o.dormant(), ID: o.id, Qty: n.Qty, Price: n.Price, Side: n.Side, Status: n.Status,
		Trigger: eight(r.Trigger), Symbol: s.ins.At(r.Inst).Symbol, Created: o.Created.Millis(), Time: n.Time, Type: n.Type,
		Updated: o.Updated.Millis(), Account: accountID, Prevention: o.marginPrevention(),
	}
}

func (s *Sim) getMarginOrder(c *web.Call) (any, *web.Error) {
	o, wrong := s.one(c, exchange.Margin, listOrders)
	if wrong != nil {
		return nil, wrong
	}
	return s.showMargin(o), nil
}

// getMarginOpen wants a symbol: the page has a weight for requests without one, and yet
// calls it mandatory.
func (s *Sim) getMarginOpen(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	if in == nil {
		return nil, c.Err()
	}
	list := []marginOrder{}
	for _, o := range s.records.live {
		if o.product == exchange.Margin && o.list == listOrders && o.Request.Inst == in.ID {
			list = append(list, s.showMargin(o))
		}
	}
	return list, nil
}

// pagesOfMargin are those of margin orders and trades: the spot engine looks at a day.
func pagesOfMargin(most int) pages { return pages{span: day, below: true, usual: 500, most: most} }

func (s *Sim) getMarginOrders(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	found, wrong := s.orders(c, exchange.Margin, listOrders, pagesOfMargin(500), "orderId", func(other *exchange.Instrument) bool { return other == in })
	if wrong != nil {
		return nil, wrong
	}
	return eachOf(found, s.showMargin), nil
}

// marginTrade is a row of myTrades.
type marginTrade struct {
	Fee      string `json:"commission"`
	FeeAsset string `json:"commissionAsset"`
	ID       int64  `json:"id"`
	Best     bool   `json:"isBestMatch"`
	Buyer    bool   `json:"isBuyer"`
	Maker    bool   `json:"isMaker"`
	Order    int64  `json:"orderId"`
	Price    string `json:"price"`
	Qty      string `json:"qty"`
	Symbol   string `json:"symbol"`
	Time     int64  `json:"time"`
}

func (s *Sim) getMarginTrades(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.Margin)
	when, from, order := readPeriod(c, pagesOfMargin(1000)), c.Int("fromId"), c.Int("orderId")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if from != 0 && !when.asked {
		when.from = 0
	}
	list := []marginTrade{}
	for _, f := range s.records.fills {
		if f.inst == in.ID && f.id >= from && (order == 0 || f.order.id == order) && when.has(f.at) {
			list = append(list, marginTrade{
				money8(f.Fee), f.FeeAsset, f.id, true, f.Side == exchange.Buy, f.Maker, f.order.id, eight(f.Price), eight(f.Qty), in.Symbol, f.at.Millis(),
			})
		}
	}
	return cut(list, when.limit, from == 0 && when.latest), nil
}

// forcedMargin is a row of margin/forceOrders.
type forcedMargin struct {
	Average string `json:"avgPrice"`
	Filled  string `json:"executedQty"`
	ID      int64  `json:"orderId"`
	Price   string `json:"price"`
	Qty     string `json:"qty"`
	Side    string `json:"side"`
	Symbol  string `json:"symbol"`
	Time    string `json:"timeInForce"`
	Updated int64  `json:"updatedTime"`
}

// getMarginForced lists what the exchange has sold and bought to liquidate, newest first.
func (s *Sim) getMarginForced(c *web.Call) (any, *web.Error) {
	when := spanRule{usual: 7 * day, most: 90 * day, keeps: 90 * day, tooLong: web.Errorf(-1127, "Lookup interval is too big.")}.read(c)
	found := []forcedMargin{}
	for i := len(s.records.all) - 1; i >= 0; i-- {
		o := s.records.all[i]
		if o.product != exchange.Margin || o.forced == exchange.NotForced || !when.has(o.Updated) {
			continue
		}
		in := s.ins.At(o.Request.Inst)
		average := money8(o.average(in))
		found = append(found, forcedMargin{
			average, eight(o.Filled), o.id, average, eight(o.Request.Qty), o.Request.Side.String(), in.Symbol, exchange.GTC.String(), o.Updated.Millis(),
		})
	}
	rows := pageOf(c, found)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	return rowsOf[forcedMargin]{rows, len(found)}, nil
}
