package backtest

import (
	"fmt"
	"strings"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// unpriced is about an account that holds something of which the data has no price when the
// run begins. What has no price counts as nothing, and when the price comes equity jumps,
// which growth, drawdown and Sharpe ratio would take for a gain. So samples before that
// count only if the price never comes.
type unpriced struct {
	looked bool     // whether everything has a price
	waits  bool     // for one
	assets []string // that had none
	from   exchange.Time
	// valued is when the last of them had its price, 0 if that has not been; fills and
	// refused are what had been done by then.
	valued         exchange.Time
	fills, refused int
}

// look is for the first sample.
func (r *recorder) look(at exchange.Time, sim simulator) {
	u := &r.unpriced
	if u.looked {
		return
	}
	u.looked = true
	if sim.Missing() == nil {
		r.hash.stand()
		return
	}
	u.waits, u.from = true, at
	for _, g := range r.given {
		if _, err := sim.Value(g.asset, g.net); err != nil {
			u.assets = append(u.assets, g.asset)
		}
	}
}

// valued begins the samples anew at the instant in which the last price has come. Where
// money came from is as it was: it is counted booking by booking.
func (r *recorder) valued(at exchange.Time) {
	u := &r.unpriced
	u.waits, u.valued, u.fills, u.refused = false, at, r.orders.Fills, r.orders.Refused
	r.hash.fall()
	r.samples, r.assets, r.lowest = r.samples[:0], nil, nil
	m := &r.margin
	*m = marginBook{status: m.status, liquidated: m.liquidated, MarginSummary: MarginSummary{Liquidations: m.Liquidations, ADL: m.ADL}}
	r.attribution.forgetUniMMR()
	r.next = at
}

// warn tells of it in the result. A wait of less than a minute in which nothing was done is
// that for the first message of a stream, and nobody's concern.
func (u *unpriced) warn(res *Result) {
	names := strings.Join(u.assets, ", ")
	note := func(format string, args ...any) {
		res.Warnings = append(res.Warnings, Warning{"unpriced", fmt.Sprintf(format, args...)})
	}
	switch {
	case u.waits:
		note("the account holds %s, of which the data never has a price: it counts as nothing in equity, returns, drawdown and uniMMR", names)
	case u.valued.Sub(u.from) >= time.Minute || u.fills > 0:
		note("the account is valued from %v on, because it holds %s, which had no price before: equity, returns, drawdown and uniMMR begin there; "+
			"the run began at %v, and what was done until then, %d fills and %d refusals, is in all other tables", u.valued, names, u.from, u.fills, u.refused)
	}
}
