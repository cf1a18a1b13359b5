package backtest

import (
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// fundingBook counts one instrument's settlements and finds those that are missing. An
// interval may change, so a wide distance between two settlements is a hole only if the
// distances before and after it are shorter.
type fundingBook struct {
	FundingCount
	paidAt   exchange.Time // instant of the account's last payment
	settled  exchange.Time // instant of the last settlement, and its rate
	rate     exchange.Fixed
	last     exchange.Time // instant of the last regular settlement
	interval time.Duration // the established distance, 0 before two settlements
	// wide is where a distance longer than the interval began, 0 if none is undecided.
	wide exchange.Time
	span time.Duration
}

// paid notes a funding payment of the account and returns the rate of its settlement, if
// that is known before the payment: it is where we hear of our account late.
func (f *fundingBook) paid(at exchange.Time, l *exchange.LedgerEntry) (rate exchange.Fixed) {
	if f.settled == at {
		rate = f.rate
		if f.paidAt != at {
			f.Held++
			f.Passed--
		}
	}
	f.paidAt = at
	f.Asset = l.Asset
	f.Amount = f.Amount.Add(l.Delta)
	return rate
}

// settlement notes a settled rate. The payment, if there was a position, came just
// before, or comes later.
func (f *fundingBook) settlement(at exchange.Time, rate exchange.Funding) {
	f.settled, f.rate = at, rate.Rate
	if f.paidAt == at {
		f.Held++
	} else {
		f.Passed++
	}
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
