package public

import (
	"time"

	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

// klineWeight is what candles cost; 5 without a limit, as measured.
func klineWeight(q *web.Params) int {
	if !q.Has("limit") {
		return 5
	}
	switch n := q.Int("limit"); {
	case n < 100:
		return 1
	case n < 500:
		return 2
	case n <= 1000:
		return 5
	}
	return 10
}

// klineSpanMax is the longest time that dapi searches for candles.
const klineSpanMax = 200 * day

// candles answers with the candles of a chart. fapi and api give the first ones from
// startTime on; dapi the newest before endTime, whatever the start.
func (m side) candles(c *web.Call, k *chart, show func(*candle) []any) (any, *web.Error) {
	most := int64(1500)
	if m.product == exchange.Margin {
		most = 1000
	}
	name := c.Need("interval")
	n := limit(c, 500, most)
	from, to := span(c)
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	every, ok := parseInterval(name)
	switch {
	case !ok:
		return nil, web.Errorf(-1120, "Invalid interval.")
	case m.product == exchange.CM && from != 0 && to != 0 && to.Sub(from) > klineSpanMax:
		return nil, web.Errorf(-4088, "Maximum time interval is 200 days.")
	}
	k.roll(c.At)
	var list []candle
	for _, one := range k.list(every) {
		if within(one.start, from, to) {
			list = append(list, one)
		}
	}
	rows := [][]any{}
	for _, one := range some(list, n, from != 0 && m.product != exchange.CM) {
		rows = append(rows, show(&one))
	}
	return rows, nil
}

// traded writes a candle of trades.
func (s *symbol) traded(k *candle) []any {
	return []any{
		k.start.Millis(), s.price(k.open), s.price(k.high), s.price(k.low), s.price(k.close), wide(k.volume, s.qtyPlaces),
		k.end.Millis() - 1, wide(k.quoteVolume, s.quotePlaces()), k.trades, wide(k.takerBuy, s.qtyPlaces),
		wide(k.buyQuote, s.quotePlaces()), "0",
	}
}

// valued writes a candle of a price that is not traded.
func valued(k *candle) []any {
	return []any{
		k.start.Millis(), rate(k.open), rate(k.high), rate(k.low), rate(k.close), "0", k.end.Millis() - 1, "0", k.trades, "0", "0", "0",
	}
}

func (m side) klines(c *web.Call) (any, *web.Error) {
	sym, wrong := m.eitherSymbol(c)
	if wrong != nil {
		return nil, wrong
	}
	return m.candles(c, &sym.candles, sym.traded)
}

func (m side) markKlines(c *web.Call) (any, *web.Error) {
	sym, wrong := m.eitherSymbol(c)
	if wrong != nil {
		return nil, wrong
	}
	return m.candles(c, &sym.marks, valued)
}

func (m side) premiumKlines(c *web.Call) (any, *web.Error) {
	sym, wrong := m.eitherSymbol(c)
	if wrong != nil {
		return nil, wrong
	}
	return m.candles(c, &sym.premiums, valued)
}

// pairOf is the first contract of the pair and type that a request names, of its own product
// or the other one.
func (m side) pairOf(c *web.Call, pair, contract string) (*symbol, *web.Error) {
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	for _, p := range [...]exchange.Product{m.product, exchange.UM, exchange.CM} {
		if sym := m.contract(p, pair, contract); sym != nil {
			return sym, nil
		}
	}
	return nil, web.Errorf(-1121, "Invalid pair.")
}

func (m side) continuousKlines(c *web.Call) (any, *web.Error) {
	pair, contract := c.Need("pair"), c.Need("contractType")
	sym, wrong := m.pairOf(c, pair, contract)
	if wrong != nil {
		return nil, wrong
	}
	return m.candles(c, &sym.candles, sym.traded)
}

func (m side) indexKlines(c *web.Call) (any, *web.Error) {
	sym, wrong := m.pairOf(c, c.Need("pair"), "")
	if wrong != nil {
		return nil, wrong
	}
	return m.candles(c, &sym.indexes, valued)
}

type premiumRow struct {
	Symbol   string `json:"symbol"`
	Pair     string `json:"pair,omitempty"`
	Mark     string `json:"markPrice"`
	Index    string `json:"indexPrice"`
	Settle   string `json:"estimatedSettlePrice"`
	Rate     string `json:"lastFundingRate"`
	Interest string `json:"interestRate"`
	Next     int64  `json:"nextFundingTime"`
	Time     int64  `json:"time"`
}

// premiumIndex tells marks and funding. Of contracts that deliver UM says zeros, CM nothing.
func (m side) premiumIndex(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		r := premiumRow{
			Symbol: s.in.Symbol, Mark: rate(s.mark.Price), Index: rate(s.mark.Index), Settle: rate(s.settle()), Time: c.At.Millis(),
		}
		if s.in.Inverse() {
			r.Pair = s.in.Pair
		} else {
			r.Rate, r.Interest = rate(0), rate(0)
		}
		if s.perpetual() {
			r.Rate, r.Interest, r.Next = rate(s.mark.Rate), "0.00010000", s.nextFunding(c.At)
		}
		return r
	})
}

type fundingRow struct {
	Symbol string `json:"symbol"`
	Time   int64  `json:"fundingTime"`
	Rate   string `json:"fundingRate"`
	Mark   string `json:"markPrice"`
	Type   string `json:"rateType"`
}

func (m side) fundingRate(c *web.Call) (any, *web.Error) {
	if m.product == exchange.CM {
		c.Need("symbol")
	}
	n := limit(c, 100, 1000)
	from, to := span(c)
	list, wrong := m.wanted(c)
	if wrong != nil {
		return nil, wrong
	}
	if !c.Has("limit") && from == 0 && to == 0 {
		n = 200
	}
	rows := []fundingRow{}
	for _, s := range list {
		for _, f := range s.fundings {
			if !within(f.at, from, to) {
				continue
			}
			r := fundingRow{s.in.Symbol, f.at.Millis(), rate(f.Rate), rate(f.Mark), "Regular"}
			if f.Special {
				r.Type = "Special"
			}
			rows = append(rows, r)
		}
	}
	return some(rows, n, from != 0), nil
}

type fundingInfoRow struct {
	Symbol     string `json:"symbol"`
	Cap        string `json:"adjustedFundingRateCap"`
	Floor      string `json:"adjustedFundingRateFloor"`
	Hours      int    `json:"fundingIntervalHours"`
	Disclaimer bool   `json:"disclaimer"`
	Updated    *int64 `json:"updateTime"`
}

// fundingInfo lists the perpetuals of both products on either host, as seen. The interval
// is that of the last settlement; caps are assumed to be Binance's usual ones.
func (m side) fundingInfo(c *web.Call) (any, *web.Error) {
	rows := []fundingInfoRow{}
	for i := range m.symbols {
		s := &m.symbols[i]
		if s.in.ID == 0 || !s.perpetual() {
			continue
		}
		r := fundingInfoRow{Symbol: s.in.Symbol, Cap: "0.00300", Floor: "-0.00300", Hours: 8, Disclaimer: true}
		if len(s.fundings) > 0 {
			if d := s.fundings[len(s.fundings)-1].Interval; d >= time.Hour {
				r.Hours = int(d / time.Hour)
			}
		}
		rows = append(rows, r)
	}
	return rows, c.Err()
}
