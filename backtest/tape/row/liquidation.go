package row

import "github.com/pmbot/pmbot/exchange"

// Liquidation is somebody's forced order: schema liquidation/1, kind liquidationSnapshot.
// It holds the archive of that name and the stream forceOrder.
type Liquidation struct {
	Time  Micros        `parquet:"time,delta,timestamp(microsecond)"`
	Event Micros        `parquet:"event,delta,timestamp(microsecond)"`
	Local exchange.Time `parquet:"local,delta,timestamp(nanosecond)"`
	// Side is the side of the liquidation order, an exchange.Side: Sell means that a long
	// was liquidated.
	Side    int64          `parquet:"side,delta"`
	Price   exchange.Fixed `parquet:"price,delta,decimal(8:18)"`
	Average exchange.Fixed `parquet:"average,delta,decimal(8:18)"`
	Qty     exchange.Fixed `parquet:"qty,delta,decimal(8:18)"`
	// LastQty is the quantity of the last fill, Filled that of all.
	LastQty exchange.Fixed `parquet:"last_qty,delta,decimal(8:18)"`
	Filled  exchange.Fixed `parquet:"filled,delta,decimal(8:18)"`
	// Type is an exchange.OrderType, TimeInForce an exchange.TimeInForce, Status one of
	// the Liquidation statuses.
	Type        int64 `parquet:"order_type,delta"`
	TimeInForce int64 `parquet:"time_in_force,delta"`
	Status      int64 `parquet:"status,delta"`
}

// Statuses of a liquidation order, by Binance's words.
const (
	LiquidationNew int64 = iota
	LiquidationPartiallyFilled
	LiquidationFilled
	LiquidationCanceled
	LiquidationExpired
)

// LiquidationStatuses are the words of the statuses.
var LiquidationStatuses = [...]string{"NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"}

// Key is the time; several orders may have it.
func (r *Liquidation) Key() int64 { return int64(r.Time) }

// When is the exchange's time of the order.
func (r *Liquidation) When() exchange.Time { return r.Time.Time() }

// Clocks are none: the stream holds each order back for up to a second, which would pass
// for latency.
func (r *Liquidation) Clocks() (event, local exchange.Time) { return 0, r.Local }

// Bare is the row without Event and Local.
func (r *Liquidation) Bare() Liquidation {
	bare := *r
	bare.Event, bare.Local = 0, 0
	return bare
}

// Check wants a side, a price and a quantity above 0.
func (r *Liquidation) Check(k *Key) error {
	switch {
	case r.Side != int64(exchange.Buy) && r.Side != int64(exchange.Sell):
		return fault("side", "%d is neither BUY nor SELL", r.Side)
	case r.Price <= 0 || r.Qty <= 0:
		return fault("price", "price and quantity of a liquidation must be above 0: price %v, quantity %v", r.Price, r.Qty)
	case r.Average < 0 || r.LastQty < 0 || r.Filled < 0:
		return fault("average", "negative: average %v, last quantity %v, filled %v", r.Average, r.LastQty, r.Filled)
	case r.Status < LiquidationNew || r.Status > LiquidationExpired:
		return fault("status", "%d is no status", r.Status)
	}
	return wholeContracts(k, "qty", r.Qty)
}
