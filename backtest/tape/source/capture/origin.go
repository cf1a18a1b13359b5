package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/frame"
)

// origin tells where messages come from, as far as they do not say so themselves.
type origin struct {
	// asked is what the caller says.
	asked row.Key
	// connection is the product of the last URL on a line of its own, file that of the
	// file's path, 0 if they do not tell.
	connection, file exchange.Product
	// request is the REST call that the line in hand answers.
	request request

	// futures says that a message has named its product: only futures do, and CM shows in
	// the symbol, so all others are UM.
	futures bool
	// symbol is the only one of the file so far; several says that there are others, too.
	symbol  string
	several bool
	// guessed is the first line that had no symbol and was taken for one of symbol's.
	guessed int64
}

// newOrigin reads what the file's path tells.
func newOrigin(f *source.File, asked row.Key) origin {
	asked.Symbol = row.Upper(asked.Symbol)
	o := origin{asked: asked, file: source.ReadPath(f.Path).Product}
	if o.file == 0 {
		head, _ := f.Peek(5) // what cannot be read fails when it is read
		o.file = tardisProduct(f.Path, len(head) == 5 && head[4] == '-')
	}
	return o
}

// tardisProduct knows the exchanges' names at tardis. Its name of the spot market is
// "binance" alone, by which anything may be called, so there the file must begin as
// tardis's do, with a date.
func tardisProduct(path string, dated bool) exchange.Product {
	path = strings.ToLower(filepath.ToSlash(path))
	switch {
	case strings.Contains(path, "binance-futures"):
		return exchange.UM
	case strings.Contains(path, "binance-delivery"):
		return exchange.CM
	case dated && strings.HasPrefix(filepath.Base(path), "binance_"):
		return exchange.Margin
	}
	return 0
}

// request is what a URL tells.
type request struct {
	product exchange.Product
	// name is the last part of a REST path, such as "depth" or "exchangeInfo", empty for
	// websockets.
	name   string
	symbol string
}

// parseRequest reads a URL; of what is none it tells nothing.
func parseRequest(text []byte) (r request) {
	u, err := url.Parse(string(text))
	if err != nil {
		return r
	}
	if strings.HasPrefix(u.Scheme, "http") {
		r.name = path.Base(u.Path)
		r.symbol = row.Upper(u.Query().Get("symbol"))
	}
	host, _, _ := strings.Cut(u.Hostname(), ".")
	switch {
	case strings.Contains(host, "fstream"), strings.Contains(host, "fapi"), strings.HasPrefix(u.Path, "/fapi/"):
		r.product = exchange.UM
	case strings.Contains(host, "dstream"), strings.Contains(host, "dapi"), strings.HasPrefix(u.Path, "/dapi/"):
		r.product = exchange.CM
	case !strings.Contains(u.Hostname(), ".binance."):
	case strings.Contains(host, "stream"), strings.Contains(host, "api"):
		r.product = exchange.Margin
	}
	return r
}

var (
	errProduct = errors.New("cannot be told: give --product UM, CM or MARGIN, or put the file below a directory um, cm or spot")
	errSymbol  = errors.New("names no symbol, and the file has not exactly one so far: give --symbol")
)

// productOf says where a symbol trades. What the message itself says comes first, for
// since 2026 some streams of either futures market carry both.
func (o *origin) productOf(f *frame.Frame, symbol []byte) (exchange.Product, error) {
	switch {
	case f.Product != 0:
		o.futures = true
		return f.Product, nil
	case row.CoinMargined(string(symbol)):
		return exchange.CM, nil
	}
	for _, p := range [...]exchange.Product{o.asked.Product, o.request.product, o.connection, o.file} {
		if p != 0 {
			return p, nil
		}
	}
	if o.futures {
		return exchange.UM, nil
	}
	return 0, fmt.Errorf("the market of %q %w", source.Clip(symbol), errProduct)
}

// symbolOf names the symbol of a message on a line.
func (o *origin) symbolOf(f *frame.Frame, line int64) ([]byte, error) {
	if len(f.Symbol) > 0 {
		return f.Symbol, nil
	}
	if name, _, ok := bytes.Cut(f.Stream, []byte("@")); ok && len(name) > 0 {
		return []byte(row.Upper(string(name))), nil
	}
	switch {
	case o.request.symbol != "":
		return []byte(o.request.symbol), nil
	case o.asked.Symbol != "":
		return []byte(o.asked.Symbol), nil
	case o.symbol == "" || o.several:
		return nil, fmt.Errorf("%v %w", f.Kind, errSymbol)
	}
	if o.guessed == 0 {
		o.guessed = line
	}
	return []byte(o.symbol), nil
}

// saw notes the symbol of a new series. The warning is empty but for a symbol that makes
// a guess doubtful.
func (o *origin) saw(symbol string, line int64) (warning string) {
	switch {
	case o.symbol == "":
		o.symbol = symbol
	case o.symbol != symbol && !o.several:
		o.several = true
		if o.guessed != 0 {
			return fmt.Sprintf("line %d names no symbol and was taken for %s, the only one before line %d: if it is not, give --symbol",
				o.guessed, o.symbol, line)
		}
	}
	return ""
}
