package papi

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// book tells a change of a purse.
func (t *translator) book(entry *exchange.LedgerEntry, sent exchange.Time) {
	if entry != nil {
		t.event(0, sent).SetLedger(entry)
	}
}

// futuresBalances are those of one futures wallet. It lists what has changed; what it does
// not list has not, and the margin wallet is told by other events.
func (t *translator) futuresBalances(e *accountUpdate) error {
	p, err := product(e.Business)
	if err != nil {
		return err
	}
	at, err := times("ACCOUNT_UPDATE", e.EngineTime, e.EventTime)
	if err != nil {
		return err
	}
	for i := range e.Account.Balances {
		if err := positive("ACCOUNT_UPDATE", e.Account.Balances[i].Asset); err != nil {
			return err
		}
	}
	for i := range e.Account.Balances {
		b := &e.Account.Balances[i]
		t.book(t.ledger.set(purse{b.Asset, exchange.WalletOf(p)}, amount{value: b.Wallet, at: at}, reasonOf(e.Account.Reason)), at)
	}
	return nil
}

// marginBalances are absolute amounts of the margin wallet. They do not say why they have
// changed, which mostly is a trade.
func (t *translator) marginBalances(e *marginPosition) error {
	at, err := times("outboundAccountPosition", e.UpdateTime, e.EventTime)
	if err != nil {
		return err
	}
	for i := range e.Balances {
		b := &e.Balances[i]
		if err := positive("outboundAccountPosition", b.Asset); err != nil {
			return err
		}
	}
	for i := range e.Balances {
		b := &e.Balances[i]
		a := amount{b.Free.Add(b.Locked), at, e.UpdateID}
		t.book(t.ledger.set(purse{b.Asset, exchange.WalletMargin}, a, exchange.ReasonTrade), at)
	}
	return nil
}

// marginChange is money that came into the margin wallet or left it.
func (t *translator) marginChange(e *balanceUpdate) error {
	at, err := times("balanceUpdate", e.ClearTime, e.EventTime)
	if err != nil {
		return err
	}
	if err := positive("balanceUpdate", e.Asset); err != nil {
		return err
	}
	t.book(t.ledger.change(purse{e.Asset, exchange.WalletMargin}, e.Delta, at, e.UpdateID, exchange.ReasonTransfer), at)
	return nil
}

func (t *translator) liability(e *liabilityChange) error {
	at, err := times("liabilityChange", e.EventTime, 0)
	if err != nil {
		return err
	}
	if err := positive("liabilityChange", e.Asset, e.Total); err != nil {
		return err
	}
	for _, entry := range t.ledger.liability(e.Asset, e.Total, at, e.Type) {
		t.book(entry, at)
	}
	return nil
}

// riskLevel is an alarm and no snapshot: it tells what it tells, and the rest is zero. A
// status that this package does not know is told as the worst that an account can trade in.
func (t *translator) riskLevel(e *riskLevelChange) error {
	at, err := times("riskLevelChange", e.EventTime, 0)
	if err != nil {
		return err
	}
	status, err := exchange.ParseAccountStatus(e.Status)
	if err != nil {
		t.counts.UnknownStatuses++
		t.note(NoticeUnknownStatus, 0, fmt.Sprintf("risk level %q", brief(e.Status)))
		status = exchange.StatusReduceOnly
	}
	t.event(0, at).SetRiskLevel(&exchange.Account{
		Equity: e.Equity, ActualEquity: e.ActualEquity, MaintMargin: e.MaintMargin, UniMMR: e.UniMMR, Status: status,
	})
	return nil
}

// config is another leverage, which no event of the vocabulary tells. The example of the
// reference names a CM symbol with fs UM, so both are looked for.
func (t *translator) config(e *configUpdate) error {
	p, err := product(e.Business)
	if err != nil {
		return err
	}
	symbol := e.Config.Symbol
	in, err := t.ins.Find(p, symbol)
	if err != nil && p == exchange.UM {
		in, err = t.ins.Find(exchange.CM, symbol)
	}
	if err != nil {
		t.instrument(p, symbol)
		return nil
	}
	t.note(NoticeLeverage, in.ID, fmt.Sprintf("leverage of %s is %d", in.Name(), e.Config.Leverage))
	return nil
}
