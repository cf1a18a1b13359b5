package papi

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// translator makes events of the vocabulary of what the exchange says, whether by the user
// stream, in answer to a request or in a snapshot. It holds what is needed to tell each
// thing once and in order. One goroutine owns it.
type translator struct {
	ins    *exchange.Instruments
	orders standings
	ledger ledger
	fills  fills
	// born is when a receiver that knew nothing was told its first positions: fills before are
	// in them. What the stream tells as it happens is later, though its stamp, by another clock
	// and of a moment before, may be a little earlier.
	born exchange.Time
	live bool
	// streaming says that what is said comes by the user stream.
	streaming bool
	// at is the local time given to events, and out what is to be told.
	at     exchange.Time
	out    []exchange.Event
	notes  []Notice
	counts Counts
}

func newTranslator(ins *exchange.Instruments) *translator {
	return &translator{ins: ins, orders: newStandings(), ledger: newLedger(), fills: newFills()}
}

// Counts are how often something came that nothing was made of.
type Counts struct {
	// Events are all, Malformed those that could not be read, UnknownEvents those of a name
	// that this package does not know, and Repeated those that came before.
	Events, Malformed, UnknownEvents, Repeated int
	// UnknownInstruments are events of a symbol that is not in the table of instruments, and
	// UnknownStatuses those with an order status that this package does not know.
	UnknownInstruments, UnknownStatuses int
}

// take translates one event of the user stream. An error says that it makes no sense;
// nothing was done then.
func (t *translator) take(event any) error {
	t.streaming = true
	defer func() { t.streaming = false }()
	switch e := event.(type) {
	case *orderTradeUpdate:
		return t.futuresOrder(e)
	case *algoUpdate:
		return t.algo(e)
	case *conditionalUpdate:
		return t.conditional(e)
	case *executionReport:
		return t.marginOrder(e)
	case *accountUpdate:
		return t.futuresBalances(e)
	case *marginPosition:
		return t.marginBalances(e)
	case *balanceUpdate:
		return t.marginChange(e)
	case *liabilityChange:
		return t.liability(e)
	case *riskLevelChange:
		return t.riskLevel(e)
	case *configUpdate:
		return t.config(e)
	case *openOrderLoss, *listenKeyExpired: // the model computes the one; the stream acts on the other
	case *unknownEvent:
		t.counts.UnknownEvents++
		t.note(NoticeUnknownEvent, 0, "event "+strconv.Quote(e.name))
	default:
		return fmt.Errorf("%w: %T", errEvent, event)
	}
	return nil
}

func (t *translator) note(k NoticeKind, inst exchange.InstrumentID, text string) {
	t.notes = append(t.notes, Notice{At: t.at, Kind: k, Inst: inst, Text: text})
}

// event is the next one to be told.
func (t *translator) event(inst exchange.InstrumentID, sent exchange.Time) *exchange.Event {
	t.out = append(t.out, exchange.Event{At: t.at, Exchange: sent, Inst: inst})
	return &t.out[len(t.out)-1]
}

// product reads fs.
func product(business string) (exchange.Product, error) {
	switch business {
	case "UM":
		return exchange.UM, nil
	case "CM":
		return exchange.CM, nil
	}
	return 0, fmt.Errorf("%w: fs is %q", errEvent, brief(business))
}

// instrument finds the instrument of a symbol. One that is not in the table is counted and
// told; 0 then.
func (t *translator) instrument(p exchange.Product, symbol string) exchange.InstrumentID {
	in, err := t.ins.Find(p, symbol)
	if err != nil {
		t.counts.UnknownInstruments++
		t.note(NoticeUnknownInstrument, 0, fmt.Sprintf("%v %s", p, brief(symbol)))
		return 0
	}
	return in.ID
}

// times reads the engine's time of an event, or else that of its sending.
func times(name string, engine, sent int64) (exchange.Time, error) {
	if engine == 0 {
		engine = sent
	}
	if engine <= 0 {
		return 0, fmt.Errorf("%w: %s: time is %d", errEvent, name, engine)
	}
	return exchange.Millis(engine), nil
}

// status reads the exchange's word for where an order stands, plain or conditional. One
// that is not known is counted and told; 0 then.
func (t *translator) status(word string) exchange.OrderStatus {
	s, ok := statusOf(word)
	if !ok {
		t.counts.UnknownStatuses++
		t.note(NoticeUnknownStatus, 0, "order status "+strconv.Quote(brief(word)))
	}
	return s
}

func statusOf(word string) (exchange.OrderStatus, bool) {
	if s, ok := OrderStatus(word).Known(); ok {
		return s, true
	}
	return ConditionalStatus(word).Known()
}

// forced says by whom an order was forced on us, which its client id tells.
func forced(clientID string) exchange.ForcedKind {
	switch {
	case strings.HasPrefix(clientID, "autoclose-"):
		return exchange.ForcedLiquidation
	case strings.HasPrefix(clientID, "adl_autoclose"):
		return exchange.ForcedADL
	case strings.HasPrefix(clientID, "settlement_autoclose-"):
		return exchange.ForcedDelivery
	}
	return exchange.NotForced
}

// execution is a trade of ours, as it is told.
type execution struct {
	fill exchange.Fill
	inst exchange.InstrumentID
	at   exchange.Time
}

// read completes an execution with the words that it was told with.
func (x *execution) read(side, positionSide string) error {
	var err error
	if x.fill.Side, err = exchange.ParseSide(side); err != nil {
		return fmt.Errorf("%w: %w", errEvent, err)
	}
	if positionSide != "" {
		if x.fill.PositionSide, err = exchange.ParsePositionSide(positionSide); err != nil {
			return fmt.Errorf("%w: %w", errEvent, err)
		}
	}
	if x.fill.Qty < 0 || x.fill.Price < 0 {
		return fmt.Errorf("%w: a trade of %v at %v", errEvent, x.fill.Qty, x.fill.Price)
	}
	return nil
}

// stampSlack is how much earlier than the first positions a fill may be stamped that happened
// behind them.
const stampSlack = exchange.Time(time.Second)

// trade tells a fill, once.
func (t *translator) trade(x *execution) {
	born := t.born
	if t.live {
		born -= stampSlack
	}
	if !t.fills.count(fillName{x.inst, x.fill.TradeID, x.fill.VenueID}, x.fill.Qty) || x.at < born {
		t.counts.Repeated++
		return
	}
	fill := x.fill
	fill.Forced = forced(fill.ClientID)
	t.event(x.inst, x.at).SetFill(&fill)
}

func (t *translator) futuresOrder(e *orderTradeUpdate) error {
	o := &e.Order
	p, err := product(e.Business)
	if err != nil {
		return err
	}
	at, err := times("ORDER_TRADE_UPDATE", e.EngineTime, e.EventTime)
	if err != nil {
		return err
	}
	x := execution{at: at, fill: exchange.Fill{
		ClientID: o.ClientID, VenueID: o.OrderID, TradeID: o.TradeID, Price: o.LastPrice, Qty: o.LastQty, Maker: o.Maker,
		Fee: o.Commission, FeeAsset: o.CommissionAsset, Realized: o.Realized,
	}}
	if err := x.read(o.Side, o.PositionSide); err != nil {
		return err
	}
	if o.Qty < 0 || o.Filled < 0 || o.Price < 0 || o.ClientID == "" {
		return fmt.Errorf("%w: order %d of %v at %v, filled %v", errEvent, o.OrderID, o.Qty, o.Price, o.Filled)
	}
	if x.inst = t.instrument(p, o.Symbol); x.inst == 0 {
		return nil
	}
	n := news{
		list: listOf(p, exchange.Limit), inst: x.inst, clientID: o.ClientID, venueID: o.OrderID,
		price: o.Price, qty: o.Qty, filled: o.Filled, at: at, reason: o.ExpireReason, strategyID: o.StrategyID,
	}
	n.status = t.status(o.Status)
	if (o.Execution == "TRADE" || o.Execution == "CALCULATED") && o.LastQty > 0 && o.TradeID > 0 {
		t.update(n, &x)
	} else {
		t.update(n, nil)
	}
	return nil
}

func (t *translator) marginOrder(e *executionReport) error {
	at, err := times("executionReport", e.EngineTime, e.EventTime)
	if err != nil {
		return err
	}
	clientID := e.ClientID
	if e.Execution == "CANCELED" && e.OrigClientID != "" {
		clientID = e.OrigClientID // c names the request to cancel
	}
	x := execution{at: at, fill: exchange.Fill{
		ClientID: clientID, VenueID: e.OrderID, TradeID: e.TradeID, Price: e.LastPrice, Qty: e.LastQty, Maker: e.Maker,
		Fee: e.Commission, FeeAsset: e.CommissionAsset,
	}}
	if err := x.read(e.Side, ""); err != nil {
		return err
	}
	if e.Qty < 0 || e.Filled < 0 || e.Price < 0 || clientID == "" {
		return fmt.Errorf("%w: order %d of %v at %v, filled %v", errEvent, e.OrderID, e.Qty, e.Price, e.Filled)
	}
	if x.inst = t.instrument(exchange.Margin, e.Symbol); x.inst == 0 {
		return nil
	}
	n := news{
		list: listMargin, inst: x.inst, clientID: clientID, venueID: e.OrderID,
		price: e.Price, qty: e.Qty, filled: e.Filled, at: at, reason: e.ExpireReason,
	}
	if n.reason == "" && e.RejectReason != "NONE" {
		n.reason = e.RejectReason
	}
	n.status = t.status(e.Status)
	if e.Execution == "TRADE" && e.LastQty > 0 && e.TradeID >= 0 {
		t.update(n, &x)
	} else {
		t.update(n, nil)
	}
	return nil
}

func (t *translator) algo(e *algoUpdate) error {
	o := &e.Order
	at, err := times("ALGO_UPDATE", e.EngineTime, e.EventTime)
	if err != nil {
		return err
	}
	child := int64(0)
	if o.ActualID != "" {
		if child, err = strconv.ParseInt(o.ActualID, 10, 64); err != nil || child < 0 {
			return fmt.Errorf("%w: ALGO_UPDATE: ai is %q", errEvent, brief(o.ActualID))
		}
	}
	if o.Qty < 0 || o.Price < 0 || o.ClientID == "" {
		return fmt.Errorf("%w: algo order %d of %v at %v", errEvent, o.AlgoID, o.Qty, o.Price)
	}
	inst := t.instrument(exchange.UM, o.Symbol)
	if inst == 0 {
		return nil
	}
	t.update(news{
		list: listUMAlgo, inst: inst, clientID: o.ClientID, venueID: o.AlgoID, status: t.status(o.Status),
		price: o.Price, qty: o.Qty, at: at, reason: o.Reason, childID: child,
	}, nil)
	return nil
}

// conditional passes over fs: only CM has such orders, and the published example says UM.
func (t *translator) conditional(e *conditionalUpdate) error {
	o := &e.Order
	at, err := times("CONDITIONAL_ORDER_TRADE_UPDATE", e.EngineTime, o.UpdateTime)
	if err != nil {
		return err
	}
	if o.Qty < 0 || o.Price < 0 || o.OrderID < 0 || o.ClientID == "" {
		return fmt.Errorf("%w: conditional order %d of %v at %v", errEvent, o.StrategyID, o.Qty, o.Price)
	}
	inst := t.instrument(exchange.CM, o.Symbol)
	if inst == 0 {
		return nil
	}
	n := news{
		list: listCMConditional, inst: inst, clientID: o.ClientID, venueID: o.StrategyID, status: t.status(o.Status),
		price: o.Price, qty: o.Qty, at: at,
	}
	if n.status != exchange.StatusWorking {
		n.childID = o.OrderID // the example has one in an order that is NEW
	}
	t.update(n, nil)
	return nil
}

// positive refuses amounts that no debt can have.
func positive(event, asset string, amounts ...decimal.Decimal) error {
	for _, a := range amounts {
		if a.IsNegative() {
			return fmt.Errorf("%w: %s: %v of %s", errEvent, event, a, brief(asset))
		}
	}
	if asset == "" {
		return fmt.Errorf("%w: %s: no asset", errEvent, event)
	}
	return nil
}
