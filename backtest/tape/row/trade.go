package row

import "github.com/pmbot/pmbot/exchange"

// Trade is a public trade: schema trade/2, kinds aggTrades and trades.
type Trade struct {
	// Time is when it was done, Event when the exchange sent it, Local when the recorder
	// received it; the last two are 0 in archives.
	Time  Micros        `parquet:"time,delta,timestamp(microsecond)"`
	Event Micros        `parquet:"event,delta,timestamp(microsecond)"`
	Local exchange.Time `parquet:"local,delta,timestamp(nanosecond)"`
	// ID is the aggregate trade's id, or the trade's. First and Last are the ids of the
	// trades in an aggregate, else 0.
	ID    int64          `parquet:"id,delta"`
	Price exchange.Fixed `parquet:"price,delta,decimal(8:18)"`
	// Qty is in base coin, and in contracts for CM.
	Qty        exchange.Fixed `parquet:"qty,delta,decimal(8:18)"`
	First      int64          `parquet:"first_id,delta"`
	Last       int64          `parquet:"last_id,delta"`
	BuyerMaker bool           `parquet:"buyer_maker"`
	// Type is one of the Trade types below. Only market trades are prices.
	Type int64 `parquet:"type,delta"`
}

// Types of a trade, by the field X of the stream "trade". Everything else is a market
// trade.
const (
	TradeMarket int64 = iota
	TradeInsuranceFund
	TradeADL
	// TradeVoid takes a place among the ids and has neither price nor quantity.
	TradeVoid
)

// Key is the id.
func (r *Trade) Key() int64 { return r.ID }

// When is the exchange's time of the trade.
func (r *Trade) When() exchange.Time { return r.Time.Time() }

// Clocks are Event and Local.
func (r *Trade) Clocks() (event, local exchange.Time) { return r.Event.Time(), r.Local }

// Bare is the row without Event and Local.
func (r *Trade) Bare() Trade {
	bare := *r
	bare.Event, bare.Local = 0, 0
	return bare
}

// Check wants price and quantity above 0, except of a void trade.
func (r *Trade) Check(k *Key) error {
	void := r.Type == TradeVoid && r.Price == 0 && r.Qty == 0
	switch {
	case !void && (r.Price <= 0 || r.Qty <= 0):
		return fault("price", "price and quantity of a trade must be above 0: price %v, quantity %v", r.Price, r.Qty)
	case r.Last < r.First:
		return fault("last_id", "last trade id is below the first: %d after %d", r.Last, r.First)
	case r.Type < TradeMarket || r.Type > TradeVoid:
		return fault("type", "%d is no type of trade", r.Type)
	}
	return wholeContracts(k, "qty", r.Qty)
}

// wholeContracts refuses quantities of CM that are parts of a contract.
func wholeContracts(k *Key, column string, q exchange.Fixed) error {
	if k.Product == exchange.CM && q%exchange.FixedOne != 0 {
		return fault(column, "%v is no whole number of contracts", q)
	}
	return nil
}
