package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// loanBook checks the loan history against the rules. An order that may borrow does so when
// it is placed, for what it lacks to lock its cost, and when it fills, for what is missing
// then; what was borrowed to place it and not spent is paid back when it ends unfilled. An
// order that repays pays debts with what comes in, interest before principal.
type loanBook struct {
	of map[string]*drawn // by client id of the order that was sent
	// due are the records that must come before the call is over, and missing the loan
	// that the last fill must draw, if that is certain.
	due     []record
	missing *record
	checked int // records held against a rule
}

// drawn is a loan that was drawn to place an order.
type drawn struct {
	asset        string
	amount, need decimal.Decimal
	certain      bool // need is known
	spent, dealt decimal.Decimal
	back         decimal.Decimal
}

// record is a change of a debt.
type record struct {
	at     pocket
	amount decimal.Decimal
}

// loan books one record of the history: the debt, and the money that comes or goes with it.
func (b *independent) loan(got record, id exchange.OrderID) {
	l, at, change := &b.loans, got.at, got.amount
	switch {
	case b.takeover.on && id == 0: // paid by the liquidation, which books it itself
		b.takeover.told = append(b.takeover.told, got)
		return
	case change.IsPositive():
		b.checkDraw(got, b.orders.ids[id])
	case len(l.due) > 0:
		if want := l.due[0]; want.at != at || !want.amount.Equal(change) {
			b.t.Fatalf("-seed=%d: a repayment %+v, want %+v", b.seed, got, want)
		}
		l.due, l.checked = l.due[1:], l.checked+1
	default:
		b.checkBack(got, b.orders.ids[id])
	}
	b.move(at.asset, at.wallet, change, poolLender)
	b.move(at.asset, exchange.WalletMargin, change, poolLender)
	if change.IsPositive() {
		b.chargeLoan(at.asset, change) // the first hour's interest
	}
}

// checkDraw holds a loan against the rule: that of the fill before it, or else that of the
// order which is being placed.
func (b *independent) checkDraw(got record, id string) {
	l := &b.loans
	if want := l.missing; want != nil {
		if got.at != want.at || !want.amount.Equal(got.amount) {
			b.t.Fatalf("-seed=%d: a loan %+v, want %+v", b.seed, got, want)
		}
		l.missing, l.checked = nil, l.checked+1
		return
	}
	root := b.orders.root(id)
	if b.orders.told[root] || id == "" {
		return // by a fill whose need is not certain
	}
	r := b.orders.asked[id]
	_, need, known := b.cost(r, r.Qty.Decimal())
	l.of[root] = &drawn{asset: got.at.asset, amount: got.amount, need: need, certain: known}
	free, certain := b.free(got.at.asset, id)
	if !known || !certain {
		return
	}
	l.checked++
	if want := cents(need.Sub(decimal.Max(free, decimal.Zero))); !want.Equal(got.amount) {
		b.t.Fatalf("-seed=%d: order %s borrows %v %s, want %v", b.seed, id, got.amount, got.at.asset, want)
	}
}

// checkBack bounds what is paid back of a loan whose rest is not certain.
func (b *independent) checkBack(got record, id string) {
	d := b.loans.of[id]
	if d == nil {
		b.t.Fatalf("-seed=%d: a repayment %+v of order %q, which has drawn nothing", b.seed, got, id)
	}
	if d.back = d.back.Sub(got.amount); d.back.GreaterThan(d.amount) {
		b.t.Fatalf("-seed=%d: order %q has paid back %v of a loan of %v", b.seed, id, d.back, d.amount)
	}
}

// loanOfFill notes what a fill pays of its order's loan, and what it must borrow.
func (b *independent) loanOfFill(f *exchange.Fill, asset string, pays decimal.Decimal) {
	if d := b.loans.of[b.orders.root(f.ClientID)]; d != nil {
		d.spent, d.dealt = d.spent.Add(pays), d.dealt.Add(f.Qty.Decimal())
	}
	b.loans.missing = nil
	if e := b.orders.asked[f.ClientID].SideEffect; e != exchange.MarginBuy && e != exchange.AutoBorrowRepay {
		return
	}
	free, certain := b.free(asset, f.ClientID)
	if lacks := cents(pays.Sub(decimal.Max(free, decimal.Zero))); certain && lacks.IsPositive() {
		b.loans.missing = &record{pocket{asset, exchange.WalletLoan}, lacks}
	}
}

// mustRepay expects that debts are paid with at most an amount.
func (b *independent) mustRepay(asset string, most decimal.Decimal) {
	for _, w := range []exchange.Wallet{exchange.WalletInterest, exchange.WalletLoan} {
		at := pocket{asset, w}
		if paid := decimal.Min(most, b.pockets[at]); paid.IsPositive() {
			most = most.Sub(paid)
			b.loans.due = append(b.loans.due, record{at, cents(paid).Neg()})
		}
	}
}

// loanOver expects that an order which has ended unfilled pays back what it has not spent
// of the loan that was drawn to place it.
func (b *independent) loanOver(u *exchange.OrderUpdate) {
	d := b.loans.of[u.ClientID]
	if d == nil || !d.certain || u.Status == exchange.StatusFilled || d.dealt.GreaterThanOrEqual(u.Qty.Decimal()) {
		return
	}
	if rest := decimal.Min(d.amount, d.need.Sub(d.spent)); rest.IsPositive() {
		b.mustRepay(d.asset, rest)
	}
	d.amount = decimal.Zero
}

// loansDone checks, after a call, that every record has come that had to.
func (b *independent) loansDone() {
	if l := &b.loans; len(l.due) > 0 || l.missing != nil {
		b.t.Fatalf("-seed=%d: missing in the loan history: %+v %+v", b.seed, l.due, l.missing)
	}
}
