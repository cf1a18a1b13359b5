package papisim

import "github.com/pmbot/pmbot/exchange"

// repays says whether a piece of news belongs to the repayment that is in the making: the
// venue books interest before principal, each with what the margin wallet pays.
func (t *tale) repays(n *news) bool {
	if t.debt == nil || n.kind != exchange.KindLedger {
		return false
	}
	e, before := &n.ledger, &t.debt.ledger
	return e.Reason == exchange.ReasonRepay && e.Asset == before.Asset && (e.Wallet == exchange.WalletMargin || e.Wallet == exchange.WalletLoan)
}

// tellDebt tells of the change of a debt that is in the making, if there is one.
func (s *Sim) tellDebt(t *tale) {
	if t.debt != nil {
		s.tellLiability(t.debt)
	}
	t.debt = nil
}

// tellLiability tells that a debt has changed, and what it has come to by then: more may
// have happened to it since, which has events of its own.
func (s *Sim) tellLiability(n *news) {
	e := &n.ledger
	s.user.liabilityID++
	kind := "INTEREST"
	switch e.Reason {
	case exchange.ReasonBorrow:
		kind = "BORROW"
	case exchange.ReasonRepay:
		kind = "REPAY"
	}
	principal, interest := s.user.debts[pocket{e.Asset, exchange.WalletLoan}], s.user.debts[pocket{e.Asset, exchange.WalletInterest}]
	s.tellUser("liabilityChange", n.at, liabilityFrame{
		"liabilityChange", n.at.Millis(), e.Asset, kind, s.user.liabilityID, money8OrZero(principal), money8OrZero(interest),
		money8OrZero(principal.Add(interest)),
	})
}
