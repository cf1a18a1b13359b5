package tape

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Kind is what the rows of a series are, in the words of Binance's archives.
type Kind string

const (
	// AggTrades are public trades, those of one order at one price joined.
	AggTrades Kind = "aggTrades"
	// Klines are bars of traded prices.
	Klines Kind = "klines"
	// MarkPriceKlines are bars of the mark price, without volumes.
	MarkPriceKlines Kind = "markPriceKlines"
	// IndexPriceKlines are bars of the index price, without volumes. For CM their symbol
	// is the pair, such as BTCUSD.
	IndexPriceKlines Kind = "indexPriceKlines"
	// FundingRate are settled funding rates.
	FundingRate Kind = "fundingRate"
)

// Bars says whether the kind has an interval.
func (k Kind) Bars() bool {
	return k == Klines || k == MarkPriceKlines || k == IndexPriceKlines
}

// kinds lists what a tape holds, for messages.
const kinds = "aggTrades, klines, markPriceKlines, indexPriceKlines, fundingRate"

// formatOf is the one place that knows every kind. An unknown one is ErrUnknownName.
func formatOf(k Kind) (format, error) {
	switch k {
	case AggTrades:
		return tradeFormat(), nil
	case Klines, MarkPriceKlines, IndexPriceKlines:
		return barFormat(k), nil
	case FundingRate:
		return fundingFormat(), nil
	}
	return nil, fmt.Errorf("%w kind of data %q; a tape holds %s", exchange.ErrUnknownName, string(k), kinds)
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

func intervalName(d time.Duration) string {
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
	return marketOf(k.Product) + "/" + k.Symbol + "/" + k.directory()
}

func (k Key) directory() string {
	if k.Kind.Bars() {
		return string(k.Kind) + "-" + intervalName(k.Interval)
	}
	return string(k.Kind)
}

// check says what a key lacks to name a series.
func (k Key) check() error {
	if marketOf(k.Product) == "" {
		return errors.New("market is not given and cannot be told from the path")
	}
	if k.Symbol == "" {
		return errors.New("symbol is not given and cannot be told from the file's name")
	}
	if strings.ContainsAny(k.Symbol, `/\.`) {
		return fmt.Errorf("symbol %q has characters that no symbol has", k.Symbol)
	}
	if k.Symbol != upper(k.Symbol) {
		return fmt.Errorf("symbol %q has small letters, and Binance's name is %s", k.Symbol, upper(k.Symbol))
	}
	if coinMargined := strings.Contains(k.Symbol, "USD_"); coinMargined && k.Product != exchange.CM {
		return fmt.Errorf("symbol %s is COIN-M but the market is %s: their quantities differ", k.Symbol, marketOf(k.Product))
	}
	if k.Kind == "" {
		return fmt.Errorf("kind of data is not given and cannot be told from the file's name; it is one of %s", kinds)
	}
	if _, err := formatOf(k.Kind); err != nil {
		return err
	}
	if k.Kind.Bars() && intervalName(k.Interval) == "" {
		return errors.New("interval of the bars is not given, or is none of Binance's, and cannot be told from the file's name")
	}
	if !k.Kind.Bars() && k.Interval != 0 {
		return fmt.Errorf("%s have no interval, but %v is given", k.Kind, k.Interval)
	}
	return nil
}

// upper is a symbol as Binance writes it. Only a-z have another form there: some symbols
// have letters of other alphabets, and these stay.
func upper(symbol string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, symbol)
}

// parseKey reads the three directory names of a series.
func parseKey(market, symbol, directory string) (Key, error) {
	k := Key{Product: productOf(market), Symbol: symbol, Kind: Kind(directory)}
	if kind, name, cut := strings.Cut(directory, "-"); cut {
		every, err := ParseInterval(name)
		if err != nil {
			return Key{}, err
		}
		k.Kind, k.Interval = Kind(kind), every
	}
	return k, k.check()
}

// marketOf is the directory name of a product: Binance's word for where it trades.
func marketOf(p exchange.Product) string {
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
	if p := productOf(s); p != 0 {
		return p, nil
	}
	return 0, fmt.Errorf("%w market %q; known are um, cm, spot", exchange.ErrUnknownName, s)
}

func productOf(market string) exchange.Product {
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

// span is how much of a series one file holds: a UTC day, month or year.
type span uint8

const (
	day span = iota
	month
	year
)

// name is the file name, without extension, of the span that holds t.
func (s span) name(t exchange.Time) string {
	return t.UTC().Format([...]string{day: "2006-01-02", month: "2006-01", year: "2006"}[s])
}

// end is the first instant after the span that holds t.
func (s span) end(t exchange.Time) exchange.Time {
	y, m, d := t.UTC().Date()
	switch s {
	case day:
		d++
	case month:
		m, d = m+1, 1
	default:
		y, m, d = y+1, 1, 1
	}
	return exchange.TimeOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}
