package frame

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Key is the place of the frame among those of its symbol in its stream. Along the stream
// keys of a symbol never fall, and two frames of a symbol with the same key tell the same,
// over whichever connection they came: so a key that is not above the last one is a frame
// that was there before. It is:
//
//   - aggTrade and trade: the trade's id ("a", "t").
//   - bookTicker, depth and partial depth: the update id ("u"); of a REST snapshot
//     lastUpdateId. Spot's and both futures products' ids are of different spaces.
//   - kline: the start of the candle, how many trades are in it and whether it is closed, for
//     that is its state: barKey. The time it was sent may differ between connections.
//   - liquidation: the time of the trade ("T" within "o"), of which a symbol has one a second.
//   - mark and index prices, asset indices, contract infos and all others: the event's time
//     "E". Assumed: it is the same over all connections.
//
// ok is false, and the key 0, for what has no place: replies, and others without a time.
//
// Streams of all symbols have frames of many in one list or one after the other, in no
// order among each other: there a key orders nothing without its Symbol.
func (f *Frame) Key() (key int64, ok bool) {
	switch f.Kind {
	case KindTrade, KindAggTrade:
		return f.Trade.ID, true
	case KindBookTicker:
		return f.BookTicker.UpdateID, true
	case KindDepth, KindPartialDepth, KindSnapshot:
		return f.Depth.Last, true
	case KindBar:
		return barKey(f.Bar.Start, f.Bar.Trades, f.Bar.Closed), true
	case KindLiquidation:
		return int64(f.Time), f.Time != 0
	case KindReply:
		return 0, false
	default:
		return int64(f.Event), f.Event != 0
	}
}

// barKey is the key of a candle in a state: above those of all candles that start earlier,
// and of its own states with fewer trades, or with as many and not closed. Starts are whole
// seconds until the year 2106, and more than a billion trades count as a billion.
func barKey(start exchange.Time, trades int64, closed bool) int64 {
	const bits = 30
	key := int64(start)/int64(time.Second)<<bits | min(trades, 1<<bits-1)
	key <<= 1
	if closed {
		key |= 1
	}
	return key
}
