package stream

import (
	"strconv"

	"github.com/pmbot/pmbot/exchange"
)

// Kind is what a stream tells.
type Kind uint8

// The comments say what stands in Symbol, and what "" is, where that is not a symbol.
const (
	// AggTrade are the trades of one taker at one price within 100 ms, as one.
	AggTrade Kind = iota + 1
	// Trade are single trades. On futures the stream is undocumented and may vanish.
	Trade
	// BookTicker is the best bid and ask; of futures, "" is all symbols every 5 s.
	BookTicker
	// Depth are the differences of an order book.
	Depth
	// PartialDepth is the top of an order book, whole.
	PartialDepth
	// RPIDepth is Depth with orders of retail price improvement, which no other stream
	// counts: its quantities must not enter the same book. UM only.
	RPIDepth
	// Mark is the mark price with index and funding; "" is all symbols (UM's host only), and
	// on CM a pair is all of its contracts.
	Mark
	// Kline is the candle in progress and, at last, closed.
	Kline
	// ContinuousKline is that of a pair's contract of a type. Symbol is the pair.
	ContinuousKline
	// IndexPrice is the index price of a pair. CM only; UM has it in Mark.
	IndexPrice
	// IndexKline is the candle of a pair's index price. CM only.
	IndexKline
	// MarkKline is the candle of a symbol's mark price. CM only.
	MarkKline
	// MiniTicker is the summary of 24 hours; "" is all symbols that changed.
	MiniTicker
	// Ticker is the longer summary of 24 hours; "" is all symbols that changed.
	Ticker
	// Liquidation is a sample of forced orders, at most one a symbol and second; "" is all
	// symbols.
	Liquidation
	// CompositeIndex is the price and the parts of an index symbol. UM only.
	CompositeIndex
	// ContractInfo tells listings, settlements and changed brackets of all symbols.
	ContractInfo
	// AssetIndex is what an asset counts in USD as collateral; Symbol is Binance's name of
	// the rate, such as BTCUSD; "" is all assets. UM only.
	AssetIndex
	// TradingSession is the state of the stock markets behind TradFi contracts. UM only.
	TradingSession
)

var kindNames = [...]string{
	AggTrade: "aggTrade", Trade: "trade", BookTicker: "bookTicker", Depth: "depth", PartialDepth: "partialDepth",
	RPIDepth: "rpiDepth", Mark: "markPrice", Kline: "kline", ContinuousKline: "continuousKline",
	IndexPrice: "indexPrice", IndexKline: "indexPriceKline", MarkKline: "markPriceKline", MiniTicker: "miniTicker",
	Ticker: "ticker", Liquidation: "forceOrder", CompositeIndex: "compositeIndex", ContractInfo: "contractInfo",
	AssetIndex: "assetIndex", TradingSession: "tradingSession",
}

// String is Binance's word for the kind, "partialDepth" for what has no word of its own.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// public says whether UM delivers the kind on /public; the others come on /market.
func (k Kind) public() bool {
	switch k {
	case Trade, BookTicker, Depth, PartialDepth, RPIDepth:
		return true
	}
	return false
}

// Route is a way into the exchange. A stream delivers on one alone, and asked for on
// another it is acknowledged and silent.
type Route uint8

const (
	// Public is fstream.binance.com/public: the books and trades of UM.
	Public Route = iota + 1
	// Market is fstream.binance.com/market: all else of UM.
	Market
	// Coin is dstream.binance.com: all of CM.
	Coin
	// Spot is stream.binance.com: all of the margin leg's pairs.
	Spot
)

var routeNames = [...]string{Public: "public", Market: "market", Coin: "coin", Spot: "spot"}

// String is the route's name in lower case.
func (r Route) String() string {
	if int(r) < len(routeNames) && routeNames[r] != "" {
		return routeNames[r]
	}
	return "Route(" + strconv.Itoa(int(r)) + ")"
}

// Product is whose host the route leads to.
func (r Route) Product() exchange.Product {
	switch r {
	case Public, Market:
		return exchange.UM
	case Coin:
		return exchange.CM
	case Spot:
		return exchange.Margin
	default:
		return 0
	}
}
