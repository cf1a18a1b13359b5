package frame

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// readHeader reads what the events about one symbol have in common.
func (f *Frame) readHeader(o *object) {
	f.Symbol = o.letters('s')
	f.Event = o.time('E')
	f.readProduct(o)
}

// readProduct reads the symbol type. A new one is no reason to lose the frame.
func (f *Frame) readProduct(o *object) {
	if !o.has(keySymbolType) {
		return
	}
	switch o.integer(keySymbolType) {
	case 1:
		f.Product = exchange.UM
	case 2:
		f.Product = exchange.CM
	}
}

func (f *Frame) readAggTrade(o *object) {
	f.readHeader(o)
	f.Time = o.time('T')
	f.TradeType = TradeMarket
	f.Trade = exchange.Trade{
		Price: o.price('p'), Qty: o.price('q'), ID: o.id('a'), First: o.id('f'), Last: o.id('l'), BuyerMaker: o.truth('m'),
	}
	if f.Trade.First > f.Trade.Last {
		o.fail('f', "is %d, above the %d of \"l\"", f.Trade.First, f.Trade.Last)
	}
}

func (f *Frame) readTrade(o *object) {
	f.readHeader(o)
	f.Time = o.time('T')
	f.TradeType = TradeMarket
	if o.has('X') {
		f.TradeType = tradeTypeOf(o.lettersOrNone('X'))
	}
	f.Trade = exchange.Trade{Price: o.quantity('p'), Qty: o.quantity('q'), ID: o.id('t'), BuyerMaker: o.truth('m')}
	f.Trade.First, f.Trade.Last = f.Trade.ID, f.Trade.ID
	void := f.Trade.Price == 0 && f.Trade.Qty == 0 && f.TradeType == TradeNA
	if !void && f.Trade.Price == 0 {
		o.fail('p', "is 0 in a trade that is not void")
	}
	if !void && f.Trade.Qty == 0 {
		o.fail('q', "is 0 in a trade that is not void")
	}
}

func tradeTypeOf(name []byte) TradeType {
	switch string(name) {
	case "MARKET":
		return TradeMarket
	case "INSURANCE_FUND":
		return TradeInsuranceFund
	case "ADL":
		return TradeADL
	case "NA", "":
		return TradeNA
	default:
		return TradeUnknown
	}
}

// readBookTicker reads all markets' book tickers: spot's have no times, and a side that
// is empty has neither price nor quantity.
func (f *Frame) readBookTicker(o *object) {
	f.Symbol = o.letters('s')
	f.readTimes(o)
	f.readProduct(o)
	f.BookTicker = exchange.BookTicker{
		Bid: o.quantity('b'), BidQty: o.quantity('B'), Ask: o.quantity('a'), AskQty: o.quantity('A'), UpdateID: o.id('u'),
	}
	if f.BookTicker.Bid == 0 && f.BookTicker.BidQty != 0 {
		o.fail('b', "is 0 with the quantity %v", f.BookTicker.BidQty)
	}
	if f.BookTicker.Ask == 0 && f.BookTicker.AskQty != 0 {
		o.fail('a', "is 0 with the quantity %v", f.BookTicker.AskQty)
	}
}

// readTimes reads the times where they are.
func (f *Frame) readTimes(o *object) {
	if o.has('E') {
		f.Event = o.time('E')
	}
	if o.has('T') {
		f.Time = o.time('T')
	}
}

// readDepth reads the two forms of depth: events, and REST answers with the longer names,
// of which only CM's say whose they are.
func (f *Frame) readDepth(o *object) {
	if o.has(keyLastUpdateID) && !o.has('e') {
		if o.has(keySymbol) {
			f.Symbol = o.letters(keySymbol)
		}
		f.readTimes(o)
		f.Depth = exchange.Depth{
			Last: o.id(keyLastUpdateID), Snapshot: true, Bids: o.levels(keyBids, &o.bids), Asks: o.levels(keyAsks, &o.asks),
		}
		return
	}
	f.readHeader(o)
	f.readTimes(o)
	f.Depth = exchange.Depth{First: o.id('U'), Last: o.id('u'), Snapshot: f.Kind == KindPartialDepth}
	if o.has(keyPrev) {
		f.Depth.Prev = o.id(keyPrev)
	}
	f.Depth.Bids, f.Depth.Asks = o.levels('b', &o.bids), o.levels('a', &o.asks)
	if f.Depth.First > f.Depth.Last {
		o.fail('U', "is %d, above the %d of \"u\"", f.Depth.First, f.Depth.Last)
	}
}

// readMark reads a mark price. Only the price is in every one since 2019; the rate is an
// empty text for contracts without funding.
func (f *Frame) readMark(o *object) {
	f.readHeader(o)
	f.Mark.Price = o.price('p')
	if o.has(keyAverage) {
		f.Mark.Average = o.quantity(keyAverage)
	}
	if o.has('i') {
		f.Mark.Index = o.quantity('i')
	}
	if o.has('P') {
		f.Mark.Settle = o.quantity('P')
	}
	if o.has('r') && len(o.lettersOrNone('r')) > 0 {
		f.Mark.Rate = o.number('r')
	}
	if o.has('T') {
		f.Mark.NextFunding = o.time('T')
	}
}

// readIndexPrice reads an index price, whose pair was called "i" before 2026-06-30.
func (f *Frame) readIndexPrice(o *object) {
	pair := byte('s')
	if !o.has(pair) && o.has('i') {
		pair = 'i'
	}
	f.Symbol = o.letters(pair)
	f.Event = o.time('E')
	f.readProduct(o)
	f.Index = o.price('p')
}

func (f *Frame) readBar(o, k *object) {
	f.readHeader(o)
	k.nested(o, 'k', "k.")
	f.Bar.Name = k.letters('i')
	f.Bar.Start = k.time('t')
	f.Bar.Open, f.Bar.High, f.Bar.Low, f.Bar.Close = k.price('o'), k.price('h'), k.price('l'), k.price('c')
	f.Bar.Volume, f.Bar.QuoteVolume = k.volume('v'), k.volume('q')
	f.Bar.TakerBuy, f.Bar.TakerBuyQuote = k.volume('V'), k.volume('Q')
	f.Bar.Trades = k.id('n')
	f.Bar.Closed = k.truth('x')
	if k.err == nil {
		var ok bool
		if f.Bar.Interval, ok = intervalOf(f.Bar.Name); !ok {
			k.fail('i', "is %q, not an interval such as 1m", clip(f.Bar.Name))
		}
	}
	o.err = k.err
}

// intervalOf reads "1s" to "999w", and "1M" as 0.
func intervalOf(name []byte) (d time.Duration, ok bool) {
	digits := len(name) - 1
	if digits < 1 || digits > 3 {
		return 0, false
	}
	n := time.Duration(0)
	for _, c := range name[:digits] {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + time.Duration(c-'0')
	}
	const day = 24 * time.Hour
	unit := time.Duration(0)
	switch name[digits] {
	case 's':
		unit = time.Second
	case 'm':
		unit = time.Minute
	case 'h':
		unit = time.Hour
	case 'd':
		unit = day
	case 'w':
		unit = 7 * day
	case 'M':
	default:
		return 0, false
	}
	return n * unit, n > 0
}

// readLiquidation reads a forced order. The symbol stands inside of it; the symbol type
// has been seen in both places.
func (f *Frame) readLiquidation(o, order *object) {
	f.Event = o.time('E')
	f.readProduct(o)
	order.nested(o, 'o', "o.")
	f.Symbol = order.letters('s')
	f.readProduct(order)
	f.Time = order.time('T')
	l := &f.Liquidation
	switch side := order.letters('S'); string(side) {
	case "BUY":
		l.Side = exchange.Buy
	case "SELL":
		l.Side = exchange.Sell
	default:
		order.fail('S', "is %q, neither BUY nor SELL", clip(side))
	}
	l.Type, l.TimeInForce, l.Status = order.letters('o'), order.letters('f'), order.letters('X')
	l.Qty, l.Price, l.Average = order.price('q'), order.price('p'), order.quantity(keyAverage)
	l.Last, l.Filled = order.quantity('l'), order.quantity('z')
	o.err = order.err
}

// readReply reads an answer. Errors have a body of their own in "error" on websockets,
// and none in REST.
func (f *Frame) readReply(o, body *object) {
	r := &f.Reply
	if o.has(keyID) && o.fields[keyID].shape == shapeNumber {
		v := o.fields[keyID]
		r.ID, _ = o.text[v.start:v.end].integer()
	}
	switch {
	case o.has(keyError):
		body.nested(o, keyError, "error.")
		f.readFailure(body)
		o.err = body.err
	case o.has(keyCode) && o.has(keyMessage):
		f.readFailure(o)
	default:
		v := o.fields[keyResult]
		if v.shape == shapeText || v.shape == shapeEscaped {
			v.start, v.end = v.start-1, v.end+1 // its quotes
		}
		r.Result = o.text[v.start:v.end:v.end]
	}
}

func (f *Frame) readFailure(o *object) {
	f.Reply.Failed = true
	f.Reply.Code = o.integer(keyCode)
	f.Reply.Message = o.lettersOrNone(keyMessage)
}
