package frame

import (
	"bytes"
	"errors"
)

// errNoFrame says that an object is none of what this package reads.
var errNoFrame = errors.New(`no market frame: neither an event "e" nor a book ticker, a depth snapshot, a reply or exchangeInfo`)

// identify sets the kind, or leaves it 0 with the reason in o.
func (f *Frame) identify(o *object) {
	switch {
	case o.err != nil: // a field stands twice
	case o.has('e'):
		if f.Name = o.letters('e'); o.err == nil {
			f.Kind = kindOf(f.Name, f.Stream)
		}
	case o.has(keyLastUpdateID):
		f.Kind = KindSnapshot
		if depthOf(f.Stream) == KindPartialDepth {
			f.Kind = KindPartialDepth
		}
	case o.has('u') && o.has('b') && o.has('a'): // spot, whose book ticker has no name
		f.Kind = KindBookTicker
	case o.has(keyResult), o.has(keyError), o.has(keyCode) && o.has(keyMessage):
		f.Kind = KindReply
	case o.has(keySymbols), o.has(keyMethod): // exchangeInfo, and a command that a recorder has kept
		f.Kind = KindOther
	default:
		o.err = errNoFrame
	}
}

// kindOf returns the kind of the event called name.
func kindOf(name, stream []byte) Kind {
	switch string(name) {
	case "trade":
		return KindTrade
	case "aggTrade":
		return KindAggTrade
	case "bookTicker":
		return KindBookTicker
	case "depthUpdate":
		return depthOf(stream)
	case "markPriceUpdate":
		return KindMark
	case "indexPriceUpdate":
		return KindIndexPrice
	case "kline":
		return KindBar
	case "forceOrder":
		return KindLiquidation
	case "assetIndexUpdate":
		return KindAssetIndex
	case "contractInfo":
		return KindContractInfo
	default:
		return KindOther
	}
}

// depthOf tells the kinds of depth by the stream's name: "btcusdt@depth", which may have
// a speed behind another "@", against "btcusdt@depth20". @rpiDepth counts orders that no
// other stream counts, so its quantities must not enter the same book.
func depthOf(stream []byte) Kind {
	_, name, _ := bytes.Cut(stream, []byte("@"))
	name, _, _ = bytes.Cut(name, []byte("@"))
	levels, ok := bytes.CutPrefix(name, []byte("depth"))
	switch {
	case len(stream) == 0, ok && len(levels) == 0:
		return KindDepth
	case ok:
		return KindPartialDepth
	default:
		return KindOther
	}
}
