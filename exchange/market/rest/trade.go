package rest

import (
	"cmp"
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Book is a snapshot of an order book.
type Book struct {
	// Depth has Snapshot set, and of the ids only Last. Bids descend and asks ascend as
	// they came.
	exchange.Depth
	// Event is when the answer was made, Matched when the book last changed; spot tells
	// neither, so both are 0.
	Event, Matched exchange.Time
}

type bookRow struct {
	Last    int64               `json:"lastUpdateId"`
	Event   exchange.Time       `json:"E"`
	Matched exchange.Time       `json:"T"`
	Bids    [][2]exchange.Fixed `json:"bids"`
	Asks    [][2]exchange.Fixed `json:"asks"`
}

func (b *bookRow) check() *DecodeError {
	return cmp.Or(need("lastUpdateId", b.Last > 0), need("bids", b.Bids != nil), need("asks", b.Asks != nil),
		sane("bids", sound(b.Bids)), sane("asks", sound(b.Asks)))
}

// sound says whether all levels have a price above 0 and no quantity below 0.
func sound(levels [][2]exchange.Fixed) bool {
	for _, l := range levels {
		if l[0] <= 0 || l[1] < 0 {
			return false
		}
	}
	return true
}

func (b *bookRow) row() Book {
	return Book{
		Depth: exchange.Depth{Last: b.Last, Snapshot: true, Bids: levels(b.Bids), Asks: levels(b.Asks)},
		Event: b.Event, Matched: b.Matched,
	}
}

func levels(list [][2]exchange.Fixed) []exchange.Level {
	out := make([]exchange.Level, len(list))
	for i, l := range list {
		out[i] = exchange.Level{Price: l[0], Qty: l[1]}
	}
	return out
}

// DepthWeight is what [Client.Depth] with a limit of 1 or more costs of the product's weight.
func DepthWeight(p exchange.Product, limit int) int {
	return find(p, "depth").weight(params{}.number("limit", int64(limit)))
}

// Depth asks for a snapshot of a book with at most limit levels a side. Futures take 5, 10,
// 20, 50, 100, 500 and 1000, at a cost of 2, 2, 2, 2, 5, 10 and 20; spot takes 1 to 5000, at
// 5, 25, 50 and 250 from 1, 101, 501 and 1001 on. A limit of 0 is 1000.
func (c *Client) Depth(ctx context.Context, p exchange.Product, symbol string, limit int) (Book, Answer, error) {
	if limit == 0 {
		limit = 1000
	}
	return c.book(ctx, p, "depth", params{{"symbol", symbol}}.number("limit", int64(limit)))
}

// RPIDepth asks for a snapshot of 1000 levels of a UM book with the orders that only retail
// may take (RPI). Costs 20.
func (c *Client) RPIDepth(ctx context.Context, symbol string) (Book, Answer, error) {
	return c.book(ctx, exchange.UM, "rpiDepth", params{{"symbol", symbol}, {"limit", "1000"}})
}

func (c *Client) book(ctx context.Context, p exchange.Product, name string, q params) (Book, Answer, error) {
	b, a, err := call[bookRow](ctx, c, p, name, q)
	if err != nil {
		return Book{}, a, err
	}
	return b.row(), a, nil
}

// Trade is one public trade of the market; those of insurance fund and ADL are not told.
type Trade struct {
	ID    int64          `json:"id"`
	Price exchange.Fixed `json:"price"`
	// Qty is in base coin (UM, spot) or contracts (CM). QuoteQty is its worth in quote asset
	// (UM, spot), BaseQty in coin (CM).
	Qty      exchange.Fixed  `json:"qty"`
	QuoteQty decimal.Decimal `json:"quoteQty"`
	BaseQty  decimal.Decimal `json:"baseQty"`
	Time     exchange.Time   `json:"time"`
	// BuyerMaker says that the buyer rested, so the aggressor sold.
	BuyerMaker bool `json:"isBuyerMaker"`
	// RPI says that it took an order only retail may take; UM only.
	RPI bool `json:"isRPITrade"`
}

func (t *Trade) check() *DecodeError {
	return cmp.Or(need("id", t.ID != 0), need("price", t.Price != 0), need("qty", t.Qty != 0), need("time", t.Time != 0),
		sane("id", t.ID > 0), sane("price", t.Price > 0), sane("qty", t.Qty > 0), sane("time", t.Time > 0))
}

// Trades asks for the newest trades of a symbol, oldest first; limit is 1000 at most, and 0
// is 500. Costs 5, on spot 25.
func (c *Client) Trades(ctx context.Context, p exchange.Product, symbol string, limit int) ([]Trade, Answer, error) {
	return call[[]Trade](ctx, c, p, "trades", params{{"symbol", symbol}}.number("limit", int64(limit)))
}

// AggTrade is the trades of one taker order at one price.
type AggTrade struct {
	exchange.Trade
	Time exchange.Time
	// NormalQty is Qty without what took RPI orders; UM only, and equal to Qty where it is
	// not told.
	NormalQty exchange.Fixed
}

type aggTradeRow struct {
	ID         *int64          `json:"a"`
	Price      exchange.Fixed  `json:"p"`
	Qty        exchange.Fixed  `json:"q"`
	NormalQty  *exchange.Fixed `json:"nq"`
	First      int64           `json:"f"`
	Last       int64           `json:"l"`
	Time       exchange.Time   `json:"T"`
	BuyerMaker bool            `json:"m"`
}

func (t aggTradeRow) check() *DecodeError {
	return cmp.Or(need("a", t.ID != nil), need("p", t.Price != 0), need("q", t.Qty != 0), need("T", t.Time != 0),
		sane("a", t.ID == nil || *t.ID >= 0), sane("p", t.Price > 0), sane("q", t.Qty > 0), sane("l", t.Last >= t.First), sane("T", t.Time > 0))
}

func (t aggTradeRow) row() AggTrade {
	normal := t.Qty
	if t.NormalQty != nil {
		normal = *t.NormalQty
	}
	return AggTrade{
		Trade: exchange.Trade{Price: t.Price, Qty: t.Qty, ID: *t.ID, First: t.First, Last: t.Last, BuyerMaker: t.BuyerMaker},
		Time:  t.Time, NormalQty: normal,
	}
}

// AggTradesQuery asks for aggregate trades by id or by time; the newest without either.
type AggTradesQuery struct {
	Symbol string
	// FromID is the first id wanted; 0 is none, and excludes times.
	FromID int64
	// From and To bound the time, both ends included. Futures refuse a From older than 48
	// hours (ErrTooOld); between the two may be an hour by the documentation.
	From, To exchange.Time
	// Limit is 1000 at most; 0 is 500.
	Limit int
}

// AggTrades asks for aggregate trades, oldest first. Costs 20, on spot 4. [Client.EachAggTrade]
// goes over any time that is kept.
func (c *Client) AggTrades(ctx context.Context, p exchange.Product, q AggTradesQuery) ([]AggTrade, Answer, error) {
	list := params{{"symbol", q.Symbol}}.number("fromId", q.FromID).within(q.From, q.To, q.Limit)
	return rows[aggTradeRow](ctx, c, p, "aggTrades", list)
}
