package book

import (
	"errors"
	"fmt"
	"math/bits"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// ErrLateTrade says that a trade belongs to a bar that has closed already. The bar stays
// as it was delivered.
var ErrLateTrade = errors.New("trade of a closed bar")

// Bars builds the bars of one interval from the trades of one instrument. Bars start at
// UTC multiples of the interval since 1970, as Binance's do up to one day; its weeks,
// which start on Monday, and its months are none. An interval without trades makes no
// bar.
type Bars struct {
	interval time.Duration
	// size is the contract size of an inverse contract, whose quote volume is in coins,
	// and 0 for a linear instrument.
	size exchange.Fixed
	bar  exchange.Bar
	open bool
}

// NewBars returns a builder without bars. The interval must be above zero.
func NewBars(in *exchange.Instrument, interval time.Duration) (*Bars, error) {
	if interval <= 0 {
		return nil, fmt.Errorf("bars of %s: interval %v is not above zero", in.Name(), interval)
	}
	b := &Bars{interval: interval}
	if in.Inverse() {
		b.size = in.ContractSize
	}
	return b, nil
}

// Add takes the next trade, done at the exchange's time at. If it opens a new bar, the
// one before is returned, closed. Errors leave the bars unchanged but for one that the
// trade has closed: ErrLateTrade, exchange.ErrNumberRange for a volume beyond all measure,
// and prices or quantities that are not above zero, which are no trades.
func (b *Bars) Add(at exchange.Time, t exchange.Trade) (closed exchange.Bar, ok bool, err error) {
	if t.Price <= 0 || t.Qty <= 0 {
		return closed, false, fmt.Errorf("trade %d: %v at %v is no trade", t.ID, t.Qty, t.Price)
	}
	start := at.Floor(b.interval)
	if started := b.bar.Interval != 0; started && (start < b.bar.Start || start == b.bar.Start && !b.open) {
		return closed, false, fmt.Errorf("trade %d at %v: %w", t.ID, at, ErrLateTrade)
	}
	closed, ok = b.Close(at)
	if !b.open {
		b.open = true
		b.bar = exchange.Bar{
			Start: start, Interval: b.interval, Open: t.Price, High: t.Price, Low: t.Price, Close: t.Price,
		}
	}
	return closed, ok, b.take(t)
}

// Close returns the running bar if its interval is over at the given time, and otherwise
// nothing. Whoever delivers bars on time calls it from a clock; trades call it too.
func (b *Bars) Close(now exchange.Time) (closed exchange.Bar, ok bool) {
	if !b.open || now.Sub(b.bar.Start) < b.interval {
		return closed, false
	}
	b.open = false
	return b.bar, true
}

// Running returns the bar that is not closed yet, if there is one.
func (b *Bars) Running() (bar exchange.Bar, ok bool) {
	if !b.open {
		return bar, false
	}
	return b.bar, true
}

// take adds a trade to the running bar, all of it or nothing.
func (b *Bars) take(t exchange.Trade) error {
	bar := b.bar
	bar.High, bar.Low, bar.Close = max(bar.High, t.Price), min(bar.Low, t.Price), t.Price
	var err error
	if bar.Volume, err = bar.Volume.Add(exchange.WideOf(t.Qty)); err != nil {
		return err
	}
	if bar.QuoteVolume, err = bar.QuoteVolume.Add(b.quoteVolume(t)); err != nil {
		return err
	}
	if !t.BuyerMaker {
		bar.TakerBuy, _ = bar.TakerBuy.Add(exchange.WideOf(t.Qty)) // a part of Volume, which fitted
	}
	bar.Trades++ // an aggregate counts the trades in it, where it names them
	if t.First > 0 && t.Last > t.First {
		bar.Trades += t.Last - t.First
	}
	b.bar = bar
	return nil
}

// quoteVolume is price·quantity, and for inverse contracts quantity·size/price, in either
// case rounded half up to eight decimals for each trade, as dapi shows them. The product
// of two positive Fixed has 126 bits, so the quotient always fits.
func (b *Bars) quoteVolume(t exchange.Trade) exchange.Wide {
	factor, divisor := t.Price, exchange.FixedOne
	if b.size != 0 {
		factor, divisor = b.size, t.Price
	}
	hi, lo := bits.Mul64(uint64(t.Qty), uint64(factor))
	lo, carry := bits.Add64(lo, uint64(divisor)/2, 0)
	hi += carry
	qlo, _ := bits.Div64(hi%uint64(divisor), lo, uint64(divisor))
	return exchange.WideFromWords(int64(hi/uint64(divisor)), qlo)
}
