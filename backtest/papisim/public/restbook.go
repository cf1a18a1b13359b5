package public

import (
	"slices"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// depthLimits are the sizes of a snapshot of futures.
func depthLimits() []int64 { return []int64{5, 10, 20, 50, 100, 500, 1000} }

// depthWeight is what a snapshot costs. Without a limit it has 500 levels and costs 1, as
// measured.
func depthWeight(q *web.Params) int {
	if !q.Has("limit") {
		return 1
	}
	switch n := q.Int("limit"); {
	case n <= 50:
		return 2
	case n <= 100:
		return 5
	case n <= 500:
		return 10
	}
	return 20
}

type bookAnswer struct {
	LastUpdateID int64   `json:"lastUpdateId"`
	Symbol       string  `json:"symbol,omitempty"`
	Pair         string  `json:"pair,omitempty"`
	Time         int64   `json:"E"`
	Changed      int64   `json:"T"`
	Bids         []level `json:"bids"`
	Asks         []level `json:"asks"`
}

func (m side) depth(c *web.Call) (any, *web.Error) {
	n := int64(500)
	if c.Has("limit") {
		n = c.Int("limit")
		if c.Err() == nil && !slices.Contains(depthLimits(), n) {
			return nil, web.Errorf(-4021, "'%d' is not valid depth limit.", n)
		}
	}
	sym, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	return sym.snapshot(c.At, int(n)), nil
}

// Book is the book that a stream of differences goes on from, as a request for its depth would
// have it, and that request; not ok for other streams.
func (s *Service) Book(k Key) (answer any, url string, ok bool) {
	sub, ok := s.parse(k)
	if !ok || sub.kind != kindDepth {
		return nil, "", false
	}
	const levels = 1000
	url = "depth?symbol=" + sub.sym.in.Symbol + "&limit=" + strconv.Itoa(levels)
	switch sub.sym.in.Product {
	case exchange.Margin:
		return sub.sym.spotSnapshot(levels), "https://api.binance.com/api/v3/" + url, true
	case exchange.CM:
		return sub.sym.snapshot(s.now, levels), "https://dapi.binance.com/dapi/v1/" + url, true
	}
	return sub.sym.snapshot(s.now, levels), "https://fapi.binance.com/fapi/v1/" + url, true
}

// rpiDepth is depth with RPI orders, of which there are none.
func (m side) rpiDepth(c *web.Call) (any, *web.Error) {
	if c.Has("limit") && c.Int("limit") != 1000 && c.Err() == nil {
		return nil, web.Errorf(-4021, "'%d' is not valid depth limit.", c.Int("limit"))
	}
	sym, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	return sym.snapshot(c.At, 1000), nil
}

func (s *symbol) snapshot(now exchange.Time, levels int) bookAnswer {
	a := bookAnswer{
		LastUpdateID: s.depth.last, Time: now.Millis(), Changed: s.depth.at.Millis(),
		Bids: s.top(&s.depth.bids, levels), Asks: s.top(&s.depth.asks, levels),
	}
	if s.in.Inverse() {
		a.Symbol, a.Pair = s.in.Symbol, s.in.Pair
	}
	return a
}

type tradeRow struct {
	ID       int64  `json:"id"`
	Price    string `json:"price"`
	Qty      string `json:"qty"`
	QuoteQty string `json:"quoteQty,omitempty"`
	BaseQty  string `json:"baseQty,omitempty"`
	Time     int64  `json:"time"`
	Maker    bool   `json:"isBuyerMaker"`
	RPI      *bool  `json:"isRPITrade,omitempty"`
	Best     *bool  `json:"isBestMatch,omitempty"` // spot only
}

// tradeRow is an aggregate as one trade, that of its last id.
func (s *symbol) tradeRow(t *trade) tradeRow {
	r := tradeRow{ID: t.Last, Price: s.price(t.Price), Qty: s.qty(t.Qty), Time: t.at.Millis(), Maker: t.BuyerMaker}
	worth := wide(s.candles.quote(t.Qty, t.Price), s.quotePlaces())
	yes, no := true, false
	switch s.in.Product {
	case exchange.UM:
		r.QuoteQty, r.RPI = worth, &no
	case exchange.CM:
		r.BaseQty = worth
	default:
		r.QuoteQty, r.Best = worth, &yes
	}
	return r
}

func (m side) trades(c *web.Call) (any, *web.Error) {
	n := limit(c, 500, 1000)
	sym, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	return sym.tradeRows(some(sym.trades, n, false)), nil
}

func (s *symbol) tradeRows(list []trade) []tradeRow {
	rows := []tradeRow{}
	for i := range list {
		rows = append(rows, s.tradeRow(&list[i]))
	}
	return rows
}

// historyWeight is 200 on fapi since 2026-07-29.
func (m side) historyWeight() int {
	switch m.product {
	case exchange.UM:
		return 200
	case exchange.CM:
		return 20
	}
	return 25
}

func (m side) historicalTrades(c *web.Call) (any, *web.Error) {
	most := int64(500)
	if m.product == exchange.Margin {
		most = 1000
	}
	n, from := limit(c, min(most, 500), most), c.Int("fromId")
	sym, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	if !c.Has("fromId") {
		return sym.tradeRows(some(sym.trades, n, false)), nil
	}
	at, _ := slices.BinarySearchFunc(sym.trades, from, func(t trade, id int64) int { return int(min(1, max(-1, t.Last-id))) })
	return sym.tradeRows(some(sym.trades[at:], n, true)), nil
}

type aggRow struct {
	ID     int64  `json:"a"`
	Price  string `json:"p"`
	Qty    string `json:"q"`
	Normal string `json:"nq,omitempty"` // UM only
	First  int64  `json:"f"`
	Last   int64  `json:"l"`
	Time   int64  `json:"T"`
	Maker  bool   `json:"m"`
	Best   *bool  `json:"M,omitempty"` // spot only
}

// aggTradesAge is how far aggTrades of futures go back.
const aggTradesAge = 48 * time.Hour

func (m side) aggTrades(c *web.Call) (any, *web.Error) {
	n, fromID := limit(c, 500, 1000), c.Int("fromId")
	from, to := span(c)
	sym, wrong := m.symbolOf(c)
	switch {
	case wrong != nil:
		return nil, wrong
	case c.Has("fromId") && (from != 0 || to != 0):
		return nil, web.Errorf(-1128, "Combination of optional parameters invalid.")
	case m.product != exchange.Margin && from != 0 && from < c.At.Add(-aggTradesAge):
		return nil, web.Errorf(-4166, "Search window is restricted to recent 48 hours only.")
	}
	var list []trade
	for _, t := range sym.trades {
		if within(t.at.Floor(time.Millisecond), from, to) && t.ID >= fromID {
			list = append(list, t)
		}
	}
	rows, yes := []aggRow{}, true
	for _, t := range some(list, n, from != 0 || c.Has("fromId")) {
		r := aggRow{ID: t.ID, Price: sym.price(t.Price), Qty: sym.qty(t.Qty), First: t.First, Last: t.Last, Time: t.at.Millis(), Maker: t.BuyerMaker}
		switch m.product {
		case exchange.UM:
			r.Normal = r.Qty
		case exchange.Margin:
			r.Best = &yes
		}
		rows = append(rows, r)
	}
	return rows, nil
}
