package engine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// loans is the interest meter: what each asset's loans have cost since the journal began, by
// what the exchange has booked and by what its rates say, and whose cost that is. It follows
// from events and decides nothing.
type loans struct {
	// list is by rising asset. Assets are never taken out: there are as many as were borrowed,
	// or as rates were told of.
	list []Loan
	// due is the next full hour, at which the exchange charges; Never while nothing is owed.
	due exchange.Time
}

// Loan is what is known of the loans in one asset.
type Loan struct {
	Asset string
	// Principal and Interest are owed now.
	Principal, Interest decimal.Decimal
	// Hourly is the rate that was told last, a ratio, if Rated.
	Hourly decimal.Decimal
	Rated  bool
	// Charged is the interest that the exchange has booked since the journal began, and
	// Expected what it should have been by the rates that were told: of the first hour when it
	// was borrowed, and of every full hour of UTC. Both are in the asset; interest that the
	// exchange takes in BNB is in the line of BNB.
	Charged, Expected decimal.Decimal
	// Shares are by rising strategy; the house's is 0.
	Shares []LoanShare
}

// LoanShare is a strategy's part of the loans in an asset.
type LoanShare struct {
	Strategy exchange.StrategyID
	// Principal is what the strategy has borrowed and not repaid, with what is under way. Of
	// the house it is not kept: it has the rest.
	Principal decimal.Decimal
	// Charged is the interest booked on it, shared out by principal; the house has what is left
	// of rounding.
	Charged decimal.Decimal
}

func newLoans() loans { return loans{due: exchange.Never} }

// of is the line of an asset, made if there is none.
func (l *loans) of(asset string) *Loan {
	at, found := slices.BinarySearchFunc(l.list, asset, func(a Loan, asset string) int { return strings.Compare(a.Asset, asset) })
	if !found {
		l.list = slices.Insert(l.list, at, Loan{Asset: asset})
	}
	return &l.list[at]
}

// share is a strategy's, made if there is none.
func (a *Loan) share(s exchange.StrategyID) *LoanShare {
	at, found := slices.BinarySearchFunc(a.Shares, s, func(h LoanShare, s exchange.StrategyID) int { return int(h.Strategy) - int(s) })
	if !found {
		a.Shares = slices.Insert(a.Shares, at, LoanShare{Strategy: s})
	}
	return &a.Shares[at]
}

// shares are the strategies' parts of an asset's loans, by rising strategy.
func (l *loans) shares(asset string) []LoanShare {
	at, found := slices.BinarySearchFunc(l.list, asset, func(a Loan, asset string) int { return strings.Compare(a.Asset, asset) })
	if !found {
		return nil
	}
	return l.list[at].Shares
}

// begin counts a loan under way as its strategy's, for its first interest may be booked
// before its answer comes.
func (l *loans) begin(a *exchange.OpenAct) {
	if a.Kind == exchange.ActBorrow && a.Strategy != 0 {
		h := l.of(a.Asset).share(a.Strategy)
		h.Principal = h.Principal.Add(a.Amount)
	}
}

// end takes a loan back that was not given, counts one after all, and takes off what was
// repaid. What of a repayment was for interest is then the house's principal; that is at
// most an hour or two of interest.
func (l *loans) end(a *exchange.OpenAct, was exchange.ActStatus) {
	if a.Strategy == 0 || a.Kind != exchange.ActBorrow && a.Kind != exchange.ActRepay {
		return
	}
	done := a.Status == exchange.ActDone
	if a.Kind == exchange.ActRepay && !done {
		return
	}
	h := l.of(a.Asset).share(a.Strategy)
	switch {
	case a.Kind == exchange.ActBorrow && was == exchange.ActNotArrived && done:
		h.Principal = h.Principal.Add(a.Amount)
	case a.Kind == exchange.ActBorrow && a.Status.Final() && !done, a.Kind == exchange.ActRepay:
		h.Principal = decimal.Max(decimal.Zero, h.Principal.Sub(a.Amount))
	}
}

// note folds a booking.
func (l *loans) note(e *exchange.Event) {
	b := e.Ledger()
	switch {
	case b.Wallet == exchange.WalletLoan:
		a := l.of(b.Asset)
		a.Principal = b.Balance
		if b.Reason == exchange.ReasonBorrow && b.Delta.IsPositive() {
			a.expect(b.Delta)
		}
		l.set(e.At)
	case b.Wallet == exchange.WalletInterest:
		a := l.of(b.Asset)
		a.Interest = b.Balance
		if b.Reason == exchange.ReasonInterest {
			a.charge(b.Delta)
		}
	case b.Wallet == exchange.WalletMargin && b.Reason == exchange.ReasonInterest:
		l.of(b.Asset).charge(b.Delta.Neg())
	}
}

// set finds the next full hour at which something is charged.
func (l *loans) set(now exchange.Time) {
	l.due = exchange.Never
	if slices.ContainsFunc(l.list, func(a Loan) bool { return a.Principal.IsPositive() }) {
		l.due = now.Floor(time.Hour).Add(time.Hour)
	}
}

// pass expects the interest of the full hours until now.
func (l *loans) pass(now exchange.Time) {
	for l.due <= now {
		for i := range l.list {
			l.list[i].expect(l.list[i].Principal)
		}
		l.due = l.due.Add(time.Hour)
	}
}

// expect adds an hour's interest on a principal.
func (a *Loan) expect(principal decimal.Decimal) {
	if a.Rated && principal.IsPositive() {
		a.Expected = a.Expected.Add(principal.Mul(a.Hourly).Round(exchange.FixedPlaces))
	}
}

// charge shares out interest that was booked: the strategies' parts by their principals, and
// the rest is the house's.
func (a *Loan) charge(interest decimal.Decimal) {
	a.Charged = a.Charged.Add(interest)
	owned := decimal.Zero
	for _, h := range a.Shares {
		owned = owned.Add(h.Principal)
	}
	whole, rest := decimal.Max(a.Principal, owned), interest
	if whole.IsPositive() {
		for i := range a.Shares {
			h := &a.Shares[i]
			part := interest.Mul(h.Principal).DivRound(whole, 16).Round(exchange.FixedPlaces)
			h.Charged, rest = h.Charged.Add(part), rest.Sub(part)
		}
	}
	if !rest.IsZero() {
		house := a.share(0)
		house.Charged = house.Charged.Add(rest)
	}
}

// ratedMax bounds of how many assets rates are remembered.
const ratedMax = 1024

// lend notes a rate.
func (l *loans) lend(t *exchange.Lending) {
	if t.Rated && len(l.list) < ratedMax {
		a := l.of(t.Asset)
		a.Hourly, a.Rated = t.Hourly, true
	}
}

// owed says whether there was ever anything to pay.
func (a *Loan) owed() bool {
	return len(a.Shares) > 0 || !a.Principal.IsZero() || !a.Interest.IsZero() || !a.Charged.IsZero() || !a.Expected.IsZero()
}

// Loans lists what is known of loans, by asset: of assets that were borrowed since the
// journal began, or for which a strategy's loan is under way.
func (k *Kernel) Loans() []Loan {
	list := []Loan{}
	for _, a := range k.loans.list {
		if a.owed() {
			a.Shares = slices.Clone(a.Shares)
			list = append(list, a)
		}
	}
	return list
}

// LoanShares are the parts of an asset's loans, by rising strategy. The list is the kernel's.
func (k *Kernel) LoanShares(asset string) []LoanShare { return k.loans.shares(asset) }

// tellLoans tells the guard what strategies owe of an asset.
func (k *Kernel) tellLoans(asset string) {
	for _, h := range k.loans.shares(asset) {
		k.guard.Owes(h.Strategy, asset, h.Principal, h.Charged)
	}
}

// loanSnapshot is a line of the meter in a snapshot. Keys rise.
type loanSnapshot struct {
	Asset     string              `json:"asset"`
	Charged   decimal.Decimal     `json:"charged,omitzero"`
	Expected  decimal.Decimal     `json:"expected,omitzero"`
	Hourly    *decimal.Decimal    `json:"hourly,omitzero"`
	Interest  decimal.Decimal     `json:"interest,omitzero"`
	Principal decimal.Decimal     `json:"principal,omitzero"`
	Shares    []loanShareSnapshot `json:"shares,omitzero"`
}

type loanShareSnapshot struct {
	Charged   decimal.Decimal     `json:"charged,omitzero"`
	Principal decimal.Decimal     `json:"principal,omitzero"`
	Strategy  exchange.StrategyID `json:"strategy,omitzero"`
}

func snapshotOfLoan(a Loan) loanSnapshot {
	s := loanSnapshot{Asset: a.Asset, Charged: a.Charged, Expected: a.Expected, Interest: a.Interest, Principal: a.Principal}
	if a.Rated {
		s.Hourly = &a.Hourly
	}
	for _, h := range a.Shares {
		s.Shares = append(s.Shares, loanShareSnapshot{h.Charged, h.Principal, h.Strategy})
	}
	return s
}

func (l *loans) restore(list []loanSnapshot, now exchange.Time) error {
	for i, s := range list {
		if i > 0 && list[i-1].Asset >= s.Asset {
			return fmt.Errorf("loans of %.20q stand behind those of %.20q", s.Asset, list[i-1].Asset)
		}
		a := Loan{Asset: s.Asset, Charged: s.Charged, Expected: s.Expected, Interest: s.Interest, Principal: s.Principal}
		if s.Hourly != nil {
			a.Hourly, a.Rated = *s.Hourly, true
		}
		for j, h := range s.Shares {
			if j > 0 && s.Shares[j-1].Strategy >= h.Strategy {
				return fmt.Errorf("loans of %.20q: strategy %d stands behind strategy %d", s.Asset, h.Strategy, s.Shares[j-1].Strategy)
			}
			a.Shares = append(a.Shares, LoanShare{h.Strategy, h.Principal, h.Charged})
		}
		l.list = append(l.list, a)
	}
	l.set(now)
	return nil
}
