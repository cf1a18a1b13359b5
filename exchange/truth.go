package exchange

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// Truth is what the exchange has told of the whole account in one reading. It comes behind
// every event that the reading has brought to light, so that whoever folds events can hold
// his state against it.
type Truth struct {
	// At is when reading began, by the exchange's clock.
	At Time
	// Orders are the open ones of all lists; of an OCO the list and its legs.
	Orders []TruthOrder
	// Positions are those that are not flat; Balances those that are not zero.
	Positions []Position
	Balances  []TruthBalance
	Account   Account
	// Foreign are orders and positions of symbols outside the table of instruments, as texts
	// for people: nothing here can weigh them.
	Foreign []string
}

// TruthOrder is an open order as the exchange has it. Order has what is known of it: our own
// number only if the client id is ours.
type TruthOrder struct {
	Order
	// Ours says that the client id has the prefix of our orders, whether or not we know it.
	Ours bool
}

// TruthBalance is the amount of an asset in a wallet.
type TruthBalance struct {
	Asset  string
	Wallet Wallet
	Amount decimal.Decimal
}

// Known is what a process knows of the exchange's account that was rebuilt from a journal: a
// broker must be told of it to go on. The zero value knows nothing, as at the very first start.
type Known struct {
	// Orders are those that are not over, and the last that were, so that fills which are told
	// again are known to be theirs.
	Orders []Order
	// Acts are those of which no end is known, whose outcome the exchange's records must say,
	// and the last that are over, whose records are no others'.
	Acts []OpenAct
	// Balances are those that are not zero: what differs from them has changed meanwhile.
	Balances []TruthBalance
	// Active are the instruments that have a position, by rising id.
	Active []InstrumentID
	// Heard is the newest of the exchange's times that came with an event of the account; 0 if
	// none has come.
	Heard Time
	// Read is when the last reading of the account began, behind whose fills it was told: what
	// was before is known, whatever the stream did not tell. 0 if there was none.
	Read Time
}

// DifferenceKind says in what the exchange's account is not the kernel's.
type DifferenceKind uint8

const (
	// DifferentPosition: quantities of Inst and Side are not the same.
	DifferentPosition DifferenceKind = iota + 1
	// DifferentBalance: amounts of Asset in Wallet are not the same.
	DifferentBalance
	// DifferentOrder: price or quantity of the order are not the same.
	DifferentOrder
	// MissingOrder is open here and not at the exchange.
	MissingOrder
	// StrangeOrder is open at the exchange, has the prefix of our orders, and is not known
	// here, or is over.
	StrangeOrder
	// OtherBot is an order of another process with our prefix, younger than this process: a
	// second pmbot trades the account.
	OtherBot
	// ForeignOrder is open at the exchange and not ours: somebody trades by hand.
	ForeignOrder
	// ForeignThing is an order or a position of a symbol that nothing here knows.
	ForeignThing
)

var differenceNames = enum{
	DifferentPosition: "POSITION", DifferentBalance: "BALANCE", DifferentOrder: "ORDER", MissingOrder: "MISSING_ORDER",
	StrangeOrder: "STRANGE_ORDER", OtherBot: "OTHER_BOT", ForeignOrder: "FOREIGN_ORDER", ForeignThing: "FOREIGN",
}

func (d DifferenceKind) String() string { return differenceNames.text("DifferenceKind", int(d)) }

// Remedy is what is done about a difference.
type Remedy uint8

const (
	// RemedyReport: people can read of it.
	RemedyReport Remedy = iota + 1
	// RemedyWait: it may be that the account moved while it was read. Until another reading
	// has said the same nothing is done but to be careful.
	RemedyWait
	// RemedyAdopt: the exchange is right.
	RemedyAdopt
	// RemedyCancel: the order is cancelled.
	RemedyCancel
	// RemedyHalt: the account stops until a person decides.
	RemedyHalt
)

var remedyNames = enum{
	RemedyReport: "REPORT", RemedyWait: "WAIT", RemedyAdopt: "ADOPT", RemedyCancel: "CANCEL", RemedyHalt: "HALT",
}

func (r Remedy) String() string { return remedyNames.text("Remedy", int(r)) }

// Difference is one place in which the exchange's account is not the kernel's.
type Difference struct {
	Kind DifferenceKind
	// Remedy is what is done about it.
	Remedy Remedy
	// Inst and Side, Asset and Wallet, and Order, a client id, name the place, as far as the
	// kind has them.
	Inst   InstrumentID
	Side   PositionSide
	Asset  string
	Wallet Wallet
	Order  string
	// Ours and Theirs are the amounts here and at the exchange, of positions and balances.
	Ours, Theirs decimal.Decimal
	// Text is the whole for people, on one line.
	Text string
	// Seen is how many readings in a row have shown it; Traded says that a fill of the
	// instrument came since the last.
	Seen   int
	Traded bool
}

// Same says whether two readings show the same: the same place and, of positions, as much
// too much or too little, of the others the same amounts.
func (d *Difference) Same(o *Difference) bool {
	if d.Kind != o.Kind || d.Inst != o.Inst || d.Side != o.Side || d.Asset != o.Asset || d.Wallet != o.Wallet || d.Order != o.Order {
		return false
	}
	switch d.Kind {
	case DifferentPosition:
		return d.Theirs.Sub(d.Ours).Equal(o.Theirs.Sub(o.Ours))
	case DifferentOrder, ForeignThing:
		return d.Text == o.Text
	}
	return d.Ours.Equal(o.Ours) && d.Theirs.Equal(o.Theirs)
}

func (d *Difference) String() string { return fmt.Sprintf("%v: %s", d.Remedy, d.Text) }

// TruthDecision is what was made of a reading of the exchange's account. With the reading
// itself it is all that the kernel's state follows from.
type TruthDecision struct {
	// Differences are in the order of their kinds, and within one of their places.
	Differences []Difference
	// State is what CauseTruth sets on the account from now on, if Sets.
	Sets  bool
	State TradingState
}
