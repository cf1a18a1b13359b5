package papisim

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// list is one of Binance's lists of orders. Each has endpoints of its own, and an id or a
// client id is known on its own list only.
type list uint8

const (
	// listOrders are the orders of um/order, cm/order and margin/order.
	listOrders list = iota + 1
	// listAlgo are UM's conditional orders, listStrategy CM's.
	listAlgo
	listStrategy
	// listOCO are margin's order lists; their legs stand on listOrders.
	listOCO
)

// record is an order of the account as the wire shows it: the venue's order, and what the
// venue does not keep of it.
type record struct {
	// Order is what the venue says: its ClientID is the name between the two of us, unique
	// for ever and never shown. Updated is the time of its last news.
	exchange.Order
	product exchange.Product
	list    list
	// id and name are order id and client id on the wire.
	id   int64
	name string
	// priceMatch is what was asked for; the venue makes a plain limit of it.
	priceMatch exchange.PriceMatch
	// quote is the sum of price times quantity of its fills in quote asset, for CM
	// contracts times size over price in the base coin.
	quote decimal.Decimal
	// triggered is when a conditional order triggered, 0 before. On margin pairs the order
	// goes on as itself; on futures child is the order that it made, and its parent this.
	triggered     exchange.Time
	parent, child *record
	// orderList is the OCO of a leg, limit and stop the legs of an OCO; nil for others.
	orderList, limit, stop *record
	// canceledBy is what the request to cancel a margin order was called.
	canceledBy string
	// forced says that the exchange made it.
	forced exchange.ForcedKind
	// code and reason say why it was refused, rejected or has expired.
	code       int
	reason     string
	amendments []amendment

	// told says that the venue has taken it; dealt is a fill whose update is to come, and
	// amending an amend that the venue is being asked for, with its answer in refused.
	told     bool
	dealt    *fill
	amending *amendment
	refused  bool
}

// open says whether the order can still do anything: also a conditional one whose child
// is open.
func (r *record) open() bool { return !r.Status.Final() }

// waiting says whether the order stands on its list of open ones: a conditional one of
// futures does until it triggers, for then its child stands on another list.
func (r *record) waiting() bool { return r.open() && (r.triggered == 0 || r.list == listOrders) }

// average is the mean price of its fills in quote asset, unrounded to sixteen decimals; 0
// without any. CM's is harmonic.
func (r *record) average(in *exchange.Instrument) decimal.Decimal {
	switch {
	case r.quote.IsZero():
		return decimal.Zero
	case in.Inverse():
		return r.Filled.Decimal().Mul(in.ContractSize.Decimal()).DivRound(r.quote, 16)
	default:
		return r.quote.DivRound(r.Filled.Decimal(), 16)
	}
}

// amendment is one change of price and quantity of an order.
type amendment struct {
	id                 int64
	at                 exchange.Time
	priceBefore, price exchange.Fixed
	qtyBefore, qty     exchange.Fixed
	priceMatch         exchange.PriceMatch
	modifyID           int64
	count              int
	modified           bool // a modifyId was sent
}

// fill is an execution of the account.
type fill struct {
	exchange.Fill
	// id is the trade id on the wire; order is whose it is.
	id    int64
	order *record
	inst  exchange.InstrumentID
	at    exchange.Time
	// quote is what record.quote sums.
	quote decimal.Decimal
}

// execution is what has happened to an order, in the words of the user stream's x; the
// three last ones are steps of conditional orders, which have no x.
type execution string

const (
	executionNew        execution = "NEW"
	executionTrade      execution = "TRADE"
	executionCalculated execution = "CALCULATED" // a fill of a liquidation
	executionAmendment  execution = "AMENDMENT"
	executionCanceled   execution = "CANCELED"
	executionExpired    execution = "EXPIRED"
	executionRejected   execution = "REJECTED"
	executionTriggering execution = "TRIGGERING"
	executionTriggered  execution = "TRIGGERED"
	executionFinished   execution = "FINISHED"
)

// news is one thing that the account's owner is told: copied, for the records go on. Kind
// says which fields count.
type news struct {
	at   exchange.Time
	kind exchange.Kind
	inst exchange.InstrumentID
	// order is how it stood then, for KindOrderUpdate, and what happened to it; fill goes
	// with executionTrade and executionCalculated.
	order     record
	execution execution
	fill      *fill
	// ledger is for KindLedger, account for KindAccount and KindRiskLevel.
	ledger  exchange.LedgerEntry
	account exchange.Account
}
