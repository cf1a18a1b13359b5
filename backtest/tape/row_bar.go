package tape

import (
	"errors"
	"fmt"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// barRow is a bar as a file holds it: schema bar/1.
type barRow struct {
	Start       micros         `parquet:"time,delta,timestamp(microsecond)"`
	Open        exchange.Fixed `parquet:"open,delta,decimal(8:18)"`
	High        exchange.Fixed `parquet:"high,delta,decimal(8:18)"`
	Low         exchange.Fixed `parquet:"low,delta,decimal(8:18)"`
	Close       exchange.Fixed `parquet:"close,delta,decimal(8:18)"`
	Volume      wide           `parquet:"volume,decimal(8:38)"`
	QuoteVolume wide           `parquet:"quote_volume,decimal(8:38)"`
	TakerBuy    wide           `parquet:"taker_buy,decimal(8:38)"`
	Trades      int64          `parquet:"trades,delta"`
}

// Columns of klines in the archives' order.
const (
	barTime = iota
	barOpen
	barHigh
	barLow
	barClose
	barVolume
	barCloseTime
	barQuoteVolume
	barTrades
	barTakerBuy
)

var barColumns = []csvColumn{
	barTime:        {"time", "open_time", true},
	barOpen:        {"open", "open", true},
	barHigh:        {"high", "high", true},
	barLow:         {"low", "low", true},
	barClose:       {"close", "close", true},
	barVolume:      {"volume", "volume", false},
	barCloseTime:   {"close_time", "close_time", false},
	barQuoteVolume: {"quote_volume", "quote_volume", false},
	barTrades:      {"trades", "count", false},
	barTakerBuy:    {"taker_buy", "taker_buy_volume", false},
}

func barFormat(k Kind) format {
	f := &rowFormat[barRow, *barRow]{
		name: "bar/1", columns: barColumns, archiveWidth: 12, holes: steadyHoles, load: loadBars,
		span: func(every time.Duration) span {
			if every < time.Hour {
				return month
			}
			return year
		},
	}
	switch k {
	case MarkPriceKlines:
		f.cursor = newMarkCursor
	case IndexPriceKlines:
		f.cursor = newIndexCursor
	default:
		f.cursor = newBarCursor
	}
	return f
}

var (
	errBarPrices = errors.New("prices of a bar must be above 0 with low <= open, close <= high")
	errBarTime   = errors.New("start of a bar must be a whole number of intervals")
)

func (r *barRow) decode(f *fields) {
	r.Start = f.micros(barTime)
	r.Open, r.High = f.fixed(barOpen), f.fixed(barHigh)
	r.Low, r.Close = f.fixed(barLow), f.fixed(barClose)
	r.Volume, r.QuoteVolume, r.TakerBuy = f.wide(barVolume), f.wide(barQuoteVolume), f.wide(barTakerBuy)
	r.Trades = f.integer(barTrades)
	if f.err != nil {
		return
	}
	if r.Low <= 0 || r.Low > min(r.Open, r.Close) || r.High < max(r.Open, r.Close) {
		f.fail(barOpen, fmt.Errorf("%w: open %v, high %v, low %v, close %v", errBarPrices, r.Open, r.High, r.Low, r.Close))
	}
	every := micros(f.interval / time.Microsecond)
	if f.interval <= 24*time.Hour && r.Start%every != 0 { // weeks do not start on day 0 of 1970
		f.fail(barTime, fmt.Errorf("%w: %v, interval %v", errBarTime, r.Start, f.interval))
	}
	if volume := r.Volume.value(); volume.Sign() > 0 {
		f.volumes++
		whole, err := volume.Fixed()
		f.whole(barVolume, err != nil || whole%exchange.FixedOne == 0)
	} else if f.has(barVolume) {
		f.volumeless++
	}
	if f.has(barCloseTime) {
		closes := f.micros(barCloseTime)
		if f.err == nil && closes+f.unit != r.Start+every {
			f.fail(barCloseTime, fmt.Errorf("%v is not the end of a bar of %v that starts at %v", closes, f.interval, r.Start))
		}
	}
}

func (r *barRow) key() int64 { return int64(r.Start) }

func (r *barRow) when() exchange.Time { return r.Start.time() }

func (r *barRow) canonical(b []byte) []byte {
	b = appendInts(b, int64(r.Start), int64(r.Open), int64(r.High), int64(r.Low), int64(r.Close))
	b = append(append(append(b, r.Volume[:]...), r.QuoteVolume[:]...), r.TakerBuy[:]...)
	return appendInts(b, r.Trades)
}

func loadBars(c *columns, rows []barRow) {
	for i, v := range c.ints(0) {
		rows[i].Start = micros(v)
	}
	for i, v := range c.ints(1) {
		rows[i].Open = exchange.Fixed(v)
	}
	for i, v := range c.ints(2) {
		rows[i].High = exchange.Fixed(v)
	}
	for i, v := range c.ints(3) {
		rows[i].Low = exchange.Fixed(v)
	}
	for i, v := range c.ints(4) {
		rows[i].Close = exchange.Fixed(v)
	}
	for i, v := range c.wides(5) {
		rows[i].Volume = v
	}
	for i, v := range c.wides(6) {
		rows[i].QuoteVolume = v
	}
	for i, v := range c.wides(7) {
		rows[i].TakerBuy = v
	}
	for i, v := range c.ints(8) {
		rows[i].Trades = v
	}
}
