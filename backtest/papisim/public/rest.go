package public

import (
	"slices"
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// Routes are the endpoints of fapi, dapi and api. fapi and dapi share one budget of weight.
func (s *Service) Routes() []web.Route {
	return slices.Concat(
		s.futuresRoutes(web.FAPI, exchange.UM), s.futuresRoutes(web.DAPI, exchange.CM), s.umRoutes(), s.spotRoutes(),
		s.statisticsRoutes(web.FAPI, exchange.UM), s.statisticsRoutes(web.DAPI, exchange.CM),
	)
}

// prefix is where the paths of a host begin.
func prefix(h web.Host) string {
	switch h {
	case web.FAPI:
		return "/fapi/v1/"
	case web.DAPI:
		return "/dapi/v1/"
	}
	return "/api/v3/"
}

// futuresRoutes are what fapi and dapi both have.
func (s *Service) futuresRoutes(h web.Host, p exchange.Product) []web.Route {
	m := side{s, p}
	mark, constituents, funding := chosen(1, 10), 2, 0
	if p == exchange.CM {
		mark, constituents, funding = chosen(10, 10), 1, 1
	}
	list := []web.Route{
		{Path: "ping", Weight: 1, Serve: ping},
		{Path: "time", Weight: 1, Serve: serverTime},
		{Path: "exchangeInfo", Weight: 1, Serve: m.exchangeInfo},
		{Path: "depth", WeightOf: depthWeight, Serve: m.depth},
		{Path: "trades", Weight: 5, Serve: m.trades},
		{Path: "historicalTrades", Weight: m.historyWeight(), Security: web.Keyed, Serve: m.historicalTrades},
		{Path: "aggTrades", Weight: 20, Serve: m.aggTrades},
		{Path: "klines", WeightOf: klineWeight, Serve: m.klines},
		{Path: "continuousKlines", WeightOf: klineWeight, Serve: m.continuousKlines},
		{Path: "indexPriceKlines", WeightOf: klineWeight, Serve: m.indexKlines},
		{Path: "markPriceKlines", WeightOf: klineWeight, Serve: m.markKlines},
		{Path: "premiumIndexKlines", WeightOf: klineWeight, Serve: m.premiumKlines},
		{Path: "premiumIndex", WeightOf: mark, Serve: m.premiumIndex},
		{Path: "fundingRate", Weight: funding, Serve: m.fundingRate},
		{Path: "fundingInfo", Serve: m.fundingInfo},
		{Path: "ticker/24hr", WeightOf: chosen(1, 40), Serve: m.ticker24},
		{Path: "ticker/price", WeightOf: chosen(1, 2), Serve: m.tickerPrice},
		{Path: "ticker/bookTicker", WeightOf: chosen(2, 5), Serve: m.bookTicker},
		{Path: "openInterest", Weight: 1, Serve: m.openInterest},
		{Path: "constituents", Weight: constituents, Serve: m.constituents},
	}
	return complete(h, list)
}

// chosen is the weight of a call for one symbol or pair, and that of one for all.
func chosen(one, all int) func(*web.Params) int {
	return func(q *web.Params) int {
		if q.Has("symbol") || q.Has("pair") {
			return one
		}
		return all
	}
}

// complete fills in what all routes of a host have in common.
func complete(h web.Host, list []web.Route) []web.Route {
	for i := range list {
		r := &list[i]
		r.Host, r.Method = h, "GET"
		if !strings.HasPrefix(r.Path, "/") {
			r.Path = prefix(h) + r.Path
		}
		if r.Security == 0 {
			r.Security = web.None
		}
	}
	return list
}

// umRoutes are what only fapi has.
func (s *Service) umRoutes() []web.Route {
	m := side{s, exchange.UM}
	return complete(web.FAPI, []web.Route{
		{Path: "/fapi/v2/ticker/price", WeightOf: chosen(1, 2), Serve: m.tickerPrice},
		{Path: "rpiDepth", Weight: 20, Serve: m.rpiDepth},
		{Path: "assetIndex", WeightOf: chosen(1, 10), Serve: s.assetIndex},
		{Path: "indexInfo", Weight: 1, Serve: m.indexInfo},
		{Path: "symbolAdlRisk", Weight: 1, Serve: m.adlRisk},
		{Path: "insuranceBalance", Weight: 1, Serve: m.insurance},
		{Path: "tradingSchedule", Weight: 5, Serve: m.schedule},
	})
}

// side is one of the three hosts' view of the service.
type side struct {
	*Service
	product exchange.Product
}

func ping(*web.Call) (any, *web.Error) { return struct{}{}, nil }

func serverTime(c *web.Call) (any, *web.Error) {
	return struct {
		ServerTime int64 `json:"serverTime"`
	}{c.Clock.Millis()}, nil
}

func noSymbol() *web.Error { return web.Errorf(-1121, "Invalid symbol.") }

func invalid(name string) *web.Error {
	return web.Errorf(-1130, "Data sent for parameter '%s' is not valid.", name)
}

// symbolOf reads the symbol that must be there.
func (m side) symbolOf(c *web.Call) (*symbol, *web.Error) {
	name := c.Need("symbol")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	sym := m.find(m.product, name)
	if sym == nil {
		return nil, noSymbol()
	}
	return sym, nil
}

// eitherSymbol is symbolOf for klines, which either host serves of both products.
func (m side) eitherSymbol(c *web.Call) (*symbol, *web.Error) {
	sym, wrong := m.symbolOf(c)
	if wrong != nil && wrong.Code == -1121 && m.product != exchange.Margin {
		if sym = m.futuresOf(c.Text("symbol")); sym != nil {
			return sym, nil
		}
	}
	return sym, wrong
}

// wanted are the symbols that a request asks for: one, those of a pair on dapi, or all of
// the product.
func (m side) wanted(c *web.Call) ([]*symbol, *web.Error) {
	name, pair := c.Text("symbol"), ""
	if m.product == exchange.CM {
		pair = c.Text("pair")
	}
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	if name != "" && pair != "" {
		return nil, web.Errorf(-1128, "Combination of optional parameters invalid.")
	}
	var list []*symbol
	m.all(m.product, func(sym *symbol) {
		if (name == "" || sym.in.Symbol == name) && (pair == "" || sym.in.Pair == pair) {
			list = append(list, sym)
		}
	})
	if len(list) == 0 && name != "" {
		return nil, noSymbol()
	}
	if len(list) == 0 && pair != "" {
		return nil, web.Errorf(-1121, "Invalid pair.")
	}
	return list, nil
}

// rows are the answers of the chosen symbols: on fapi and api one object for one symbol, on
// dapi a list whatever was asked for.
func (m side) rows(c *web.Call, row func(*symbol) any) (any, *web.Error) {
	list, wrong := m.wanted(c)
	if wrong != nil {
		return nil, wrong
	}
	if m.product != exchange.CM && c.Has("symbol") {
		return row(list[0]), nil
	}
	rows := []any{}
	for _, sym := range list {
		if r := row(sym); r != nil {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// limit reads how many rows are wanted.
func limit(c *web.Call, usual, most int64) int {
	n := usual
	if c.Has("limit") {
		n = c.Int("limit")
		if c.Err() == nil && (n < 1 || n > most) {
			c.Fail(invalid("limit"))
		}
	}
	return int(min(max(n, 1), most))
}

// span reads startTime and endTime; 0 is none.
func span(c *web.Call) (from, to exchange.Time) {
	from, to = c.Time("startTime"), c.Time("endTime")
	if from != 0 && to != 0 && from > to {
		c.Fail(web.Errorf(-1023, "Start time is greater than end time."))
	}
	return from, to
}

// within says whether an instant lies in a span.
func within(at, from, to exchange.Time) bool {
	return (from == 0 || at >= from) && (to == 0 || at <= to)
}

// some are the rows that a limit leaves: the first ones where a start was given, else the
// newest.
func some[T any](list []T, n int, first bool) []T {
	if len(list) <= n {
		return list
	}
	if first {
		return list[:n]
	}
	return list[len(list)-n:]
}
