package row

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Bar is a candle: schema bar/2, kinds klines, markPriceKlines, indexPriceKlines and
// premiumIndexKlines.
type Bar struct {
	Start Micros         `parquet:"time,delta,timestamp(microsecond)"`
	Open  exchange.Fixed `parquet:"open,delta,decimal(8:18)"`
	High  exchange.Fixed `parquet:"high,delta,decimal(8:18)"`
	Low   exchange.Fixed `parquet:"low,delta,decimal(8:18)"`
	Close exchange.Fixed `parquet:"close,delta,decimal(8:18)"`
	// Volume is in base coin and QuoteVolume in quote asset; for CM in contracts and in
	// base coin. TakerBuy and TakerBuyQuote are what aggressors bought of them.
	Volume        Wide  `parquet:"volume,decimal(8:38)"`
	QuoteVolume   Wide  `parquet:"quote_volume,decimal(8:38)"`
	TakerBuy      Wide  `parquet:"taker_buy,decimal(8:38)"`
	TakerBuyQuote Wide  `parquet:"taker_buy_quote,decimal(8:38)"`
	Trades        int64 `parquet:"trades,delta"`
}

// Key is the start.
func (r *Bar) Key() int64 { return int64(r.Start) }

// When is the start.
func (r *Bar) When() exchange.Time { return r.Start.Time() }

// Clocks are none: a bar is no message.
func (r *Bar) Clocks() (event, local exchange.Time) { return 0, 0 }

// Bare is the row itself.
func (r *Bar) Bare() Bar { return *r }

// Check wants low <= open, close <= high, prices above 0 except of a premium, which is a
// rate, and a start at a whole number of intervals.
func (r *Bar) Check(k *Key) error {
	if r.Low > min(r.Open, r.Close) || r.High < max(r.Open, r.Close) || r.Low <= 0 && k.Kind != PremiumIndexKlines {
		return fault("open", "prices of a bar must be above 0 with low <= open, close <= high: open %v, high %v, low %v, close %v",
			r.Open, r.High, r.Low, r.Close)
	}
	every := Micros(k.Interval / time.Microsecond)
	if k.Interval <= 24*time.Hour && r.Start%every != 0 { // weeks do not start on day 0 of 1970
		return fault("time", "start of a bar must be a whole number of intervals: %v, interval %v", r.Start, k.Interval)
	}
	if volume := r.Volume.Value(); k.Product == exchange.CM && volume.Sign() > 0 {
		if v, err := volume.Fixed(); err != nil || v%exchange.FixedOne != 0 {
			return fault("volume", "%v is no whole number of contracts", volume)
		}
	}
	return nil
}
