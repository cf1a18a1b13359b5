package public

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// statistics are what a 24-hour ticker says.
type statistics struct {
	open, high, low, last exchange.Fixed
	volume, quoteVolume   exchange.Wide
	from                  exchange.Time
	first, final, trades  int64
}

// day sums up the last 24 hours, from the beginning of a minute on as Binance does.
func (s *symbol) day(now exchange.Time) statistics {
	d := statistics{from: now.Add(-day).Floor(time.Minute), first: -1, final: -1}
	take := func(c *candle) {
		if c.trades == 0 && d.open != 0 {
			return
		}
		if d.open == 0 {
			d.open, d.low = c.open, c.low
		}
		d.high, d.low, d.last = max(d.high, c.high), min(d.low, c.low), c.close
		d.volume, d.quoteVolume = sum(d.volume, c.volume), sum(d.quoteVolume, c.quoteVolume)
		d.trades += c.trades
		if c.first < 0 {
			return
		}
		if d.first < 0 {
			d.first = c.first
		}
		d.final = c.last
	}
	minutes := &s.candles.series[minute1]
	at := len(minutes.closed)
	for at > 0 && minutes.closed[at-1].start >= d.from {
		at--
	}
	for i := range minutes.closed[at:] {
		take(&minutes.closed[at+i])
	}
	if minutes.open {
		take(&minutes.run)
	}
	return d
}

func (d *statistics) change() exchange.Fixed { return d.last - d.open }

// percent is the change in per cent, with three decimals.
func (d *statistics) percent() string {
	if d.open == 0 {
		return "0.000"
	}
	return d.change().Decimal().Mul(decimal.NewFromInt(100)).DivRound(d.open.Decimal(), 3).StringFixed(3)
}

// average is the price weighted by volume.
func (d *statistics) average(s *symbol) string {
	if s.in.Inverse() {
		dollars := d.volume.Decimal().Mul(s.in.ContractSize.Decimal())
		return quotient(dollars, d.quoteVolume.Decimal()).StringFixed(pricePlaces)
	}
	return quotient(d.quoteVolume.Decimal(), d.volume.Decimal()).StringFixed(int32(s.averagePlaces()))
}

// averagePlaces is with how many decimals the average is written where prices are linear.
func (s *symbol) averagePlaces() int {
	if s.in.Product == exchange.UM {
		return s.pricePlaces
	}
	return pricePlaces
}
