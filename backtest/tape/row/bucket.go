package row

import "github.com/pmbot/pmbot/exchange"

// Bucket is what rests within a distance of the price: schema bucket/1, kind bookDepth.
type Bucket struct {
	Time Micros `parquet:"time,delta,timestamp(microsecond)"`
	// Percent is the distance, negative for bids: -1 sums the bids down to 1% below.
	Percent exchange.Fixed `parquet:"percent,delta,decimal(8:18)"`
	// Depth is in base coin, and in contracts for CM; Notional in quote asset, and in base
	// coin for CM.
	Depth    Wide `parquet:"depth,decimal(8:38)"`
	Notional Wide `parquet:"notional,decimal(8:38)"`
}

// Key is made of time and percentage, which is below 10 either way.
func (r *Bucket) Key() int64 {
	const hundredth = exchange.FixedOne / 100
	return int64(r.Time)*2048 + int64(r.Percent/hundredth) + 1024
}

// When is the time.
func (r *Bucket) When() exchange.Time { return r.Time.Time() }

// Clocks are none.
func (r *Bucket) Clocks() (event, local exchange.Time) { return 0, 0 }

// Bare is the row itself.
func (r *Bucket) Bare() Bucket { return *r }

// Check wants a percentage below 10 with two decimals, and no negative sum.
func (r *Bucket) Check(*Key) error {
	if r.Percent == 0 || r.Percent.Abs() > 10*exchange.FixedOne || r.Percent%(exchange.FixedOne/100) != 0 {
		return fault("percent", "%v is no percentage from -10 to 10 with two decimals", r.Percent)
	}
	if r.Depth.Value().Sign() < 0 || r.Notional.Value().Sign() < 0 {
		return fault("depth", "negative: depth %v, notional %v", r.Depth, r.Notional)
	}
	return nil
}
