package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// rule is one control. A money rule bounds risk and is skipped by orders that provably
// reduce it; the others are sanity and hold for every order.
type rule struct {
	name  string
	money bool
	// pace bounds how often a strategy may ask, not what; a person's closing is let through.
	pace  bool
	check func(*check) *exchange.Refusal
	// refused counts the refusals that no bound of the rule led to.
	refused int
}

// rules are the controls in their order of evaluation, cheapest first.
func rules() []rule {
	return []rule{
		{name: "state", check: (*check).state},
		{name: "permission", check: (*check).permission},
		{name: "filters", check: (*check).filters},
		{name: "order-size", money: true, check: (*check).orderSize},
		{name: "price-collar", check: (*check).priceCollar},
		{name: "freshness", check: (*check).freshness},
		{name: "duplicate", check: (*check).duplicate},
		{name: "unknown-order", money: true, check: (*check).unknownOrder},
		{name: "executions", money: true, check: (*check).executions},
		{name: "message-rate", pace: true, check: (*check).messageRate},
		{name: "open-orders", money: true, check: (*check).openOrders},
		{name: "position", money: true, check: (*check).positions},
		{name: "exposure", money: true, check: (*check).exposure},
		{name: "self-trade", check: (*check).selfTrade},
		{name: "unimmr", money: true, check: (*check).uniMMR},
		{name: "initial-margin", money: true, check: (*check).initialMargin},
		{name: "unimmr-shock", money: true, check: (*check).uniMMRShock},
		{name: "reduce-only", check: (*check).reduceOnly},
		{name: "loan", money: true, check: (*check).loan},
		{name: "collateral", money: true, check: (*check).collateral},
		{name: "loss", money: true, check: (*check).loss},
		{name: "budget", money: true, check: (*check).budget},
		{name: "streak", money: true, check: (*check).streak},
		{name: "ramp", money: true, check: (*check).ramp},
		{name: "plugin", money: true, check: (*check).plugin},
	}
}

// check is one order under examination. What is costly is computed once, when asked.
type check struct {
	g     *Guard
	set   *limitSet // what the order is held against
	order exchange.Order
	// in and market are nil if there is no such instrument, which filters says.
	in     *exchange.Instrument
	market *market
	amend  bool
	at     exchange.Time
	// answers is the time of the event that the order answers, 0 if it answers none.
	answers exchange.Time
	// person says that one wishes the order in the strategy's place.
	person bool
	// plan says that a person closes a position with the order; see closing.
	plan   bool
	margin marginView
	// valued is the order's notional at a price.
	valued struct {
		asked    bool
		at       exchange.Fixed
		notional decimal.Decimal
	}
	// noted has a bit for each bound of which Guard.nearest has this order's reading.
	noted uint64
	// refusals counts those of the bound that the rule at work found exceeded, or of the
	// rule.
	refusals *int
}

// excused says whether the order may pass a control that has refused it: what provably reduces
// risk is not held against money, and a person who closes against neither that nor pace.
func (c *check) excused(r *rule) bool {
	return r.money && (c.plan || c.reducing()) || r.pace && c.plan
}

// state: nothing leaves while halted; in reduce-only, only what reduces.
func (c *check) state() *exchange.Refusal {
	switch {
	case int(c.order.Strategy) >= len(c.g.sent):
		return &exchange.Refusal{Value: "no such strategy"}
	case c.in == nil:
		return nil
	case c.set.limits.RefuseAll && !c.plan:
		return refusesAll()
	case c.g.fault != nil:
		return &exchange.Refusal{Value: "the margin model lost track: " + c.g.fault.Error(), Limit: "its inputs must be sound"}
	}
	switch s := c.g.State(c.order.Strategy, c.order.Request.Inst); {
	case c.plan && !c.g.blind():
	case s == exchange.Halted:
		return &exchange.Refusal{Value: c.g.holder(c.order.Strategy, c.order.Request.Inst), Limit: "it must be active"}
	case s == exchange.ReduceOnly && !c.reducing():
		return &exchange.Refusal{Value: c.g.holder(c.order.Strategy, c.order.Request.Inst), Limit: "the order must reduce risk"}
	}
	return nil
}

func refusesAll() *exchange.Refusal {
	return &exchange.Refusal{Value: "refuse_all is true", Limit: "it must be false; without [risk] in the configuration it is true"}
}

// orderSize: one order is a bounded share of equity.
func (c *check) orderSize() *exchange.Refusal {
	if c.worth() == 0 {
		return &exchange.Refusal{Value: "no price of " + c.in.Name() + " is known", Limit: "the notional must be known"}
	}
	n := c.size()
	refusal := c.hold(boundOrderSize, reading{share: fineShare(c.usd(n), c.equity())})
	if refusal != nil {
		if err := c.g.model.Missing(); err != nil { // as in the first moments of a bot
			refusal.Value, refusal.Limit = "equity is not known: "+err.Error(), "it must be known"
		}
	}
	return refusal
}

// size is what the order is worth: what it wants to pay or get, or the notional of its quantity.
func (c *check) size() decimal.Decimal {
	if c.order.Request.QuoteQty > 0 {
		return c.order.Request.QuoteQty.Decimal()
	}
	return c.notional(c.worth())
}

// notional is the order's at a price. Two rules ask for it, of a limit order at the same.
func (c *check) notional(price exchange.Fixed) decimal.Decimal {
	if v := &c.valued; !v.asked || v.at != price {
		v.asked, v.at, v.notional = true, price, c.in.Notional(c.order.Request.Qty, price)
	}
	return c.valued.notional
}

// usd values a notional, which is in quote asset but for CM, where it is in USD already.
// While the asset's index is not known the amount stands: the margin rules refuse then.
func (c *check) usd(notional decimal.Decimal) decimal.Decimal {
	if c.in.Inverse() {
		return notional
	}
	if price := c.g.quoteIndex(c.in); price != exchange.FixedOne {
		return notional.Mul(price.Decimal())
	}
	return notional
}

// duplicate: the same order twice before the first was answered is a bug of somebody.
func (c *check) duplicate() *exchange.Refusal {
	if c.amend {
		return nil
	}
	r := &c.order.Request
	for i := range c.g.open {
		o := &c.g.open[i]
		if o.Strategy == c.order.Strategy && o.Status == exchange.StatusPendingNew && o.Parent == 0 &&
			c.at.Sub(o.Created) < c.set.limits.DuplicateWindow && sameOrder(&o.Request, r) {
			return &exchange.Refusal{Value: "the same order is unanswered since " + o.Created.String(), Limit: "once in " + c.set.limits.DuplicateWindow.String()}
		}
	}
	return nil
}

func sameOrder(a, b *exchange.OrderRequest) bool {
	return a.Inst == b.Inst && a.Side == b.Side && a.PositionSide == b.PositionSide && a.Type == b.Type &&
		a.Price == b.Price && a.Trigger == b.Trigger && a.Qty == b.Qty
}

// position: the instrument's position with all open orders of this side filled is a
// bounded share of equity. A margin pair has no position: of it only the open orders
// count, and uniMMR bounds the coins.
func (c *check) position() *exchange.Refusal {
	r := &c.order.Request
	held, beyond := c.reach()
	if (r.ReduceOnly || r.ClosePosition) && !beyond {
		return nil
	}
	notional := held.Abs().Mul(c.worth().Decimal())
	if c.in.Inverse() {
		notional = held.Abs().Mul(c.in.ContractSize.Decimal())
	}
	return c.hold(boundPosition, reading{share: fineShare(c.usd(notional), c.equity())})
}

// reach is the position after all orders of this side, and whether others carry it beyond
// zero. Those that only reduce do not, but what they close others need not close any more.
func (c *check) reach() (held decimal.Decimal, beyond bool) {
	r := &c.order.Request
	held = c.held()
	var opens, closes exchange.Wide // which has room for all open orders
	all := false                    // is closed
	add := func(q *exchange.OrderRequest, left exchange.Fixed) {
		switch {
		case q.ClosePosition:
			all = true
		case q.ReduceOnly:
			closes, _ = closes.Add(exchange.WideOf(left))
		default:
			opens, _ = opens.Add(exchange.WideOf(left))
		}
	}
	add(r, c.order.Remaining())
	for i := range c.g.open {
		o := &c.g.open[i]
		q := &o.Request
		if o.ID != c.order.ID && q.Inst == r.Inst && q.Side == r.Side && q.PositionSide == r.PositionSide {
			add(q, o.Remaining())
		}
	}
	side := int(r.Side.Sign())
	switch against := held.Sign() == -side; {
	case against && all:
		held = decimal.Zero
	case against && closes.Sign() > 0:
		if held = toward(r.Side, held, closes); held.Sign() == side {
			held = decimal.Zero
		}
	}
	if opens.Sign() > 0 {
		held = toward(r.Side, held, opens)
	}
	return held, held.Sign() == side && opens.Sign() > 0
}

// toward is a position after so much of a side.
func toward(s exchange.Side, held decimal.Decimal, qty exchange.Wide) decimal.Decimal {
	if s == exchange.Sell {
		return held.Sub(qty.Decimal())
	}
	return held.Add(qty.Decimal())
}

func signed(s exchange.Side, qty exchange.Fixed) decimal.Decimal {
	return decimal.New(s.Sign()*int64(qty), -exchange.FixedPlaces)
}

// reduceOnly: an order that says it only reduces has something to reduce. Conditional
// ones may be there before the position.
func (c *check) reduceOnly() *exchange.Refusal {
	r := &c.order.Request
	if !r.ReduceOnly || r.Type.Conditional() || c.in.Product == exchange.Margin {
		return nil
	}
	held := c.held()
	if int64(held.Sign()) == -r.Side.Sign() {
		return nil
	}
	return &exchange.Refusal{Value: fmt.Sprintf("%v with a position of %v", r.Side, held), Limit: "reduce-only must reduce"}
}
