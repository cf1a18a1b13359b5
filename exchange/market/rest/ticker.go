package rest

import (
	"cmp"
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Ticker is 24 hours of a symbol.
type Ticker struct {
	Symbol string `json:"symbol"`
	// Pair is told by CM only.
	Pair               string          `json:"pair"`
	PriceChange        exchange.Fixed  `json:"priceChange"`
	PriceChangePercent decimal.Decimal `json:"priceChangePercent"`
	WeightedAvgPrice   decimal.Decimal `json:"weightedAvgPrice"`
	LastPrice          exchange.Fixed  `json:"lastPrice"`
	LastQty            exchange.Fixed  `json:"lastQty"`
	OpenPrice          exchange.Fixed  `json:"openPrice"`
	HighPrice          exchange.Fixed  `json:"highPrice"`
	LowPrice           exchange.Fixed  `json:"lowPrice"`
	// Volume is in base coin (UM, spot) or contracts (CM); QuoteVolume in quote asset (UM,
	// spot), BaseVolume in coin (CM).
	Volume      decimal.Decimal `json:"volume"`
	QuoteVolume decimal.Decimal `json:"quoteVolume"`
	BaseVolume  decimal.Decimal `json:"baseVolume"`
	OpenTime    exchange.Time   `json:"openTime"`
	CloseTime   exchange.Time   `json:"closeTime"`
	// FirstID and LastID are those of trades, -1 or 0 if there were none; Count is how many.
	FirstID int64 `json:"firstId"`
	LastID  int64 `json:"lastId"`
	Count   int64 `json:"count"`
}

func (t *Ticker) check() *DecodeError {
	return cmp.Or(need("symbol", t.Symbol != ""), need("closeTime", t.CloseTime != 0), sane("closeTime", t.CloseTime >= t.OpenTime))
}

// Tickers asks for 24 hours of a symbol, or of all that are trading if symbol is "". Costs 1,
// or 40 for all; on spot 2 and 80.
func (c *Client) Tickers(ctx context.Context, p exchange.Product, symbol string) ([]Ticker, Answer, error) {
	return call[[]Ticker](ctx, c, p, "ticker/24hr", params{{"symbol", symbol}})
}

// LastPrice is the price of the last trade, 0 if there was none.
type LastPrice struct {
	Symbol string
	// Pair is told by CM only.
	Pair  string
	Price exchange.Fixed
	// Time is 0 on spot.
	Time exchange.Time
}

type lastPriceRow struct {
	Symbol string          `json:"symbol"`
	Pair   string          `json:"ps"`
	Price  *exchange.Fixed `json:"price"`
	Time   exchange.Time   `json:"time"`
}

func (l lastPriceRow) check() *DecodeError {
	return cmp.Or(need("symbol", l.Symbol != ""), need("price", l.Price != nil), sane("price", l.Price == nil || *l.Price >= 0))
}

func (l lastPriceRow) row() LastPrice {
	return LastPrice{Symbol: l.Symbol, Pair: l.Pair, Price: *l.Price, Time: l.Time}
}

// LastPrices asks for the last price of a symbol, or of all if symbol is "". Costs 1, or 2 for
// all; on spot 2 and 4. UM is asked by its version 2.
func (c *Client) LastPrices(ctx context.Context, p exchange.Product, symbol string) ([]LastPrice, Answer, error) {
	name := "ticker/price"
	if p == exchange.UM {
		name = "v2/ticker/price"
	}
	return rows[lastPriceRow](ctx, c, p, name, params{{"symbol", symbol}})
}

// BestPrices is the top of a symbol's book.
type BestPrices struct {
	Symbol string
	// Pair is told by CM only.
	Pair string
	// BookTicker has no UpdateID where it is not told (spot, and older answers).
	exchange.BookTicker
	// Time is 0 on spot.
	Time exchange.Time
}

type bestPricesRow struct {
	Symbol   string          `json:"symbol"`
	Pair     string          `json:"pair"`
	Bid      *exchange.Fixed `json:"bidPrice"`
	BidQty   exchange.Fixed  `json:"bidQty"`
	Ask      *exchange.Fixed `json:"askPrice"`
	AskQty   exchange.Fixed  `json:"askQty"`
	Time     exchange.Time   `json:"time"`
	UpdateID int64           `json:"lastUpdateId"`
}

func (b bestPricesRow) check() *DecodeError {
	return cmp.Or(need("symbol", b.Symbol != ""), need("bidPrice", b.Bid != nil), need("askPrice", b.Ask != nil),
		sane("bidPrice", b.Bid == nil || *b.Bid >= 0), sane("askPrice", b.Ask == nil || *b.Ask >= 0))
}

func (b bestPricesRow) row() BestPrices {
	return BestPrices{
		Symbol: b.Symbol, Pair: b.Pair, Time: b.Time,
		BookTicker: exchange.BookTicker{Bid: *b.Bid, BidQty: b.BidQty, Ask: *b.Ask, AskQty: b.AskQty, UpdateID: b.UpdateID},
	}
}

// BookTickers asks for the best prices of a symbol, or of all if symbol is "". Costs 2, or 5
// for all; on spot 2 and 4. An empty side is 0.
func (c *Client) BookTickers(ctx context.Context, p exchange.Product, symbol string) ([]BestPrices, Answer, error) {
	return rows[bestPricesRow](ctx, c, p, "ticker/bookTicker", params{{"symbol", symbol}})
}

// OpenInterest is how much of a contract is held.
type OpenInterest struct {
	Symbol string `json:"symbol"`
	// Pair and ContractType are told by CM only.
	Pair         string `json:"pair"`
	ContractType string `json:"contractType"`
	// OpenInterest is in base coin (UM) or contracts (CM).
	OpenInterest decimal.Decimal `json:"openInterest"`
	Time         exchange.Time   `json:"time"`
}

func (o *OpenInterest) check() *DecodeError {
	return cmp.Or(need("symbol", o.Symbol != ""), need("openInterest", told(o.OpenInterest)), need("time", o.Time > 0))
}

// OpenInterest asks for the open interest of a symbol. Costs 1.
func (c *Client) OpenInterest(ctx context.Context, p exchange.Product, symbol string) (OpenInterest, Answer, error) {
	return call[OpenInterest](ctx, c, p, "openInterest", params{{"symbol", symbol}})
}
