package riskguard

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// What a strategy asks for in its manifest bounds it like a budget of the limits: of each amount
// the less counts. The owner can grant less, also while it runs, and never more: who wrote the
// strategy has said what it was made for. An amount that is not asked for is the owner's alone.

// Grant is an amount of a strategy's budget as it was asked for, as the limits have it, and what
// counts.
type Grant struct {
	// Key is the amount's in the configuration, such as "loss_usd".
	Key                   string          `json:"key"`
	Asked, Configured     decimal.Decimal `json:"-"`
	IsAsked, IsConfigured bool            `json:"-"`
	Granted               decimal.Decimal `json:"granted"`
}

// String is one in words, such as "loss_usd 300 of 500 asked".
func (g Grant) String() string {
	switch {
	case !g.IsAsked:
		return fmt.Sprintf("%s %v as configured", g.Key, g.Granted)
	case g.Granted.LessThan(g.Asked):
		return fmt.Sprintf("%s %v of %v asked", g.Key, g.Granted, g.Asked)
	case g.IsConfigured && g.Configured.GreaterThan(g.Asked):
		return fmt.Sprintf("%s %v as asked, not the %v configured", g.Key, g.Granted, g.Configured)
	}
	return fmt.Sprintf("%s %v as asked", g.Key, g.Granted)
}

// Grants are the amounts that bound a strategy of that label, which asks for a budget, nil for none.
// Both must have been validated.
func (l *Limits) Grants(label string, asked *Budget) (list []Grant, err error) {
	var wants, has budget
	if asked != nil {
		if wants, err = asked.read(); err != nil {
			return nil, err
		}
	}
	for i := range l.Budgets {
		if l.Budgets[i].Strategy == label {
			if has, err = l.Budgets[i].read(); err != nil {
				return nil, err
			}
		}
	}
	for i, want := range wants.list() {
		g := Grant{Key: want.key, Asked: want.amount, IsAsked: want.bounds, Configured: has.list()[i].amount, IsConfigured: has.list()[i].bounds}
		switch {
		case !g.IsAsked && !g.IsConfigured:
			continue
		case !g.IsAsked || g.IsConfigured && g.Configured.LessThan(g.Asked):
			g.Granted = g.Configured
		default:
			g.Granted = g.Asked
		}
		list = append(list, g)
	}
	return list, nil
}

// keyed is an amount of a budget with its key.
type keyed struct {
	key    string
	amount decimal.Decimal
	bounds bool
}

// list are all amounts in one order.
func (b *budget) list() [4]keyed {
	return [...]keyed{
		{"notional_usd", b.notional, b.bounds.notional}, {"capital_usd", b.capital, b.bounds.capital},
		{"loss_usd", b.loss, b.bounds.loss}, {"messages_per_minute", decimal.NewFromInt(int64(b.messages)), b.bounds.messages},
	}
}

// grant holds budgets to what strategies have asked for: of each amount the less counts.
func (c *Config) grant(list []*budget) error {
	for s := 1; s < len(list) && s <= len(c.Permits); s++ {
		p := &c.Permits[s-1]
		if p.Everything || p.Asked == nil {
			continue
		}
		asked, err := p.Asked.read()
		if err != nil {
			return fmt.Errorf("the budget that strategy %d asks for: %w", s, err)
		}
		b := &budget{}
		if list[s] != nil {
			*b = *list[s]
		}
		b.notional = less(b.notional, asked.notional, &b.bounds.notional, asked.bounds.notional, &b.asked.notional)
		b.capital = less(b.capital, asked.capital, &b.bounds.capital, asked.bounds.capital, &b.asked.capital)
		b.loss = less(b.loss, asked.loss, &b.bounds.loss, asked.bounds.loss, &b.asked.loss)
		n := less(decimal.NewFromInt(int64(b.messages)), decimal.NewFromInt(int64(asked.messages)), &b.bounds.messages, asked.bounds.messages, &b.asked.messages)
		b.messages, list[s] = int(n.IntPart()), b
	}
	return nil
}

// less is the amount that counts, of one that is granted if bounds says so and one that is asked
// for if bound does.
func less(granted, asked decimal.Decimal, bounds *bool, bound bool, took *bool) decimal.Decimal {
	if !bound || *bounds && granted.LessThanOrEqual(asked) {
		return granted
	}
	*bounds, *took = true, true
	return asked
}

// whose ends the words for a limit.
func whose(asked bool) string {
	if asked {
		return "what it asks for in its manifest"
	}
	return "its budget"
}

// beyond lists what is asked for that is more than in another budget, where no amount is no bound.
func (u *Budget) beyond(of *Budget) (list []string) {
	if of == nil {
		return nil
	}
	was, err := of.read()
	if err != nil {
		return nil // it bounds nothing
	}
	now := budget{}
	if u != nil {
		if now, err = u.read(); err != nil {
			return []string{"a budget that makes no sense"}
		}
	}
	for i, has := range now.list() {
		switch had := was.list()[i]; {
		case had.bounds && !has.bounds:
			list = append(list, fmt.Sprintf("a budget without %s, which was %v", has.key, had.amount))
		case had.bounds && has.amount.GreaterThan(had.amount):
			list = append(list, fmt.Sprintf("%s of %v instead of %v", has.key, has.amount, had.amount))
		}
	}
	return list
}
