package exchange

import "github.com/shopspring/decimal"

// IntentKind says what a strategy or an operator wishes.
type IntentKind uint8

const (
	// IntentNew wishes a new order.
	IntentNew IntentKind = iota + 1
	// IntentCancel wishes an order gone.
	IntentCancel
	// IntentAmend wishes another price and quantity on a working limit order.
	IntentAmend
	// IntentCancelAll wishes all own orders of an instrument gone; Inst 0 is all of them.
	IntentCancelAll
	// IntentBorrow wishes a loan of Amount in Asset, and IntentRepay that as much of the debt
	// in Asset is paid back out of the margin wallet.
	IntentBorrow
	IntentRepay
	// IntentRepayNegative wishes that negative futures balances are paid off out of the margin
	// wallet, and IntentTransferBNB Amount of BNB moved into the UM wallet, or back out of it
	// where Amount is below 0. They are the house's: see [Intent.Act].
	IntentRepayNegative
	IntentTransferBNB
	// IntentCollect wishes what the futures wallets have of Asset moved into the margin wallet;
	// it is the house's, too.
	IntentCollect
	// IntentPair wishes that two legs are traded against each other by the kernel, see [Pair].
	IntentPair
	// IntentProtect wishes that the kernel keeps a stop order for all that the strategy holds of
	// an instrument, of the size of the position: Request has everything but its Qty.
	IntentProtect
)

var intentKindNames = enum{
	IntentNew: "NEW", IntentCancel: "CANCEL", IntentAmend: "AMEND", IntentCancelAll: "CANCEL_ALL",
	IntentBorrow: "BORROW", IntentRepay: "REPAY", IntentRepayNegative: "REPAY_NEGATIVE", IntentTransferBNB: "TRANSFER_BNB",
	IntentCollect: "COLLECT_ASSET", IntentPair: "PAIR", IntentProtect: "PROTECT",
}

func (k IntentKind) String() string { return intentKindNames.text("IntentKind", int(k)) }

// RefMax is the highest ref that a strategy may give. What people do in its place has refs above.
const RefMax = 1<<63 - 1

// Intent is a wish. The guard answers it with an approval or a refusal; only an approved
// intent becomes an order.
type Intent struct {
	Kind     IntentKind
	Strategy StrategyID
	// Ref is the wisher's own number: for IntentNew the one it will see on everything
	// that becomes of the order; for IntentCancel and IntentAmend the one it gave then.
	// A strategy's refs rise by one with every new order, up to RefMax.
	Ref uint64
	// Request is the order of IntentNew. IntentAmend reads Price and Qty of it, and
	// IntentCancelAll its Inst.
	Request OrderRequest
	// Tag is the author's short reason, for journal and report; at most 32 bytes.
	Tag string
	// By is the operator who wishes it in the strategy's place; "" is the strategy itself.
	By string
	// Answers is the local time of the event that the strategy was handling when it wished it,
	// 0 for wishes that answer none, such as an operator's, and where no time goes by while a
	// strategy thinks, as in backtests. The host sets it; it does not travel to plugins and back.
	Answers Time
	// Order is our number of the order that an operator's IntentCancel is about, whose Ref is
	// not read then: orders of the house have none. Of an order that a task wishes it is not 0.
	Order OrderID
	// Asset and Amount are what IntentBorrow and the kinds after it are about.
	Asset  string
	Amount Fixed
	// Pair is what IntentPair is about beyond Request.
	Pair Pair
}

// Task says whether a task is wished.
func (i *Intent) Task() bool { return i.Kind == IntentPair || i.Kind == IntentProtect }

// Act is the act on the account that is wished; ok is false for wishes about orders.
func (i *Intent) Act() (act Act, ok bool) {
	act = Act{Strategy: i.Strategy, Asset: i.Asset, Amount: i.Amount.Decimal()}
	switch i.Kind {
	case IntentBorrow:
		act.Kind = ActBorrow
	case IntentRepay:
		act.Kind = ActRepay
	case IntentRepayNegative:
		act.Kind, act.Asset, act.Amount = ActRepayNegative, "", decimal.Zero
	case IntentTransferBNB:
		act.Kind, act.Asset, act.Amount, act.On = ActTransferBNB, "BNB", act.Amount.Abs(), i.Amount > 0
	case IntentCollect:
		act.Kind, act.Amount = ActCollectAsset, decimal.Zero
	default:
		return Act{}, false
	}
	return act, true
}

// Refusal is our own guard's no. It names one limit, so that the author knows what to
// change.
type Refusal struct {
	Intent Intent
	// Rule is the short name of the control, such as "price-collar".
	Rule string
	// Limit and Value are the bound and what it was held against, with units.
	Limit, Value string
	// Passes says what would have passed, where that can be said.
	Passes string
}

// Error prints rule, value and limit on one line, so that a Refusal is an error.
func (r *Refusal) Error() string {
	s := "refused by " + r.Rule
	if r.Value != "" {
		s += ": " + r.Value
	}
	if r.Limit != "" {
		s += ", limit " + r.Limit
	}
	if r.Passes != "" {
		s += "; " + r.Passes + " would pass"
	}
	return s
}
