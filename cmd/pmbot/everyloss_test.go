package main

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// lossesBounded gives every strategy a budget of losses that it cannot use up, so that the guard
// tells what it has lost.
func lossesBounded(cfg *backtest.Config) {
	for _, s := range cfg.Strategies {
		cfg.Risk.Budgets = append(cfg.Risk.Budgets, riskguard.Budget{Strategy: s.Label, LossUSD: "1000000000"})
	}
}

// ends are what an asset and a contract were worth at the end of a run; 0 is not known.
type ends struct{ res *backtest.Result }

func (e ends) index(asset string) decimal.Decimal {
	for _, a := range e.res.Equity[len(e.res.Equity)-1].Assets {
		if a.Asset == asset && !a.Net.IsZero() {
			return a.Actual.DivRound(a.Net, 24)
		}
	}
	return decimal.Zero
}

func (e ends) mark(p exchange.Product, symbol string) exchange.Fixed {
	for _, o := range e.res.Open {
		if o.Product == p && o.Symbol == symbol {
			return o.Mark
		}
	}
	return 0
}

// everyLoss holds what the guard's budgets say that strategies have lost against their lines: what
// they have made of each asset, interest included, and what they have open, all at the prices of
// the end; and of strategies that deal in dollars alone against their lines in dollars, too. It
// returns the interest of strategies that were compared.
func everyLoss(t *testing.T, name string, res *backtest.Result) (interest decimal.Decimal) {
	t.Helper()
	end, compared := ends{res}, 0
	for _, b := range res.Budgets {
		if b.Key != "risk.budget.loss_usd" {
			continue
		}
		made, rest, coins := decimal.Zero, decimal.Zero, false
		for i := range res.ByStrategyAsset {
			l := &res.ByStrategyAsset[i]
			if l.Strategy == b.Strategy {
				made, rest = made.Add(l.Sum().Sub(l.Other).Mul(end.index(l.Asset))), rest.Add(l.Other.Abs())
				interest = interest.Add(l.Interest.Mul(end.index(l.Asset)).Abs())
				coins = coins || l.Asset != "USDT"
			}
		}
		open, known := openOf(res, b.Strategy, end)
		if !known { // strategies whose positions cancel; there is no mark among the account's
			continue
		}
		compared++
		if off := made.Add(open).Add(b.Used).Abs(); off.GreaterThan(decimal.New(5, -2)) {
			t.Errorf("%s: by the guard %s has lost %v, by its lines of assets %v (%v off)", name, b.Strategy, b.Used, made.Add(open).Neg(), off)
		}
		if !rest.IsZero() {
			t.Errorf("%s: %s has moved money: %v", name, b.Strategy, rest)
		}
		for _, l := range res.ByStrategy {
			// The line values a dollar coin at the moment of each booking, the guard now.
			moved := l.Price.Abs().Add(l.Fees.Abs()).Add(l.Funding.Abs()).Mul(decimal.New(1, -3))
			if off := l.Net.Add(b.Used).Abs(); l.Name == b.Strategy && !coins && off.GreaterThan(moved) {
				t.Errorf("%s: by the guard %s has lost %v, its line is %v", name, b.Strategy, b.Used, l.Net)
			}
		}
	}
	if compared < 4 {
		t.Errorf("%s: only %d strategies could be compared", name, compared)
	}
	return interest
}

// openOf is what a strategy's own positions in contracts, by its fills, have earned at the end, in
// USD. It knows nothing of shares of forced fills.
func openOf(res *backtest.Result, strategy string, end ends) (sum decimal.Decimal, known bool) {
	held := make([]exchange.Position, len(res.Legs))
	contract := func(l *backtest.Leg) *exchange.Instrument {
		if l.Product == exchange.CM {
			return &exchange.Instrument{Product: l.Product, MarginAsset: "BTC", ContractSize: 100 * exchange.FixedOne}
		}
		return &exchange.Instrument{Product: l.Product, MarginAsset: "USDT", ContractSize: exchange.FixedOne}
	}
	for _, f := range res.Fills.All() {
		at := slices.IndexFunc(res.Legs, func(l backtest.Leg) bool { return l.Product == f.Product && l.Symbol == f.Symbol })
		if f.Strategy == strategy && f.Product != exchange.Margin {
			held[at].Trade(contract(&res.Legs[at]), f.Side, f.Qty, f.Price)
		}
	}
	for i, p := range held {
		if p.Qty.IsZero() {
			continue
		}
		l := &res.Legs[i]
		mark, in := end.mark(l.Product, l.Symbol), contract(l)
		if mark == 0 {
			return sum, false
		}
		sum = sum.Add(in.PnL(p.Qty, p.Entry, mark.Decimal()).Mul(end.index(in.MarginAsset)))
	}
	return sum, true
}
