package riskguard

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Budget is what one strategy may use of the account over all that it trades, in absolute numbers;
// limits of [Limits] are by order or instrument, or in proportion to equity. An amount that is left
// out has no bound, and of 0 leaves nothing.
type Budget struct {
	// Strategy is a label of the configuration.
	Strategy string `toml:"strategy" json:"strategy"`
	// NotionalUSD bounds its own positions on all instruments together, each with the open orders
	// of its worse side, long and short added up.
	NotionalUSD LimitText `toml:"notional_usd" json:"notional_usd,omitempty"`
	// LossUSD is what it may lose since its state began, or since a person resumed it after it had
	// lost that much. Then it only reduces.
	LossUSD LimitText `toml:"loss_usd" json:"loss_usd,omitempty"`
	// MessagesPerMinute bounds its new orders and amends in a minute; what only reduces passes.
	MessagesPerMinute LimitText `toml:"messages_per_minute" json:"messages_per_minute,omitempty"`
}

// budget is a Budget as it was read.
type budget struct {
	notional, loss decimal.Decimal
	messages       int
	// bounds says which of them are given.
	bounds struct{ notional, loss, messages bool }
}

// budgetsMax is how many there may be.
const budgetsMax = 100

// read reads a budget. An error names the key in it.
func (u *Budget) read() (b budget, err error) {
	var errs []error
	read := func(key string, text LimitText, value any, most string) bool {
		if text == "" {
			return false
		}
		e := limitEntry{key: key, value: value, least: "0", most: most}
		if err := e.parse(string(text)); err != nil {
			errs = append(errs, fmt.Errorf("%s is %.40q; %w", key, text, err))
		} else if err := e.validate(); err != nil {
			errs = append(errs, err)
		}
		return true
	}
	b.bounds.notional = read("notional_usd", u.NotionalUSD, &b.notional, "1000000000000")
	b.bounds.loss = read("loss_usd", u.LossUSD, &b.loss, "1000000000000")
	b.bounds.messages = read("messages_per_minute", u.MessagesPerMinute, &b.messages, "1200")
	if !b.bounds.notional && !b.bounds.loss && !b.bounds.messages {
		errs = append(errs, errors.New("bounds nothing; give it notional_usd, loss_usd or messages_per_minute"))
	}
	return b, errors.Join(errs...)
}

// checkBudgets names what makes no sense in the budgets.
func (l *Limits) checkBudgets() (errs []error) {
	if len(l.Budgets) > budgetsMax {
		errs = append(errs, fmt.Errorf("budget is given %d times; it must be at most %d", len(l.Budgets), budgetsMax))
	}
	for i := range l.Budgets {
		u := &l.Budgets[i]
		if u.Strategy == "" {
			errs = append(errs, fmt.Errorf("budget.%d.strategy is missing; it must be the label of a strategy", i))
		}
		if slices.ContainsFunc(l.Budgets[:i], func(o Budget) bool { return o.Strategy == u.Strategy }) {
			errs = append(errs, fmt.Errorf("budget.%d is the second of %.40q; a strategy has one", i, u.Strategy))
		}
		if _, err := u.read(); err != nil {
			errs = append(errs, fmt.Errorf("budget.%d: %w", i, err))
		}
	}
	return errs
}

// budgetsOf are the budgets by strategy, nil for one without; the limits were validated. Labels
// are by strategy, "" for the house.
func (l *Limits) budgetsOf(labels []string, strategies int) ([]*budget, error) {
	list := make([]*budget, strategies+1)
	for i := range l.Budgets {
		u := &l.Budgets[i]
		at := slices.Index(labels, u.Strategy)
		if at < 1 || at > strategies {
			return nil, fmt.Errorf("budget.%d.strategy is %.40q; it must be the label of a strategy", i, u.Strategy)
		}
		b, err := u.read()
		if err != nil {
			return nil, fmt.Errorf("budget.%d: %w", i, err)
		}
		list[at] = &b
	}
	return list, nil
}

// budget: a strategy stays within what it was given, whatever the account could bear.
func (c *check) budget() *exchange.Refusal {
	b := c.g.budgets[c.order.Strategy]
	if b == nil {
		return nil
	}
	if no := c.budgetMessages(b); no != nil {
		return no
	}
	if no := c.g.spent(c.order.Strategy, c.g.worth(&c.g.ventures[c.order.Strategy])); no != nil {
		no.Passes = "what reduces risk, and all when a person has resumed the strategy,"
		return no
	}
	return c.budgetNotional(b)
}

// budgetMessages counts in slots of ten seconds, one more than a minute has, so that no minute
// has more.
func (c *check) budgetMessages(b *budget) *exchange.Refusal {
	if !b.bounds.messages {
		return nil
	}
	n := c.g.traffic[c.order.Strategy].minute(c.at) + 1
	if n <= b.messages {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("message %d of the strategy within a minute", n), Limit: fmt.Sprintf("%d, its budget", b.messages),
		Passes: "what reduces risk, and the same when older ones are a minute ago,",
	}
}

// minute is how many messages there were within a minute, and up to a slot before it.
func (t traffic) minute(at exchange.Time) (messages int) {
	start := at.Floor(trafficSlotLength)
	for i := range t {
		if start.Sub(t[i].Start) <= time.Minute {
			messages += t[i].Messages
		}
	}
	return messages
}

// spent is the refusal of a strategy that has lost its budget, being worth so much now.
func (g *Guard) spent(s exchange.StrategyID, now decimal.Decimal) *exchange.Refusal {
	b := g.budgets[s]
	if b == nil || !b.bounds.loss {
		return nil
	}
	lost := g.ventures[s].losses.Begun.Sub(now)
	if !lost.GreaterThan(b.loss) {
		return nil
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("the strategy lost %v USD since its budget began", lost.RoundCeil(2)),
		Limit: fmt.Sprintf("%v USD, its budget", b.loss),
	}
}

// line is what a strategy has and may get of one side of an instrument: as it is, and with the
// order that is examined in its new form.
type line struct {
	inst      exchange.InstrumentID
	side      exchange.PositionSide
	held      decimal.Decimal
	was, will wishes
}

// wishes are what open orders may still buy and sell.
type wishes struct{ buys, sells decimal.Decimal }

func (w *wishes) add(side exchange.Side, qty decimal.Decimal) {
	if side == exchange.Buy {
		w.buys = w.buys.Add(qty)
	} else {
		w.sells = w.sells.Add(qty)
	}
}

// reach is the largest that a position may come to.
func (w *wishes) reach(held decimal.Decimal) decimal.Decimal {
	return decimal.Max(held.Abs(), held.Add(w.buys).Abs(), held.Sub(w.sells).Abs())
}

// budgetNotional adds up what the strategy holds, or would hold with its open orders of the worse
// side filled. Others' positions are theirs, also where they cancel. An order that makes the sum no
// larger passes.
func (c *check) budgetNotional(b *budget) *exchange.Refusal {
	if !b.bounds.notional {
		return nil
	}
	lines, wasQuote, willQuote := c.lines()
	was, will := wasQuote, willQuote
	for i := range lines {
		l := &lines[i]
		before, after := l.was.reach(l.held), l.will.reach(l.held)
		if before.IsZero() && after.IsZero() {
			continue
		}
		unit := c.unit(l.inst)
		if unit.IsZero() {
			return &exchange.Refusal{Value: "no price of " + c.g.ins.At(l.inst).Name() + " is known, of which the strategy has some", Limit: "the notional must be known"}
		}
		was, will = was.Add(before.Mul(unit)), will.Add(after.Mul(unit))
	}
	if !will.GreaterThan(b.notional) || !will.GreaterThan(was) {
		return nil
	}
	return &exchange.Refusal{
		Value:  fmt.Sprintf("the strategy's positions and orders would come to %v USD", will.RoundCeil(2)),
		Limit:  fmt.Sprintf("%v USD, its budget", b.notional),
		Passes: c.roomLeft(b.notional.Sub(will)),
	}
}

// roomLeft says what quantity is so many USD, less than 0, below that of the order, rounded down
// to its lot; "" if that is none.
func (c *check) roomLeft(beyond decimal.Decimal) string {
	r, unit := &c.order.Request, c.unit(c.order.Request.Inst)
	if unit.IsZero() || r.QuoteQty > 0 || c.in.Lot.Step <= 0 {
		return ""
	}
	less, err := exchange.FixedFromDecimal(beyond.Neg().DivRound(unit, 16), exchange.RoundCeil)
	if err != nil {
		return ""
	}
	if qty := (r.Qty - less).Round(c.in.Lot.Step, exchange.RoundDown); less < r.Qty && qty > 0 && qty >= c.in.Lot.Min {
		return "quantity " + qty.String()
	}
	return ""
}

// unit is what a coin or contract is worth in USD, at the mark or the order's own price if that is
// higher; 0 if nobody knows.
func (c *check) unit(inst exchange.InstrumentID) decimal.Decimal {
	in, m := c.g.ins.At(inst), &c.g.markets[inst]
	if in.Inverse() {
		return in.ContractSize.Decimal()
	}
	price := m.mark
	if price == 0 {
		price = m.last
	}
	if inst == c.order.Request.Inst {
		price = max(price, c.worth())
	}
	return price.Decimal().Mul(c.g.quoteIndex(in).Decimal())
}

// quoteIndex is the price of the quote asset; one stands for it while it is not known, when the
// margin rules refuse anyway.
func (g *Guard) quoteIndex(in *exchange.Instrument) exchange.Fixed {
	for i := range g.assets {
		if a := &g.assets[i]; a.name == in.Quote && a.price != 0 {
			return a.price
		}
	}
	return exchange.FixedOne
}

// lines are what the strategy has and may get, and what its orders for amounts of quote assets are
// worth in USD.
func (c *check) lines() (list []line, was, will decimal.Decimal) {
	g, s := c.g, c.order.Strategy
	for inst := exchange.InstrumentID(1); int(inst) <= g.ins.Len(); inst++ {
		for side, held := range g.owned[s][inst] {
			if !held.IsZero() {
				list = append(list, line{inst: inst, side: exchange.PositionSide(side), held: held})
			}
		}
	}
	add := func(o *exchange.Order, was, will *decimal.Decimal, old, next bool) {
		q := &o.Request
		if q.ClosePosition || !g.ins.Has(q.Inst) { // it never opens
			return
		}
		at := slices.IndexFunc(list, func(l line) bool { return l.inst == q.Inst && l.side == q.PositionSide })
		if at < 0 {
			at = len(list)
			list = append(list, line{inst: q.Inst, side: q.PositionSide})
		}
		l, left := &list[at], o.Remaining().Decimal()
		quote := q.QuoteQty.Decimal().Mul(g.quoteIndex(g.ins.At(q.Inst)).Decimal())
		if old {
			*was = was.Add(quote)
			l.was.add(q.Side, left)
		}
		if next {
			*will = will.Add(quote)
			l.will.add(q.Side, left)
		}
	}
	for i := range g.open {
		if o := &g.open[i]; o.Strategy == s {
			add(o, &was, &will, true, o.ID != c.order.ID)
		}
	}
	add(&c.order, &was, &will, false, true)
	return list, was, will
}
