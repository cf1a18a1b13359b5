package riskguard

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// BudgetUse is what a strategy uses now of one amount of its budget.
type BudgetUse struct {
	Strategy exchange.StrategyID
	// Key is the amount's in the configuration: notional_usd, capital_usd, loss_usd or
	// messages_per_minute.
	Key string
	// Limit and Used are in USD, or messages. Used is below 0 for a strategy that has gained since its
	// budget of losses began; it may be beyond the limit where prices have moved.
	Limit, Used decimal.Decimal
	// Unknown says why Used cannot be told, "" if it can.
	Unknown string
	// Asked says that the strategy itself has asked for no more than Limit.
	Asked bool
	// Full says that nothing but what reduces passes now, and Held that this stays so until a person
	// resumes the strategy.
	Full, Held bool
}

// Budgets tells of every amount that bounds a strategy what it uses at a time, by rising strategy.
func (g *Guard) Budgets(at exchange.Time) (list []BudgetUse) {
	for i, b := range g.budgets {
		if b == nil {
			continue
		}
		s := exchange.StrategyID(i)
		d := g.demandOf(s, nil, 0)
		add := func(key string, limit decimal.Decimal, asked bool, use func() (decimal.Decimal, *exchange.Refusal)) {
			u := BudgetUse{Strategy: s, Key: key, Limit: limit, Asked: asked}
			used, no := use()
			if u.Used = used; no != nil {
				u.Used, u.Unknown = decimal.Zero, no.Value
			}
			u.Full = no != nil || u.Used.GreaterThanOrEqual(limit)
			list = append(list, u)
		}
		if b.bounds.notional {
			add("notional_usd", b.notional, b.asked.notional, func() (decimal.Decimal, *exchange.Refusal) {
				was, _, no := d.notional()
				return was, no
			})
		}
		if b.bounds.capital {
			add("capital_usd", b.capital, b.asked.capital, func() (decimal.Decimal, *exchange.Refusal) {
				was, _, no := d.capital("", decimal.Zero)
				return was, no
			})
		}
		if b.bounds.loss {
			v := &g.ventures[s]
			add("loss_usd", b.loss, b.asked.loss, func() (decimal.Decimal, *exchange.Refusal) { return v.losses.Begun.Sub(g.worth(v)), nil })
			u := &list[len(list)-1]
			u.Held = v.losses.Spent != ""
			u.Full = u.Held || g.spent(s, g.worth(v)) != nil
		}
		if b.bounds.messages {
			add("messages_per_minute", decimal.NewFromInt(int64(b.messages)), b.asked.messages, func() (decimal.Decimal, *exchange.Refusal) {
				return decimal.NewFromInt(int64(g.traffic[s].minute(at))), nil
			})
		}
	}
	return list
}
