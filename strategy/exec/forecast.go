package exec

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Forecast is what is expected of funding: the mean an hour of the last settlements,
// whatever their intervals, for the exchange changes these without a word. It is plain data:
// a strategy that saves it forgets nothing in a restart.
type Forecast struct {
	// Rates are the last settled ones, oldest first, and Since is when the last regular one was.
	Rates []Settled
	Since exchange.Time
}

// Settled is a funding rate, as a ratio of the notional that longs pay, and the time that it
// was for.
type Settled struct {
	Rate  exchange.Fixed
	Every time.Duration
}

// Settle learns a settlement and keeps the last most of them. An interval that is not told is
// the time since the settlement before. Special settlements, and a first one of unknown
// interval, tell nothing of what is to come and are passed over; so are those that are known, which
// the warm-up of a strategy tells again that remembers them.
func (f *Forecast) Settle(now exchange.Time, s exchange.Funding, most int) {
	if now <= f.Since {
		return
	}
	every := s.Interval
	if every <= 0 && f.Since != 0 {
		every = now.Sub(f.Since)
	}
	if s.Special { // the interval goes on across it
		return
	}
	if f.Since = now; every <= 0 {
		return
	}
	f.Rates = append(f.Rates, Settled{s.Rate, every})
	f.Rates = f.Rates[max(0, len(f.Rates)-most):]
}

// Expect is what longs pay in a horizon, as a ratio, if funding goes on as it was; below 0
// they are paid. ok=false before there were least settlements.
func (f *Forecast) Expect(horizon time.Duration, least int) (ratio decimal.Decimal, ok bool) {
	sum, span := decimal.Zero, time.Duration(0)
	for _, s := range f.Rates {
		sum, span = sum.Add(s.Rate.Decimal()), span+s.Every
	}
	if len(f.Rates) < max(least, 1) {
		return decimal.Zero, false
	}
	return sum.Mul(decimal.New(int64(horizon), 0)).DivRound(decimal.New(int64(span), 0), 16), true
}
