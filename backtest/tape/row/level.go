package row

import "github.com/pmbot/pmbot/exchange"

// Level is one price of a piece of an order book: schema depth/1, kind depth. A piece,
// which is a snapshot or one message of the diff stream, is the rows that share a key;
// the first of them has Begins.
type Level struct {
	Time  Micros        `parquet:"time,delta,timestamp(microsecond)"`
	Event Micros        `parquet:"event,delta,timestamp(microsecond)"`
	Local exchange.Time `parquet:"local,delta,timestamp(nanosecond)"`
	// First, Last and Prev are U, u and pu of the message; a snapshot has only Last. Prev
	// is 0 for spot, whose pieces hang together by First.
	First    int64 `parquet:"first_id,delta"`
	Last     int64 `parquet:"last_id,delta"`
	Prev     int64 `parquet:"prev_id,delta"`
	Snapshot bool  `parquet:"snapshot"`
	Begins   bool  `parquet:"begins"`
	// Side is Bid or Ask, and NoSide in the only row of a piece without levels.
	Side  int64          `parquet:"side,delta"`
	Price exchange.Fixed `parquet:"price,delta,decimal(8:18)"`
	// Qty is what rests at the price from then on; 0 removes it.
	Qty exchange.Fixed `parquet:"qty,delta,decimal(8:18)"`
}

// Sides of a level.
const (
	NoSide int64 = iota
	Bid
	Ask
)

// Key is made of the last id, a snapshot's just below the key of the message with the
// same id.
func (r *Level) Key() int64 {
	if r.Snapshot {
		return 2 * r.Last
	}
	return 2*r.Last + 1
}

// When is the exchange's time of the change, for spot that at which it was sent.
func (r *Level) When() exchange.Time { return r.Time.Time() }

// Clocks are Event and Local; a snapshot, which was asked for, says nothing about the
// way of a message.
func (r *Level) Clocks() (event, local exchange.Time) {
	if r.Snapshot {
		return 0, r.Local
	}
	return r.Event.Time(), r.Local
}

// Bare is the row without Event and Local, and of a snapshot without Time: that is its id's
// place among the messages, or the recorder's, and another poll of one book has another.
func (r *Level) Bare() Level {
	bare := *r
	bare.Event, bare.Local = 0, 0
	if r.Snapshot {
		bare.Time = 0
	}
	return bare
}

// Check wants a price above 0, a quantity not below, and ids in order.
func (r *Level) Check(k *Key) error {
	switch {
	case r.Last <= 0 || r.Last > 4_000_000_000_000_000_000:
		return fault("last_id", "%d is no update id", r.Last)
	case r.First > r.Last:
		return fault("first_id", "the first update id %d is above the last, %d", r.First, r.Last)
	case r.Side == NoSide && r.Price == 0 && r.Qty == 0:
		return nil
	case r.Side != Bid && r.Side != Ask:
		return fault("side", "%d is neither %d, a bid, nor %d, an ask", r.Side, Bid, Ask)
	case r.Price <= 0:
		return fault("price", "price of a level must be above 0: %v", r.Price)
	case r.Qty < 0:
		return fault("qty", "quantity of a level is negative: %v", r.Qty)
	}
	return wholeContracts(k, "qty", r.Qty)
}
