package venue

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// SetInterest changes the hourly interest of an asset, a ratio from 0 to below 1: 0.00001
// is 0.001% an hour. The daily rate on negative balances is 24 times it. It is
// told; the rates of the start a run tells by derive.Lending.
func (v *Venue) SetInterest(asset string, hourly exchange.Fixed, at exchange.Time) error {
	if asset == "" || hourly < 0 || hourly >= exchange.FixedOne {
		return fmt.Errorf("venue: hourly interest of %q, %v, is not a ratio from 0 to below 1 of an asset", asset, hourly)
	}
	v.open(at)
	v.money.hourly[asset] = hourly
	v.emit(0).SetLending(v.out.lending.put(exchange.Lending{Asset: asset, Hourly: hourly.Decimal(), Rated: true}))
	v.value()
	return nil
}

// rate is the hourly interest of an asset.
func (m *money) rate(asset string) decimal.Decimal {
	if r, known := m.hourly[asset]; known {
		return r.Decimal()
	}
	return m.hourlyMost.Decimal()
}

// owing brings what the exchange does by the clock about debts and negative balances,
// after a booking in a wallet.
func (v *Venue) owing(asset string, w exchange.Wallet) {
	m, futures := &v.money, v.wallets.shortest(asset)
	switch {
	case w == exchange.WalletInterest:
	case w == exchange.WalletLoan:
		if m.Interest {
			v.agenda.bring(choreLoans, v.now.Floor(time.Hour).Add(time.Hour))
		}
	case !v.wallets.balance(asset, futures).IsNegative(): // the margin wallet never is
	default:
		if m.AutoRepay {
			v.agenda.bring(choreRepay, nextRepay(v.now))
		}
		short := v.wallets.total(asset).Neg()
		if m.Interest && short.IsPositive() {
			v.agenda.bring(choreNegative, v.now.Floor(day).Add(day))
		}
		if limit, limited := m.ExchangeAt[asset]; limited && short.GreaterThan(limit) {
			v.agenda.bring(choreExchange, v.now)
		}
	}
}

const day = 24 * time.Hour

// chargeLoans charges an hour's interest on every loan: the principal times the hourly
// rate. Binance's records call it PERIODIC, and PERIODIC_CONVERTED when it is paid in BNB.
func (v *Venue) chargeLoans() {
	for _, asset := range v.wallets.assets {
		if principal := v.wallets.balance(asset, exchange.WalletLoan); principal.IsPositive() {
			v.chargeLoan(posting{}, asset, principal)
			v.owing(asset, exchange.WalletLoan)
		}
	}
}

// chargeLoan charges an hour's interest on a principal, which becomes a debt beside it,
// or is paid in BNB where the account wants that and the margin wallet has it. A loan of
// BNB owes BNB already: what it pays into the wallet is for what it was drawn for.
func (v *Venue) chargeLoan(p posting, asset string, principal decimal.Decimal) {
	if !v.money.Interest {
		return
	}
	p.reason = exchange.ReasonInterest
	interest := booked(principal.Mul(v.money.rate(asset)))
	if v.money.BurnInterest && asset != feeCoin {
		if coins, ok := v.inFeeCoin(asset, interest); ok && v.free(feeCoin).GreaterThanOrEqual(coins) {
			p.asset, p.wallet, p.delta = feeCoin, exchange.WalletMargin, coins.Neg()
			v.book(p)
			return
		}
	}
	p.asset, p.wallet, p.delta = asset, exchange.WalletInterest, interest
	v.book(p)
}

// chargeNegative charges a day's interest on every asset of which there is less than
// nothing over all wallets, beyond the free threshold; see
// [margin.NegativeBalanceInterest]. The futures wallet that is negative pays it.
func (v *Venue) chargeNegative() {
	for _, asset := range v.wallets.assets {
		total := v.wallets.total(asset)
		if !total.IsNegative() {
			continue
		}
		daily := v.money.rate(asset).Mul(decimal.NewFromInt(24))
		interest := margin.NegativeBalanceInterest(total, v.money.NegativeFree[asset], daily)
		wallet := v.wallets.shortest(asset)
		v.book(posting{asset: asset, wallet: wallet, reason: exchange.ReasonInterest, delta: interest.Neg()})
		v.owing(asset, wallet)
	}
}

// total is the balance of an asset over margin, UM and CM wallets. Loans are not part of
// it: what was borrowed lies in the wallets and bears its own interest.
func (w *wallets) total(asset string) decimal.Decimal {
	return w.balance(asset, exchange.WalletMargin).Add(w.balance(asset, exchange.WalletUM)).Add(w.balance(asset, exchange.WalletCM))
}

// shortest is the futures wallet that has less of an asset.
func (w *wallets) shortest(asset string) exchange.Wallet {
	if w.balance(asset, exchange.WalletCM).LessThan(w.balance(asset, exchange.WalletUM)) {
		return exchange.WalletCM
	}
	return exchange.WalletUM
}
