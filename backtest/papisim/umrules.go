package papisim

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// ruleRoutes are the endpoints of what the exchange thinks of the account's trading: its
// place in the line for auto-deleveraging, the quantitative rules, and an agreement.
func (s *Sim) ruleRoutes() []web.Route {
	return []web.Route{
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/adlQuantile", Security: web.UserData, Weight: 5, Serve: s.quantilesUM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/cm/adlQuantile", Security: web.UserData, Weight: 5, Serve: s.quantilesCM},
		{Host: web.PAPI, Method: "GET", Path: "/papi/v1/um/apiTradingStatus", Security: web.UserData, WeightOf: weightBySymbol(1, 10), Serve: s.tradingStatus},
		{Host: web.PAPI, Method: "POST", Path: "/papi/v1/um/stock/contract", Security: web.UserData, Weight: 5, Serve: signStocks},
	}
}

// signStocks signs the agreement on stock contracts, of which there are none here.
func signStocks(*web.Call) (any, *web.Error) { return done{200, "success"}, nil }

// quantilesOf are the ADL quantiles of a symbol: LONG and SHORT in hedge mode, with CM's
// marker HEDGE, and BOTH in one-way mode.
type quantilesOf struct {
	Symbol      string `json:"symbol"`
	ADLQuantile struct {
		Long  *int `json:"LONG,omitempty"`
		Short *int `json:"SHORT,omitempty"`
		Hedge *int `json:"HEDGE,omitempty"`
		Both  *int `json:"BOTH,omitempty"`
	} `json:"adlQuantile"`
}

func (s *Sim) quantilesUM(c *web.Call) (any, *web.Error) { return s.quantiles(c, exchange.UM) }

func (s *Sim) quantilesCM(c *web.Call) (any, *web.Error) { return s.quantiles(c, exchange.CM) }

func (s *Sim) quantiles(c *web.Call, p exchange.Product) (any, *web.Error) {
	only := s.symbolIfSent(c, p)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	shown := []quantilesOf{}
	for _, in := range s.ins.All() {
		long, short, both := s.venue.Position(in.ID, exchange.Long), s.venue.Position(in.ID, exchange.Short), s.venue.Position(in.ID, exchange.Both)
		flat := long.Qty.IsZero() && short.Qty.IsZero() && both.Qty.IsZero()
		if in.Product != p || only != nil && only.ID != in.ID || only == nil && flat {
			continue
		}
		q := quantilesOf{Symbol: in.Symbol}
		if s.venue.Hedged() {
			q.ADLQuantile.Long, q.ADLQuantile.Short = s.quantile(long), s.quantile(short)
			if p == exchange.CM {
				q.ADLQuantile.Hedge = new(int)
			}
		} else {
			q.ADLQuantile.Both = s.quantile(both)
		}
		shown = append(shown, q)
	}
	return shown, nil
}

// quantile is how near a position is to the front of the line for auto-deleveraging, 0 to 4.
// Binance ranks by profit and leverage among everybody; here, assumed: 0 without profit, and
// else one step for each tenth of the margin at the symbol's leverage that has been won.
func (s *Sim) quantile(p exchange.Position) *int {
	q, mark := 0, s.venue.MarkOf(p.Inst)
	if !p.Qty.IsZero() && mark > 0 && p.Entry.IsPositive() {
		move := mark.Decimal().Sub(p.Entry).DivRound(p.Entry, 16).Mul(decimal.NewFromInt(int64(p.Qty.Sign())))
		if won := move.Mul(decimal.NewFromInt(int64(s.venue.Leverage(p.Inst)))); won.IsPositive() {
			q = int(min(4, 1+won.Mul(decimal.NewFromInt(10)).IntPart()))
		}
	}
	return &q
}

// indicator is one of the quantitative rules: the ratio of a kind of orders, and from where
// on it would lock the symbol.
type indicator struct {
	IsLocked           bool        `json:"isLocked"`
	PlannedRecoverTime int64       `json:"plannedRecoverTime"`
	Indicator          string      `json:"indicator"`
	Value              json.Number `json:"value"`
	TriggerValue       json.Number `json:"triggerValue"`
}

// ruleSpan is over how long the quantitative rules look.
const ruleSpan = 10 * time.Minute

// tradingStatus tells the quantitative rules of the symbols that were traded lately. None
// locks a symbol here: what Binance counts beside the ratios is not published.
func (s *Sim) tradingStatus(c *web.Call) (any, *web.Error) {
	only := s.symbolIfSent(c, exchange.UM)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	shown := map[string][]indicator{}
	for _, in := range s.ins.All() {
		if in.Product == exchange.UM && (only == nil || only.ID == in.ID) {
			if rules := s.rules(in.ID, c.At); rules != nil {
				shown[in.Symbol] = rules
			}
		}
	}
	return struct {
		Indicators map[string][]indicator `json:"indicators"`
		UpdateTime int64                  `json:"updateTime"`
	}{shown, c.At.Millis()}, nil
}

// rules are the indicators of a symbol: unfilled orders, IOC and FOK that expired, GTC that
// were cancelled, each of all of its kind. Nil is no order in the time that counts.
func (s *Sim) rules(inst exchange.InstrumentID, now exchange.Time) []indicator {
	type ratio struct{ part, of int64 }
	var unfilled, expired, canceled ratio
	for _, o := range slices.Backward(s.records.all) {
		if now.Sub(o.Created) > ruleSpan {
			break
		}
		if o.Request.Inst != inst || o.list != listOrders {
			continue
		}
		unfilled.of++
		unfilled.part += count(o.Filled == 0)
		switch o.Request.TimeInForce {
		case exchange.IOC, exchange.FOK:
			expired.of++
			expired.part += count(o.Status == exchange.StatusExpired)
		case exchange.GTC:
			canceled.of++
			canceled.part += count(o.Status == exchange.StatusCanceled)
		}
	}
	if unfilled.of == 0 {
		return nil
	}
	value := func(r ratio) json.Number {
		return json.Number(decimal.NewFromInt(r.part).DivRound(decimal.NewFromInt(max(1, r.of)), 4).String())
	}
	return []indicator{
		{Indicator: "UFR", Value: value(unfilled), TriggerValue: "0.995"},
		{Indicator: "IFER", Value: value(expired), TriggerValue: "0.99"},
		{Indicator: "GCR", Value: value(canceled), TriggerValue: "0.99"},
		{Indicator: "DR", Value: "0", TriggerValue: "0.99"},
	}
}

func count(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
