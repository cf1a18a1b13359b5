package backtest

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// given is what the account has been given of an asset, withdrawals and debts taken off.
type given struct {
	asset string
	net   decimal.Decimal
}

// give notes money that comes from outside or goes there.
func (r *recorder) give(l *exchange.LedgerEntry) {
	if l.Reason != exchange.ReasonDeposit && l.Reason != exchange.ReasonWithdraw {
		return
	}
	at := slices.IndexFunc(r.given, func(g given) bool { return g.asset == l.Asset })
	if at < 0 {
		at = len(r.given)
		r.given = append(r.given, given{asset: l.Asset})
	}
	if g := &r.given[at]; l.Wallet.Debt() {
		g.net = g.net.Sub(l.Delta)
	} else {
		g.net = g.net.Add(l.Delta)
	}
}

// moment is what a sample has of the account as the exchange has it, taken before anybody
// is told of it and can answer.
func (r *recorder) moment(at exchange.Time, sim simulator) Sample {
	r.look(at, sim)
	s := Sample{At: at, Account: sim.Account()}
	holdings := sim.Holdings()
	s.Assets = make([]AssetValue, len(holdings))
	for i := range holdings {
		s.Assets[i] = AssetValue(holdings[i])
		if at, known := slices.BinarySearch(r.assets, holdings[i].Asset); !known {
			r.assets = slices.Insert(r.assets, at, holdings[i].Asset)
		}
	}
	for _, g := range r.given {
		if h, err := sim.Value(g.asset, g.net); err == nil { // without a price it counts as nothing, as in the account
			s.Held = s.Held.Add(h.Equity)
		}
	}
	r.lower(at, &s.Account, sim)
	return s
}

// lower keeps the stress table of a sample whose uniMMR is below that of all before. Only
// such samples cost one.
func (r *recorder) lower(at exchange.Time, a *exchange.Account, sim simulator) {
	if !a.MaintMargin.IsPositive() || r.lowest != nil && !a.UniMMR.LessThan(r.lowestUniMMR) {
		return
	}
	if low := stressOf("lowest uniMMR", at, sim); low != nil {
		r.lowest, r.lowestUniMMR = low, a.UniMMR // which open orders have a part in, and in the table not
	}
}

// stressOf is the stress table of a moment, or nil where the account cannot be valued.
func stressOf(why string, at exchange.Time, sim simulator) *StressMoment {
	rows, err := sim.Stress()
	if err != nil {
		return nil
	}
	picture := sim.Picture()
	m := &StressMoment{At: at, Why: why, Account: &picture}
	for _, s := range rows {
		m.Rows = append(m.Rows, StressRow(s))
	}
	return m
}
