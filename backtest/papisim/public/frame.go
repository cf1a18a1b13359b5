package public

import "github.com/pmbot/pmbot/exchange"

// The frames of the futures streams. Fields stand in the order of frames seen live; those
// that a product does not have are left out.

// symbolType is the field st: 1 for UM, 2 for CM.
func (s *symbol) symbolType() int {
	if s.in.Inverse() {
		return 2
	}
	return 1
}

type aggTradeFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	ID     int64  `json:"a"`
	Symbol string `json:"s"`
	Price  string `json:"p"`
	Qty    string `json:"q"`
	// Normal is the quantity without trades against RPI orders: all of it.
	Normal string `json:"nq,omitempty"`
	First  int64  `json:"f"`
	Last   int64  `json:"l"`
	Traded int64  `json:"T"`
	Maker  bool   `json:"m"`
	Type   int    `json:"st,omitempty"`
}

// spotAggTradeFrame is that of spot, with a field M that means nothing.
type spotAggTradeFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	Symbol string `json:"s"`
	ID     int64  `json:"a"`
	Price  string `json:"p"`
	Qty    string `json:"q"`
	First  int64  `json:"f"`
	Last   int64  `json:"l"`
	Traded int64  `json:"T"`
	Maker  bool   `json:"m"`
	Ignore bool   `json:"M"`
}

func (s *symbol) aggTrade() any {
	t := &s.last
	at := t.at.Millis()
	if s.in.Product == exchange.Margin {
		return spotAggTradeFrame{"aggTrade", at, s.in.Symbol, t.ID, s.price(t.Price), s.qty(t.Qty), t.First, t.Last, at, t.BuyerMaker, true}
	}
	f := aggTradeFrame{
		Event: "aggTrade", Time: at, ID: t.ID, Symbol: s.in.Symbol, Price: s.price(t.Price), Qty: s.qty(t.Qty),
		First: t.First, Last: t.Last, Traded: at, Maker: t.BuyerMaker, Type: s.symbolType(),
	}
	if !s.in.Inverse() {
		f.Normal = f.Qty
	}
	return f
}

type tradeFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	Traded int64  `json:"T"`
	Symbol string `json:"s"`
	ID     int64  `json:"t"`
	Price  string `json:"p"`
	Qty    string `json:"q"`
	Kind   string `json:"X"`
	Maker  bool   `json:"m"`
}

type spotTradeFrame struct {
	Event  string `json:"e"`
	Time   int64  `json:"E"`
	Symbol string `json:"s"`
	ID     int64  `json:"t"`
	Price  string `json:"p"`
	Qty    string `json:"q"`
	Traded int64  `json:"T"`
	Maker  bool   `json:"m"`
	Ignore bool   `json:"M"`
}

// tradeFrame tells an aggregate as one trade, that of its last id.
func (s *symbol) tradeFrame() any {
	t := &s.last
	at := t.at.Millis()
	if s.in.Product == exchange.Margin {
		return spotTradeFrame{"trade", at, s.in.Symbol, t.Last, s.price(t.Price), s.qty(t.Qty), at, t.BuyerMaker, true}
	}
	return tradeFrame{"trade", at, at, s.in.Symbol, t.Last, s.price(t.Price), s.qty(t.Qty), "MARKET", t.BuyerMaker}
}

type markFrame struct {
	Event   string `json:"e"`
	Time    int64  `json:"E"`
	Symbol  string `json:"s"`
	Price   string `json:"p"`
	Average string `json:"ap"`
	Settle  string `json:"P"`
	Index   string `json:"i"`
	Rate    string `json:"r"`
	Next    int64  `json:"T"`
	Type    int    `json:"st"`
}

func (s *symbol) markFrame(now exchange.Time) markFrame {
	f := markFrame{
		Event: "markPriceUpdate", Time: now.Millis(), Symbol: s.in.Symbol, Price: rate(s.mark.Price), Average: rate(s.average),
		Settle: rate(s.settle()), Index: rate(s.mark.Index), Type: s.symbolType(),
	}
	if s.perpetual() {
		f.Rate, f.Next = rate(s.mark.Rate), s.nextFunding(now)
	}
	return f
}

// settle is the estimated settlement price; where the source has none, the index.
func (s *symbol) settle() exchange.Fixed {
	if s.mark.Settle != 0 {
		return s.mark.Settle
	}
	return s.mark.Index
}

type klineFrame struct {
	Event  string     `json:"e"`
	Time   int64      `json:"E"`
	Symbol string     `json:"s"`
	Kline  klineInner `json:"k"`
}

// pairKlineFrame names a pair, and a continuous one the contract type, in place of a symbol.
type pairKlineFrame struct {
	Event    string     `json:"e"`
	Time     int64      `json:"E"`
	Pair     string     `json:"ps"`
	Contract string     `json:"ct,omitempty"`
	Kline    klineInner `json:"k"`
}

type klineInner struct {
	Open     int64  `json:"t"`
	Close    int64  `json:"T"`
	Symbol   string `json:"s,omitempty"`
	Interval string `json:"i"`
	First    int64  `json:"f"`
	Last     int64  `json:"L"`
	O        string `json:"o"`
	C        string `json:"c"`
	H        string `json:"h"`
	L        string `json:"l"`
	Volume   string `json:"v"`
	Trades   int64  `json:"n"`
	Closed   bool   `json:"x"`
	Quote    string `json:"q"`
	Buy      string `json:"V"`
	BuyQuote string `json:"Q"`
	Ignore   string `json:"B"`
}

func (st *stream) klineFrame(now exchange.Time, c *candle, closed bool) any {
	s := st.sym
	k := klineInner{
		Open: c.start.Millis(), Close: c.end.Millis() - 1, Symbol: s.in.Symbol, Interval: st.interval.text(), First: c.first, Last: c.last,
		O: s.price(c.open), C: s.price(c.close), H: s.price(c.high), L: s.price(c.low),
		Volume: wide(c.volume, s.qtyPlaces), Trades: c.trades, Closed: closed, Quote: wide(c.quoteVolume, s.quotePlaces()),
		Buy: wide(c.takerBuy, s.qtyPlaces), BuyQuote: wide(c.buyQuote, s.quotePlaces()), Ignore: "0",
	}
	switch st.kind {
	case kindContinuous:
		k.Symbol = ""
		return pairKlineFrame{"continuous_kline", now.Millis(), st.pair, st.contract, k}
	case kindIndexKline, kindMarkKline:
		k.O, k.C, k.H, k.L = rate(c.open), rate(c.close), rate(c.high), rate(c.low)
		k.Volume, k.Quote, k.Buy, k.BuyQuote = "0", "0", "0", "0"
		k.First, k.Last = k.Open, min(now.Millis(), k.Close+1)
		if st.kind == kindMarkKline {
			return pairKlineFrame{Event: "markPrice_kline", Time: now.Millis(), Pair: s.in.Pair, Kline: k}
		}
		k.Symbol = "0"
		return pairKlineFrame{Event: "indexPrice_kline", Time: now.Millis(), Pair: st.pair, Kline: k}
	}
	return klineFrame{"kline", now.Millis(), s.in.Symbol, k}
}

// indexPriceFrame has named its pair s since 2026-06-30, and i before.
type indexPriceFrame struct {
	Event string `json:"e"`
	Time  int64  `json:"E"`
	Pair  string `json:"s"`
	Price string `json:"p"`
}

type bookTickerFrame struct {
	Event   string `json:"e"`
	ID      int64  `json:"u"`
	Symbol  string `json:"s"`
	Pair    string `json:"ps"`
	Bid     string `json:"b"`
	BidQty  string `json:"B"`
	Ask     string `json:"a"`
	AskQty  string `json:"A"`
	Changed int64  `json:"T"`
	Time    int64  `json:"E"`
	Type    int    `json:"st"`
}

// spotBookTickerFrame has neither event type nor times.
type spotBookTickerFrame struct {
	ID     int64  `json:"u"`
	Symbol string `json:"s"`
	Bid    string `json:"b"`
	BidQty string `json:"B"`
	Ask    string `json:"a"`
	AskQty string `json:"A"`
}

func (s *symbol) bookTicker(now exchange.Time) any {
	b := &s.told
	if s.in.Product == exchange.Margin {
		return spotBookTickerFrame{b.UpdateID, s.in.Symbol, s.price(b.Bid), s.qty(b.BidQty), s.price(b.Ask), s.qty(b.AskQty)}
	}
	return bookTickerFrame{
		"bookTicker", b.UpdateID, s.in.Symbol, s.in.Pair, s.price(b.Bid), s.qty(b.BidQty), s.price(b.Ask), s.qty(b.AskQty),
		s.depth.at.Millis(), now.Millis(), s.symbolType(),
	}
}
