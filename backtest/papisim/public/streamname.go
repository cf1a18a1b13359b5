package public

import (
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Universe is what a stream's name is looked up in: a name such as btcusdt@aggTrade is one
// stream of futures and another one of spot.
type Universe uint8

const (
	// Futures are UM and CM together: since 2026-06-30 they have one back end.
	Futures Universe = iota + 1
	// Spot are the pairs of the margin leg.
	Spot
)

// Way is a way into the streams. It decides which of them deliver there; all others are
// acknowledged and silent.
type Way uint8

const (
	// WayPublic is /public of fstream, and fstream without a path; WayMarket is /market.
	WayPublic Way = iota + 1
	WayMarket
	// WayCoin is dstream, and WaySpot is stream.binance.com.
	WayCoin
	WaySpot
)

// Ways are the names of the ways in, in order.
func Ways() []string { return []string{"public", "market", "coin", "spot"} }

// String is the way's name, "" for none.
func (w Way) String() string {
	if w < WayPublic || w > WaySpot {
		return ""
	}
	return Ways()[w-WayPublic]
}

// Key names a stream.
type Key struct {
	Universe Universe
	Name     string
}

// KeyOn is the key of a name that is asked for on a way.
func KeyOn(w Way, name string) Key {
	if w == WaySpot {
		return Key{Spot, name}
	}
	return Key{Futures, name}
}

// kind is what a stream tells.
type kind uint8

const (
	kindTrade kind = iota + 1
	kindAggTrade
	kindMark
	kindMarkAll
	kindMarkPair
	kindKline
	kindContinuous
	kindIndexPrice
	kindIndexKline
	kindMarkKline
	kindMini
	kindMiniAll
	kindTicker
	kindTickerAll
	kindBook
	kindBookAll
	kindPartial
	kindDepth
	kindRPIDepth
	kindForced
	kindForcedAll
	kindContract
	kindAsset
	kindAssetAll
	kindAverage
	kindComposite
	kindSession
)

// public says whether a kind belongs to /public of fstream; the others belong to /market.
func (k kind) public() bool {
	switch k {
	case kindTrade, kindBook, kindBookAll, kindPartial, kindDepth, kindRPIDepth:
		return true
	}
	return false
}

// both says whether either product's streams of that kind deliver on either host.
func (k kind) both() bool { return k == kindMark || k == kindKline || k == kindContinuous }

// subject is what a name means.
type subject struct {
	kind     kind
	sym      *symbol // nil for streams of all
	interval interval
	levels   int           // of a partial book
	every    time.Duration // 0 for streams that tell when something happens
	// pair and contract are those of an index or a continuous contract, asset that of an
	// asset index.
	pair, contract, asset string
}

// Carries says whether a stream of that name delivers on a way. Names that do not exist,
// with capitals for example, deliver nowhere.
func (s *Service) Carries(w Way, name string) bool {
	sub, ok := s.parse(KeyOn(w, name))
	if !ok {
		return false
	}
	switch w {
	case WaySpot:
		return true
	case WayPublic, WayMarket:
		if sub.kind == kindMarkPair || sub.kind.public() != (w == WayPublic) {
			return false
		}
	}
	if sub.kind == kindSession {
		return w == WayMarket
	}
	return sub.sym == nil || sub.kind.both() || (sub.sym.in.Product == exchange.CM) == (w == WayCoin)
}

// parse reads a name.
func (s *Service) parse(k Key) (subject, bool) {
	var sub subject
	var ok bool
	if strings.HasPrefix(k.Name, "!") || k.Name == "tradingSession" {
		sub, ok = parseAll(k)
	} else if head, tail, cut := strings.Cut(k.Name, "@"); cut && head == strings.ToLower(head) {
		if k.Universe == Spot {
			sub, ok = s.parseSpot(strings.ToUpper(head), tail)
		} else {
			sub, ok = s.parseFutures(strings.ToUpper(head), tail)
		}
	}
	return sub, ok
}

// parseAll reads the name of a stream of all symbols.
func parseAll(k Key) (subject, bool) {
	if k.Universe == Spot {
		switch k.Name {
		case "!miniTicker@arr":
			return subject{kind: kindMiniAll, every: time.Second}, true
		case "!ticker@arr":
			return subject{kind: kindTickerAll, every: time.Second}, true
		}
		return subject{}, false
	}
	switch k.Name {
	case "!markPrice@arr":
		return subject{kind: kindMarkAll, every: 3 * time.Second}, true
	case "!markPrice@arr@1s":
		return subject{kind: kindMarkAll, every: time.Second}, true
	case "!miniTicker@arr":
		return subject{kind: kindMiniAll, every: time.Second}, true
	case "!ticker@arr":
		return subject{kind: kindTickerAll, every: time.Second}, true
	case "!bookTicker":
		return subject{kind: kindBookAll, every: 5 * time.Second}, true
	case "!forceOrder@arr":
		return subject{kind: kindForcedAll, every: time.Second}, true
	case "!contractInfo":
		return subject{kind: kindContract}, true
	case "tradingSession":
		return subject{kind: kindSession, every: time.Second}, true
	case "!assetIndex@arr":
		return subject{kind: kindAssetAll, every: time.Second}, true
	}
	return subject{}, false
}
