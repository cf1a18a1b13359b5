package source

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Named is what a path in the form of Binance's archives says.
type Named struct {
	row.Key
	// From and To bound the day or month of the file; both 0 if the name has no date.
	From, To exchange.Time
}

// ReadPath takes what it can from a path such as
// um/daily/klines/BTCUSDT/1m/BTCUSDT-1m-2024-01-02.zip. Bars of mark and index prices
// have file names like those of traded prices, so there the directory decides.
func ReadPath(path string) (n Named) {
	directories := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	bars := row.Klines
	for _, d := range directories {
		if p := row.ProductOf(d); p != 0 {
			n.Product = p
		}
		switch row.Kind(d) {
		case row.Klines, row.MarkPriceKlines, row.IndexPriceKlines, row.PremiumIndexKlines:
			bars = row.Kind(d)
		}
	}
	base := filepath.Base(path)
	if packed := strings.ToLower(filepath.Ext(base)); packed == ".gz" || packed == ".zst" {
		base = base[:len(base)-len(packed)]
	}
	parts := strings.Split(strings.TrimSuffix(base, filepath.Ext(base)), "-")
	if len(parts) < 4 {
		return n
	}
	from, to, ok := readDate(parts[2:])
	if !ok {
		return n
	}
	n.Symbol, n.From, n.To = parts[0], from, to
	if every, err := row.ParseInterval(parts[1]); err == nil {
		n.Kind, n.Interval = bars, every
	} else {
		n.Kind = row.Kind(parts[1])
	}
	if n.Product == 0 && row.CoinMargined(n.Symbol) {
		n.Product = exchange.CM
	}
	return n
}

// readDate reads {2024 01 02} or {2024 01}.
func readDate(parts []string) (from, to exchange.Time, ok bool) {
	var v [3]int
	for i, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil || i >= len(v) || len(p) != [...]int{4, 2, 2}[i] {
			return 0, 0, false
		}
		v[i] = n
	}
	at := func(y, m, d int) exchange.Time {
		return exchange.TimeOf(time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC))
	}
	if v[0] < 1970 || v[0] > 2200 || v[1] < 1 || v[1] > 12 {
		return 0, 0, false
	}
	if len(parts) == 2 {
		return at(v[0], v[1], 1), at(v[0], v[1]+1, 1), true
	}
	return at(v[0], v[1], v[2]), at(v[0], v[1], v[2]+1), true
}
