package stats

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// daysOf are the returns between the UTC midnights of the run, by the last sample at or
// before each. What lies before the first and after the last is no whole day. They end
// with the first day that ends without equity, for no return is defined from there.
func daysOf(samples []backtest.Sample) []Return {
	if len(samples) == 0 {
		return nil
	}
	first, last := samples[0].At, samples[len(samples)-1].At
	midnight := first.Floor(day)
	if midnight < first {
		midnight = midnight.Add(day)
	}
	var list []Return
	equity, known, i := decimal.Zero, false, 0
	for ; midnight <= last; midnight = midnight.Add(day) {
		for i+1 < len(samples) && samples[i+1].At <= midnight {
			i++
		}
		if now := samples[i].Account.Equity; known {
			list = append(list, newReturn(midnight.Add(-day), midnight, equity, now, true))
			equity = now
		} else {
			equity, known = now, true
		}
		if !equity.IsPositive() {
			break
		}
	}
	return list
}

// monthsOf are the returns of the calendar months in UTC, from the first to the last
// sample. Midnight of the first belongs to the month before.
func monthsOf(samples []backtest.Sample) []Return {
	var list []Return
	for i := 0; i+1 < len(samples); {
		from := samples[i].At
		if len(list) > 0 {
			from = list[len(list)-1].To
		}
		begin, end := monthAround(from)
		start := samples[i].Account.Equity
		for i+1 < len(samples) && samples[i+1].At <= end {
			i++
		}
		to := end
		if i+1 == len(samples) {
			to = samples[i].At
		}
		list = append(list, newReturn(from, to, start, samples[i].Account.Equity, from == begin && to == end))
	}
	return list
}

// monthAround is the UTC month that begins at or before t and ends after it.
func monthAround(t exchange.Time) (begin, end exchange.Time) {
	u := t.UTC()
	first := time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC)
	return exchange.TimeOf(first), exchange.TimeOf(first.AddDate(0, 1, 0))
}

func newReturn(from, to exchange.Time, start, end decimal.Decimal, whole bool) Return {
	r := Return{From: from, To: to, Start: start, End: end, Whole: whole}
	if start.IsPositive() {
		r.OK, r.Percent = true, percent(end.Sub(start), start)
	}
	return r
}

// returnOf is a return as a ratio; its period began with equity.
func returnOf(r *Return) float64 {
	return r.End.Sub(r.Start).InexactFloat64() / r.Start.InexactFloat64()
}
