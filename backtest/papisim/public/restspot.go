package public

import (
	"encoding/json"
	"strings"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// spotRoutes are the public data of the margin leg's pairs.
func (s *Service) spotRoutes() []web.Route {
	m := side{s, exchange.Margin}
	return complete(web.API, []web.Route{
		{Path: "ping", Weight: 1, Serve: ping},
		{Path: "time", Weight: 1, Serve: serverTime},
		{Path: "exchangeInfo", Weight: 20, Serve: m.spotInfo},
		{Path: "depth", WeightOf: spotDepthWeight, Serve: m.spotDepth},
		{Path: "trades", Weight: 25, Serve: m.trades},
		{Path: "historicalTrades", Weight: m.historyWeight(), Serve: m.historicalTrades},
		{Path: "aggTrades", Weight: 4, Serve: m.aggTrades},
		{Path: "klines", Weight: 2, Serve: m.klines},
		{Path: "uiKlines", Weight: 2, Serve: m.klines},
		{Path: "avgPrice", Weight: 2, Serve: m.averagePrice},
		{Path: "ticker/24hr", WeightOf: spotTickerWeight, Serve: m.several(m.spotTicker)},
		{Path: "ticker/price", WeightOf: chosen(2, 4), Serve: m.several(m.tickerPrice)},
		{Path: "ticker/bookTicker", WeightOf: chosen(2, 4), Serve: m.several(m.bookTicker)},
	})
}

// spotTickerWeight is what 24-hour statistics cost, by how many symbols are asked for.
func spotTickerWeight(q *web.Params) int {
	n := 1 + strings.Count(q.Peek("symbols"), ",")
	switch {
	case q.Has("symbol"), q.Has("symbols") && n <= 20:
		return 2
	case q.Has("symbols") && n <= 100:
		return 40
	}
	return 80
}

// spotDepthMax is the largest snapshot of spot; a larger limit is taken as this one.
const spotDepthMax = 5000

func spotDepthWeight(q *web.Params) int {
	n := int64(100)
	if q.Has("limit") {
		n = q.Int("limit")
	}
	switch {
	case n <= 100:
		return 5
	case n <= 500:
		return 25
	case n <= 1000:
		return 50
	}
	return 250
}

func (m side) spotDepth(c *web.Call) (any, *web.Error) {
	n := int64(100)
	if c.Has("limit") {
		if n = c.Int("limit"); n < 1 && c.Err() == nil {
			return nil, invalid("limit")
		}
	}
	s, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	n = min(n, spotDepthMax)
	return s.spotSnapshot(int(n)), nil
}

// spotSnapshot is the top of a book as spot's depth has it.
func (s *symbol) spotSnapshot(levels int) spotPartialFrame {
	return spotPartialFrame{s.depth.last, s.top(&s.depth.bids, levels), s.top(&s.depth.asks, levels)}
}

// listed reads the parameter symbols, a JSON list of names.
func (m side) listed(c *web.Call) ([]*symbol, *web.Error) {
	var names []string
	if err := json.Unmarshal([]byte(c.Need("symbols")), &names); err != nil || len(names) == 0 {
		return nil, web.Errorf(-1100, "Illegal characters found in parameter 'symbols'; legal range is '^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$'.")
	}
	var list []*symbol
	for _, name := range names {
		s := m.find(m.product, name)
		if s == nil {
			return nil, noSymbol()
		}
		list = append(list, s)
	}
	return list, nil
}

// several lets a handler for one symbol or all answer for a list as well.
func (m side) several(one func(*web.Call) (any, *web.Error)) func(*web.Call) (any, *web.Error) {
	return func(c *web.Call) (any, *web.Error) {
		if !c.Has("symbols") {
			return one(c)
		}
		if c.Has("symbol") {
			return nil, web.Errorf(-1128, "Combination of optional parameters invalid.")
		}
		list, wrong := m.listed(c)
		if wrong != nil {
			return nil, wrong
		}
		rows := []any{}
		for _, s := range list {
			single := *c
			single.Params, wrong = web.ReadParams("symbol="+s.in.Symbol, "")
			if wrong != nil {
				return nil, wrong
			}
			row, wrong := one(&single)
			if wrong != nil {
				return nil, wrong
			}
			rows = append(rows, row)
		}
		return rows, nil
	}
}

type spotTickerRow struct {
	Symbol   string `json:"symbol"`
	Change   string `json:"priceChange"`
	Percent  string `json:"priceChangePercent"`
	Average  string `json:"weightedAvgPrice"`
	Previous string `json:"prevClosePrice"`
	Last     string `json:"lastPrice"`
	LastQty  string `json:"lastQty"`
	Bid      string `json:"bidPrice"`
	BidQty   string `json:"bidQty"`
	Ask      string `json:"askPrice"`
	AskQty   string `json:"askQty"`
	Open     string `json:"openPrice"`
	High     string `json:"highPrice"`
	Low      string `json:"lowPrice"`
	Volume   string `json:"volume"`
	Quote    string `json:"quoteVolume"`
	From     int64  `json:"openTime"`
	To       int64  `json:"closeTime"`
	First    int64  `json:"firstId"`
	Final    int64  `json:"lastId"`
	Trades   int64  `json:"count"`
}

func (m side) spotTicker(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		t, b := s.tickerRow(c.At), s.depth.best()
		return spotTickerRow{
			t.Symbol, t.Change, t.Percent, t.Average, t.Open, t.Last, t.LastQty, s.price(b.Bid), s.qty(b.BidQty),
			s.price(b.Ask), s.qty(b.AskQty), t.Open, t.High, t.Low, t.Volume, t.Quote, t.From, t.To, t.First, t.Final, t.Trades,
		}
	})
}

type averageAnswer struct {
	Minutes int    `json:"mins"`
	Price   string `json:"price"`
	Time    int64  `json:"closeTime"`
}

func (m side) averagePrice(c *web.Call) (any, *web.Error) {
	s, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	average, at, ok := s.fiveMinutes(c.At)
	if !ok {
		average = rate(0)
	}
	return averageAnswer{5, average, at}, nil
}

type spotInfoAnswer struct {
	Timezone   string      `json:"timezone"`
	ServerTime int64       `json:"serverTime"`
	Limits     []rateLimit `json:"rateLimits"`
	Filters    []any       `json:"exchangeFilters"`
	Symbols    []any       `json:"symbols"`
}

type spotInfoSymbol struct {
	Symbol          string     `json:"symbol"`
	Status          string     `json:"status"`
	Base            string     `json:"baseAsset"`
	BasePrecision   int        `json:"baseAssetPrecision"`
	Quote           string     `json:"quoteAsset"`
	QuotePrecision  int        `json:"quotePrecision"`
	QuoteAsset      int        `json:"quoteAssetPrecision"`
	BaseCommission  int        `json:"baseCommissionPrecision"`
	QuoteCommission int        `json:"quoteCommissionPrecision"`
	OrderTypes      []string   `json:"orderTypes"`
	Iceberg         bool       `json:"icebergAllowed"`
	OCO             bool       `json:"ocoAllowed"`
	OTO             bool       `json:"otoAllowed"`
	QuoteMarket     bool       `json:"quoteOrderQtyMarketAllowed"`
	Trailing        bool       `json:"allowTrailingStop"`
	CancelReplace   bool       `json:"cancelReplaceAllowed"`
	Amend           bool       `json:"amendAllowed"`
	Spot            bool       `json:"isSpotTradingAllowed"`
	Margin          bool       `json:"isMarginTradingAllowed"`
	Filters         []any      `json:"filters"`
	Permissions     []string   `json:"permissions"`
	PermissionSets  [][]string `json:"permissionSets"`
	STP             string     `json:"defaultSelfTradePreventionMode"`
	STPs            []string   `json:"allowedSelfTradePreventionModes"`
}

type spotNotional struct {
	Type      string `json:"filterType"`
	Min       string `json:"minNotional"`
	MinMarket bool   `json:"applyMinToMarket"`
	Max       string `json:"maxNotional"`
	MaxMarket bool   `json:"applyMaxToMarket"`
	Minutes   int    `json:"avgPriceMins"`
}

type spotPercent struct {
	Type    string `json:"filterType"`
	BidUp   string `json:"bidMultiplierUp"`
	BidDown string `json:"bidMultiplierDown"`
	AskUp   string `json:"askMultiplierUp"`
	AskDown string `json:"askMultiplierDown"`
	Minutes int    `json:"avgPriceMins"`
}

type spotOrders struct {
	Type  string `json:"filterType"`
	Limit int    `json:"maxNumOrders"`
}

type spotAlgos struct {
	Type  string `json:"filterType"`
	Limit int    `json:"maxNumAlgoOrders"`
}

func (m side) spotInfo(c *web.Call) (any, *web.Error) {
	list, wrong := m.wanted(c)
	if c.Has("symbols") {
		list, wrong = m.listed(c)
	}
	if wrong != nil {
		return nil, wrong
	}
	a := spotInfoAnswer{
		Timezone: "UTC", ServerTime: c.Clock.Millis(), Filters: []any{}, Symbols: []any{}, Limits: []rateLimit{
			{"REQUEST_WEIGHT", "MINUTE", 1, 6000}, {"ORDERS", "SECOND", 10, 100}, {"ORDERS", "DAY", 1, 200000},
			{"RAW_REQUESTS", "MINUTE", 5, 61000},
		},
	}
	for _, s := range list {
		a.Symbols = append(a.Symbols, s.spotInfo())
	}
	return a, nil
}

// spotInfo writes what is not known of a pair as on Binance's BTCUSDT.
func (s *symbol) spotInfo() spotInfoSymbol {
	in := &s.in
	stps := []string{"EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"}
	return spotInfoSymbol{
		Symbol: in.Symbol, Status: in.Status, Base: in.Base, BasePrecision: 8, Quote: in.Quote, QuotePrecision: 8, QuoteAsset: 8,
		BaseCommission: 8, QuoteCommission: 8, Iceberg: true, OCO: true, OTO: true, QuoteMarket: true, Trailing: true,
		CancelReplace: true, Amend: true, Spot: true, Margin: true, Permissions: []string{}, PermissionSets: [][]string{{"SPOT", "MARGIN"}},
		STP: "EXPIRE_MAKER", STPs: stps, Filters: s.spotFilters(),
		OrderTypes: []string{"LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"},
	}
}

func (s *symbol) spotFilters() []any {
	in := &s.in
	list := []any{
		priceFilter{"PRICE_FILTER", rate(in.PriceMin), padded(bound(in.PriceMax), pricePlaces), rate(in.Tick)},
		s.spotLot("LOT_SIZE", in.Lot), s.spotLot("MARKET_LOT_SIZE", in.LotFor(exchange.Market)),
	}
	if in.NotionalMin > 0 {
		list = append(list, spotNotional{"NOTIONAL", rate(in.NotionalMin), true, "9000000.00000000", false, 5})
	}
	if in.PercentUp > 0 || in.PercentDown > 0 {
		list = append(list, spotPercent{"PERCENT_PRICE_BY_SIDE", in.PercentUp.String(), in.PercentDown.String(), in.PercentUp.String(), in.PercentDown.String(), 5})
	}
	if in.OrdersMax > 0 {
		list = append(list, spotOrders{"MAX_NUM_ORDERS", in.OrdersMax})
	}
	if in.AlgoOrdersMax > 0 {
		list = append(list, spotAlgos{"MAX_NUM_ALGO_ORDERS", in.AlgoOrdersMax})
	}
	return list
}

func (s *symbol) spotLot(name string, l exchange.Lot) lotFilter {
	return lotFilter{name, rate(l.Min), padded(bound(l.Max), pricePlaces), rate(l.Step)}
}
