package row

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Kind is what the rows of a series are, in the words of Binance's archives and streams.
type Kind string

const (
	// AggTrades are public trades, those of one order at one price joined.
	AggTrades Kind = "aggTrades"
	// Trades are public trades one by one.
	Trades Kind = "trades"
	// Klines are bars of traded prices.
	Klines Kind = "klines"
	// MarkPriceKlines are bars of the mark price, without volumes.
	MarkPriceKlines Kind = "markPriceKlines"
	// IndexPriceKlines are bars of the index price, without volumes. For CM their symbol
	// is the pair, such as BTCUSD.
	IndexPriceKlines Kind = "indexPriceKlines"
	// PremiumIndexKlines are bars of the premium of the contract over its index, a rate.
	PremiumIndexKlines Kind = "premiumIndexKlines"
	// BookTicker are best bids and asks.
	BookTicker Kind = "bookTicker"
	// Depth are snapshots and changes of an order book.
	Depth Kind = "depth"
	// PartialDepth are the upper levels of an order book, whole each time: the streams
	// depth5, depth10 and depth20.
	PartialDepth Kind = "partialDepth"
	// BookDepth are sums of an order book within some percent of the price.
	BookDepth Kind = "bookDepth"
	// MarkPrice are messages of the mark price stream.
	MarkPrice Kind = "markPrice"
	// FundingRate are settled funding rates.
	FundingRate Kind = "fundingRate"
	// Metrics are open interest and ratios of longs to shorts, every five minutes.
	Metrics Kind = "metrics"
	// LiquidationSnapshot are forced orders of others.
	LiquidationSnapshot Kind = "liquidationSnapshot"
)

// Kinds lists every kind, in the order of messages and tables.
var Kinds = [...]Kind{
	AggTrades, Trades, Klines, MarkPriceKlines, IndexPriceKlines, PremiumIndexKlines, BookTicker, Depth, PartialDepth, BookDepth,
	MarkPrice, FundingRate, Metrics, LiquidationSnapshot,
}

// kindNames is Kinds for messages.
func kindNames() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// Bars says whether the kind has an interval.
func (k Kind) Bars() bool {
	return k == Klines || k == MarkPriceKlines || k == IndexPriceKlines || k == PremiumIndexKlines
}

// Sharing is how rows of one key live together.
type Sharing uint8

const (
	// Unique: a key names one row.
	Unique Sharing = iota
	// Several: rows that differ may have the same key, as several forced orders have the
	// same millisecond.
	Several
	// Piece: the rows of a key are one thing, as the levels of a message are.
	Piece
)

// Sharing says whether rows of the kind may share a key.
func (k Kind) Sharing() Sharing {
	switch k {
	case Depth, PartialDepth:
		return Piece
	case BookTicker, LiquidationSnapshot:
		return Several
	}
	return Unique
}

// Recorded says whether rows of the kind have the recorder's clock beside the exchange's.
func (k Kind) Recorded() bool {
	switch k {
	case AggTrades, Trades, BookTicker, Depth, PartialDepth, MarkPrice, LiquidationSnapshot:
		return true
	}
	return false
}

// Span is how much of a series of the kind one file holds: trades and the like by day,
// so that files are neither tiny nor huge.
func (k Kind) Span(every time.Duration) Span {
	switch {
	case k.Bars() && every < time.Hour, k == LiquidationSnapshot, k == BookDepth:
		return Month
	case k.Bars(), k == FundingRate, k == Metrics:
		return Year
	}
	return Day
}

// Schema is the name and version of the kind's columns, empty for an unknown kind.
func (k Kind) Schema() string {
	switch k {
	case AggTrades, Trades:
		return "trade/2"
	case BookTicker:
		return "ticker/1"
	case Depth, PartialDepth:
		return "depth/1"
	case BookDepth:
		return "bucket/1"
	case MarkPrice:
		return "mark/1"
	case FundingRate:
		return "funding/1"
	case Metrics:
		return "metrics/1"
	case LiquidationSnapshot:
		return "liquidation/1"
	}
	if k.Bars() {
		return "bar/2"
	}
	return ""
}

// interval is a bar length and Binance's word for it. Calendar months are no fixed
// length and have none here.
type interval struct {
	name  string
	every time.Duration
}

var intervals = [...]interval{
	{"1m", time.Minute}, {"3m", 3 * time.Minute}, {"5m", 5 * time.Minute}, {"15m", 15 * time.Minute},
	{"30m", 30 * time.Minute}, {"1h", time.Hour}, {"2h", 2 * time.Hour}, {"4h", 4 * time.Hour},
	{"6h", 6 * time.Hour}, {"8h", 8 * time.Hour}, {"12h", 12 * time.Hour}, {"1d", 24 * time.Hour},
	{"3d", 72 * time.Hour}, {"1w", 168 * time.Hour},
}

// ParseInterval reads a bar length in Binance's words, 1m to 1w.
func ParseInterval(s string) (time.Duration, error) {
	for _, i := range intervals {
		if i.name == s {
			return i.every, nil
		}
	}
	return 0, fmt.Errorf("%w interval %q; known are 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w", exchange.ErrUnknownName, s)
}

// IntervalName is Binance's word for a bar length, empty if it has none.
func IntervalName(d time.Duration) string {
	for _, i := range intervals {
		if i.every == d {
			return i.name
		}
	}
	return ""
}

// Key names one series of a tape.
type Key struct {
	Product exchange.Product
	// Symbol is Binance's name, such as BTCUSDT or BTCUSD_PERP. It has no small letters
	// a-z: btcusdt would be a second series, which no instrument finds.
	Symbol string
	Kind   Kind
	// Interval is the length of a bar, 0 for kinds without.
	Interval time.Duration
}

// String is the directory of the series below the tape, such as "um/BTCUSDT/klines-1m".
func (k Key) String() string {
	return MarketOf(k.Product) + "/" + k.Symbol + "/" + k.directory()
}

// MarshalText writes the form of [Key.String], and nothing for the zero key.
func (k Key) MarshalText() ([]byte, error) {
	if k == (Key{}) {
		return nil, nil
	}
	return []byte(k.String()), nil
}

func (k Key) directory() string {
	if k.Kind.Bars() {
		return string(k.Kind) + "-" + IntervalName(k.Interval)
	}
	return string(k.Kind)
}

// ErrKey says that a key does not name a series.
var ErrKey = errors.New("no series")

// keyError is an ErrKey in its own words.
type keyError struct{ error }

func (e keyError) Is(target error) bool { return target == ErrKey }

func (e keyError) Unwrap() error { return e.error }

// Check says what a key lacks to name a series, as an ErrKey.
func (k Key) Check() error {
	if err := k.check(); err != nil {
		return keyError{err}
	}
	return nil
}

func (k Key) check() error {
	if MarketOf(k.Product) == "" {
		return errors.New("market is not given and cannot be told from the path")
	}
	if k.Symbol == "" {
		return errors.New("symbol is not given and cannot be told from the file's name")
	}
	if strings.ContainsAny(k.Symbol, `/\.`) {
		return fmt.Errorf("symbol %q has characters that no symbol has", k.Symbol)
	}
	if k.Symbol != Upper(k.Symbol) {
		return fmt.Errorf("symbol %q has small letters, and Binance's name is %s", k.Symbol, Upper(k.Symbol))
	}
	if CoinMargined(k.Symbol) && k.Product != exchange.CM {
		return fmt.Errorf("symbol %s is COIN-M but the market is %s: their quantities differ", k.Symbol, MarketOf(k.Product))
	}
	if k.Kind == "" {
		return fmt.Errorf("kind of data is not given and cannot be told from the file's name; it is one of %s", kindNames())
	}
	if k.Kind == "1mo" || k.Kind == "1M" { // an archive's name has the interval in its place
		return errors.New("bars of a month have no fixed length and are not kept on a tape")
	}
	if k.Kind.Schema() == "" {
		return fmt.Errorf("%w kind of data %q; a tape holds %s", exchange.ErrUnknownName, string(k.Kind), kindNames())
	}
	if k.Kind.Bars() && IntervalName(k.Interval) == "" {
		return errors.New("interval of the bars is not given, or is none of Binance's, and cannot be told from the file's name")
	}
	if !k.Kind.Bars() && k.Interval != 0 {
		return fmt.Errorf("%s have no interval, but %v is given", k.Kind, k.Interval)
	}
	return nil
}

// CoinMargined says whether a symbol has the form of COIN-M: a pair with the dollar and a
// date or PERP, as BTCUSD_PERP. The dollar of Binance's own, as in BTCBUSD_210129, was
// traded on USD-M.
func CoinMargined(symbol string) bool {
	pair, _, dated := strings.Cut(symbol, "_")
	return dated && strings.HasSuffix(pair, "USD") && !strings.HasSuffix(pair, "BUSD")
}

// Upper is a symbol as Binance writes it. Only a-z have another form there: some symbols
// have letters of other alphabets, and these stay.
func Upper(symbol string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, symbol)
}

// ParseKey reads the three directory names of a series.
func ParseKey(market, symbol, directory string) (Key, error) {
	k := Key{Product: ProductOf(market), Symbol: symbol, Kind: Kind(directory)}
	if kind, name, cut := strings.Cut(directory, "-"); cut {
		every, err := ParseInterval(name)
		if err != nil {
			return Key{}, err
		}
		k.Kind, k.Interval = Kind(kind), every
	}
	return k, k.Check()
}

// MarketOf is the directory name of a product: Binance's word for where it trades.
func MarketOf(p exchange.Product) string {
	switch p {
	case exchange.UM:
		return "um"
	case exchange.CM:
		return "cm"
	case exchange.Margin:
		return "spot"
	}
	return ""
}

// ParseMarket reads um, cm or spot. Spot is where margin pairs trade.
func ParseMarket(s string) (exchange.Product, error) {
	if p := ProductOf(s); p != 0 {
		return p, nil
	}
	return 0, fmt.Errorf("%w market %q; known are um, cm, spot", exchange.ErrUnknownName, s)
}

// ProductOf is the product of a directory name, 0 if it is none.
func ProductOf(market string) exchange.Product {
	switch market {
	case "um":
		return exchange.UM
	case "cm":
		return exchange.CM
	case "spot":
		return exchange.Margin
	}
	return 0
}

// Span is how much of a series one file holds: a UTC day, month or year.
type Span uint8

const (
	Day Span = iota
	Month
	Year
)

// Name is the file name, without extension, of the span that holds t.
func (s Span) Name(t exchange.Time) string {
	return t.UTC().Format([...]string{Day: "2006-01-02", Month: "2006-01", Year: "2006"}[s])
}

// End is the first instant after the span that holds t.
func (s Span) End(t exchange.Time) exchange.Time {
	y, m, d := t.UTC().Date()
	switch s {
	case Day:
		d++
	case Month:
		m, d = m+1, 1
	default:
		y, m, d = y+1, 1, 1
	}
	return exchange.TimeOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}
