package papi

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// purse is an asset in a wallet.
type purse struct {
	asset  string
	wallet exchange.Wallet
}

// amount is what a purse holds, as of a time of the exchange and an update id of its margin
// wallet, 0 where they are not known.
type amount struct {
	value  decimal.Decimal
	at     exchange.Time
	update int64
}

// ledger is what the exchange has told of balances. It tells amounts and no changes, so an
// entry's Delta is the new amount less the known one; what is older than the known one is
// passed over. A purse that was never told is empty.
type ledger struct{ known map[purse]amount }

func newLedger() ledger { return ledger{known: map[purse]amount{}} }

// values are the amounts as they are known.
func (l *ledger) values() map[purse]decimal.Decimal {
	values := make(map[purse]decimal.Decimal, len(l.known))
	for p, a := range l.known {
		values[p] = a.value
	}
	return values
}

// set tells what a purse holds. The entry is nil if that is no change, or older than what
// is known.
func (l *ledger) set(p purse, a amount, why exchange.Reason) *exchange.LedgerEntry {
	was := l.known[p]
	if a.at != 0 && a.at < was.at || a.update != 0 && a.update < was.update {
		return nil
	}
	if a.update == 0 {
		a.update = was.update
	}
	a.at = max(a.at, was.at)
	l.known[p] = a
	delta := a.value.Sub(was.value)
	if delta.IsZero() {
		return nil
	}
	return &exchange.LedgerEntry{Asset: p.asset, Wallet: p.wallet, Reason: why, Delta: delta, Balance: a.value}
}

// change tells by how much a purse has changed. It is passed over when the purse was told
// at or after the change, by its update id or else its time: then it is in the amount.
func (l *ledger) change(p purse, delta decimal.Decimal, at exchange.Time, update int64, why exchange.Reason) *exchange.LedgerEntry {
	was := l.known[p]
	if update != 0 && was.update != 0 && update <= was.update || (update == 0 || was.update == 0) && at <= was.at {
		return nil
	}
	return l.set(p, amount{was.value.Add(delta), at, update}, why)
}

// liability tells what is owed of an asset in all, which is split between the loan and the
// interest on it: more is a loan if it was borrowed and else interest, and less pays the
// interest first. The split is assumed, for the event does not tell it; its own figures are
// of the change, and the next snapshot puts the split right.
func (l *ledger) liability(asset string, total decimal.Decimal, at exchange.Time, kind string) []*exchange.LedgerEntry {
	loan, interest := purse{asset, exchange.WalletLoan}, purse{asset, exchange.WalletInterest}
	owed, charged := l.known[loan].value, l.known[interest].value
	if at < l.known[loan].at || at < l.known[interest].at {
		return nil
	}
	why := exchange.ReasonInterest
	switch more := total.Sub(owed).Sub(charged); {
	case more.IsNegative():
		why = exchange.ReasonRepay
		charged = decimal.Max(decimal.Zero, charged.Add(more))
		owed = total.Sub(charged)
	case kind == "BORROW":
		why = exchange.ReasonBorrow
		owed = owed.Add(more)
	default:
		charged = charged.Add(more)
	}
	var entries []*exchange.LedgerEntry
	if e := l.set(loan, amount{value: owed, at: at}, why); e != nil {
		entries = append(entries, e)
	}
	if e := l.set(interest, amount{value: charged, at: at}, why); e != nil {
		entries = append(entries, e)
	}
	return entries
}

// reasons are the words of ACCOUNT_UPDATE. What an order brings is told in one sum of
// profit and commission; its fills tell the parts.
func reasonOf(word string) exchange.Reason {
	switch word {
	case "ORDER":
		return exchange.ReasonRealizedPnL
	case "FUNDING_FEE":
		return exchange.ReasonFunding
	case "DEPOSIT", "ADMIN_DEPOSIT", "COIN_SWAP_DEPOSIT":
		return exchange.ReasonDeposit
	case "WITHDRAW", "ADMIN_WITHDRAW", "COIN_SWAP_WITHDRAW":
		return exchange.ReasonWithdraw
	case "INSURANCE_CLEAR":
		return exchange.ReasonLiquidation
	case "AUTO_EXCHANGE":
		return exchange.ReasonAutoExchange
	default:
		return exchange.ReasonTransfer
	}
}
