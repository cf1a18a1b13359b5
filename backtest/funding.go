package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// EstimateLead is how long before a settlement the exchange's running estimate is taken for
// [Settlement].Estimate: as late as a strategy can act on it without haste.
const EstimateLead = time.Hour

// intervalMax is the longest distance of two settlements that Binance has.
const intervalMax = 8 * time.Hour

// fundingBook counts one instrument's settlements and finds those that are missing. An
// interval may change, so a wide distance between two settlements is a hole only if the
// distances before and after it are shorter.
type fundingBook struct {
	FundingCount
	rates    []settled       // of the run proper, in time order
	previous *exchange.Fixed // the rate settled last, nil before any
	// forecast is the last estimate, of those in time for it, of the settlement at next.
	forecast struct {
		rate     exchange.Fixed
		at, next exchange.Time
	}
	last     exchange.Time // instant of the last regular settlement
	interval time.Duration // the established distance, 0 before two settlements
	// wide is where a distance longer than the interval began, 0 if none is undecided.
	wide exchange.Time
	span time.Duration
}

// settled is a settlement as the exchange made it.
type settled struct {
	at                 exchange.Time
	rate               exchange.Fixed
	mark               exchange.Fixed // 0 if nobody knew one
	previous, estimate *exchange.Fixed
	paid               bool // by or to the account
	// shared says of which sides strategies have their parts.
	shared [exchange.Short + 1]bool
}

// paid notes a funding payment of the account and returns its settlement, nil if there was
// none. We may hear of our account late, when others have been settled since.
func (f *fundingBook) paid(at exchange.Time, l *exchange.LedgerEntry) *settled {
	f.Asset = l.Asset
	f.Amount = f.Amount.Add(l.Delta)
	s := f.of(at)
	if s != nil && !s.paid {
		s.paid = true
		f.Held++
		f.Passed--
	}
	return s
}

// of is the settlement of an instant, nil if there was none.
func (f *fundingBook) of(at exchange.Time) *settled {
	i, found := slices.BinarySearchFunc(f.rates, at, func(s settled, at exchange.Time) int { return cmp.Compare(s.at, at) })
	if !found {
		return nil
	}
	return &f.rates[i]
}

// estimated notes the running estimate that comes with a mark, if it is in time.
func (f *fundingBook) estimated(at exchange.Time, m exchange.Mark) {
	if m.NextFunding != 0 && at.Add(EstimateLead) <= m.NextFunding {
		f.forecast.rate, f.forecast.at, f.forecast.next = m.Rate, at, m.NextFunding
	}
}

// before notes a rate settled before the run proper.
func (f *fundingBook) before(rate exchange.Fixed) { f.previous = &rate }

// settlement notes a settled rate, at a mark if one is known. A payment, if there was a
// position, comes after it.
func (f *fundingBook) settlement(at exchange.Time, rate exchange.Funding, mark exchange.Fixed) {
	s := settled{at: at, rate: rate.Rate, mark: mark, previous: f.previous}
	interval := rate.Interval
	if interval == 0 {
		interval = intervalMax
	}
	if c := f.forecast; c.next == at && at.Sub(c.at) <= EstimateLead+interval {
		s.estimate = &c.rate
	}
	f.rates = append(f.rates, s)
	f.previous = &rate.Rate
	f.Passed++
	if rate.Special {
		return
	}
	if f.last != 0 {
		f.distance(f.last, at.Sub(f.last))
	}
	f.last = at
}

// distance weighs the time d between two settlements, of which the first was at from.
func (f *fundingBook) distance(from exchange.Time, d time.Duration) {
	if f.wide != 0 {
		if d >= f.span {
			f.interval = f.span // it was no hole: the interval has changed
		} else {
			f.hole(f.wide, f.wide.Add(f.span))
		}
		f.wide = 0
	}
	switch {
	case f.interval == 0 || d < f.interval:
		f.interval = d
	case d > f.interval:
		f.wide, f.span = from, d
	}
}

// hole lists the instants between two settlements at which one must have been.
func (f *fundingBook) hole(from, to exchange.Time) {
	for t := from.Add(f.interval); t < to; t = t.Add(f.interval) {
		f.Missing = append(f.Missing, t)
	}
}

// end lists what is missing before the end of the prices.
func (f *fundingBook) end(at exchange.Time) {
	if f.wide != 0 {
		f.hole(f.wide, f.wide.Add(f.span))
		f.wide = 0
	}
	if f.last != 0 && f.interval > 0 {
		f.hole(f.last, at)
	}
}
