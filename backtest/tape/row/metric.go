package row

import "github.com/pmbot/pmbot/exchange"

// Metric is five minutes of open interest and ratios of longs to shorts: schema
// metrics/1, kind metrics. A ratio that the source leaves empty is 0.
type Metric struct {
	Time Micros `parquet:"time,delta,timestamp(microsecond)"`
	// OpenInterest is in base coin, and in contracts for CM; OpenInterestValue in quote
	// asset, and in base coin for CM.
	OpenInterest      Wide `parquet:"open_interest,decimal(8:38)"`
	OpenInterestValue Wide `parquet:"open_interest_value,decimal(8:38)"`
	// TopCount and TopSum compare the top traders' accounts and positions, Count all
	// accounts, TakerVolume what takers bought and sold.
	TopCount    exchange.Fixed `parquet:"top_count_ratio,delta,decimal(8:18)"`
	TopSum      exchange.Fixed `parquet:"top_sum_ratio,delta,decimal(8:18)"`
	Count       exchange.Fixed `parquet:"count_ratio,delta,decimal(8:18)"`
	TakerVolume exchange.Fixed `parquet:"taker_volume_ratio,delta,decimal(8:18)"`
}

// Key is the time.
func (r *Metric) Key() int64 { return int64(r.Time) }

// When is the time: until 2026-06-25 the end of the five minutes, from then on their
// start.
func (r *Metric) When() exchange.Time { return r.Time.Time() }

// Clocks are none.
func (r *Metric) Clocks() (event, local exchange.Time) { return 0, 0 }

// Bare is the row itself.
func (r *Metric) Bare() Metric { return *r }

// Check refuses negative values.
func (r *Metric) Check(*Key) error {
	if r.OpenInterest.Value().Sign() < 0 || r.OpenInterestValue.Value().Sign() < 0 {
		return fault("open_interest", "negative: %v, value %v", r.OpenInterest, r.OpenInterestValue)
	}
	if min(r.TopCount, r.TopSum, r.Count, r.TakerVolume) < 0 {
		return fault("count_ratio", "negative ratio: %v, %v, %v, %v", r.TopCount, r.TopSum, r.Count, r.TakerVolume)
	}
	return nil
}
