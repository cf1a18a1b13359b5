package frame

import (
	"strconv"

	"github.com/pmbot/pmbot/exchange"
)

// Kind says what a [Frame] is, and with that which of its payloads is set.
type Kind uint8

const (
	// KindTrade is a single trade of the undocumented @trade streams and of spot: Trade
	// and TradeType. Its Trade has the trade's own id as ID, First and Last.
	KindTrade Kind = iota + 1
	// KindAggTrade is an aggregate trade: Trade, and TradeType, which is TradeMarket.
	KindAggTrade
	// KindBookTicker is a best bid and ask: BookTicker.
	KindBookTicker
	// KindDepth is a difference to an order book: Depth. On a connection in raw mode it
	// may as well be what KindPartialDepth and @rpiDepth carry, for only the name of the
	// stream tells them apart. Read streams of several depth kinds in combined mode.
	KindDepth
	// KindPartialDepth is the top 5, 10 or 20 levels of a book, whole: Depth, marked a
	// snapshot. Levels beyond are not known to be empty.
	KindPartialDepth
	// KindSnapshot is the REST answer about depth, or spot's partial depth in raw mode,
	// which looks the same: Depth.
	KindSnapshot
	// KindMark is a mark price: Mark.
	KindMark
	// KindIndexPrice is the index price of a CM pair: Index. Its Symbol is the pair.
	KindIndexPrice
	// KindBar is a candle, closed or still running: Bar.
	KindBar
	// KindLiquidation is somebody's forced order: Liquidation.
	KindLiquidation
	// KindAssetIndex is what an asset counts in USD as collateral: AssetIndex. Its Symbol
	// is the rate's name, such as BTCUSD. Streams of all assets send lists.
	KindAssetIndex
	// KindContractInfo tells that a contract was listed, settled or got other brackets:
	// ContractInfo. Load exchangeInfo and brackets anew, for the frame is no substitute.
	KindContractInfo
	// KindReply answers a command, or is an error: Reply.
	KindReply
	// KindOther is anything else that Binance sends and nothing here decodes: tickers of
	// 24 hours, composite indices, sessions, candles of continuous contracts, of index and
	// of mark prices, exchangeInfo, @rpiDepth, and every event of a name not known yet. Of
	// the payload only Name and Event are read, and Event is 0 if "E" is not a time.
	KindOther
)

var kindNames = [...]string{
	KindTrade: "trade", KindAggTrade: "aggTrade", KindBookTicker: "bookTicker", KindDepth: "depth",
	KindPartialDepth: "partial depth", KindSnapshot: "depth snapshot", KindMark: "mark price",
	KindIndexPrice: "index price", KindBar: "kline", KindLiquidation: "liquidation", KindAssetIndex: "asset index",
	KindContractInfo: "contract info", KindReply: "reply", KindOther: "other",
}

// String returns the kind as error messages name it.
func (k Kind) String() string {
	if k > 0 && int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// TradeType is the field "X" of a single trade: why it came about.
type TradeType uint8

const (
	// TradeUnknown is a text that this package does not know.
	TradeUnknown TradeType = iota
	// TradeMarket is a trade in the market. Only these make prices. Aggregate trades hold
	// no others, and spot, whose trades have no type, knows no others.
	TradeMarket
	// TradeInsuranceFund is a trade with the insurance fund.
	TradeInsuranceFund
	// TradeADL is an auto-deleveraging.
	TradeADL
	// TradeNA is "NA" or an empty text. Price and quantity may be 0 in it: a void trade,
	// which only takes its place in the sequence of ids.
	TradeNA
)

var tradeTypeNames = [...]string{
	TradeUnknown: "UNKNOWN", TradeMarket: "MARKET", TradeInsuranceFund: "INSURANCE_FUND", TradeADL: "ADL", TradeNA: "NA",
}

// String returns Binance's text, and "UNKNOWN" where that is not known.
func (t TradeType) String() string {
	if int(t) < len(tradeTypeNames) {
		return tradeTypeNames[t]
	}
	return "TradeType(" + strconv.Itoa(int(t)) + ")"
}

// Frame is one decoded frame. Of the payloads only the one that Kind names is set, the
// others are zero.
//
// It belongs to its [Decoder] and holds until the next call: the levels of Depth are the
// decoder's, and byte slices point into the message or, if their text has escapes there,
// into the decoder. Who keeps more than numbers copies it.
type Frame struct {
	Kind Kind
	// Stream is the name of the combined stream, such as "btcusdt@depth@100ms", and empty
	// in raw mode.
	Stream []byte
	// Name is the field "e", Binance's name of the event, empty where there is none.
	Name []byte
	// Symbol is the field "s" as Binance writes it, not always in ASCII. It is empty where
	// the frame has none: in the REST snapshots of UM and spot, in spot's partial depth, in
	// replies and in kinds that are not decoded.
	Symbol []byte
	// Product is the field "st" of the merged UM and CM streams. It is 0 where that is
	// absent or neither of the two: then the connection says what the symbol is.
	Product exchange.Product
	// Event is the field "E", when the exchange sent the frame; Time is "T", when the
	// matching engine made what it tells. Each is 0 where absent; spot's book tickers have
	// neither, its depth has only Event. Marks, indices, bars and contract infos have no Time.
	Event, Time exchange.Time

	TradeType    TradeType
	Trade        exchange.Trade
	BookTicker   exchange.BookTicker
	Depth        exchange.Depth
	Mark         Mark
	Index        exchange.Fixed
	Bar          Bar
	Liquidation  Liquidation
	AssetIndex   AssetIndex
	ContractInfo ContractInfo
	Reply        Reply
}

// Mark is a mark price with what only frames carry.
type Mark struct {
	exchange.Mark
	// Average is the moving average of the mark price, "ap", 0 before 2026-03-16.
	Average exchange.Fixed
}

// Bar is a candle with its state. Its Interval is 0 for a month, which has no fixed length.
type Bar struct {
	exchange.Bar
	// TakerBuyQuote is the part of QuoteVolume that aggressors bought.
	TakerBuyQuote exchange.Wide
	// Name is the interval's name, such as "1m" or "1M".
	Name []byte
	// Closed says that the bar is final.
	Closed bool
}

// Liquidation is a forced order with its state. The Qty of the vocabulary's type is the
// original quantity.
type Liquidation struct {
	exchange.Liquidation
	// Type, TimeInForce and Status are Binance's texts, such as LIMIT, IOC and FILLED.
	Type, TimeInForce, Status []byte
	// Last is the quantity of the last fill, Filled that of all.
	Last, Filled exchange.Fixed
}

// AssetIndex is the index price of an asset, and what Binance makes of it.
type AssetIndex struct {
	// Asset is the symbol without the USD at its end, such as BTC.
	Asset []byte
	// Price is the index price, in USD.
	Price exchange.Fixed
	// Bid and Ask are the rates at which assets count ("B" and "A"), AutoBid and AutoAsk
	// those at which Binance exchanges them by itself ("Q" and "G"). Each is 0 where absent.
	Bid, Ask, AutoBid, AutoAsk exchange.Fixed
}

// ContractInfo is what a contractInfo frame says of a contract.
type ContractInfo struct {
	// Status and Type are Binance's texts, such as TRADING and PERPETUAL. Type is empty for
	// contracts that are not traded yet.
	Status, Type []byte
	// Delivery is when the contract delivers, for perpetual ones in the year 2100; Onboard
	// is when it was listed. Each is 0 where absent.
	Delivery, Onboard exchange.Time
	// Brackets says that the frame has leverage brackets, which it has when they changed.
	Brackets bool
}

// Reply is the answer to a command, or an error outside of one.
type Reply struct {
	// ID is the command's, 0 where the reply has none or no whole number.
	ID int64
	// Failed says that it is an error, with Code and Message. Success proves nothing:
	// Binance acknowledges streams that do not exist.
	Failed  bool
	Code    int64
	Message []byte
	// Result is the JSON text of the field "result", such as null or ["btcusdt@depth"].
	Result []byte
}
