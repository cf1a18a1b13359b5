package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// FlattenStep is one wish of a plan, and the same for people. Note says what it is worth, at
// the prices of now, and is empty where that is not known.
type FlattenStep struct {
	Intent     exchange.Intent
	Text, Note string
}

// FlattenPlan is what would end all orders and close all positions now. A person sees it
// first; then its intents enter as events, in this order. What fills while it is under way is
// for another plan.
type FlattenPlan struct {
	Steps []FlattenStep
	// Kept are what the plan leaves as it is, and why.
	Kept []string
	// Unranked says why the order of steps is not the cheapest route, and is empty where it is.
	Unranked string
}

// Closing are the steps that close, without those whose strategy has one of these orders on
// the instrument: what is on its way there may close the rest.
func (p *FlattenPlan) Closing(open []exchange.Order) []FlattenStep {
	var list []FlattenStep
	for _, s := range p.Steps[min(1, len(p.Steps)):] {
		if !slices.ContainsFunc(open, func(o exchange.Order) bool {
			return o.Strategy == s.Intent.Strategy && o.Request.Inst == s.Intent.Request.Inst
		}) {
			list = append(list, s)
		}
	}
	return list
}

// FlattenRef is where the refs of plans begin: no strategy counts so far.
const FlattenRef = exchange.RefMax + 1

// FlattenPlan plans for an operator of that name to close what a strategy has, or with 0 all
// have, of an instrument, or with 0 of all. The orders are a strategy's whose position they
// close, and what nobody's is the house's.
//
// The cheapest route comes first: after the cancels, which free margin for nothing, what frees
// the most maintenance margin for its fee and spread, so that an account in need is out of it
// as early as can be. A leg of a hedge comes after what is bare, and then its other leg at
// once, see [margin.Portfolio.Closing]. That is an order of sending and no condition: every
// order goes out without waiting for those before it, so no leg, refused or slow, keeps
// another from being closed. Where prices are missing, or beyond the account's own positions,
// the instruments' order is as good as any.
//
// Orders are market orders that only reduce: the exchange itself keeps them from turning a
// position, whatever we believe, and bounds how far from the mark they deal. A limit at a
// collar of our own would leave a rest when the market runs, which is when one wants to be
// out. What is more than one may carry goes in several, each a step smaller, for equal ones
// would be refused as duplicates. Coins of the margin wallet and loans are listed and not
// touched: nobody knows here which of them are meant to be kept.
func (k *Kernel) FlattenPlan(by string, strategy exchange.StrategyID, inst exchange.InstrumentID) FlattenPlan {
	all := exchange.Intent{Kind: exchange.IntentCancelAll, Strategy: strategy, By: by, Tag: "flatten", Request: exchange.OrderRequest{Inst: inst}}
	p := FlattenPlan{Steps: []FlattenStep{{Intent: all, Text: fmt.Sprintf("cancel %d open orders", k.speaking(strategy, inst))}}}
	route, err := k.route()
	if err != nil {
		p.Unranked = "the cheapest route is not known: " + err.Error()
	}
	for _, l := range route {
		if inst != 0 && inst != l.inst {
			continue
		}
		before := len(p.Steps)
		if k.planLeg(&p, by, strategy, l.inst, l.side); len(p.Steps) > before {
			p.Steps[before].Note = l.note
		}
	}
	for _, b := range k.guard.Balances() {
		if strategy == 0 && inst == 0 && (b.Wallet == exchange.WalletMargin || b.Wallet.Debt()) {
			p.Kept = append(p.Kept, fmt.Sprintf("%v %s in %v stays", b.Amount, b.Asset, b.Wallet))
		}
	}
	return p
}

// flattenLeg is a position side of a future, and what closing all of it is worth.
type flattenLeg struct {
	inst exchange.InstrumentID
	side exchange.PositionSide
	note string
}

// route lists all legs of futures, the cheapest to close first; with an error, which is
// margin.ErrMissing, in the order of instruments: a flatten needs no prices.
func (k *Kernel) route() (list []flattenLeg, err error) {
	known := map[flattenLeg]bool{}
	cuts, err := k.guard.Closing()
	for i := range cuts {
		c := &cuts[i]
		l := flattenLeg{inst: c.Inst, side: c.Leg}
		known[l] = true
		l.note = fmt.Sprintf("all of the leg frees %v USD of margin for %v USD", c.Freed.Round(2), c.Cost.Round(2))
		if c.Opens {
			l.note += ", and opens a hedge"
		}
		list = append(list, l)
	}
	for id := exchange.InstrumentID(1); int(id) <= k.ins.Len(); id++ {
		for side := exchange.Both; side <= exchange.Short; side++ {
			if l := (flattenLeg{inst: id, side: side}); !known[l] && k.ins.At(id).Product != exchange.Margin {
				list = append(list, l)
			}
		}
	}
	return list, err
}

// speaking counts the open orders that a plan ends.
func (k *Kernel) speaking(strategy exchange.StrategyID, inst exchange.InstrumentID) int {
	n := 0
	for _, o := range k.orders.open {
		if o.speaks() && (strategy == 0 || o.Strategy == strategy) && (inst == 0 || o.Request.Inst == inst) {
			n++
		}
	}
	return n
}

// planLeg closes the position of an instrument and side, strategy by strategy, and never more
// of it than the account has: positions of strategies against each other are none there.
func (k *Kernel) planLeg(p *FlattenPlan, by string, only exchange.StrategyID, inst exchange.InstrumentID, side exchange.PositionSide) {
	net := k.sum(inst, side)
	rest := net.Abs()
	for i := range k.holdings {
		s := exchange.StrategyID((i + 1) % len(k.holdings)) // the house is last
		h := k.holdings[s][inst][side]
		if h.IsZero() || only != 0 && s != only {
			continue
		}
		part := decimal.Zero
		if h.Sign() == net.Sign() {
			part = decimal.Min(h.Abs(), rest)
			rest = rest.Sub(part)
		}
		if kept := h.Abs().Sub(part); kept.IsPositive() {
			p.Kept = append(p.Kept, fmt.Sprintf("%v of %s%s stays with %s: others hold the opposite, and the account has none of it",
				kept.Mul(decimal.NewFromInt(int64(h.Sign()))), k.ins.At(inst).Name(), leg(side), holder(s)))
		}
		if part.IsPositive() {
			k.planOrders(p, by, s, exchange.Position{Inst: inst, Side: side, Qty: part.Mul(decimal.NewFromInt(int64(h.Sign())))})
		}
	}
}

// planOrders closes a part of a position in as few orders as its instrument takes.
func (k *Kernel) planOrders(p *FlattenPlan, by string, s exchange.StrategyID, part exchange.Position) {
	in := k.ins.At(part.Inst)
	lot := in.LotFor(exchange.Market)
	r := exchange.OrderRequest{
		Inst: part.Inst, Side: exchange.Sell, PositionSide: part.Side, Type: exchange.Market,
		ReduceOnly: part.Side == exchange.Both, // a leg of hedge mode is closed by its name
	}
	if part.Qty.IsNegative() {
		r.Side = exchange.Buy
	}
	rest, err := exchange.FixedFromDecimal(part.Qty.Abs(), exchange.RoundDown)
	if err != nil {
		p.Kept = append(p.Kept, fmt.Sprintf("%v of %s stays with %s: %v", part.Qty, in.Name(), holder(s), err))
		return
	}
	most := rest
	if lot.Max > 0 {
		most = lot.Max
	}
	for rest > 0 && rest >= lot.Min && most >= lot.Min {
		r.Qty = (min(rest, most)-lot.Min).Round(lot.Step, exchange.RoundDown) + lot.Min
		if r.Qty <= 0 {
			break
		}
		rest -= r.Qty
		most -= lot.Step
		in := exchange.Intent{
			Kind: exchange.IntentNew, Strategy: s, Ref: FlattenRef + uint64(k.lastOrder)<<16 + uint64(len(p.Steps)), Request: r, Tag: "flatten", By: by,
		}
		p.Steps = append(p.Steps, FlattenStep{Intent: in, Text: fmt.Sprintf("%s %v of %s%s at the market, for %s",
			strings.ToLower(r.Side.String()), r.Qty, k.ins.At(part.Inst).Name(), leg(part.Side), holder(s))})
	}
	if rest > 0 {
		p.Kept = append(p.Kept, fmt.Sprintf("%v of %s%s stays with %s: market orders are of %v at least, in steps of %v",
			rest, in.Name(), leg(part.Side), holder(s), lot.Min, lot.Step))
	}
}

// holder names a strategy, or the house.
func holder(s exchange.StrategyID) string {
	if s == 0 {
		return "the house"
	}
	return fmt.Sprintf("strategy %d", s)
}
