package riskguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Once a day what was booked here is held against what the exchange says it has booked: profits,
// fees, fundings and interest, by asset and wallet. Balances that agree do not show that a
// funding was taken for a transfer, and then every figure of profit is wrong.

// income is what was booked in the day at hand and the one before, and how the last comparison
// came out.
type income struct {
	// since is the day in which the first booking was: it is not known whole.
	since exchange.Time
	days  []exchange.Income // by rising time, two at most
	// judged is when a comparison was made last; words say what it has found, "" if all is well.
	judged exchange.Time
	words  string
}

const (
	// incomeDays is how many days are remembered: the one at hand, and the one that is asked for.
	incomeDays = 2
	// incomeSums is how many sums a day may have. What more there is is missing, and so told.
	incomeSums = 512
	// incomeNamed is how many assets are named.
	incomeNamed = 4
)

// earns says whether a booking is a profit or a cost of the futures wallets or interest, and no
// move of money.
func earns(w exchange.Wallet, r exchange.Reason) bool {
	switch r {
	case exchange.ReasonRealizedPnL, exchange.ReasonCommission, exchange.ReasonFunding, exchange.ReasonLiquidation, exchange.ReasonDelivery:
		return w == exchange.WalletUM || w == exchange.WalletCM
	case exchange.ReasonInterest:
		return w == exchange.WalletInterest
	}
	return false
}

// applySurvey takes what the exchange has answered.
func (g *Guard) applySurvey(s *exchange.Survey, at exchange.Time) {
	if s.Queue != nil {
		g.applyQueue(s.Queue)
	}
	g.applyRates(s.Rates, at)
	if s.Income != nil {
		g.judgeIncome(s.Income, at)
	}
	if s.Copy != nil {
		g.judgeCopy(s.Copy, at)
	}
}

// noteIncome adds a booking to its day, by the exchange's time.
func (g *Guard) noteIncome(e *exchange.Event) {
	l, n := e.Ledger(), &g.income
	at := e.Exchange
	if at == 0 {
		at = e.At
	}
	day := exchange.IncomeDay(at)
	if n.since == 0 {
		n.since = day
	}
	if !earns(l.Wallet, l.Reason) {
		return
	}
	d := n.day(day)
	if d == nil {
		return // too old to be compared
	}
	if d.Add(exchange.IncomeSum{Asset: l.Asset, Wallet: l.Wallet, Reason: l.Reason, Sum: l.Delta}); len(d.Sums) > incomeSums {
		d.Sums = d.Sums[:incomeSums]
	}
}

// day finds or makes a day; nil for one before those that are remembered.
func (n *income) day(from exchange.Time) *exchange.Income {
	for i := range n.days {
		if n.days[i].From == from {
			return &n.days[i]
		}
	}
	if len(n.days) == incomeDays {
		if from < n.days[0].From {
			return nil
		}
		n.days = slices.Delete(n.days, 0, 1)
	}
	at, _ := slices.BinarySearchFunc(n.days, from, func(d exchange.Income, t exchange.Time) int { return int(min(max(d.From-t, -1), 1)) })
	n.days = slices.Insert(n.days, at, exchange.Income{From: from})
	return &n.days[at]
}

// judgeIncome holds a day of the exchange's against ours. One that was not followed from its
// beginning, and one of which it is not known any more, is not compared; nor is any while the
// account cannot be valued, for then nothing new is approved anyway.
func (g *Guard) judgeIncome(theirs *exchange.Income, at exchange.Time) {
	n := &g.income
	if n.since == 0 || theirs.From <= n.since || theirs.From != exchange.IncomeDay(theirs.From) || g.blind() || g.model.Missing() != nil {
		return
	}
	if len(n.days) == incomeDays && theirs.From < n.days[0].From {
		return
	}
	var ours []exchange.IncomeSum
	for i := range n.days {
		if n.days[i].From == theirs.From {
			ours = n.days[i].Sums
		}
	}
	off, words := g.unexplained(ours, theirs.Sums)
	n.judged, n.words, g.due = at, "", true
	limit := decimal.Max(g.model.Equity().Mul(g.limits.IncomeGapMaxRatio), driftLeast)
	if off.GreaterThan(limit) {
		n.words = fmt.Sprintf("%v USD of the day from %v are not explained: %s", off.RoundCeil(2), theirs.From, words)
	}
}

// unexplained is by how many USD two lists of sums differ, whatever the reasons, and which. What
// has no price counts as much as can be.
func (g *Guard) unexplained(ours, theirs []exchange.IncomeSum) (off decimal.Decimal, words string) {
	type purse struct {
		asset  string
		wallet exchange.Wallet
	}
	var purses []purse
	for _, list := range [][]exchange.IncomeSum{ours, theirs} {
		for _, s := range list {
			if p := (purse{s.Asset, s.Wallet}); earns(s.Wallet, s.Reason) && !slices.Contains(purses, p) {
				purses = append(purses, p)
			}
		}
	}
	var named []string
	for _, p := range purses {
		has, of := sumOf(ours, p.asset, p.wallet)
		had, from := sumOf(theirs, p.asset, p.wallet)
		gap := has.Sub(had).Abs()
		if gap.IsZero() {
			continue
		}
		if index := g.model.Index(p.asset); index != 0 {
			off = off.Add(gap.Mul(index.Decimal()))
		} else {
			off = off.Add(g.model.Equity().Abs()).Add(driftLeast)
		}
		if len(named) < incomeNamed {
			named = append(named, fmt.Sprintf("%s in %v is %v at the exchange (%s) and %v here (%s)", p.asset, p.wallet, had, from, has, of))
		}
	}
	return off, strings.Join(named, "; ")
}

// sumOf adds up what was booked of an asset in a wallet, and says it by reason.
func sumOf(list []exchange.IncomeSum, asset string, w exchange.Wallet) (total decimal.Decimal, words string) {
	var parts []string
	for _, s := range list {
		if s.Asset == asset && s.Wallet == w && earns(w, s.Reason) {
			total = total.Add(s.Sum)
			parts = append(parts, fmt.Sprintf("%v %v", s.Reason, s.Sum))
		}
	}
	if len(parts) == 0 {
		return total, "nothing"
	}
	slices.Sort(parts)
	return total, strings.Join(parts, ", ")
}

// incomeGap: no new risk is taken by figures that the exchange does not share. A person who
// resumes has seen them.
func (w *watch) incomeGap() {
	n := &w.g.income
	if n.words == "" {
		return
	}
	w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: n.words, Limit: fmt.Sprintf("%v of equity", w.g.limits.IncomeGapMaxRatio)})
	if n.judged == w.at {
		w.hold(exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: "profits are not the exchange's: " + n.words})
	}
}

// incomeSnapshot is income as a snapshot has it.
type incomeSnapshot struct {
	Days   []incomeDaySnapshot `json:"days"`
	Judged exchange.Time       `json:"judged,omitzero"`
	Since  exchange.Time       `json:"since"`
	Words  string              `json:"words,omitzero"`
}

type incomeDaySnapshot struct {
	From exchange.Time       `json:"from"`
	Sums []incomeSumSnapshot `json:"sums"`
}

type incomeSumSnapshot struct {
	Asset  string          `json:"asset"`
	Reason string          `json:"reason"`
	Sum    decimal.Decimal `json:"sum"`
	Wallet exchange.Wallet `json:"wallet"`
}

func (g *Guard) snapshotIncome() *incomeSnapshot {
	n := &g.income
	if n.since == 0 {
		return nil
	}
	s := &incomeSnapshot{Days: []incomeDaySnapshot{}, Judged: n.judged, Since: n.since, Words: n.words}
	for _, d := range n.days {
		day := incomeDaySnapshot{From: d.From, Sums: []incomeSumSnapshot{}}
		for _, sum := range d.Sums {
			day.Sums = append(day.Sums, incomeSumSnapshot{sum.Asset, sum.Reason.String(), sum.Sum, sum.Wallet})
		}
		s.Days = append(s.Days, day)
	}
	return s
}

func (g *Guard) restoreIncome(s *incomeSnapshot) error {
	if s == nil {
		return nil
	}
	n := income{since: s.Since, judged: s.Judged, words: s.Words}
	if len(s.Days) > incomeDays {
		return fmt.Errorf("incomes of %d days are more than the %d that are remembered", len(s.Days), incomeDays)
	}
	for i, d := range s.Days {
		if len(d.Sums) > incomeSums || i > 0 && d.From <= s.Days[i-1].From || d.From.Sub(exchange.IncomeDay(d.From)) != 0 {
			return fmt.Errorf("the incomes of the day from %v make no sense", d.From)
		}
		day := exchange.Income{From: d.From}
		for _, sum := range d.Sums {
			why, err := exchange.ParseReason(sum.Reason)
			if err != nil {
				return err
			}
			day.Sums = append(day.Sums, exchange.IncomeSum{Asset: sum.Asset, Wallet: sum.Wallet, Reason: why, Sum: sum.Sum})
		}
		n.days = append(n.days, day)
	}
	g.income = n
	return nil
}
