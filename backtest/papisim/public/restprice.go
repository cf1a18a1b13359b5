package public

import (
	"github.com/pmbot/pmbot/backtest/papisim/web"
	"github.com/pmbot/pmbot/exchange"
)

type tickerRow struct {
	Symbol  string `json:"symbol"`
	Pair    string `json:"pair,omitempty"`
	Change  string `json:"priceChange"`
	Percent string `json:"priceChangePercent"`
	Average string `json:"weightedAvgPrice"`
	Last    string `json:"lastPrice"`
	LastQty string `json:"lastQty"`
	Open    string `json:"openPrice"`
	High    string `json:"highPrice"`
	Low     string `json:"lowPrice"`
	Volume  string `json:"volume"`
	Quote   string `json:"quoteVolume,omitempty"`
	Base    string `json:"baseVolume,omitempty"`
	From    int64  `json:"openTime"`
	To      int64  `json:"closeTime"`
	First   int64  `json:"firstId"`
	Final   int64  `json:"lastId"`
	Trades  int64  `json:"count"`
}

// ticker24 lists only what is trading, when all are asked for.
func (m side) ticker24(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		if !s.trading() && !c.Has("symbol") {
			return nil
		}
		return s.tickerRow(c.At)
	})
}

func (s *symbol) tickerRow(now exchange.Time) tickerRow {
	s.candles.roll(now)
	d := s.day(now)
	r := tickerRow{
		Symbol: s.in.Symbol, Change: s.price(d.change()), Percent: d.percent(), Average: d.average(s), Last: s.price(d.last),
		LastQty: s.qty(s.last.Qty), Open: s.price(d.open), High: s.price(d.high), Low: s.price(d.low),
		Volume: wide(d.volume, s.qtyPlaces), Quote: wide(d.quoteVolume, s.quotePlaces()), From: d.from.Millis(), To: s.last.at.Millis(),
		First: d.first, Final: d.final, Trades: d.trades,
	}
	if s.in.Inverse() {
		r.Pair, r.Base, r.Quote = s.in.Pair, r.Quote, ""
	}
	return r
}

type priceRow struct {
	Symbol string `json:"symbol"`
	Pair   string `json:"ps,omitempty"`
	Price  string `json:"price"`
	Time   int64  `json:"time,omitempty"` // not on spot
}

func (m side) tickerPrice(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		r := priceRow{Symbol: s.in.Symbol, Price: s.price(s.last.Price), Time: max(1, s.last.at.Millis())}
		switch m.product {
		case exchange.CM:
			r.Pair = s.in.Pair
		case exchange.Margin:
			r.Time = 0
		}
		return r
	})
}

type bookRow struct {
	Symbol string `json:"symbol"`
	Pair   string `json:"pair,omitempty"`
	Bid    string `json:"bidPrice"`
	BidQty string `json:"bidQty"`
	Ask    string `json:"askPrice"`
	AskQty string `json:"askQty"`
	Time   int64  `json:"time,omitempty"`         // not on spot
	ID     int64  `json:"lastUpdateId,omitempty"` // not on spot
}

func (m side) bookTicker(c *web.Call) (any, *web.Error) {
	return m.rows(c, func(s *symbol) any {
		b := s.depth.best()
		r := bookRow{
			Symbol: s.in.Symbol, Bid: s.price(b.Bid), BidQty: s.qty(b.BidQty), Ask: s.price(b.Ask), AskQty: s.qty(b.AskQty),
		}
		if m.product != exchange.Margin {
			r.Time, r.ID = max(1, s.depth.at.Millis()), s.depth.last
		}
		if s.in.Inverse() {
			r.Pair = s.in.Pair
		}
		return r
	})
}

type interestRow struct {
	Symbol   string `json:"symbol"`
	Pair     string `json:"pair,omitempty"`
	Interest string `json:"openInterest"`
	Contract string `json:"contractType,omitempty"`
	Time     int64  `json:"time"`
}

func (m side) openInterest(c *web.Call) (any, *web.Error) {
	s, wrong := m.symbolOf(c)
	if wrong != nil {
		return nil, wrong
	}
	r := interestRow{Symbol: s.in.Symbol, Interest: s.qty(s.openInterest(c.At)), Time: c.At.Millis()}
	if s.in.Inverse() {
		r.Pair, r.Contract = s.in.Pair, s.in.ContractType
	}
	return r, nil
}

type constituent struct {
	Exchange string `json:"exchange"`
	Symbol   string `json:"symbol"`
	Price    string `json:"price"`
	Weight   string `json:"weight"`
}

type constituentsAnswer struct {
	Symbol       string        `json:"symbol"`
	Time         int64         `json:"time"`
	Constituents []constituent `json:"constituents"`
}

// constituents says what an index is made of: two exchanges at half each, which is assumed.
// On dapi the symbol is a pair.
func (m side) constituents(c *web.Call) (any, *web.Error) {
	name := c.Need("symbol")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	s := m.contract(m.product, name, "")
	if s == nil {
		return nil, noSymbol()
	}
	price := rate(s.mark.Index)
	return constituentsAnswer{name, c.At.Millis(), []constituent{
		{"binance", s.in.Base + "USDT", price, "0.50000000"}, {"coinbase", s.in.Base + "-USDT", price, "0.50000000"},
	}}, nil
}

type assetRow struct {
	Symbol        string `json:"symbol"`
	Time          int64  `json:"time"`
	Index         string `json:"index"`
	BidBuffer     string `json:"bidBuffer"`
	AskBuffer     string `json:"askBuffer"`
	Bid           string `json:"bidRate"`
	Ask           string `json:"askRate"`
	AutoBidBuffer string `json:"autoExchangeBidBuffer"`
	AutoAskBuffer string `json:"autoExchangeAskBuffer"`
	AutoBid       string `json:"autoExchangeBidRate"`
	AutoAsk       string `json:"autoExchangeAskRate"`
}

func (s *Service) assetIndex(c *web.Call) (any, *web.Error) {
	name := c.Text("symbol")
	if wrong := c.Err(); wrong != nil {
		return nil, wrong
	}
	rows := []assetRow{}
	for i := range s.assets {
		a := &s.assets[i]
		if name != "" && a.asset+"USD" != name {
			continue
		}
		v := a.rates()
		rows = append(rows, assetRow{
			a.asset + "USD", c.At.Millis(), rate(a.price), v.buffer, v.buffer, v.bid, v.ask, v.autoBuffer, v.autoBuffer, v.autoBid, v.autoAsk,
		})
	}
	switch {
	case name == "":
		return rows, nil
	case len(rows) == 0:
		return nil, noSymbol()
	}
	return rows[0], nil
}
