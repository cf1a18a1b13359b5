package row

import "github.com/pmbot/pmbot/exchange"

// Ticker is a best bid and ask: schema ticker/1, kind bookTicker.
type Ticker struct {
	Time  Micros        `parquet:"time,delta,timestamp(microsecond)"`
	Event Micros        `parquet:"event,delta,timestamp(microsecond)"`
	Local exchange.Time `parquet:"local,delta,timestamp(nanosecond)"`
	// ID is the order book's update id at that state.
	ID int64 `parquet:"update_id,delta"`
	// A side without orders has price and quantity 0.
	Bid    exchange.Fixed `parquet:"bid,delta,decimal(8:18)"`
	BidQty exchange.Fixed `parquet:"bid_qty,delta,decimal(8:18)"`
	Ask    exchange.Fixed `parquet:"ask,delta,decimal(8:18)"`
	AskQty exchange.Fixed `parquet:"ask_qty,delta,decimal(8:18)"`
}

// Key is the update id.
func (r *Ticker) Key() int64 { return r.ID }

// When is the exchange's time of the change.
func (r *Ticker) When() exchange.Time { return r.Time.Time() }

// Clocks are Event and Local.
func (r *Ticker) Clocks() (event, local exchange.Time) { return r.Event.Time(), r.Local }

// Bare is the row without Event and Local, and without Time where that is the recorder's.
func (r *Ticker) Bare() Ticker {
	bare := *r
	bare.Event, bare.Local = 0, 0
	if r.Undated() {
		bare.Time = 0
	}
	return bare
}

// Undated says that the exchange gave no time, as on spot, and Time is the recorder's.
func (r *Ticker) Undated() bool { return r.Event == 0 && r.Local != 0 }

// Check wants prices with quantities on each side that is not empty.
func (r *Ticker) Check(k *Key) error {
	for _, s := range [...]struct {
		price, qty   exchange.Fixed
		name, amount string
	}{{r.Bid, r.BidQty, "bid", "bid_qty"}, {r.Ask, r.AskQty, "ask", "ask_qty"}} {
		if s.price < 0 || s.qty < 0 || (s.price == 0) != (s.qty == 0) {
			return fault(s.name, "price %v with quantity %v: both are above 0, or both 0 where the side is empty", s.price, s.qty)
		}
		if err := wholeContracts(k, s.amount, s.qty); err != nil {
			return err
		}
	}
	return nil
}
