package public

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

type miniFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	Symbol string `json:"s"`
	Pair   string `json:"ps,omitempty"`
	Close  string `json:"c"`
	Open   string `json:"o"`
	High   string `json:"h"`
	Low    string `json:"l"`
	Volume string `json:"v"`
	Quote  string `json:"q"`
	Type   int    `json:"st,omitempty"`
}

type tickerFrame struct {
	Event   string `json:"e"`
	Time    int64  `json:"E"`
	Symbol  string `json:"s"`
	Pair    string `json:"ps"`
	Change  string `json:"p"`
	Percent string `json:"P"`
	Average string `json:"w"`
	Close   string `json:"c"`
	LastQty string `json:"Q"`
	Open    string `json:"o"`
	High    string `json:"h"`
	Low     string `json:"l"`
	Volume  string `json:"v"`
	Quote   string `json:"q"`
	From    int64  `json:"O"`
	To      int64  `json:"C"`
	First   int64  `json:"F"`
	Last    int64  `json:"L"`
	Trades  int64  `json:"n"`
	Type    int    `json:"st"`
}

// spotTickerFrame has the best prices and the close before as well.
type spotTickerFrame struct {
	Event    string `json:"e"`
	Time     int64  `json:"E"`
	Symbol   string `json:"s"`
	Change   string `json:"p"`
	Percent  string `json:"P"`
	Average  string `json:"w"`
	Previous string `json:"x"`
	Close    string `json:"c"`
	LastQty  string `json:"Q"`
	Bid      string `json:"b"`
	BidQty   string `json:"B"`
	Ask      string `json:"a"`
	AskQty   string `json:"A"`
	Open     string `json:"o"`
	High     string `json:"h"`
	Low      string `json:"l"`
	Volume   string `json:"v"`
	Quote    string `json:"q"`
	From     int64  `json:"O"`
	To       int64  `json:"C"`
	First    int64  `json:"F"`
	Last     int64  `json:"L"`
	Trades   int64  `json:"n"`
}

// ticker is a symbol's frame on a stream of tickers, small or full.
func (st *stream) ticker(s *symbol, now exchange.Time) any {
	d := s.day(now)
	open, high, low, last := s.price(d.open), s.price(d.high), s.price(d.low), s.price(d.last)
	volume, quote := wide(d.volume, s.qtyPlaces), wide(d.quoteVolume, s.quotePlaces())
	spot := s.in.Product == exchange.Margin
	if st.kind == kindMini || st.kind == kindMiniAll {
		f := miniFrame{
			Event: "24hrMiniTicker", Time: now.Millis(), Symbol: s.in.Symbol, Close: last, Open: open, High: high, Low: low,
			Volume: volume, Quote: quote,
		}
		if !spot {
			f.Pair, f.Type = s.in.Pair, s.symbolType()
		}
		return f
	}
	change, percent, average, lastQty := s.price(d.change()), d.percent(), d.average(s), s.qty(s.last.Qty)
	if spot {
		b := &s.told
		return spotTickerFrame{
			"24hrTicker", now.Millis(), s.in.Symbol, change, percent, average, open, last, lastQty,
			s.price(b.Bid), s.qty(b.BidQty), s.price(b.Ask), s.qty(b.AskQty), open, high, low, volume, quote,
			d.from.Millis(), now.Millis(), d.first, d.final, d.trades,
		}
	}
	return tickerFrame{
		"24hrTicker", now.Millis(), s.in.Symbol, s.in.Pair, change, percent, average, last, lastQty, open, high, low, volume, quote,
		d.from.Millis(), s.last.at.Millis(), d.first, d.final, d.trades, s.symbolType(),
	}
}

type forceFrame struct {
	Event string     `json:"e"`
	Time  int64      `json:"E"`
	Order forceInner `json:"o"`
}

// forceInner has pair and symbol type inside, as seen live and other than documented.
type forceInner struct {
	Symbol  string `json:"s"`
	Side    string `json:"S"`
	Type    string `json:"o"`
	Force   string `json:"f"`
	Qty     string `json:"q"`
	Price   string `json:"p"`
	Average string `json:"ap"`
	Status  string `json:"X"`
	LastQty string `json:"l"`
	Filled  string `json:"z"`
	Traded  int64  `json:"T"`
	Pair    string `json:"ps"`
	Kind    int    `json:"st"`
}

func (s *symbol) forceFrame(now exchange.Time) forceFrame {
	f, qty := s.forced, s.qty(s.forced.Qty)
	return forceFrame{"forceOrder", now.Millis(), forceInner{
		s.in.Symbol, f.Side.String(), "LIMIT", "IOC", qty, s.price(f.Price), s.price(f.Average), "FILLED", qty, qty,
		f.at.Millis(), s.in.Pair, s.symbolType(),
	}}
}

type assetFrame struct {
	Event         string `json:"e"`
	Time          int64  `json:"E"`
	Symbol        string `json:"s"`
	Index         string `json:"i"`
	BidBuffer     string `json:"b"`
	AskBuffer     string `json:"a"`
	Bid           string `json:"B"`
	Ask           string `json:"A"`
	AutoBidBuffer string `json:"q"`
	AutoAskBuffer string `json:"g"`
	AutoBid       string `json:"Q"`
	AutoAsk       string `json:"G"`
}

func (a *assetIndex) frame(now exchange.Time) assetFrame {
	v := a.rates()
	return assetFrame{
		"assetIndexUpdate", now.Millis(), a.asset + "USD", rate(a.price), v.buffer, v.buffer, v.bid, v.ask,
		v.autoBuffer, v.autoBuffer, v.autoBid, v.autoAsk,
	}
}

// assetRates are an asset's index with its buffers, by which multi-assets mode counts it.
type assetRates struct{ buffer, bid, ask, autoBuffer, autoBid, autoAsk string }

// rates are the buffers, which are assumed: 0.01% for a stable coin, else 5%, and half of
// that for the auto-exchange.
func (a *assetIndex) rates() assetRates {
	buffer, auto := decimal.New(5, -2), decimal.New(25, -3)
	if a.price > exchange.MustFixed("0.9") && a.price < exchange.MustFixed("1.1") {
		buffer, auto = decimal.New(1, -4), decimal.New(1, -4)
	}
	one, price := decimal.NewFromInt(1), a.price.Decimal()
	at := func(share decimal.Decimal) string { return price.Mul(share).StringFixed(pricePlaces) }
	return assetRates{
		buffer.StringFixed(pricePlaces), at(one.Sub(buffer)), at(one.Add(buffer)),
		auto.StringFixed(pricePlaces), at(one.Sub(auto)), at(one.Add(auto)),
	}
}

type averageFrame struct {
	Event    string `json:"e"`
	Time     int64  `json:"E"`
	Symbol   string `json:"s"`
	Interval string `json:"i"`
	Average  string `json:"w"`
	Traded   int64  `json:"T"`
}

// fiveMinutes is the average price of five minutes, weighted by volume, and when the last
// trade of them was; not ok without any.
func (s *symbol) fiveMinutes(now exchange.Time) (average string, at int64, ok bool) {
	s.candles.roll(now)
	var volume, quote exchange.Wide
	for _, c := range s.candles.list(minute1) {
		if c.end > now.Add(-5*time.Minute) {
			volume, quote = sum(volume, c.volume), sum(quote, c.quoteVolume)
		}
	}
	if s.last.at == 0 {
		return "", 0, false
	}
	if volume.Sign() <= 0 {
		return rate(s.last.Price), s.last.at.Millis(), true
	}
	return quotient(quote.Decimal(), volume.Decimal()).StringFixed(pricePlaces), s.last.at.Millis(), true
}

// nextFunding is the next settlement: where the source does not say it, at the next whole
// eight hours.
func (s *symbol) nextFunding(now exchange.Time) int64 {
	if s.mark.NextFunding != 0 {
		return s.mark.NextFunding.Millis()
	}
	return now.Floor(8 * time.Hour).Add(8 * time.Hour).Millis()
}
