package venue

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// byAsset is a table with a row for each asset, in the order of first booking.
type byAsset[Row any] struct {
	assets []string
	rows   []Row
}

// of returns the row of an asset, and makes it if there is none.
func (t *byAsset[Row]) of(asset string) *Row {
	for i, a := range t.assets { // an account has a handful of assets
		if a == asset {
			return &t.rows[i]
		}
	}
	var empty Row
	t.assets, t.rows = append(t.assets, asset), append(t.rows, empty)
	return &t.rows[len(t.rows)-1]
}

// wallets are the account's amounts by asset and wallet.
type wallets struct {
	byAsset[[exchange.Wallets + 1]decimal.Decimal]
}

// balance is the amount of an asset in one wallet.
func (w *wallets) balance(asset string, wallet exchange.Wallet) decimal.Decimal {
	for i, a := range w.assets {
		if a == asset {
			return w.rows[i][wallet]
		}
	}
	return decimal.Zero
}

// owed is the debt of loans in an asset, interest included.
func (w *wallets) owed(asset string) decimal.Decimal {
	return w.balance(asset, exchange.WalletLoan).Add(w.balance(asset, exchange.WalletInterest))
}

// checkBalances refuses what the account cannot start with. Entries of one asset and
// wallet add up, so the bound is on their sum.
func checkBalances(list []Balance) error {
	var sums wallets
	for _, b := range list {
		if b.Asset == "" || b.Wallet < 1 || b.Wallet > exchange.Wallets {
			return fmt.Errorf("start balance of %q in %v: no such asset or wallet", b.Asset, b.Wallet)
		}
		err := CheckBalance(b.Amount)
		if sum := &sums.of(b.Asset)[b.Wallet]; err == nil {
			*sum = sum.Add(b.Amount)
			err = CheckBalance(*sum)
		}
		if err != nil {
			return fmt.Errorf("start balance of %s in %v: %w", b.Asset, b.Wallet, err)
		}
	}
	return nil
}

// balanceMax is the most that the account may start with in one wallet, in units of the
// asset. The margin model holds ten thousand times as much, which leaves room for profits.
const balanceMax = 1_000_000_000_000

// balanceExponent bounds the power of ten that a start balance is written with, either way.
const balanceExponent = 30

// CheckBalance says what is wrong with an amount that an account is to start with, or, in
// a debt wallet, to owe: it is below zero or more than 1,000,000,000,000. Its cost does not
// grow with the amount's exponent.
func CheckBalance(amount decimal.Decimal) error {
	switch e := amount.Exponent(); {
	case e > balanceExponent || e < -balanceExponent:
		return fmt.Errorf("%ve%d is not written with an exponent from %d to %d", amount.Coefficient(), e, -balanceExponent, balanceExponent)
	case amount.IsNegative():
		return fmt.Errorf("%v is below zero", amount)
	case amount.GreaterThan(decimal.NewFromInt(balanceMax)):
		return fmt.Errorf("%v is more than a wallet may start with, %d", amount, int64(balanceMax))
	}
	return nil
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
	// deleverages says that counterparties bear what the insurance fund cannot.
	deleverages bool
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
	v.pools.against(p, delta)
	v.emit(p.inst).SetLedger(v.out.entries.put(entry))
	v.moved(p.asset, p.wallet, *amount)
	v.owing(p.asset, p.wallet)
}

// fund settles funding on an instrument: longs pay the notional at the mark times the
// rate, shorts receive it.
func (v *Venue) fund(m *market, f exchange.Funding) {
	mark := f.Mark
	if mark == 0 {
		mark = m.valuation()
	}
	if m.in.Product == exchange.Margin || mark == 0 {
		return
	}
	for i := range m.legs {
		position := &m.legs[i]
		paid := m.in.Value(position.Qty.Mul(f.Rate.Decimal()), mark.Decimal())
		if int64(position.Qty.Sign())*int64(f.Rate) > 0 {
			paid = paid.Neg()
		}
		v.book(posting{
			asset: m.in.MarginAsset, wallet: exchange.WalletOf(m.in.Product),
			reason: exchange.ReasonFunding, delta: paid, inst: m.in.ID,
		})
	}
}
