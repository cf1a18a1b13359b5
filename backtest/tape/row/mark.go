package row

import "github.com/pmbot/pmbot/exchange"

// Mark is a message of the mark price stream: schema mark/1, kind markPrice.
type Mark struct {
	// Time is when the exchange sent it: the stream has no other.
	Time  Micros         `parquet:"time,delta,timestamp(microsecond)"`
	Local exchange.Time  `parquet:"local,delta,timestamp(nanosecond)"`
	Price exchange.Fixed `parquet:"price,delta,decimal(8:18)"`
	// Average is the moving average of the mark, Index the index price, Settle the
	// estimated settlement price; each 0 where the source has none.
	Average exchange.Fixed `parquet:"average,delta,decimal(8:18)"`
	Index   exchange.Fixed `parquet:"index,delta,decimal(8:18)"`
	Settle  exchange.Fixed `parquet:"settle,delta,decimal(8:18)"`
	// Rate is the running estimate of the rate that settles at Next; both are 0 for
	// delivery contracts.
	Rate exchange.Fixed `parquet:"rate,delta,decimal(8:18)"`
	Next Micros         `parquet:"next_funding,delta,timestamp(microsecond)"`
}

// Key is the time.
func (r *Mark) Key() int64 { return int64(r.Time) }

// When is the time.
func (r *Mark) When() exchange.Time { return r.Time.Time() }

// Clocks are Time and Local.
func (r *Mark) Clocks() (event, local exchange.Time) { return r.Time.Time(), r.Local }

// Bare is the row without Local.
func (r *Mark) Bare() Mark {
	bare := *r
	bare.Local = 0
	return bare
}

// Check wants a mark price above 0 and no negative price.
func (r *Mark) Check(*Key) error {
	if r.Price <= 0 {
		return fault("price", "mark price must be above 0: %v", r.Price)
	}
	if r.Average < 0 || r.Index < 0 || r.Settle < 0 {
		return fault("index", "price is negative: average %v, index %v, settlement %v", r.Average, r.Index, r.Settle)
	}
	return nil
}
