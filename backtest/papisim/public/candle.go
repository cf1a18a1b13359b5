package public

import (
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// candle is one kline, of trades or of a price without trades.
type candle struct {
	start, end                              exchange.Time // end is the next one's start
	open, high, low, close                  exchange.Fixed
	volume, quoteVolume, takerBuy, buyQuote exchange.Wide
	// trades counts the trades, or the values of a price; first and last are their ids, -1
	// without any.
	trades, first, last int64
}

// candlesMax is how many closed candles of an interval are kept: what one request may ask for.
const candlesMax = 1500

// series are the candles of one interval.
type series struct {
	every  interval
	closed []candle // oldest first
	run    candle
	open   bool // there is a running candle
	// closings and changes count what has happened, for those who tell it.
	closings, changes int64
}

// roll closes what is over at an instant. A candle in which nothing happens is flat, at the
// close before.
func (s *series) roll(now exchange.Time) {
	for s.open && now >= s.run.end {
		s.shut()
		start, end := s.every.around(s.run.end)
		if missing := int64(now.Sub(end)) / int64(end.Sub(start)); missing > candlesMax {
			start, end = s.every.around(now)
		}
		price := s.run.close
		s.begin(start, end, price)
	}
}

// shut keeps the running candle as closed.
func (s *series) shut() {
	if len(s.closed) >= 2*candlesMax {
		s.closed = slices.Delete(s.closed, 0, len(s.closed)-candlesMax)
	}
	s.closed = append(s.closed, s.run)
	s.closings++
}

func (s *series) begin(start, end exchange.Time, price exchange.Fixed) {
	s.run = candle{start: start, end: end, open: price, high: price, low: price, close: price, first: -1, last: -1}
	s.open = true
}

// at is the running candle for what happens at an instant; the first thing in it makes its
// open.
func (s *series) at(now exchange.Time, price exchange.Fixed) *candle {
	s.roll(now)
	if !s.open || s.run.trades == 0 {
		start, end := s.every.around(now)
		s.begin(start, end, price)
	}
	s.changes++
	return &s.run
}

func (c *candle) touch(price exchange.Fixed) {
	c.high, c.low, c.close = max(c.high, price), min(c.low, price), price
}

// chart are the candles of one price in all intervals.
type chart struct {
	series [intervals]series
	// size is the contract size of an inverse contract, whose quote volume is in coins.
	size exchange.Fixed
	// barred says that the candles are made of bars: then they close when a bar does.
	barred bool
}

func newChart(in *exchange.Instrument) chart {
	var c chart
	for i := range c.series {
		c.series[i].every = interval(i)
	}
	if in.Inverse() {
		c.size = in.ContractSize
	}
	return c
}

// trade adds a trade with the ids of its parts.
func (c *chart) trade(at exchange.Time, t *exchange.Trade) {
	c.barred = false
	quote := c.quote(t.Qty, t.Price)
	for i := range c.series {
		k := c.series[i].at(at, t.Price)
		k.touch(t.Price)
		k.volume, k.quoteVolume = sum(k.volume, exchange.WideOf(t.Qty)), sum(k.quoteVolume, quote)
		if !t.BuyerMaker {
			k.takerBuy, k.buyQuote = sum(k.takerBuy, exchange.WideOf(t.Qty)), sum(k.buyQuote, quote)
		}
		if k.first < 0 {
			k.first = t.First
		}
		k.last = t.Last
		k.trades += t.Last - t.First + 1
	}
}

// quote is the worth of a quantity: in quote asset, of inverse contracts in coins.
func (c *chart) quote(qty, price exchange.Fixed) exchange.Wide {
	if c.size != 0 {
		return times(qty, c.size, price)
	}
	return times(qty, price, exchange.FixedOne)
}

// value adds a value of a price that is not traded.
func (c *chart) value(at exchange.Time, price exchange.Fixed) {
	for i := range c.series {
		k := c.series[i].at(at, price)
		k.touch(price)
		k.trades++
	}
}

// bar adds a closed bar to the candles that are as long or longer. Of shorter ones there is
// only the last of the bar's time, with its close.
func (c *chart) bar(b *exchange.Bar, buyQuote exchange.Wide) {
	c.barred = true
	end := b.Start.Add(b.Interval)
	for i := range c.series {
		s := &c.series[i]
		if d := s.every.length(); d != 0 && d < b.Interval {
			s.at(end.Add(-d), b.Close).trades++
		} else {
			s.at(b.Start, b.Open).bar(b, buyQuote)
		}
		if end >= s.run.end {
			s.shut()
			s.open = false
		}
	}
}

func (k *candle) bar(b *exchange.Bar, buyQuote exchange.Wide) {
	k.touch(b.High)
	k.touch(b.Low)
	k.touch(b.Close)
	k.volume, k.quoteVolume = sum(k.volume, b.Volume), sum(k.quoteVolume, b.QuoteVolume)
	k.takerBuy, k.buyQuote = sum(k.takerBuy, b.TakerBuy), sum(k.buyQuote, buyQuote)
	k.trades += max(1, b.Trades)
}

// roll closes what is over. Bars close their candles themselves.
func (c *chart) roll(now exchange.Time) {
	if c.barred {
		return
	}
	for i := range c.series {
		c.series[i].roll(now)
	}
}

// list are the candles of an interval, the running one last.
func (c *chart) list(i interval) []candle {
	s := &c.series[i]
	all := slices.Clone(s.closed)
	if s.open {
		all = append(all, s.run)
	}
	return all
}
