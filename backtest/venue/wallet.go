package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// wallets are the account's amounts by asset and wallet, in the order of first booking.
type wallets struct {
	assets  []string
	amounts [][exchange.Wallets + 1]decimal.Decimal
}

// of returns the amounts of an asset, by wallet.
func (w *wallets) of(asset string) *[exchange.Wallets + 1]decimal.Decimal {
	for i, a := range w.assets { // an account has a handful of assets
		if a == asset {
			return &w.amounts[i]
		}
	}
	w.assets = append(w.assets, asset)
	w.amounts = append(w.amounts, [exchange.Wallets + 1]decimal.Decimal{})
	return &w.amounts[len(w.amounts)-1]
}

// balance is the amount of an asset in one wallet.
func (w *wallets) balance(asset string, wallet exchange.Wallet) decimal.Decimal {
	for i, a := range w.assets {
		if a == asset {
			return w.amounts[i][wallet]
		}
	}
	return decimal.Zero
}

// booked rounds an amount of money to what the ledger holds.
func booked(d decimal.Decimal) decimal.Decimal { return d.Round(exchange.FixedPlaces) }

// posting is one movement of money to be booked.
type posting struct {
	asset  string
	wallet exchange.Wallet
	reason exchange.Reason
	delta  decimal.Decimal
	inst   exchange.InstrumentID
	// order is the one that caused it, or nil.
	order *order
}

// book rounds the movement, changes the wallet and tells. What rounds to nothing is not
// booked.
func (v *Venue) book(p posting) {
	delta := booked(p.delta)
	if delta.IsZero() {
		return
	}
	amount := &v.wallets.of(p.asset)[p.wallet]
	*amount = amount.Add(delta)
	entry := exchange.LedgerEntry{Asset: p.asset, Wallet: p.wallet, Reason: p.reason, Delta: delta, Balance: *amount}
	if p.order != nil {
		entry.Order, entry.Strategy = p.order.owner(), p.order.Strategy
	}
	v.emit(p.inst).SetLedger(v.out.entries.put(entry))
	v.moved(p.asset, p.wallet, *amount)
}

// fund settles funding on an instrument: longs pay the notional at the mark times the
// rate, shorts receive it.
func (v *Venue) fund(m *market, f exchange.Funding) {
	mark := f.Mark
	if mark == 0 {
		mark = m.valuation()
	}
	if m.in.Product == exchange.Margin || m.position.Qty.IsZero() || mark == 0 {
		return
	}
	paid := m.in.Value(m.position.Qty.Mul(f.Rate.Decimal()), mark.Decimal())
	if int64(m.position.Qty.Sign())*int64(f.Rate) > 0 {
		paid = paid.Neg()
	}
	v.book(posting{
		asset: m.in.MarginAsset, wallet: exchange.WalletOf(m.in.Product),
		reason: exchange.ReasonFunding, delta: paid, inst: m.in.ID,
	})
}
