package stream

import (
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// RealTime is the Speed of the undocumented depth@0ms, a frame for every change.
const RealTime time.Duration = -1

// Stream is one stream, and comparable. Two streams are the same exactly when they are
// equal and pass [Stream.Check], which refuses every second way to write one.
type Stream struct {
	// Product is whose host it is asked of: [exchange.Margin] is spot.
	Product exchange.Product
	Kind    Kind
	// Symbol is Binance's name in capitals: a symbol, a pair or an asset as the kind wants;
	// empty is all symbols, the forms with "!".
	Symbol string
	// Interval is that of klines, such as "1m".
	Interval string
	// Contract is that of continuous klines, such as "perpetual".
	Contract string
	// Levels are those of partial depth: 5, 10 or 20.
	Levels int
	// Speed is how often the stream tells, where there is a choice; 0 is the default.
	Speed time.Duration
}

// String names the product and the stream, such as "UM btcusdt@depth@100ms". It is for
// people, and says something of every stream, even of one that does not exist.
func (s Stream) String() string { return s.Product.String() + " " + s.Name() }

// Name is the name as it is sent to the exchange, such as "btcusdt@depth@100ms" or
// "!markPrice@arr@1s". It means something only if [Stream.Check] has no objection. It is
// not escaped: symbols may have letters outside of ASCII, which an address must escape.
func (s Stream) Name() string {
	r, ok := find(s.Product, s.Kind)
	if !ok {
		return Lower(s.Symbol) + "@" + s.Kind.String()
	}
	name := r.all
	if s.Symbol != "" {
		name = Lower(s.Symbol)
		if s.Contract != "" {
			name += "_" + s.Contract
		}
		name += "@" + r.name + s.Interval
		if s.Levels != 0 {
			name += strconv.Itoa(s.Levels)
		}
		name += r.suffix
	}
	return name + speedText(s.Speed)
}

// speedText is the part of a name that tells a speed that is not the default.
func speedText(d time.Duration) string {
	switch d {
	case 0:
		return ""
	case RealTime:
		return "@0ms"
	default:
		return "@" + d.String()
	}
}

// Route is the way into the exchange on which the stream delivers.
func (s Stream) Route() Route {
	switch {
	case s.Product == exchange.CM:
		return Coin
	case s.Product == exchange.Margin:
		return Spot
	case s.Kind.public():
		return Public
	default:
		return Market
	}
}

// All says whether the stream is of all symbols. Its frames may be of both futures
// products, which the field "st" tells apart.
func (s Stream) All() bool { return s.Symbol == "" }

// Cadence is how often the stream tells at most, by Binance's table of update speeds; 0 is
// whenever something happens.
func (s Stream) Cadence() time.Duration {
	r, ok := find(s.Product, s.Kind)
	switch {
	case !ok, s.Speed == RealTime:
		return 0
	case s.Speed != 0:
		return s.Speed
	case s.All():
		return r.allEvery
	case s.Product == spot && s.Interval == "1s":
		return time.Second
	default:
		return r.every
	}
}

// EventKind is the kind of event that the vocabulary has for what the stream tells, 0 if it
// has none. Trade and AggTrade both make trades, of the same executions: who wants events
// asks for one of them. Partial depth makes none, because its snapshots are not of whole
// books, and neither do candles of a month, which has no fixed length, and kinds that belong
// to no instrument.
func (s Stream) EventKind() exchange.Kind {
	switch s.Kind {
	case AggTrade, Trade:
		return exchange.KindTrade
	case BookTicker:
		return exchange.KindBookTicker
	case Depth:
		return exchange.KindDepth
	case Mark:
		return exchange.KindMark
	case Kline:
		if s.Interval == "1M" {
			return 0
		}
		return exchange.KindBar
	case Liquidation:
		return exchange.KindLiquidation
	case AssetIndex:
		return exchange.KindAssetIndex
	default:
		return 0
	}
}

// Lower is a symbol as the names of streams have it. Only a-z have two forms: some symbols
// have letters of other alphabets, and these stay.
func Lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r - 'A' + 'a'
		}
		return r
	}, s)
}

// upper is a symbol of a stream's name as Binance writes it elsewhere, the reverse of Lower.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

// clip bounds what an error message repeats of its input.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
