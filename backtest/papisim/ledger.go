package papisim

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// ledger is what the exchange remembers of the account's money: every booking, and the
// loans, repayments, interest and forced conversions that the bookings come from. Lists of
// income and interest are answered from it.
type ledger struct {
	bookings []booking
	loans    []loanRecord
	repays   []repayRecord
	interest []interestRecord
	converts []convertRecord

	lastID int64
	// trade is the fill that the bookings after it belong to, of the instrument inst.
	trade int64
	inst  exchange.InstrumentID
	// funds are the wallets as they stand, and moved when each has changed last.
	funds map[pocket]decimal.Decimal
	moved map[pocket]exchange.Time
	// dealt is when each position has changed last.
	dealt map[leg]exchange.Time
}

// pocket is an asset in a wallet, leg a position of an instrument.
type (
	pocket struct {
		asset  string
		wallet exchange.Wallet
	}
	leg struct {
		inst exchange.InstrumentID
		side exchange.PositionSide
	}
)

// booking is one entry of the ledger.
type booking struct {
	exchange.LedgerEntry
	// id is Binance's tranId, and trade that of the fill it comes from, 0 without one.
	id, trade int64
	at        exchange.Time
	inst      exchange.InstrumentID
}

// loanRecord is a loan that was taken, repayRecord what was paid back of some.
type (
	loanRecord struct {
		id        int64
		at        exchange.Time
		asset     string
		principal decimal.Decimal
	}
	repayRecord struct {
		id                  int64
		at                  exchange.Time
		asset               string
		interest, principal decimal.Decimal
	}
)

// interestRecord is interest charged: asset is what it was paid in, raw what it was for.
// rate is for a day in all kinds, as the published examples have it: 45.3313 at 0.00013233
// is 0.00024995 in an hour.
type interestRecord struct {
	id                        int64
	at                        exchange.Time
	asset, raw                string
	principal, interest, rate decimal.Decimal
	kind                      interestKind
}

// convertRecord is a forced conversion of collateral to an asset below zero.
type convertRecord struct {
	at    exchange.Time
	asset string
	// short is how far below zero it was, and limit how far it may be.
	short, limit decimal.Decimal
}

// interestKind is Binance's word for why interest was charged.
type interestKind string

const (
	onBorrow          interestKind = "ON_BORROW"
	onBorrowConverted interestKind = "ON_BORROW_CONVERTED"
	periodic          interestKind = "PERIODIC"
	periodicConverted interestKind = "PERIODIC_CONVERTED"
	negativeBalance   interestKind = "PORTFOLIO"
)

// firstTransaction is where tranIds start, and interestTransaction is added to those of
// interest: Binance has eleven digits for the one and nineteen for the other, more than a
// double holds.
const (
	firstTransaction    = 12_807_067_523
	interestTransaction = 1_352_286_563_645_797_204
)

// ledgerMax bounds the bookings that are remembered; the older half is forgotten when they
// are more. Half a million is a fill every second for a day and a half.
const ledgerMax = 1 << 19

func newLedger() ledger {
	return ledger{
		lastID: firstTransaction, funds: map[pocket]decimal.Decimal{},
		moved: map[pocket]exchange.Time{}, dealt: map[leg]exchange.Time{},
	}
}

// learn takes down one event of the account.
func (l *ledger) learn(s *Sim, e *exchange.Event) {
	switch e.Kind {
	case exchange.KindFill:
		f := e.Fill()
		l.trade, l.inst = tradeIDFirst+f.TradeID, e.Inst
		l.dealt[leg{e.Inst, f.PositionSide}] = e.At
	case exchange.KindLedger:
		l.book(s, e)
	}
}

func (l *ledger) book(s *Sim, e *exchange.Event) {
	entry := *e.Ledger()
	l.lastID++
	b := booking{LedgerEntry: entry, id: l.lastID, at: e.At, inst: e.Inst}
	switch entry.Reason {
	case exchange.ReasonRealizedPnL, exchange.ReasonCommission, exchange.ReasonDelivery, exchange.ReasonTrade:
		if e.Inst == l.inst {
			b.trade = l.trade
		}
	}
	switch entry.Reason {
	case exchange.ReasonBorrow:
		l.borrowed(&b)
	case exchange.ReasonRepay:
		l.repaid(&b)
	case exchange.ReasonInterest:
		l.charged(s, &b)
	case exchange.ReasonAutoExchange:
		l.converted(s, &b)
	}
	l.bookings = append(forget(l.bookings), b)
	at := pocket{entry.Asset, entry.Wallet}
	l.funds[at], l.moved[at] = entry.Balance, e.At
}

// last is the booking before, and the zero one before the first.
func (l *ledger) last() booking {
	if len(l.bookings) == 0 {
		return booking{}
	}
	return l.bookings[len(l.bookings)-1]
}

func (l *ledger) borrowed(b *booking) {
	if b.Wallet == exchange.WalletLoan {
		l.loans = append(forget(l.loans), loanRecord{b.id, b.at, b.Asset, b.Delta})
	}
}

// repaid notes a repayment. The venue books interest before principal, each with what the
// margin wallet pays: the principal that follows belongs to the same repayment.
func (l *ledger) repaid(b *booking) {
	switch before := l.last(); b.Wallet {
	case exchange.WalletInterest:
		l.repays = append(forget(l.repays), repayRecord{id: b.id, at: b.at, asset: b.Asset, interest: b.Delta.Neg()})
	case exchange.WalletLoan:
		if before.Reason != exchange.ReasonRepay || before.Asset != b.Asset || before.at != b.at || !l.repays[len(l.repays)-1].principal.IsZero() {
			l.repays = append(forget(l.repays), repayRecord{id: b.id, at: b.at, asset: b.Asset})
		}
		l.repays[len(l.repays)-1].principal = b.Delta.Neg()
	}
}

// charged notes interest: of a loan just taken, of loans by the hour, or of a negative
// balance by the day.
func (l *ledger) charged(s *Sim, b *booking) {
	before := l.last()
	r := interestRecord{id: b.id + interestTransaction, at: b.at, asset: b.Asset, raw: b.Asset, interest: b.Delta.Abs(), kind: periodic}
	switch {
	case b.Wallet == exchange.WalletUM || b.Wallet == exchange.WalletCM:
		r.kind = negativeBalance
		r.principal = l.total(b.Asset).Add(s.venue.NegativeFree(b.Asset)).Abs()
		r.rate = daily(s, b.Asset)
		l.interest = append(forget(l.interest), r)
		return
	case before.Reason == exchange.ReasonBorrow && before.at == b.at:
		r.raw, r.principal, r.kind = before.Asset, before.Delta, onBorrow
	default:
		if b.Wallet == exchange.WalletMargin {
			r.raw = l.owing(s, b.at)
		}
		r.principal = l.funds[pocket{r.raw, exchange.WalletLoan}]
	}
	switch { // paid at once, in BNB
	case b.Wallet != exchange.WalletMargin:
	case r.kind == onBorrow:
		r.kind = onBorrowConverted
	default:
		r.kind = periodicConverted
	}
	r.rate = daily(s, r.raw)
	l.interest = append(forget(l.interest), r)
}

// daily is the interest rate of an asset for a day.
func daily(s *Sim, asset string) decimal.Decimal {
	return s.venue.HourlyInterest(asset).Mul(decimal.NewFromInt(24))
}

// owing is the asset whose loan comes next at the hour's charge: the first with a loan that
// has not been charged at that instant.
func (l *ledger) owing(s *Sim, at exchange.Time) string {
	for _, asset := range s.venue.Assets() {
		charged := false
		for i := len(l.interest) - 1; i >= 0 && l.interest[i].at == at; i-- {
			charged = charged || l.interest[i].raw == asset
		}
		if !charged && l.funds[pocket{asset, exchange.WalletLoan}].IsPositive() {
			return asset
		}
	}
	return ""
}

// converted notes what a negative balance was when the exchange began to cover it: the
// collateral that is sold for it is booked in the margin wallet, and does not count here.
func (l *ledger) converted(s *Sim, b *booking) {
	if b.Wallet != exchange.WalletUM && b.Wallet != exchange.WalletCM || !b.Delta.IsPositive() {
		return
	}
	if n := len(l.converts); n > 0 && l.converts[n-1].asset == b.Asset && l.converts[n-1].at == b.at {
		return
	}
	limit, _ := s.venue.ExchangeAt(b.Asset)
	l.converts = append(forget(l.converts), convertRecord{b.at, b.Asset, l.total(b.Asset).Neg(), limit})
}

// total is what there is of an asset over margin, UM and CM wallets.
func (l *ledger) total(asset string) (sum decimal.Decimal) {
	for _, w := range [...]exchange.Wallet{exchange.WalletMargin, exchange.WalletUM, exchange.WalletCM} {
		sum = sum.Add(l.funds[pocket{asset, w}])
	}
	return sum
}

// changed is when any of some wallets of an asset has moved last, 0 for never.
func (l *ledger) changed(asset string, wallets ...exchange.Wallet) (at exchange.Time) {
	for _, w := range wallets {
		at = max(at, l.moved[pocket{asset, w}])
	}
	return at
}

// forget makes room for one more: the older half goes when a list is full.
func forget[Row any](list []Row) []Row {
	if len(list) < ledgerMax {
		return list
	}
	return append(make([]Row, 0, ledgerMax), list[ledgerMax/2:]...)
}

// day is a day; Binance's windows are counted in them.
const day = 24 * time.Hour
