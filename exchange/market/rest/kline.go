package rest

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// KlineKind says of which price candles are made.
type KlineKind uint8

const (
	// KlineTraded are candles of a symbol's trades. The only ones of spot.
	KlineTraded KlineKind = iota
	// KlineContinuous are those of the contract that a pair and a contract type name at the
	// time.
	KlineContinuous
	// KlineIndex are of a pair's index price, KlineMark of a symbol's mark price. Both have
	// no volume.
	KlineIndex
	KlineMark
	// KlinePremium are of a symbol's premium index. Their values are rates, and may be below
	// 0; they have no volume.
	KlinePremium
	klineKinds
)

var klineNames = [klineKinds]string{"klines", "continuousKlines", "indexPriceKlines", "markPriceKlines", "premiumIndexKlines"}

// String is the endpoint's name.
func (k KlineKind) String() string {
	if k >= klineKinds {
		return "KlineKind " + strconv.Itoa(int(k))
	}
	return klineNames[k]
}

// Kline is a candle.
type Kline struct {
	// Bar has the whole candle. Its interval is from its first to its last millisecond, so
	// that one month has another than the next.
	exchange.Bar
	// End is the candle's last millisecond.
	End exchange.Time
	// TakerQuote is the part of QuoteVolume that aggressors bought.
	TakerQuote exchange.Wide
	// Closed says that the candle is final: its end was over, by the exchange's clock, when it
	// was asked for. The last one of an answer is often running.
	Closed bool
}

// KlinesQuery asks for candles.
type KlinesQuery struct {
	Kind KlineKind
	// Symbol is the pair for KlineContinuous and KlineIndex.
	Symbol string
	// Contract is the contract type, for KlineContinuous only: "PERPETUAL",
	// "CURRENT_QUARTER".
	Contract string
	// Interval is one of 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M; spot has 1s, too.
	Interval string
	// From and To bound the opening times, both ends included; 0 is no bound. CM takes no
	// more than 200 days between them.
	From, To exchange.Time
	// Limit is 1500 at most, 1000 on spot; 0 is 500.
	Limit int
}

func (q KlinesQuery) params() params {
	name := "symbol"
	if q.Kind == KlineContinuous || q.Kind == KlineIndex {
		name = "pair"
	}
	list := params{{name, q.Symbol}}
	if q.Kind == KlineContinuous {
		list = list.text("contractType", q.Contract)
	}
	return list.text("interval", q.Interval).within(q.From, q.To, q.Limit)
}

// Klines asks for candles, oldest first. UM and spot give the first Limit of a window that has
// a From, CM the last ones; all give the newest without times. Costs 1 below 100 rows, 2 below
// 500, 5 up to 1000 and 10 beyond; on spot 2. It measures the exchange's clock if that was
// never done, to tell which candles are closed. [Client.EachKline] goes over any time.
func (c *Client) Klines(ctx context.Context, p exchange.Product, q KlinesQuery) ([]Kline, Answer, error) {
	if q.Kind >= klineKinds {
		return nil, Answer{}, &Error{Err: fmt.Errorf("no candles of %v", q.Kind)}
	}
	e := find(p, q.Kind.String())
	if e == nil {
		return nil, Answer{}, noEndpoint(p, q.Kind.String())
	}
	if err := c.mustKnowTime(ctx); err != nil {
		return nil, Answer{}, &Error{Endpoint: e.String(), Retryable: true, Err: err}
	}
	r, err := c.reply(ctx, e, q.params())
	if err != nil {
		return nil, r.Answer, err
	}
	// The exchange made the answer after the request was sent, but its clock is known only
	// to half a round trip.
	clock := c.Clock()
	list, err := decodeKlines(r.Body, q.Kind, r.sent.Add(clock.Offset-clock.RoundTrip/2))
	if err != nil {
		return nil, r.Answer, unreadable(e, r.Answer, err)
	}
	return list, r.Answer, nil
}

// decodeKlines reads rows of twelve values. A candle is closed if it ended before an instant.
// One of trades lies between its low and its high; prices that are sampled promise no such
// thing.
func decodeKlines(body []byte, kind KlineKind, now exchange.Time) ([]Kline, error) {
	var rows [][]string
	if err := decode(body, &rows); err != nil {
		return nil, err
	}
	list := make([]Kline, len(rows))
	for i, row := range rows {
		if err := list[i].read(row); err != nil {
			err.Field = "/" + strconv.Itoa(i) + err.Field
			return nil, err
		}
		k := &list[i]
		traded := kind == KlineTraded || kind == KlineContinuous
		if traded && (k.High < max(k.Open, k.Close, k.Low) || k.Low > min(k.Open, k.Close) || k.Low <= 0) {
			return nil, &DecodeError{
				Field: "/" + strconv.Itoa(i), Err: fmt.Errorf("open %v, high %v, low %v, close %v are no candle's", k.Open, k.High, k.Low, k.Close),
			}
		}
		k.Closed = k.End < now
	}
	return list, nil
}

// klineValues is how many values of a row are read; the twelfth is to be ignored.
const klineValues = 11

func (k *Kline) read(row []string) *DecodeError {
	if len(row) < klineValues {
		return &DecodeError{Err: fmt.Errorf("%d values, and %d must be there", len(row), klineValues)}
	}
	var at int
	var err error
	note := func(i int, e error) {
		if err == nil && e != nil {
			at, err = i, e
		}
	}
	fixed := func(i int) exchange.Fixed {
		v, e := exchange.ParseFixed(row[i])
		note(i, e)
		return v
	}
	wide := func(i int) exchange.Wide {
		v, e := exchange.ParseWide(row[i])
		note(i, e)
		return v
	}
	number := func(i int) int64 {
		v, e := strconv.ParseInt(row[i], 10, 64)
		if e != nil {
			e = fmt.Errorf("%.60q is not a whole number", row[i])
		}
		note(i, e)
		return v
	}
	k.Start, k.End = exchange.Millis(number(0)), exchange.Millis(number(6))
	k.Open, k.High, k.Low, k.Close = fixed(1), fixed(2), fixed(3), fixed(4)
	k.Volume, k.QuoteVolume, k.Trades = wide(5), wide(7), number(8)
	k.TakerBuy, k.TakerQuote = wide(9), wide(10)
	k.Interval = k.End.Sub(k.Start) + time.Millisecond
	if err == nil && (k.Start <= 0 || k.End <= k.Start || k.End >= exchange.Never-tick) {
		at, err = 6, fmt.Errorf("a candle from %v to %v", k.Start, k.End)
	}
	if err != nil {
		return &DecodeError{Field: "/" + strconv.Itoa(at), Err: err}
	}
	return nil
}

// intervals are those of a fixed length. A month has none.
var intervals = map[string]time.Duration{
	"1s": time.Second, "1m": time.Minute, "3m": 3 * time.Minute, "5m": 5 * time.Minute, "15m": 15 * time.Minute, "30m": 30 * time.Minute,
	"1h": time.Hour, "2h": 2 * time.Hour, "4h": 4 * time.Hour, "6h": 6 * time.Hour, "8h": 8 * time.Hour, "12h": 12 * time.Hour,
	"1d": day, "3d": 3 * day, "1w": 7 * day, "1M": 28 * day,
}

const day = 24 * time.Hour

// Interval is the length of a candle by Binance's name for it; "1M" is the shortest month, 28
// days.
func Interval(name string) (time.Duration, error) {
	if d, ok := intervals[name]; ok {
		return d, nil
	}
	return 0, fmt.Errorf("rest: no interval %.20q; those are 1s (spot) 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M", name)
}
