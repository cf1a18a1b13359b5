package papisim

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// conditionalRoutes are the endpoints of CM's conditional orders, which Binance calls
// strategies. UM's of the same names are gone: they have no route and answer 404.
func (s *Sim) conditionalRoutes() []web.Route {
	const path = "/papi/v1/cm/conditional/"
	return []web.Route{
		{Host: web.PAPI, Method: "POST", Path: path + "order", Security: web.Trade, Weight: 1, Orders: 1, Serve: s.placeStrategy},
		{Host: web.PAPI, Method: "DELETE", Path: path + "order", Security: web.Trade, Weight: 1, Serve: s.cancelStrategy},
		{Host: web.PAPI, Method: "DELETE", Path: path + "allOpenOrders", Security: web.Trade, Weight: 1, Serve: s.cancelAllStrategies},
		{Host: web.PAPI, Method: "GET", Path: path + "openOrders", Security: web.UserData, WeightOf: weightBySymbol(1, 40), Serve: s.openStrategies},
		{Host: web.PAPI, Method: "GET", Path: path + "openOrder", Security: web.UserData, Weight: 1, Serve: s.openStrategy},
		{Host: web.PAPI, Method: "GET", Path: path + "allOrders", Security: web.UserData, WeightOf: weightBySymbol(1, 40), Serve: s.allStrategies},
		{Host: web.PAPI, Method: "GET", Path: path + "orderHistory", Security: web.UserData, Weight: 1, Serve: s.strategyHistory},
	}
}

// The answers about conditional CM orders are put together of these blocks, in Binance's
// order of fields.

type strategyHead struct {
	NewClientStrategyID string `json:"newClientStrategyId"`
	StrategyID          int64  `json:"strategyId"`
	StrategyStatus      string `json:"strategyStatus"`
	StrategyType        string `json:"strategyType"`
	OrigQty             string `json:"origQty"`
	Price               string `json:"price"`
	ReduceOnly          bool   `json:"reduceOnly"`
	Side                string `json:"side"`
	PositionSide        string `json:"positionSide"`
	StopPrice           string `json:"stopPrice"`
	Symbol              string `json:"symbol"`
}

// strategyTrail is there for trailing stops only.
type strategyTrail struct {
	ActivatePrice string `json:"activatePrice,omitempty"`
	PriceRate     string `json:"priceRate,omitempty"`
}

type strategyTimes struct {
	BookTime   int64 `json:"bookTime"`
	UpdateTime int64 `json:"updateTime"`
}

type strategyWork struct {
	WorkingType  string `json:"workingType"`
	PriceProtect bool   `json:"priceProtect"`
}

// placedStrategy answers a new or cancelled order; only the answer to a new one has a pair.
type placedStrategy struct {
	strategyHead
	Pair        string `json:"pair,omitempty"`
	TimeInForce string `json:"timeInForce"`
	strategyTrail
	strategyTimes
	strategyWork
}

// shownStrategy is one that waits.
type shownStrategy struct {
	strategyHead
	strategyTimes
	TimeInForce string `json:"timeInForce"`
	strategyTrail
}

// pastStrategy is one in the history, with the order that its trigger has made: what speaks
// of that is absent before.
type pastStrategy struct {
	strategyHead
	OrderID int64  `json:"orderId,omitempty"`
	Status  string `json:"status,omitempty"`
	strategyTimes
	TriggerTime int64  `json:"triggerTime,omitempty"`
	TimeInForce string `json:"timeInForce"`
	Type        string `json:"type,omitempty"`
	strategyTrail
}

// finishedStrategy is pastStrategy as the query of a single one shows it.
type finishedStrategy struct {
	pastStrategy
	strategyWork
	PriceMatch string `json:"priceMatch"`
}

// strategyStatus is the status of a conditional order in CM's words, of which there are
// five. One that the engine has refused at its trigger is shown as expired (assumed).
func (r *record) strategyStatus() string {
	switch r.Status {
	case exchange.StatusWorking, exchange.StatusTriggering:
		return "NEW"
	case exchange.StatusRejected:
		return "EXPIRED"
	default:
		return r.Status.String()
	}
}

func (r *record) strategyHead(in *exchange.Instrument) strategyHead {
	q := &r.Request
	return strategyHead{
		NewClientStrategyID: r.name, StrategyID: r.id, StrategyStatus: r.strategyStatus(), StrategyType: q.Type.String(),
		OrigQty: padded(q.Qty, in.Lot.Step), Price: q.Price.String(), ReduceOnly: q.ReduceOnly, Side: q.Side.String(),
		PositionSide: q.PositionSide.String(), StopPrice: q.Trigger.String(), Symbol: in.Symbol,
	}
}

func (r *record) strategyTrail() strategyTrail {
	if r.Request.Type != exchange.TrailingStopMarket {
		return strategyTrail{}
	}
	return strategyTrail{ActivatePrice: r.Request.Activation.String(), PriceRate: percent(r.Request.Callback)}
}

func (r *record) strategyTimes() strategyTimes {
	return strategyTimes{r.Created.Millis(), r.Updated.Millis()}
}

func (r *record) strategyWork() strategyWork {
	return strategyWork{r.Request.WorkingType.String(), r.Request.PriceProtect}
}

func (s *Sim) showStrategy(o *record) shownStrategy {
	return shownStrategy{o.strategyHead(s.instrument(o)), o.strategyTimes(), o.timeWord(), o.strategyTrail()}
}

func (s *Sim) showPastStrategy(o *record) pastStrategy {
	shown := pastStrategy{
		strategyHead: o.strategyHead(s.instrument(o)), strategyTimes: o.strategyTimes(), TriggerTime: o.triggered.Millis(),
		TimeInForce: o.timeWord(), strategyTrail: o.strategyTrail(),
	}
	if o.child != nil {
		shown.OrderID, shown.Status, shown.Type = o.child.id, o.child.statusWord(), o.child.typeWord()
	}
	return shown
}

func (s *Sim) placeStrategy(c *web.Call) (any, *web.Error) {
	o, wrong := cmConditional().read(s, c)
	if wrong == nil {
		wrong = s.place(c.At, o)
	}
	if wrong != nil {
		return nil, wrong
	}
	shown, in := *o, s.instrument(o)
	shown.Status, shown.Updated = exchange.StatusWorking, o.Created // it may have triggered since
	return placedStrategy{shown.strategyHead(in), in.Pair, o.timeWord(), o.strategyTrail(), shown.strategyTimes(), o.strategyWork()}, nil
}

// oneStrategy finds the conditional order that a request means.
func (s *Sim) oneStrategy(c *web.Call) (*record, *web.Error) {
	in := s.symbol(c, exchange.CM)
	id, name := named(c, "strategyId", "newClientStrategyId")
	if c.Err() != nil {
		return nil, c.Err()
	}
	o := s.records.find(exchange.CM, listStrategy, id, name, c.At)
	if o == nil || o.Request.Inst != in.ID {
		return nil, errNoOrder
	}
	return o, nil
}

// waitingStrategy is oneStrategy for one that has not triggered.
func (s *Sim) waitingStrategy(c *web.Call) (*record, *web.Error) {
	o, wrong := s.oneStrategy(c)
	if wrong == nil && !o.waiting() {
		wrong = errNoOrder
	}
	return o, wrong
}

func (s *Sim) cancelStrategy(c *web.Call) (any, *web.Error) {
	o, wrong := s.waitingStrategy(c)
	switch wrong {
	case nil:
	case errNoOrder:
		return nil, errUnknown
	default:
		return nil, wrong
	}
	s.cancel(c.At, o)
	return placedStrategy{o.strategyHead(s.instrument(o)), "", o.timeWord(), o.strategyTrail(), o.strategyTimes(), o.strategyWork()}, nil
}

func (s *Sim) cancelAllStrategies(c *web.Call) (any, *web.Error) {
	if wrong := s.cancelAll(c, exchange.CM, listStrategy); wrong != nil {
		return nil, wrong
	}
	return doneText{"200", "The operation of cancel all conditional open order is done."}, nil
}

func (s *Sim) openStrategies(c *web.Call) (any, *web.Error) {
	found, wrong := s.allOpen(c, exchange.CM, listStrategy)
	return eachOf(found, s.showStrategy), wrong
}

func (s *Sim) openStrategy(c *web.Call) (any, *web.Error) {
	o, wrong := s.waitingStrategy(c)
	if wrong != nil {
		return nil, wrong
	}
	return s.showStrategy(o), nil
}

func (s *Sim) allStrategies(c *web.Call) (any, *web.Error) {
	chosen := func(*exchange.Instrument) bool { return true }
	if c.Has("symbol") {
		in := s.symbol(c, exchange.CM)
		chosen = func(other *exchange.Instrument) bool { return other == in }
	}
	found, wrong := s.orders(c, exchange.CM, listStrategy, pagesOfOrders(), "strategyId", chosen)
	return eachOf(found, s.showPastStrategy), wrong
}

// strategyHistory shows one that does not wait any more.
func (s *Sim) strategyHistory(c *web.Call) (any, *web.Error) {
	o, wrong := s.oneStrategy(c)
	if wrong == nil && o.waiting() {
		wrong = errNoOrder
	}
	if wrong != nil {
		return nil, wrong
	}
	return finishedStrategy{s.showPastStrategy(o), o.strategyWork(), o.priceMatch.String()}, nil
}
