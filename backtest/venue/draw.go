package venue

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Orders with MARGIN_BUY or AUTO_BORROW_REPAY borrow when they are placed: Binance's answer
// to a new margin order says what was borrowed for it, and autoRepayAtCancel, on by
// default, pays it back when the order ends unfilled. That stop orders borrow before they
// trigger is assumed: they lock their balance then, and the loan costs more so.

// loan is what placing an order has borrowed.
type loan struct {
	asset string
	// amount was borrowed; unspent is what the order has locked and not yet paid.
	amount, unspent decimal.Decimal
	// dealt is what the order and what has become of it have filled.
	dealt exchange.Fixed
	// kept lets the loan stand when the order ends unfilled.
	kept bool
}

// KeepLoan lets what was borrowed to place an open order stand when it ends unfilled, as
// autoRepayAtCancel=false asks for. It does nothing for an order that has borrowed nothing.
func (v *Venue) KeepLoan(clientID string) {
	if o := v.find(clientID); o != nil && o.loan != nil {
		o.loan.kept = true
	}
}

// draw borrows what an order that has been admitted lacks to lock what it may have to
// pay.
func (v *Venue) draw(o *order) {
	if o.market.in.Product != exchange.Margin || !o.borrows() {
		return
	}
	out, need := o.cost(v)
	missing := v.missing(o, out, need)
	o.loan = &loan{asset: out, amount: booked(missing), unspent: need}
	if missing.IsPositive() {
		v.borrow(posting{inst: o.Request.Inst, order: o}, out, missing)
	}
}

// used notes that a part of an order has been paid.
func (o *order) used(pays decimal.Decimal, qty exchange.Fixed) {
	if l := o.root().loan; l != nil {
		l.unspent, l.dealt = l.unspent.Sub(pays), l.dealt+qty
	}
}

// giveBack repays what was borrowed to place an order that is over and has not filled, as
// far as it was not spent.
func (v *Venue) giveBack(o *order) {
	l := o.loan
	if l == nil || l.kept || o.Status == exchange.StatusFilled || o.Request.Qty != 0 && l.dealt >= o.Request.Qty {
		return
	}
	if amount := decimal.Min(l.amount, l.unspent); amount.IsPositive() {
		v.repay(posting{inst: o.Request.Inst, order: o}, l.asset, amount)
	}
}
