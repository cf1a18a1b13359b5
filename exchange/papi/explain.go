package papi

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// booking is an entry of a futures ledger: why a purse has changed.
type booking struct {
	purse
	at    exchange.Time
	delta decimal.Decimal
	why   exchange.Reason
}

// readIncome reads the ledgers of the futures wallets that differ from what is known, since
// everything was known. It costs 30 each, so it is not asked for without need.
func (b *Broker) readIncome(ctx context.Context, c *caughtUp, w want) error {
	differs := map[exchange.Wallet]bool{}
	for i := range c.truth.Balances {
		one := &c.truth.Balances[i]
		for wallet, value := range one.wallets() {
			p := purse{one.Asset, exchange.Wallet(wallet)}
			differs[p.wallet] = differs[p.wallet] || !w.purses[p].Equal(value)
		}
	}
	query := IncomeQuery{Window: Window{StartTime: w.since - listSlack, EndTime: b.config.Client.ServerTime() + listSlack}}
	each := b.config.Client.EachUMIncome
	for _, wallet := range [...]exchange.Wallet{exchange.WalletUM, exchange.WalletCM} {
		if differs[wallet] {
			for income, err := range each(ctx, query) {
				if err != nil {
					return err
				}
				c.income = append(c.income, income.booking(wallet))
			}
		}
		each = b.config.Client.EachCMIncome
	}
	slices.SortStableFunc(c.income, func(a, b booking) int { return cmp.Compare(a.at, b.at) })
	return nil
}

// booking is the entry as the stream would tell it: there, profit and commission are of an
// order, in one sum.
func (i *Income) booking(wallet exchange.Wallet) booking {
	why, known := i.IncomeType.Known()
	switch {
	case !known:
		why = exchange.ReasonTransfer
	case why == exchange.ReasonCommission:
		why = exchange.ReasonRealizedPnL
	}
	return booking{purse{i.Asset, wallet}, i.Time, i.Income, why}
}

// explain tells by ledger entries how a purse came to what it holds: by the newest of them up
// to that time that together make the difference to what is known. If none do, such as
// because the ledger lags behind, nothing is told.
func (o *owner) explain(p purse, value decimal.Decimal, at exchange.Time, entries []booking) {
	left := value.Sub(o.tr.ledger.known[p].value)
	var why []booking // newest first
	for i := len(entries) - 1; i >= 0 && !left.IsZero(); i-- {
		if e := &entries[i]; e.purse == p && e.at <= at {
			why, left = append(why, *e), left.Sub(e.delta)
		}
	}
	if !left.IsZero() {
		return
	}
	slices.Reverse(why)
	for len(why) > 0 {
		e := why[0]
		same := 1 // of one instant and reason is one change, as on the stream
		for same < len(why) && why[same].at == e.at && why[same].why == e.why {
			e.delta = e.delta.Add(why[same].delta)
			same++
		}
		why = why[same:]
		told := amount{o.tr.ledger.known[p].value.Add(e.delta), max(e.at, o.tr.ledger.known[p].at), 0}
		o.tr.book(o.tr.ledger.set(p, told, e.why), e.at)
	}
}
