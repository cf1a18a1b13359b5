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
	Strategy string `toml:"strategy" json:"strategy,omitempty"`
	// NotionalUSD bounds its own positions on all instruments together, each with the open orders
	// of its worse side, long and short added up.
	NotionalUSD LimitText `toml:"notional_usd" json:"notional_usd,omitempty"`
	// CapitalUSD bounds what it may take of the account's money: initial margin, and what it has put
	// into margin pairs or borrowed; see capital.go for the formula.
	CapitalUSD LimitText `toml:"capital_usd" json:"capital_usd,omitempty"`
	// LossUSD is what it may lose, interest included, since its state began, or since a person resumed it after it had
	// lost that much. Then it only reduces.
	LossUSD LimitText `toml:"loss_usd" json:"loss_usd,omitempty"`
	// MessagesPerMinute bounds its new orders and amends in a minute; what only reduces passes.
	MessagesPerMinute LimitText `toml:"messages_per_minute" json:"messages_per_minute,omitempty"`
}

// budget is a Budget as it was read.
type budget struct {
	notional, capital, loss decimal.Decimal
	messages                int
	// bounds says which of them are given, and asked which of those the strategy itself has asked
	// for, because it is less than what the limits grant.
	bounds, asked amounts
}

// amounts says yes or no of each amount of a budget.
type amounts struct{ notional, capital, loss, messages bool }

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
	b.bounds.capital = read("capital_usd", u.CapitalUSD, &b.capital, "1000000000000")
	b.bounds.loss = read("loss_usd", u.LossUSD, &b.loss, "1000000000000")
	b.bounds.messages = read("messages_per_minute", u.MessagesPerMinute, &b.messages, "1200")
	if b.bounds == (amounts{}) {
		errs = append(errs, errors.New("bounds nothing; give it notional_usd, capital_usd, loss_usd or messages_per_minute"))
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
	if !b.bounds.notional && !b.bounds.capital {
		return nil
	}
	d := c.g.demandOf(c.order.Strategy, &c.order, c.worth())
	if no := c.budgetNotional(b, &d); no != nil {
		return no
	}
	return c.budgetCapital(b, &d)
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
		Value: fmt.Sprintf("message %d of the strategy within a minute", n), Limit: fmt.Sprintf("%d, %s", b.messages, whose(b.asked.messages)),
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
		Limit: fmt.Sprintf("%v USD, %s", b.loss, whose(b.asked.loss)),
	}
}

// budgetNotional adds up what the strategy holds, or would hold with its open orders of the worse
// side filled. Others' positions are theirs, also where they cancel. An order that makes the sum no
// larger passes.
func (c *check) budgetNotional(b *budget, d *demand) *exchange.Refusal {
	if !b.bounds.notional {
		return nil
	}
	was, will, no := d.notional()
	if no != nil || !will.GreaterThan(b.notional) || !will.GreaterThan(was) {
		return no
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("the strategy's positions and orders would come to %v USD", will.RoundCeil(2)),
		Limit: fmt.Sprintf("%v USD, %s", b.notional, whose(b.asked.notional)),
		Passes: c.roomLeft(will.Sub(b.notional), d.unit(c.order.Request.Inst), func(d *demand) bool {
			_, less, no := d.notional()
			return no == nil && !less.GreaterThan(b.notional)
		}),
	}
}

// budgetCapital holds what the strategy would take of the account's money against its budget. An
// order that takes no more passes.
func (c *check) budgetCapital(b *budget, d *demand) *exchange.Refusal {
	if !b.bounds.capital {
		return nil
	}
	was, will, no := d.capital("", decimal.Zero)
	if no != nil || !will.GreaterThan(b.capital) || !will.GreaterThan(was) {
		return no
	}
	unit := d.unit(c.order.Request.Inst)
	if l := d.g.model.Leverage(c.order.Request.Inst); c.in.Product != exchange.Margin && l > 0 {
		unit = unit.DivRound(decimal.NewFromInt(int64(l)), 16)
	}
	return &exchange.Refusal{
		Value: fmt.Sprintf("the strategy's positions, orders and loans would take %v USD of capital", will.RoundCeil(2)),
		Limit: fmt.Sprintf("%v USD, %s", b.capital, whose(b.asked.capital)),
		Passes: c.roomLeft(will.Sub(b.capital), unit, func(d *demand) bool {
			_, less, no := d.capital("", decimal.Zero)
			return no == nil && !less.GreaterThan(b.capital)
		}),
	}
}

// roomLeft says what quantity of the order is so many USD less at so many USD a coin or contract,
// rounded down to its lot; "" if that is none, or would not pass.
func (c *check) roomLeft(beyond, unit decimal.Decimal, passes func(*demand) bool) string {
	r := &c.order.Request
	if !unit.IsPositive() || r.QuoteQty > 0 || c.in.Lot.Step <= 0 {
		return ""
	}
	less, err := exchange.FixedFromDecimal(beyond.DivRound(unit, 16), exchange.RoundCeil)
	if err != nil {
		return ""
	}
	o := c.order
	o.Request.Qty = (r.Qty - less).Round(c.in.Lot.Step, exchange.RoundDown)
	if less >= r.Qty || o.Request.Qty <= 0 || o.Request.Qty < c.in.Lot.Min {
		return ""
	}
	if d := c.g.demandOf(o.Strategy, &o, c.worth()); !passes(&d) {
		return ""
	}
	return "quantity " + o.Request.Qty.String()
}

// actBudget: a strategy's loan is its capital, too.
func (g *Guard) actBudget(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	if act.Kind != exchange.ActBorrow || g.budgets[act.Strategy] == nil || !g.budgets[act.Strategy].bounds.capital {
		return nil
	}
	b, d := g.budgets[act.Strategy], g.demandOf(act.Strategy, nil, 0)
	was, will, no := d.capital(act.Asset, act.Amount)
	if no != nil || !will.GreaterThan(b.capital) || !will.GreaterThan(was) {
		return no
	}
	no = &exchange.Refusal{
		Value: fmt.Sprintf("the strategy's positions, orders and loans would take %v USD of capital", will.RoundCeil(2)),
		Limit: fmt.Sprintf("%v USD, %s", b.capital, whose(b.asked.capital)),
	}
	index := g.model.Index(act.Asset).Decimal()
	amount := act.Amount.Sub(will.Sub(b.capital).DivRound(index, 16).RoundCeil(exchange.FixedPlaces))
	if _, less, missing := d.capital(act.Asset, amount); amount.IsPositive() && missing == nil && !less.GreaterThan(b.capital) {
		no.Passes = fmt.Sprintf("%v %s", amount, act.Asset)
	}
	return no
}
