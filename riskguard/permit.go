package riskguard

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// Permit is what a strategy may do: what it has declared, less what the configuration takes from
// it. The zero value permits nothing, and so does a list that is empty.
type Permit struct {
	// Everything permits all there is; the rest is not read then. It is for an owner's own
	// programs that declare nothing; no configuration can say it.
	Everything bool `json:"everything,omitzero"`
	// Symbols, such as "UM:BTCUSDT", Sides and OrderTypes are what it may trade.
	Symbols    []string             `json:"symbols,omitempty"`
	Sides      []exchange.Side      `json:"sides,omitempty"`
	OrderTypes []exchange.OrderType `json:"order_types,omitempty"`
	// Borrow permits loans and repayments, and orders that borrow by themselves.
	Borrow bool `json:"borrow,omitzero"`
	// Asked is the budget that it has asked for, nil for none: no limits grant more.
	Asked *Budget `json:"asked,omitempty"`
}

// Beyond says what a permit has that the other one has not, "" if nothing.
func (p *Permit) Beyond(of *Permit) string {
	if of.Everything {
		return ""
	}
	if p.Everything {
		return "everything"
	}
	var list []string
	for _, s := range p.Symbols {
		if !slices.Contains(of.Symbols, s) {
			list = append(list, s)
		}
	}
	for _, s := range p.Sides {
		if !slices.Contains(of.Sides, s) {
			list = append(list, s.String())
		}
	}
	for _, t := range p.OrderTypes {
		if !slices.Contains(of.OrderTypes, t) {
			list = append(list, t.String())
		}
	}
	if p.Borrow && !of.Borrow {
		list = append(list, "loans")
	}
	list = append(list, p.Asked.beyond(of.Asked)...)
	return strings.Join(list, ", ")
}

// Unbound are permits of everything for so many strategies.
func Unbound(strategies int) []Permit { return slices.Repeat([]Permit{{Everything: true}}, strategies) }

// permitted says of every strategy which instruments it may trade, by their numbers.
func permitted(c *Config) [][]bool {
	all := make([][]bool, c.Strategies+1)
	for s := range all {
		all[s] = make([]bool, c.Instruments.Len()+1)
		for id := exchange.InstrumentID(1); s > 0 && s <= len(c.Permits) && int(id) <= c.Instruments.Len(); id++ {
			all[s][id] = slices.Contains(c.Permits[s-1].Symbols, symbolOf(c.Instruments.At(id)))
		}
	}
	return all
}

// permitOf is a strategy's permit: that of its number, nothing without one.
func (g *Guard) permitOf(s exchange.StrategyID) Permit {
	if s == 0 || int(s) > len(g.config.Permits) {
		return Permit{}
	}
	return g.config.Permits[s-1]
}

// labelOf is what a strategy is called.
func (g *Guard) labelOf(s exchange.StrategyID) string {
	if s == 0 || int(s) > len(g.config.Labels) {
		return fmt.Sprintf("strategy %d", s)
	}
	return "strategy " + g.config.Labels[s-1]
}

// permission: a strategy trades what it is permitted to, and nothing else. What the house does,
// and a person in a strategy's place, needs no permit.
func (c *check) permission() *exchange.Refusal {
	if c.order.Strategy == 0 || c.person || c.in == nil {
		return nil
	}
	p, r := c.g.permitOf(c.order.Strategy), &c.order.Request
	switch who := c.g.labelOf; {
	case p.Everything:
		return nil
	case !c.g.permitted[c.order.Strategy][r.Inst]:
		return &exchange.Refusal{Value: who(c.order.Strategy) + " on " + symbolOf(c.in), Limit: among(p.Symbols, "its parameters name", "symbols")}
	case !slices.Contains(p.Sides, r.Side):
		return &exchange.Refusal{Value: fmt.Sprintf("%v of %s", r.Side, who(c.order.Strategy)), Limit: among(p.Sides, "is configured", "sides")}
	case !slices.Contains(p.OrderTypes, r.Type):
		return &exchange.Refusal{Value: fmt.Sprintf("%v of %s", r.Type, who(c.order.Strategy)), Limit: among(p.OrderTypes, "its manifest declares", "order_types")}
	case !p.Borrow && (r.SideEffect == exchange.MarginBuy || r.SideEffect == exchange.AutoBorrowRepay):
		return &exchange.Refusal{Value: fmt.Sprintf("%v of %s", r.SideEffect, who(c.order.Strategy)), Limit: noLoans}
	}
	return nil
}

// noLoans says where loans are permitted.
const noLoans = "no loans: its manifest must declare borrow, and strategy.allow.no_loans not take it away"

// among says what is permitted, and where that stands.
func among[T any](list []T, where, key string) string {
	if len(list) == 0 {
		return fmt.Sprintf("nothing: it has no permit; see what %s, and strategy.allow.%s", where, key)
	}
	words := make([]string, len(list))
	for i, one := range list {
		words[i] = fmt.Sprint(one)
	}
	return fmt.Sprintf("%s: what %s and strategy.allow.%s leaves", strings.Join(words, ", "), where, key)
}

// actPermission: a strategy's loans and repayments need a permit to borrow. It is asked before
// anything else about an act but whether it may be done at all now.
func (g *Guard) actPermission(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	if p := g.permitOf(act.Strategy); act.Strategy == 0 || p.Everything || p.Borrow {
		return nil
	}
	return &exchange.Refusal{Value: fmt.Sprintf("%v of %s", act.Kind, g.labelOf(act.Strategy)), Limit: noLoans}
}
