package riskguard

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// CheckAct answers whether an act on the account may be done, and fails closed as Check
// does. It changes nothing; a panic in a control is a refusal and asks for a halt. The
// controls are the account's state, the act's own numbers, and what the margin model says
// of it; rules.go has those of orders.
func (g *Guard) CheckAct(act exchange.Act, at exchange.Time) (v Verdict) {
	rule := "act-state"
	defer func() {
		if p := recover(); p != nil {
			why := fmt.Sprintf("control %s failed on %v: %v", rule, act.Kind, p)
			v = Verdict{Refusal: &exchange.Refusal{Rule: rule, Value: "the control failed", Limit: "it must run"}, Halt: why}
		}
	}()
	act.Assets = slices.Clone(act.Assets)
	for _, r := range [...]struct {
		name  string
		check func(*Guard, *exchange.Act, exchange.Time) *exchange.Refusal
	}{
		{"act-state", (*Guard).actState},
		{"act-permission", (*Guard).actPermission},
		{"act-sound", (*Guard).actSound},
		{"act-rate", (*Guard).actRate},
		{"act-pending", (*Guard).actPending},
		{"act-inventory", (*Guard).actInventory},
		{"act-borrow", (*Guard).actBorrow},
		{"act-budget", (*Guard).actBudget},
		{"act-leverage", (*Guard).actLeverage},
		{"act-mode", (*Guard).actMode},
	} {
		rule = r.name
		if no := r.check(g, &act, at); no != nil {
			no.Rule = rule
			return Verdict{Refusal: no}
		}
	}
	return Verdict{Approved: Approved{act: &act, epoch: g.epoch, expires: at.Add(g.limits.ApprovalTTL)}}
}

// actState: while the account is not active, or the model has lost track of it, only what
// lessens debts or gathers collateral is done.
func (g *Guard) actState(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	switch {
	case int(act.Strategy) >= len(g.sent):
		return &exchange.Refusal{Value: "no such strategy"}
	case act.Kind.CleansUp():
		return nil
	case g.limits.RefuseAll:
		return refusesAll()
	case g.fault != nil:
		return &exchange.Refusal{Value: "the margin model lost track: " + g.fault.Error(), Limit: "its inputs must be sound"}
	case g.states.account.effective != exchange.Active:
		return &exchange.Refusal{Value: g.holder(0, 0), Limit: "it must be active"}
	case act.Strategy != 0 && g.State(act.Strategy, 0) != exchange.Active:
		return &exchange.Refusal{Value: g.holder(act.Strategy, 0), Limit: "it must be active"}
	}
	return nil
}

// actSound: an act names what it needs, and nothing that nobody knows.
func (g *Guard) actSound(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	switch act.Kind {
	case exchange.ActBorrow, exchange.ActRepay, exchange.ActTransferBNB:
		if !act.Amount.IsPositive() {
			return &exchange.Refusal{Value: fmt.Sprintf("amount %v", act.Amount), Limit: "it must be positive"}
		}
	case exchange.ActRepayDebt:
		if act.Amount.IsNegative() {
			return &exchange.Refusal{Value: fmt.Sprintf("amount %v", act.Amount), Limit: "it must be positive, or 0 for all"}
		}
	case exchange.ActLeverage, exchange.ActPositionMode, exchange.ActFeeBurn, exchange.ActCollectAll, exchange.ActCollectAsset,
		exchange.ActRepaySwitch, exchange.ActRepayNegative, exchange.ActSignContract:
	default:
		return &exchange.Refusal{Value: act.Kind.String(), Limit: "it must be an act"}
	}
	var assets []string
	switch act.Kind {
	case exchange.ActBorrow, exchange.ActRepay, exchange.ActCollectAsset:
		assets = []string{act.Asset}
	case exchange.ActRepayDebt:
		assets = append([]string{act.Asset}, act.Assets...)
	}
	for _, asset := range assets {
		if !g.knows(asset) {
			return &exchange.Refusal{Value: fmt.Sprintf("asset %q", asset), Limit: "it must be one of the account's or of an instrument's"}
		}
	}
	if act.Kind == exchange.ActCollectAsset && act.Asset == "BNB" {
		return &exchange.Refusal{Value: "asset BNB", Limit: "the exchange collects all but BNB"}
	}
	return nil
}

// knows says whether an asset has a price or an instrument.
func (g *Guard) knows(asset string) bool {
	if asset == "" {
		return false
	}
	if g.model.Index(asset) > 0 {
		return true
	}
	for id := exchange.InstrumentID(1); int(id) <= g.ins.Len(); id++ {
		if in := g.ins.At(id); in.Base == asset || in.Quote == asset || in.MarginAsset == asset {
			return true
		}
	}
	return false
}

// actBorrow: all debts together, with what open orders may borrow, stay within a bound in USD,
// on a fresh price and a rate that was told, and the worst case of all open orders keeps both floors with the loan.
func (g *Guard) actBorrow(act *exchange.Act, at exchange.Time) *exchange.Refusal {
	if act.Kind != exchange.ActBorrow {
		return nil
	}
	i := slices.IndexFunc(g.assets, func(a asset) bool { return a.name == act.Asset })
	if i < 0 || g.assets[i].price <= 0 {
		return &exchange.Refusal{Value: "no index price of " + act.Asset + " is known", Limit: "it must be known"}
	}
	if a := &g.assets[i]; at.Sub(a.at) > freshFor(g.limits.FreshIndex, a.every) {
		return &exchange.Refusal{
			Value: fmt.Sprintf("index of %s %v old", a.name, at.Sub(a.at)), Limit: freshFor(g.limits.FreshIndex, a.every).String(),
		}
	}
	yearly, no := g.yearlyRate(act.Asset, at)
	if no != nil {
		return no
	}
	if yearly.Decimal().GreaterThan(g.limits.LoanRateMax) {
		return &exchange.Refusal{Value: fmt.Sprintf("interest of %v a year on %s", yearly, act.Asset), Limit: fmt.Sprintf("%v a year", g.limits.LoanRateMax)}
	}
	p, err := g.model.ProjectBorrow(act.Asset, act.Amount)
	if err != nil {
		return &exchange.Refusal{Value: err.Error(), Limit: "the worst case must be computable"}
	}
	if debts := p.Exposure.Debt.Decimal(); debts.GreaterThan(g.limits.BorrowMaxUSD) {
		return &exchange.Refusal{
			Value: fmt.Sprintf("debts of %v USD", debts.RoundCeil(2)), Limit: fmt.Sprintf("%v USD", g.limits.BorrowMaxUSD),
		}
	}
	return g.keepsFloors(&p)
}

// keepsFloors refuses what would leave uniMMR, as it is or under a shock, below its floor,
// or no margin to spare.
func (g *Guard) keepsFloors(p *margin.Projection) *exchange.Refusal {
	for _, f := range [...]struct {
		outcome *margin.Outcome
		least   decimal.Decimal
	}{{&p.Base, g.limits.UniMMRMin}, {&p.Shocked, g.limits.UniMMRShockMin}} {
		o := f.outcome
		if o.UniMMR.GreaterThanOrEqual(f.least) {
			continue
		}
		value := fmt.Sprintf("projected uniMMR %v", o.UniMMR.Round(4))
		if o.Scenario != "" {
			value += " under " + o.Scenario
		}
		return &exchange.Refusal{Value: value, Limit: f.least.String()}
	}
	if p.Available.IsNegative() {
		return &exchange.Refusal{Value: fmt.Sprintf("available balance %v USD", p.Available.Round(2)), Limit: "it must not be negative"}
	}
	return nil
}

// actLeverage: the leverage is one that the brackets know, is enough for the positions and
// orders that there are, and leaves margin for them.
func (g *Guard) actLeverage(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	if act.Kind != exchange.ActLeverage {
		return nil
	}
	if !g.ins.Has(act.Inst) || g.ins.At(act.Inst).Product == exchange.Margin {
		return &exchange.Refusal{Value: fmt.Sprintf("instrument %d", act.Inst), Limit: "it must be a futures contract"}
	}
	name := g.ins.At(act.Inst).Name()
	most := 0
	if tiers := g.model.Brackets(act.Inst).Tiers; len(tiers) > 0 {
		most = tiers[0].Leverage
	}
	if act.Leverage < 1 || act.Leverage > most {
		return &exchange.Refusal{Value: fmt.Sprintf("leverage %d of %s", act.Leverage, name), Limit: fmt.Sprintf("1 to %d", most)}
	}
	p, err := g.model.ProjectLeverage(act.Inst, act.Leverage)
	if err != nil {
		return &exchange.Refusal{Value: err.Error(), Limit: "the worst case must be computable"}
	}
	if len(p.Breaches) > 0 {
		b := &p.Breaches[0]
		return &exchange.Refusal{
			Value: fmt.Sprintf("position of %v on %s at leverage %d", b.Size.Round(8), name, b.Leverage),
			Limit: fmt.Sprintf("bracket cap %v", b.Cap),
		}
	}
	if p.Available.IsNegative() {
		return &exchange.Refusal{
			Value: fmt.Sprintf("available balance %v USD at leverage %d", p.Available.Round(2), act.Leverage), Limit: "it must not be negative",
		}
	}
	return nil
}

// actMode: the position mode changes only without positions and orders, of UM and CM
// alike, for the exchange keeps their modes equal.
func (g *Guard) actMode(act *exchange.Act, _ exchange.Time) *exchange.Refusal {
	if act.Kind != exchange.ActPositionMode {
		return nil
	}
	if act.Product != exchange.UM && act.Product != exchange.CM {
		return &exchange.Refusal{Value: act.Product.String(), Limit: "position modes are of UM and CM"}
	}
	for id := exchange.InstrumentID(1); int(id) <= g.ins.Len(); id++ {
		if g.occupied[id] {
			return &exchange.Refusal{Value: "a position on " + g.ins.At(id).Name(), Limit: "the mode changes only without positions"}
		}
	}
	for i := range g.open {
		if in := g.ins.At(g.open[i].Request.Inst); in.Product != exchange.Margin {
			return &exchange.Refusal{Value: "an order on " + in.Name(), Limit: "the mode changes only without orders"}
		}
	}
	return nil
}
