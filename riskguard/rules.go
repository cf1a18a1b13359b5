package riskguard

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// rule is one control. A money rule bounds risk and is skipped by orders that provably
// reduce it; the others are sanity and hold for every order.
type rule struct {
	name  string
	money bool
	check func(*check) *exchange.Refusal
}

// rules are the controls in their order of evaluation, cheapest first.
func rules() []rule {
	return []rule{
		{"state", false, (*check).state},
		{"filters", false, (*check).filters},
		{"order-size", true, (*check).orderSize},
		{"price-collar", false, (*check).priceCollar},
		{"freshness", false, (*check).freshness},
		{"duplicate", false, (*check).duplicate},
		{"message-rate", false, (*check).messageRate},
		{"open-orders", true, (*check).openOrders},
		{"position", true, (*check).position},
		{"reduce-only", false, (*check).reduceOnly},
		{"initial-margin", true, (*check).initialMargin},
		{"unimmr", true, (*check).uniMMR},
		{"unimmr-shock", true, (*check).uniMMRShock},
	}
}

// check is one order under examination. What is costly is computed once, when asked.
type check struct {
	g      *Guard
	order  exchange.Order
	in     *exchange.Instrument
	market *market
	amend  bool
	at     exchange.Time
	margin marginView
}

// state: nothing leaves while halted; in reduce-only, only what reduces.
func (c *check) state() *exchange.Refusal {
	if c.g.fault != nil {
		return &exchange.Refusal{Value: "the margin model lost track: " + c.g.fault.Error(), Limit: "its inputs must be sound"}
	}
	switch s := c.g.State(c.order.Strategy, c.order.Request.Inst); {
	case s == exchange.Halted:
		return &exchange.Refusal{Value: "trading is halted", Limit: "it must be active"}
	case s == exchange.ReduceOnly && !c.reducing():
		return &exchange.Refusal{Value: "the order does not reduce risk", Limit: "trading is reduce-only"}
	}
	return nil
}

// orderSize: one order is a bounded share of equity.
func (c *check) orderSize() *exchange.Refusal {
	price := c.worth()
	if price == 0 {
		return &exchange.Refusal{Value: "no price of " + c.in.Name() + " is known", Limit: "the notional must be known"}
	}
	n := c.in.Notional(c.order.Request.Qty, price)
	if c.order.Request.QuoteQty > 0 {
		n = c.order.Request.QuoteQty.Decimal()
	}
	return c.withinEquity("notional", c.usd(n), c.g.limits.OrderNotionalMaxRatio)
}

// usd values a notional, which is in quote asset but for CM, where it is in USD already.
// While the asset's index is not known the amount stands: the margin rules refuse then.
func (c *check) usd(notional decimal.Decimal) decimal.Decimal {
	if c.in.Inverse() {
		return notional
	}
	for i := range c.g.assets {
		if a := &c.g.assets[i]; a.name == c.in.Quote && a.price != 0 {
			return notional.Mul(a.price.Decimal())
		}
	}
	return notional
}

// withinEquity refuses a notional above a ratio of equity.
func (c *check) withinEquity(what string, notional, ratio decimal.Decimal) *exchange.Refusal {
	limit := c.equity().Mul(ratio)
	if notional.LessThanOrEqual(limit) {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("%s %v USD", what, notional.RoundCeil(2)),
		Limit: fmt.Sprintf("%v USD, %v of equity", limit.RoundFloor(2), ratio),
	}
}

// priceCollar: no order far on the aggressive side of mark and last, and no market order
// while the two disagree. A passive price is never too far: it only waits. Margin pairs
// have no mark, so the last price counts twice.
func (c *check) priceCollar() *exchange.Refusal {
	m, r := c.market, &c.order.Request
	mark := c.mark()
	if mark == 0 || m.last == 0 {
		return &exchange.Refusal{Value: "mark or last price of " + c.in.Name() + " is unknown", Limit: "both must be known"}
	}
	if r.Type.Conditional() {
		return nil // it is for the market at its trigger, which nobody knows yet
	}
	if r.Type == exchange.Market {
		return c.collar("last price", m.last, mark, c.g.limits.PriceCollarMarket, true)
	}
	if r.PriceMatch != exchange.PriceMatchNone {
		return nil
	}
	for _, reference := range [...]exchange.Fixed{mark, m.last} {
		if no := c.collar("price", r.Price, reference, c.g.limits.PriceCollarLimit, false); no != nil {
			return no
		}
	}
	return c.percentPrice()
}

// mark is the instrument's mark price, and of a margin pair, which has none, the last.
func (c *check) mark() exchange.Fixed {
	if c.in.Product == exchange.Margin {
		return c.market.last
	}
	return c.market.mark
}

// collar refuses a price further than ratio beyond the reference: on the aggressive
// side, or on both.
func (c *check) collar(what string, price, reference exchange.Fixed, ratio decimal.Decimal, both bool) *exchange.Refusal {
	beyond := price - reference
	if c.order.Request.Side == exchange.Sell {
		beyond = -beyond
	}
	if both {
		beyond = beyond.Abs()
	}
	if beyond <= 0 || !beyond.Decimal().GreaterThan(reference.Decimal().Mul(ratio)) {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("%s %v against %v", what, price, reference), Limit: fmt.Sprintf("%v beyond it", ratio),
	}
}

// percentPrice is Binance's own collar around the mark.
func (c *check) percentPrice() *exchange.Refusal {
	p, mark := c.order.Request.Price.Decimal(), c.mark().Decimal()
	if up := c.in.PercentUp; c.order.Request.Side == exchange.Buy && up > 0 && p.GreaterThan(mark.Mul(up.Decimal())) {
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: fmt.Sprintf("mark %v times %v", mark, up)}
	}
	if down := c.in.PercentDown; c.order.Request.Side == exchange.Sell && down > 0 && p.LessThan(mark.Mul(down.Decimal())) {
		return &exchange.Refusal{Value: fmt.Sprintf("price %v", p), Limit: fmt.Sprintf("mark %v times %v", mark, down)}
	}
	return nil
}

// freshness: nothing is decided on prices that are too old for their feed.
func (c *check) freshness() *exchange.Refusal {
	input := c.staleInput()
	if input == nil {
		return nil
	}
	age := "was never seen"
	if input.seen != 0 {
		age = fmt.Sprintf("is %v old", c.at.Sub(input.seen))
	}
	return &exchange.Refusal{Value: input.what + " " + age, Limit: fmt.Sprintf("at most %v old", input.most)}
}

// input is a value that the decision on an order needs: when it was seen last, and how
// old it may be.
type input struct {
	what string
	seen exchange.Time
	most time.Duration
}

// staleInput is the first input of the decision that is too old, or nil: uniMMR is of the
// whole account, so what else is held counts as the order's own prices do.
func (c *check) staleInput() *input {
	m, l := c.market, &c.g.limits
	if stale(c.at, m.lastAt, l.FreshPrice, m.everyLast) {
		return &input{"price of " + c.in.Name(), m.lastAt, freshFor(l.FreshPrice, m.everyLast)}
	}
	if c.in.Product != exchange.Margin && stale(c.at, m.markAt, l.FreshMark, m.everyMark) {
		return &input{"mark of " + c.in.Name(), m.markAt, freshFor(l.FreshMark, m.everyMark)}
	}
	for i := range c.g.assets {
		a := &c.g.assets[i]
		if stale(c.at, a.at, l.FreshIndex, a.every) && c.counts(a.name) {
			return &input{"index of " + a.name, a.at, freshFor(l.FreshIndex, a.every)}
		}
	}
	for id := exchange.InstrumentID(1); int(id) <= c.g.ins.Len(); id++ {
		if m := &c.g.markets[id]; stale(c.at, m.markAt, l.FreshMark, m.everyMark) && c.g.holds(id) {
			return &input{"mark of " + c.g.ins.At(id).Name(), m.markAt, freshFor(l.FreshMark, m.everyMark)}
		}
	}
	return nil
}

// counts says whether an asset's price counts in the decision: the order settles in it,
// or the account has or owes some.
func (c *check) counts(asset string) bool {
	in := c.in
	return asset == in.MarginAsset || in.Product == exchange.Margin && (asset == in.Base || asset == in.Quote) ||
		!c.g.model.Net(asset).IsZero()
}

// holds says whether the account has a futures position in an instrument.
func (g *Guard) holds(id exchange.InstrumentID) bool {
	for _, side := range [...]exchange.PositionSide{exchange.Both, exchange.Long, exchange.Short} {
		if !g.model.Position(id, side).Qty.IsZero() {
			return true
		}
	}
	return false
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
			c.at.Sub(o.Created) < c.g.limits.DuplicateWindow && sameOrder(&o.Request, r) {
			return &exchange.Refusal{Value: "the same order is unanswered since " + o.Created.String(), Limit: "once in " + c.g.limits.DuplicateWindow.String()}
		}
	}
	return nil
}

func sameOrder(a, b *exchange.OrderRequest) bool {
	return a.Inst == b.Inst && a.Side == b.Side && a.PositionSide == b.PositionSide && a.Type == b.Type &&
		a.Price == b.Price && a.Trigger == b.Trigger && a.Qty == b.Qty
}

// messageRate: a strategy in a loop must not eat the account's order budget.
func (c *check) messageRate() *exchange.Refusal {
	if c.g.sent[c.order.Strategy].full(c.at) {
		return &exchange.Refusal{
			Value: "one message more within a second", Limit: fmt.Sprintf("%d a second", c.g.limits.MessagesPerSecondMax),
		}
	}
	return nil
}

// openOrders: a strategy has a bounded number of orders on an instrument.
func (c *check) openOrders() *exchange.Refusal {
	if c.amend {
		return nil
	}
	n := 0
	for i := range c.g.open {
		if o := &c.g.open[i]; o.Strategy == c.order.Strategy && o.Request.Inst == c.order.Request.Inst {
			n++
		}
	}
	if n < c.g.limits.OpenOrdersMax {
		return nil
	}
	return &exchange.Refusal{Value: fmt.Sprintf("%d open orders on %s", n, c.in.Name()), Limit: fmt.Sprint(c.g.limits.OpenOrdersMax)}
}

// position: the instrument's position with all open orders of this side filled is a
// bounded share of equity. A margin pair has no position: of it only the open orders
// count, and uniMMR bounds the coins.
func (c *check) position() *exchange.Refusal {
	r := &c.order.Request
	if r.ReduceOnly || r.ClosePosition {
		return nil
	}
	held := c.held().Add(signed(r.Side, c.order.Remaining()))
	for i := range c.g.open {
		o := &c.g.open[i]
		q := &o.Request
		if o.ID != c.order.ID && q.Inst == r.Inst && q.Side == r.Side && q.PositionSide == r.PositionSide && !q.ReduceOnly {
			held = held.Add(signed(r.Side, o.Remaining()))
		}
	}
	notional := held.Abs().Mul(c.worth().Decimal())
	if c.in.Inverse() {
		notional = held.Abs().Mul(c.in.ContractSize.Decimal())
	}
	return c.withinEquity("position", c.usd(notional), c.g.limits.PositionMaxRatio)
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
