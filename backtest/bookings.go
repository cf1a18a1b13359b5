package backtest

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// bookings are the rows of the ledger, in the order in which they are hashed.
type bookings struct {
	rows Rows[LedgerRow]
	// start is what was booked before the run proper: what the account begins with. Not all
	// of it has a price then, so it waits for the first booking of the run or for the first
	// sample that stands.
	start []LedgerRow
}

// booking writes an entry down, which was worth usd.
func (r *recorder) booking(e *exchange.Event, l *exchange.LedgerEntry, usd decimal.Decimal) {
	row := LedgerRow{
		At: e.At, Strategy: r.labels[l.Strategy], Asset: l.Asset, Wallet: l.Wallet, Reason: l.Reason,
		Delta: l.Delta, Balance: l.Balance, USD: usd.Round(exchange.FixedPlaces),
	}
	if e.Inst != 0 {
		in := r.ins.At(e.Inst)
		row.Product, row.Symbol = in.Product, in.Symbol
	}
	if !r.live {
		r.bookings.start = append(r.bookings.start, row)
		return
	}
	r.priceStart()
	r.bookings.rows.Add(&row)
}

// priceStart values what the account began with. What has no price even now counts as
// nothing, as in the account.
func (r *recorder) priceStart() {
	for i := range r.bookings.start {
		row := &r.bookings.start[i]
		row.USD = decimal.Zero
		if r.attribution.index(row.Asset) != 0 {
			row.USD = r.attribution.usd(row.Asset, row.Delta).Round(exchange.FixedPlaces)
		}
		if row.Wallet.Debt() {
			row.USD = row.USD.Neg()
		}
		r.bookings.rows.Add(row)
	}
	r.bookings.start = nil
}
