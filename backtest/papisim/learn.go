package papisim

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// learn takes down one event of the account.
func (s *Sim) learn(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		s.learnUpdate(e)
	case exchange.KindFill:
		s.learnFill(e)
	case exchange.KindLedger:
		s.records.news = append(s.records.news, news{at: e.At, kind: e.Kind, inst: e.Inst, ledger: *e.Ledger()})
	case exchange.KindAccount, exchange.KindRiskLevel:
		s.records.news = append(s.records.news, news{at: e.At, kind: e.Kind, account: *e.Account()})
	}
}

// learnFill takes down an execution. What it made of the order comes with the update that
// follows.
func (s *Sim) learnFill(e *exchange.Event) {
	o, x := s.records.byVenue[e.Fill().ClientID], e.Fill()
	if o == nil {
		return
	}
	in := s.ins.At(e.Inst)
	f := &fill{Fill: *x, id: tradeIDFirst + x.TradeID, order: o, inst: e.Inst, at: e.At, quote: turnover(in, x.Qty, x.Price)}
	o.quote, o.dealt = o.quote.Add(f.quote), f
	s.records.fills = append(forget(s.records.fills), f)
}

// turnover is price times quantity: in quote asset, and of CM contracts their size over the
// price, in coins of eight decimals.
func turnover(in *exchange.Instrument, qty, price exchange.Fixed) decimal.Decimal {
	if !in.Inverse() {
		return qty.Decimal().Mul(price.Decimal())
	}
	return qty.Decimal().Mul(in.ContractSize.Decimal()).DivRound(price.Decimal(), 8)
}

// learnUpdate takes down news of an order; one that is new here is of the exchange's own
// making.
func (s *Sim) learnUpdate(e *exchange.Event) {
	u := e.OrderUpdate()
	s.records.sweep(e.At)
	o := s.records.byVenue[u.ClientID]
	if o == nil {
		o = s.adopt(e)
	}
	if o == nil {
		return
	}
	if o.amending != nil && u.Code != 0 && !u.Status.Final() {
		o.refused, o.code, o.reason = true, u.Code, u.Reason
		return
	}
	happened := o.apply(u, e.At)
	if u.Child != "" && o.list != listOCO {
		s.bear(o, u.Child, e.At)
	}
	if o.Status.Final() {
		s.records.over(o)
		delete(s.records.byVenue, u.ClientID) // the child of a margin stop has a name of its own
	}
	if happened == "" {
		return
	}
	n := news{at: e.At, kind: e.Kind, inst: e.Inst, execution: happened}
	if happened == executionTrade || happened == executionCalculated {
		n.fill = o.dealt
	}
	o.dealt = nil
	n.order = *o
	s.records.news = append(s.records.news, n)
}

// apply lets an update change the order and says what has happened, "" for nothing that
// anyone is told.
func (o *record) apply(u *exchange.OrderUpdate, at exchange.Time) execution {
	status, first := u.Status, !o.told
	if o.product == exchange.Margin && o.list == listOrders { // a margin stop goes on as itself
		switch {
		case status == exchange.StatusTriggering, status == exchange.StatusFinished:
			return ""
		case status == exchange.StatusTriggered:
			o.triggered, o.Updated = at, at
			return executionTriggered
		case status == exchange.StatusRejected && !first:
			status = exchange.StatusExpired
		}
	}
	o.Status, o.Updated = status, at
	o.VenueID, o.Filled, o.Request.Price, o.Request.Qty = u.VenueID, u.Filled, u.Price, u.Qty
	o.code, o.reason = u.Code, u.Reason
	if first && status == exchange.StatusRejected {
		return "" // it is refused: whoever sent it is told
	}
	if first {
		o.told, o.Created = true, at
	}
	if a := o.amending; a != nil && !status.Final() && o.dealt == nil {
		o.amending = nil
		a.at, a.price, a.qty = at, o.Request.Price, o.Request.Qty
		o.amendments, o.priceMatch = append(o.amendments, *a), a.priceMatch
		return executionAmendment
	}
	if status == exchange.StatusTriggering {
		o.triggered = at
	}
	if status == exchange.StatusWorking && !first {
		return ""
	}
	return o.happened()
}

// happened is what has brought an order to its status.
func (o *record) happened() execution {
	switch o.Status {
	case exchange.StatusWorking:
		return executionNew
	case exchange.StatusPartiallyFilled, exchange.StatusFilled:
		if o.forced == exchange.ForcedLiquidation {
			return executionCalculated
		}
		return executionTrade
	case exchange.StatusTriggering:
		return executionTriggering
	case exchange.StatusTriggered:
		return executionTriggered
	case exchange.StatusFinished:
		return executionFinished
	case exchange.StatusCanceled:
		return executionCanceled
	case exchange.StatusRejected:
		return executionRejected
	default:
		return executionExpired
	}
}

// bear takes down the order that a conditional one has made. On margin pairs it is the same
// order to the outside.
func (s *Sim) bear(parent *record, name string, at exchange.Time) {
	if parent.product == exchange.Margin {
		s.records.byVenue[name] = parent
		parent.ClientID = name // by which it is cancelled from now on
		return
	}
	now, ok := s.venue.Order(name)
	if !ok {
		now = parent.Order
	}
	child := &record{Order: now, product: parent.product, list: listOrders, parent: parent, priceMatch: parent.priceMatch}
	child.ClientID, child.Status, child.Filled, child.Created = name, exchange.StatusWorking, 0, at
	s.records.begin(child)
	parent.child = child
}

// adopt takes down an order that the exchange itself has made: to liquidate, deleverage or
// deliver. Its wire name is Binance's for the kind. Nil is news of an order that is over.
func (s *Sim) adopt(e *exchange.Event) *record {
	u := e.OrderUpdate()
	kind := forcedKind(u.ClientID)
	now, ok := s.venue.Order(u.ClientID)
	if !ok || kind == exchange.NotForced {
		return nil
	}
	o := &record{Order: now, product: s.ins.At(e.Inst).Product, list: listOrders, forced: kind}
	o.Filled, o.Request.Qty, o.name = 0, u.Qty, u.ClientID
	if prefix := strings.LastIndexByte(o.name, '-') + 1; prefix > 0 {
		o.name = o.name[:prefix] + strconv.FormatInt(e.At.Millis(), 10) + fmt.Sprintf("%06d", u.VenueID%1_000_000)
	}
	s.records.begin(o)
	return o
}

// forcedKind says what kind of forced order the exchange gives such a name.
func forcedKind(name string) exchange.ForcedKind {
	switch {
	case strings.HasPrefix(name, "autoclose-"):
		return exchange.ForcedLiquidation
	case strings.HasPrefix(name, "adl_autoclose"):
		return exchange.ForcedADL
	case strings.HasPrefix(name, "settlement_autoclose-"):
		return exchange.ForcedDelivery
	default:
		return exchange.NotForced
	}
}
