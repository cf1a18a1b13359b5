package stream

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// subject says what a stream's Symbol is.
type subject uint8

const (
	nothing subject = iota // only the form of all symbols exists
	symbols
	pairs
	assets
	// either is a symbol or a pair, which gives all contracts of the pair.
	either
)

// ladder says which intervals a kind of kline has.
type ladder uint8

const (
	noKline ladder = iota
	// minutes begins at a minute, seconds at a second.
	minutes
	seconds
)

// row is one kind of stream on one product's host.
type row struct {
	on   exchange.Product
	kind Kind
	of   subject
	// name stands behind "@"; of klines and partial depth it goes on. suffix ends it.
	name, suffix string
	// all is the name of the stream of all symbols, empty where there is none.
	all string
	// every is the cadence of a symbol's stream, allEvery that of all; 0 is real time.
	every, allEvery time.Duration
	// speeds may be asked for in place of every and allEvery; 0 is no speed.
	speeds [3]time.Duration
	// both says that the host delivers the streams of the other futures product, too.
	both   bool
	klines ladder
}

const (
	um   = exchange.UM
	cm   = exchange.CM
	spot = exchange.Margin

	sec = time.Second
	ms  = time.Millisecond
)

// table is every stream that there is. Speeds are those that Binance documents; @trade and
// depth@0ms of futures it does not, though they exist.
var table = [...]row{
	{on: um, kind: AggTrade, of: symbols, name: "aggTrade", every: 100 * ms},
	{on: um, kind: Trade, of: symbols, name: "trade"},
	{on: um, kind: BookTicker, of: symbols, name: "bookTicker", all: "!bookTicker", allEvery: 5 * sec},
	{on: um, kind: Depth, of: symbols, name: "depth", every: 250 * ms, speeds: [3]time.Duration{100 * ms, 500 * ms, RealTime}},
	{on: um, kind: PartialDepth, of: symbols, name: "depth", every: 250 * ms, speeds: [3]time.Duration{100 * ms, 500 * ms}},
	{on: um, kind: RPIDepth, of: symbols, name: "rpiDepth", suffix: "@500ms", every: 500 * ms},
	{on: um, kind: Mark, of: symbols, name: "markPrice", all: "!markPrice@arr", every: 3 * sec, allEvery: 3 * sec,
		speeds: [3]time.Duration{1 * sec}, both: true},
	{on: um, kind: Kline, of: symbols, name: "kline_", every: 250 * ms, both: true, klines: minutes},
	{on: um, kind: ContinuousKline, of: pairs, name: "continuousKline_", every: 250 * ms, both: true, klines: seconds},
	{on: um, kind: MiniTicker, of: symbols, name: "miniTicker", all: "!miniTicker@arr", every: 2 * sec, allEvery: 1 * sec},
	{on: um, kind: Ticker, of: symbols, name: "ticker", all: "!ticker@arr", every: 2 * sec, allEvery: 1 * sec},
	{on: um, kind: Liquidation, of: symbols, name: "forceOrder", all: "!forceOrder@arr", every: 1 * sec, allEvery: 1 * sec},
	{on: um, kind: CompositeIndex, of: symbols, name: "compositeIndex", every: 1 * sec},
	{on: um, kind: ContractInfo, of: nothing, all: "!contractInfo"},
	{on: um, kind: AssetIndex, of: assets, name: "assetIndex", all: "!assetIndex@arr", every: 1 * sec, allEvery: 1 * sec},
	{on: um, kind: TradingSession, of: nothing, all: "tradingSession", allEvery: 1 * sec},

	{on: cm, kind: AggTrade, of: symbols, name: "aggTrade", every: 100 * ms},
	{on: cm, kind: Trade, of: symbols, name: "trade"},
	{on: cm, kind: BookTicker, of: symbols, name: "bookTicker", all: "!bookTicker", allEvery: 5 * sec},
	{on: cm, kind: Depth, of: symbols, name: "depth", every: 250 * ms, speeds: [3]time.Duration{100 * ms, 500 * ms, RealTime}},
	{on: cm, kind: PartialDepth, of: symbols, name: "depth", every: 250 * ms, speeds: [3]time.Duration{100 * ms, 500 * ms}},
	{on: cm, kind: Mark, of: either, name: "markPrice", every: 3 * sec, speeds: [3]time.Duration{1 * sec}, both: true},
	{on: cm, kind: Kline, of: symbols, name: "kline_", every: 250 * ms, both: true, klines: minutes},
	{on: cm, kind: ContinuousKline, of: pairs, name: "continuousKline_", every: 250 * ms, both: true, klines: minutes},
	{on: cm, kind: IndexPrice, of: pairs, name: "indexPrice", every: 1 * sec},
	{on: cm, kind: IndexKline, of: pairs, name: "indexPriceKline_", every: 250 * ms, klines: minutes},
	{on: cm, kind: MarkKline, of: symbols, name: "markPriceKline_", every: 250 * ms, klines: minutes},
	{on: cm, kind: MiniTicker, of: symbols, name: "miniTicker", all: "!miniTicker@arr", every: 500 * ms, allEvery: 1 * sec},
	{on: cm, kind: Ticker, of: symbols, name: "ticker", all: "!ticker@arr", every: 500 * ms, allEvery: 1 * sec},
	{on: cm, kind: Liquidation, of: symbols, name: "forceOrder", all: "!forceOrder@arr", every: 1 * sec, allEvery: 1 * sec},
	{on: cm, kind: ContractInfo, of: nothing, all: "!contractInfo"},

	{on: spot, kind: AggTrade, of: symbols, name: "aggTrade"},
	{on: spot, kind: Trade, of: symbols, name: "trade"},
	{on: spot, kind: BookTicker, of: symbols, name: "bookTicker"},
	{on: spot, kind: Depth, of: symbols, name: "depth", every: 1 * sec, speeds: [3]time.Duration{100 * ms}},
	{on: spot, kind: PartialDepth, of: symbols, name: "depth", every: 1 * sec, speeds: [3]time.Duration{100 * ms}},
	{on: spot, kind: Kline, of: symbols, name: "kline_", every: 2 * sec, klines: seconds},
	{on: spot, kind: MiniTicker, of: symbols, name: "miniTicker", all: "!miniTicker@arr", every: 1 * sec, allEvery: 1 * sec},
	{on: spot, kind: Ticker, of: symbols, name: "ticker", all: "!ticker@arr", every: 1 * sec, allEvery: 1 * sec},
}

// find returns the row of a kind on a product's host.
func find(p exchange.Product, k Kind) (row, bool) {
	for _, r := range table {
		if r.on == p && r.kind == k {
			return r, true
		}
	}
	return row{}, false
}

// intervals are those of klines, the shortest first; the second is not for all.
var intervals = [...]string{"1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"}

// has says whether the ladder has an interval.
func (l ladder) has(interval string) bool {
	for i, name := range intervals {
		if name == interval {
			return l == seconds || l == minutes && i > 0
		}
	}
	return false
}

// contracts are those of continuous klines. The first is of UM alone.
var contracts = [...]string{"tradifi_perpetual", "perpetual", "current_quarter", "next_quarter"}

// hasContract says whether a host has continuous klines of a type of contract. UM's host
// has CM's, too, so only CM's own lacks one.
func hasContract(p exchange.Product, contract string) bool {
	for i, name := range contracts {
		if name == contract {
			return i > 0 || p == um
		}
	}
	return false
}

// partialLevels says whether partial depth comes with as many levels.
func partialLevels(n int) bool { return n == 5 || n == 10 || n == 20 }
