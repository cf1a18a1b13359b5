package tape

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// tradeRow is an aggregate trade as a file holds it: schema trade/1.
type tradeRow struct {
	Time       micros         `parquet:"time,delta,timestamp(microsecond)"`
	ID         int64          `parquet:"id,delta"`
	Price      exchange.Fixed `parquet:"price,delta,decimal(8:18)"`
	Qty        exchange.Fixed `parquet:"qty,delta,decimal(8:18)"`
	First      int64          `parquet:"first_id,delta"`
	Last       int64          `parquet:"last_id,delta"`
	BuyerMaker bool           `parquet:"buyer_maker"`
}

// Columns of aggTrades in the archives' order.
const (
	tradeID = iota
	tradePrice
	tradeQty
	tradeFirst
	tradeLast
	tradeTime
	tradeMaker
)

var tradeColumns = []csvColumn{
	tradeID:    {"id", "agg_trade_id", true},
	tradePrice: {"price", "price", true},
	tradeQty:   {"qty", "quantity", true},
	tradeFirst: {"first_id", "first_trade_id", false},
	tradeLast:  {"last_id", "last_trade_id", false},
	tradeTime:  {"time", "transact_time", true},
	tradeMaker: {"buyer_maker", "is_buyer_maker", true},
}

func tradeFormat() format {
	return &rowFormat[tradeRow, *tradeRow]{
		name: "trade/1", columns: tradeColumns, archiveWidth: 7, holes: numberedHoles, load: loadTrades,
		span:   func(time.Duration) span { return day },
		cursor: newTradeCursor,
	}
}

var (
	errTrade    = errors.New("price and quantity of a trade must be above 0")
	errTradeIDs = errors.New("last trade id is below the first")
)

func (r *tradeRow) decode(f *fields) {
	r.ID = f.integer(tradeID)
	r.Price, r.Qty = f.fixed(tradePrice), f.fixed(tradeQty)
	r.First, r.Last = f.integer(tradeFirst), f.integer(tradeLast)
	r.Time = f.micros(tradeTime)
	r.BuyerMaker = f.boolean(tradeMaker)
	if f.err != nil {
		return
	}
	if r.Price <= 0 || r.Qty <= 0 {
		f.fail(tradePrice, fmt.Errorf("%w: price %v, quantity %v", errTrade, r.Price, r.Qty))
	}
	f.whole(tradeQty, r.Qty%exchange.FixedOne == 0)
	if r.Last < r.First {
		f.fail(tradeLast, fmt.Errorf("%w: %d after %d", errTradeIDs, r.Last, r.First))
	}
}

func (r *tradeRow) key() int64 { return r.ID }

func (r *tradeRow) when() exchange.Time { return r.Time.time() }

func (r *tradeRow) canonical(b []byte) []byte {
	b = appendInts(b, int64(r.Time), r.ID, int64(r.Price), int64(r.Qty), r.First, r.Last)
	if r.BuyerMaker {
		return append(b, 1)
	}
	return append(b, 0)
}

func (r *tradeRow) trade() exchange.Trade {
	return exchange.Trade{Price: r.Price, Qty: r.Qty, ID: r.ID, First: r.First, Last: r.Last, BuyerMaker: r.BuyerMaker}
}

func loadTrades(c *columns, rows []tradeRow) {
	for i, v := range c.ints(0) {
		rows[i].Time = micros(v)
	}
	for i, v := range c.ints(1) {
		rows[i].ID = v
	}
	for i, v := range c.ints(2) {
		rows[i].Price = exchange.Fixed(v)
	}
	for i, v := range c.ints(3) {
		rows[i].Qty = exchange.Fixed(v)
	}
	for i, v := range c.ints(4) {
		rows[i].First = v
	}
	for i, v := range c.ints(5) {
		rows[i].Last = v
	}
	for i, v := range c.bools(6) {
		rows[i].BuyerMaker = v
	}
}
