package papi

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What tells whether an act of the house was done whose answer is lost.

// confirmed is how the exchange's records of loans say that it was done.
const confirmed = "CONFIRMED"

// transferRecords are the transfers of BNB into the UM wallet, or out of it, since an act may have
// been sent: the income of UM has them, as amounts of the act's sign.
func (b *Broker) transferRecords(ctx context.Context, t *actTask) ([]actRecord, error) {
	q := IncomeQuery{IncomeType: "TRANSFER", Limit: recordsSize}
	q.Window = Window{StartTime: t.since.Add(-recordSlack)}
	rows, err := b.config.Client.UMIncome(ctx, q)
	var list []actRecord
	for _, r := range rows {
		if r.Asset == "BNB" && r.Income.IsPositive() == t.act.On {
			list = append(list, actRecord{r.TranID, r.Income.Abs(), r.Time, confirmed})
		}
	}
	return list, err
}

// walletRecords say of an act that leaves no record that it was done when there is nothing left
// that it would do, whoever did it. One that comes late does no harm, and no second time.
func (b *Broker) walletRecords(ctx context.Context, t *actTask) ([]actRecord, error) {
	balances, err := b.config.Client.Balances(ctx, t.act.Asset)
	if err != nil {
		return nil, err
	}
	for i := range balances {
		w := &balances[i]
		most, least := decimal.Max(w.UMWalletBalance, w.CMWalletBalance), decimal.Min(w.UMWalletBalance, w.CMWalletBalance)
		if t.act.Kind == exchange.ActCollectAsset && most.IsPositive() ||
			t.act.Kind == exchange.ActRepayNegative && least.IsNegative() && w.CrossMarginFree.IsPositive() {
			return nil, nil
		}
	}
	return []actRecord{{amount: t.act.Amount, at: t.at, status: confirmed}}, nil
}
