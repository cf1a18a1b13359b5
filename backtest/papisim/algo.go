package papisim

import (
	"slices"
	"strconv"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// algoRoutes are the endpoints of UM's conditional orders. Binance does not say whether a
// new one counts as an order; its predecessor did, and so does this (assumed).
func (s *Sim) algoRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/um/algo/order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.placeAlgo},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/um/algo/order", Security: web.Trade, Weight: 1, Serve: s.cancelAlgo},
		{Host: web.PAPI, Method: "DELETE", Path: "/papi/v1/um/algo/allOpenOrders", Security: web.Trade, Weight: 1, Serve: s.cancelAllAlgo},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/algo/algoOrder", Security: web.UserData, Weight: 1, Serve: s.algoOrder},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/algo/openAlgoOrders", Security: web.UserData, WeightOf: weightBySymbol(1, 40), Serve: s.openAlgoOrders},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/algo/allAlgoOrders", Security: web.UserData, Weight: 5, Serve: s.allAlgoOrders},
	}
}

// The answers about conditional UM orders are put together of these blocks, in Binance's
// order of fields.

type algoHead struct {
	AlgoID       int64  `json:"algoId"`
	ClientAlgoID string `json:"clientAlgoId"`
	AlgoType     string `json:"algoType"`
	OrderType    string `json:"orderType"`
	Symbol       string `json:"symbol"`
	Side         string `json:"side"`
	PositionSide string `json:"positionSide"`
	TimeInForce  string `json:"timeInForce"`
	Quantity     string `json:"quantity"`
	AlgoStatus   string `json:"algoStatus"`
}

// algoChild is the order that the trigger has made: its id, "" before, and average price.
type algoChild struct {
	ActualOrderID string `json:"actualOrderId"`
	ActualPrice   string `json:"actualPrice"`
}

type algoTerms struct {
	TriggerPrice            string `json:"triggerPrice"`
	Price                   string `json:"price"`
	SelfTradePreventionMode string `json:"selfTradePreventionMode"`
	WorkingType             string `json:"workingType"`
	PriceMatch              string `json:"priceMatch"`
}

type algoFlags struct {
	ClosePosition bool `json:"closePosition"`
	PriceProtect  bool `json:"priceProtect"`
	ReduceOnly    bool `json:"reduceOnly"`
}

type algoTimes struct {
	CreateTime   int64 `json:"createTime"`
	UpdateTime   int64 `json:"updateTime"`
	TriggerTime  int64 `json:"triggerTime"`
	GoodTillDate int64 `json:"goodTillDate"`
}

// placedAlgo answers a new conditional UM order. ActivatePrice and CallbackRate are empty
// for all but trailing stops.
type placedAlgo struct {
	algoHead
	algoTerms
	PriceProtect  bool   `json:"priceProtect"`
	ReduceOnly    bool   `json:"reduceOnly"`
	ActivatePrice string `json:"activatePrice"`
	CallbackRate  string `json:"callbackRate"`
	algoTimes
	ClosePosition bool `json:"closePosition"`
}

// openAlgo is one in the list of open orders, anyAlgo in other queries.
type (
	openAlgo struct {
		algoHead
		algoTerms
		algoFlags
		algoTimes
	}
	anyAlgo struct {
		algoHead
		algoChild
		algoTerms
		algoFlags
		algoTimes
	}
)

// The one kind of algo order, and the answer to a second order that closes the same
// position the same way; its code is of fapi's page.
const algoConditional = "CONDITIONAL"

var errCloseTwice = web.Errorf(-4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.")

func (s *Sim) placeAlgo(c *web.Call) (any, *web.Error) {
	if c.Need("algoType") != algoConditional {
		c.Fail(invalid("algoType"))
		return nil, c.Err()
	}
	o, wrong := umAlgo().read(s, c)
	if wrong == nil && s.closesAlready(o) {
		wrong = errCloseTwice
	}
	if wrong == nil {
		wrong = s.place(c.At, o)
	}
	if wrong != nil {
		return nil, wrong
	}
	shown, in := *o, s.instrument(o)
	shown.Status, shown.Updated, shown.triggered = exchange.StatusWorking, o.Created, 0 // it may have triggered since
	a, r := s.showOpenAlgo(&shown), &o.Request
	p := placedAlgo{
		algoHead: a.algoHead, algoTerms: a.algoTerms, PriceProtect: r.PriceProtect, ReduceOnly: r.ReduceOnly, algoTimes: a.algoTimes,
		ClosePosition: r.ClosePosition,
	}
	if r.Type == exchange.TrailingStopMarket {
		p.CallbackRate = percent(r.Callback)
	}
	if r.Activation != 0 {
		p.ActivatePrice = padded(r.Activation, in.Tick)
	}
	return p, nil
}

// percent prints a ratio in percent.
func percent(ratio exchange.Fixed) string { return (ratio * 100).String() }

// closesAlready says whether an order is there that closes the same position by the same
// kind of order: Binance takes one of each.
func (s *Sim) closesAlready(o *record) bool {
	for _, other := range s.records.live {
		a, b := &o.Request, &other.Request
		if a.ClosePosition && b.ClosePosition && other.waiting() && a.Inst == b.Inst && a.Type == b.Type && a.Side == b.Side && a.PositionSide == b.PositionSide {
			return true
		}
	}
	return false
}

// algoStatus is the status of a conditional order, in UM's words.
func (r *record) algoStatus() string {
	if r.Status == exchange.StatusWorking {
		return "NEW"
	}
	return r.Status.String()
}

func (s *Sim) showOpenAlgo(o *record) openAlgo {
	r, in := &o.Request, s.instrument(o)
	return openAlgo{
		algoHead{
			AlgoID: o.id, ClientAlgoID: o.name, AlgoType: algoConditional, OrderType: r.Type.String(), Symbol: in.Symbol, Side: r.Side.String(),
			PositionSide: r.PositionSide.String(), TimeInForce: o.timeWord(), Quantity: padded(r.Qty, in.Lot.Step), AlgoStatus: o.algoStatus(),
		},
		algoTerms{
			TriggerPrice: padded(r.Trigger, in.Tick), Price: padded(r.Price, in.Tick), SelfTradePreventionMode: o.preventionWord(),
			WorkingType: r.WorkingType.String(), PriceMatch: o.priceMatch.String(),
		},
		algoFlags{r.ClosePosition, r.PriceProtect, r.ReduceOnly},
		algoTimes{o.Created.Millis(), o.Updated.Millis(), o.triggered.Millis(), r.GoodTill.Millis()},
	}
}

func (s *Sim) showAlgo(o *record) anyAlgo {
	a, child := s.showOpenAlgo(o), algoChild{ActualPrice: "0.00000"}
	if o.child != nil {
		child = algoChild{strconv.FormatInt(o.child.id, 10), o.child.averaged(s.instrument(o))}
	}
	return anyAlgo{a.algoHead, child, a.algoTerms, a.algoFlags, a.algoTimes}
}

// oneAlgo finds the conditional order that a request means; no symbol is needed.
func (s *Sim) oneAlgo(c *web.Call) (*record, *web.Error) {
	id, name := named(c, "algoId", "clientAlgoId")
	if c.Err() != nil {
		return nil, c.Err()
	}
	if o := s.records.find(exchange.UM, listAlgo, id, name, c.At); o != nil {
		return o, nil
	}
	return nil, errNoOrder
}

func (s *Sim) cancelAlgo(c *web.Call) (any, *web.Error) {
	o, wrong := s.oneAlgo(c)
	switch {
	case wrong == errNoOrder || wrong == nil && !o.waiting():
		return nil, errUnknown
	case wrong != nil:
		return nil, wrong
	}
	s.cancel(c.At, o)
	return struct {
		Complete bool `json:"complete"`
	}{true}, nil
}

func (s *Sim) cancelAllAlgo(c *web.Call) (any, *web.Error) {
	if wrong := s.cancelAll(c, exchange.UM, listAlgo); wrong != nil {
		return nil, wrong
	}
	return done{200, allCanceled}, nil
}

func (s *Sim) algoOrder(c *web.Call) (any, *web.Error) {
	o, wrong := s.oneAlgo(c)
	if wrong != nil {
		return nil, wrong
	}
	return s.showAlgo(o), nil
}

func (s *Sim) openAlgoOrders(c *web.Call) (any, *web.Error) {
	c.OneOf("algoType", invalid("algoType"), algoConditional)
	id := c.Int("algoId")
	found, wrong := s.allOpen(c, exchange.UM, listAlgo)
	if id != 0 {
		found = slices.DeleteFunc(found, func(o *record) bool { return o.id != id })
	}
	return eachOf(found, s.showOpenAlgo), wrong
}

func (s *Sim) allAlgoOrders(c *web.Call) (any, *web.Error) {
	in := s.symbol(c, exchange.UM)
	found, wrong := s.orders(c, exchange.UM, listAlgo, pagesOfOrders(), "algoId", func(other *exchange.Instrument) bool { return other == in })
	return eachOf(found, s.showAlgo), wrong
}
