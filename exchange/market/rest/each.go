package rest

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// The iterators below read rows of any time in the windows and pages that their endpoint
// allows, each row once and oldest first. An error ends the iteration; what came before it
// is sound. They wait for the budget as all requests do: what takes long to ask takes long.

// tick is the grain of Binance's times.
const tick = exchange.Time(time.Millisecond)

// pageMax is the longest page of most endpoints, candlesMax that of candles of futures.
const (
	pageMax    = 1000
	candlesMax = 1500
)

// page is a size that was asked for, or the usual one, and no more than the exchange gives: it
// may cut a longer one without a word, which would look like the end of the rows.
func page(limit, usual, most int) int {
	if limit <= 0 {
		return usual
	}
	return min(limit, most)
}

// pageMin is the shortest page of which can be told whether it was cut: a single row may be
// one of several of its millisecond.
const pageMin = 2

// EachKline goes over the closed candles of a query: those that open between From, which must
// be there, and To, which is now if it is 0. Limit is the size of a page. It ends before the
// first candle that still runs, so that what it gave never changes; candles that the exchange
// does not have are passed over.
//
// UM and spot are asked for pages from a time on. CM gives the newest rows before the end of
// at most 200 days, so it is asked for windows that hold no more than a page.
func (c *Client) EachKline(ctx context.Context, p exchange.Product, q KlinesQuery) iter.Seq2[Kline, error] {
	return func(yield func(Kline, error) bool) {
		length, err := Interval(q.Interval)
		if err == nil && q.From <= 0 {
			err = fmt.Errorf("rest: candles from %v: a beginning is needed", q.From)
		}
		if err == nil {
			err = c.mustKnowTime(ctx)
		}
		if err != nil {
			yield(Kline{}, err)
			return
		}
		from, last := q.From, q.To
		if last == 0 {
			last = c.ServerTime()
		}
		q.Limit = klinesAtOnce(p, q.Limit)
		for from <= last {
			next, err := c.klinePage(ctx, p, q, from, last, length, func(k Kline) bool { return yield(k, nil) })
			if err != nil {
				yield(Kline{}, err)
			}
			if err != nil || next == 0 {
				return
			}
			from = next
		}
	}
}

// klinesAtOnce is the size of a page of candles: usually, on futures, the one with most rows
// for its weight.
func klinesAtOnce(p exchange.Product, limit int) int {
	if p == exchange.Margin {
		return page(limit, pageMax, pageMax)
	}
	return page(limit, 499, candlesMax)
}

// klineSpan is the longest window of CM.
const klineSpan = 200 * day

// klinePage gives one page of candles that open from an instant on, and says where the next
// one begins; 0 if there is none.
func (c *Client) klinePage(ctx context.Context, p exchange.Product, q KlinesQuery, from, last exchange.Time, length time.Duration, give func(Kline) bool) (exchange.Time, error) {
	q.From, q.To = from, last
	if p == exchange.CM {
		// A window opens its first candle at from at the earliest, so it has a page at most.
		width := min(time.Duration(q.Limit)*length, klineSpan)
		q.To = min(last, from.Add(width)-tick)
	}
	list, _, err := c.Klines(ctx, p, q)
	if err != nil {
		return 0, err
	}
	before := from - tick
	for _, k := range list {
		if k.Start <= before || k.Start > q.To {
			return 0, fmt.Errorf("rest: %v of %s: a candle of %v after %v: %w", q.Kind, q.Symbol, k.Start, before, ErrDisorder)
		}
		before = k.Start
		if !k.Closed || !give(k) {
			return 0, nil
		}
	}
	switch {
	case p == exchange.CM:
		return q.To + tick, nil
	case len(list) < q.Limit:
		return 0, nil
	}
	return before + tick, nil
}

// aggTradesSpan is the longest time between From and To of aggTrades, by the documentation.
const aggTradesSpan = time.Hour

// EachAggTrade goes over the aggregate trades between two times, both included; to is now if
// it is 0. The first is looked for by time, hour by hour, and all others are asked for by id.
// Futures keep 48 hours (ErrTooOld). Limit is the size of a page; 0 is 1000, the cheapest.
func (c *Client) EachAggTrade(ctx context.Context, p exchange.Product, symbol string, from, to exchange.Time, limit int) iter.Seq2[AggTrade, error] {
	return func(yield func(AggTrade, error) bool) {
		limit = page(limit, pageMax, pageMax)
		if to == 0 {
			to = c.ServerTime()
		}
		if from <= 0 {
			yield(AggTrade{}, fmt.Errorf("rest: aggregate trades from %v: a beginning is needed", from))
			return
		}
		last := int64(-1)
		for q := (AggTradesQuery{Symbol: symbol, Limit: limit, From: from}); q.From <= to; {
			if q.FromID == 0 {
				q.To = min(to, q.From.Add(aggTradesSpan)-tick)
			}
			list, _, err := c.AggTrades(ctx, p, q)
			if err != nil {
				yield(AggTrade{}, err)
				return
			}
			for _, t := range list {
				if t.ID <= last {
					yield(AggTrade{}, fmt.Errorf("rest: aggTrades of %s: %d after %d: %w", symbol, t.ID, last, ErrDisorder))
					return
				}
				last = t.ID
				if t.Time > to || !yield(t, nil) {
					return
				}
			}
			switch {
			case len(list) > 0:
				q = AggTradesQuery{Symbol: symbol, Limit: limit, FromID: last + 1}
			case q.FromID != 0:
				return
			default:
				q.From = q.To + tick
			}
		}
	}
}

// EachFundingRate goes over the settled rates of a symbol that were published between two
// times, both included; to is now if it is 0. Each has the time since the one before as its
// Interval; the first has none. Limit is the size of a page, at least 2; 0 is 1000.
func (c *Client) EachFundingRate(ctx context.Context, p exchange.Product, symbol string, from, to exchange.Time, limit int) iter.Seq2[FundingRate, error] {
	limit = max(page(limit, pageMax, pageMax), pageMin)
	if to == 0 {
		to = c.ServerTime()
	}
	list := eachIn(from, to, time.Duration(limit)*8*time.Hour, func(from, to exchange.Time) ([]FundingRate, bool, error) {
		rows, _, err := c.FundingRates(ctx, p, FundingQuery{Symbol: symbol, From: from, To: to, Limit: limit})
		return rows, len(rows) < limit, err
	}, func(f *FundingRate) exchange.Time { return f.Published })
	return func(yield func(FundingRate, error) bool) {
		var before exchange.Time
		for f, err := range list {
			if err == nil && before != 0 {
				f.Interval = f.At.Sub(before)
			}
			before = f.At
			if !yield(f, err) {
				return
			}
		}
	}
}

// statisticsPage is the longest page of statistics.
const statisticsPage = 500

// EachOpenInterest goes over the history of open interest between From and To of the query;
// To is now if it is 0. Limit is the size of a page, at least 2; 0 is 500.
func (c *Client) EachOpenInterest(ctx context.Context, p exchange.Product, q StatisticQuery) iter.Seq2[OpenInterestStatistic, error] {
	return eachStatistic(c, q, func(q StatisticQuery) ([]OpenInterestStatistic, error) {
		list, _, err := c.OpenInterestHistory(ctx, p, q)
		return list, err
	}, func(o *OpenInterestStatistic) exchange.Time { return o.Time })
}

// EachLongShort goes over a ratio between From and To of the query; To is now if it is 0.
func (c *Client) EachLongShort(ctx context.Context, p exchange.Product, kind RatioKind, q StatisticQuery) iter.Seq2[LongShort, error] {
	return eachStatistic(c, q, func(q StatisticQuery) ([]LongShort, error) {
		list, _, err := c.LongShorts(ctx, p, kind, q)
		return list, err
	}, func(l *LongShort) exchange.Time { return l.Time })
}

// EachTakerVolume goes over taker volumes between From and To of the query; To is now if it is
// 0.
func (c *Client) EachTakerVolume(ctx context.Context, p exchange.Product, q StatisticQuery) iter.Seq2[TakerVolume, error] {
	return eachStatistic(c, q, func(q StatisticQuery) ([]TakerVolume, error) {
		list, _, err := c.TakerVolumes(ctx, p, q)
		return list, err
	}, func(v *TakerVolume) exchange.Time { return v.Time })
}

// EachBasis goes over the basis between From and To of the query; To is now if it is 0.
func (c *Client) EachBasis(ctx context.Context, p exchange.Product, q StatisticQuery) iter.Seq2[Basis, error] {
	return eachStatistic(c, q, func(q StatisticQuery) ([]Basis, error) {
		list, _, err := c.Basis(ctx, p, q)
		return list, err
	}, func(b *Basis) exchange.Time { return b.Time })
}

func eachStatistic[T any](c *Client, q StatisticQuery, list func(StatisticQuery) ([]T, error), at func(*T) exchange.Time) iter.Seq2[T, error] {
	q.Limit = max(page(q.Limit, statisticsPage, statisticsPage), pageMin)
	to := q.To
	if to == 0 {
		to = c.ServerTime()
	}
	length, err := Interval(q.Period)
	if err != nil {
		return func(yield func(T, error) bool) { yield(*new(T), err) }
	}
	return eachIn(q.From, to, time.Duration(q.Limit)*length, func(from, to exchange.Time) ([]T, bool, error) {
		q.From, q.To = from, to
		rows, err := list(q)
		return rows, len(rows) < q.Limit, err
	}, at)
}

// eachIn asks for windows one after the other, from the oldest. A page that is as long as the
// limit may lack rows at either end, so it is dropped and its window halved: nothing is left
// out and nothing comes twice, whichever end it was cut at. The width is the first guess, and
// the most.
func eachIn[T any](from, last exchange.Time, width time.Duration, list func(from, to exchange.Time) (rows []T, whole bool, err error), at func(*T) exchange.Time) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if from <= 0 {
			yield(none, fmt.Errorf("rest: rows from %v: a beginning is needed", from))
			return
		}
		most := max(exchange.Time(width), tick)
		for span := most; from <= last; {
			to := min(last, from+span-tick)
			rows, whole, err := list(from, to)
			if err == nil && !whole && to <= from {
				err = fmt.Errorf("rest: at %v: %w", from, ErrCrowded)
			}
			if err != nil {
				yield(none, err)
				return
			}
			if !whole {
				span = max(((to - from + tick) / 2).Floor(time.Millisecond), tick)
				continue
			}
			before := from
			for i := range rows {
				if t := at(&rows[i]); t < before || t > to {
					yield(none, fmt.Errorf("rest: a row of %v among those of %v to %v: %w", t, before, to, ErrDisorder))
					return
				} else {
					before = t
				}
				if !yield(rows[i], nil) {
					return
				}
			}
			from, span = to+tick, min(2*span, most)
		}
	}
}
