package engine

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
	"github.com/pmbot/pmbot/riskguard/margin"
)

// owing makes a config whose strategies have budgets of capital and losses.
func owing(t *testing.T) Config {
	t.Helper()
	l := benchLimits()
	l.Budgets = []riskguard.Budget{{Strategy: "one", CapitalUSD: "6000", LossUSD: "1"}, {Strategy: "two", CapitalUSD: "6000"}}
	c := benchConfig(t, benchLimits())
	guard, err := riskguard.New(riskguard.Config{Instruments: c.Instruments, Tables: margin.Assumed(), Limits: l, Strategies: 2, Labels: []string{"one", "two"}, Permits: riskguard.Unbound(2)})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []exchange.Kind{exchange.KindAccount, exchange.KindClock} {
		e := exchange.Event{}
		e.SetCadence(&exchange.Cadence{Kind: kind, Every: exchange.Forever})
		guard.Apply(&e)
	}
	c.Guard = guard
	return c
}

// used are the budgets in use.
func used(g *riskguard.Guard, at exchange.Time) string {
	var list []string
	for _, u := range g.Budgets(at) {
		list = append(list, fmt.Sprintf("s%d %s %v", u.Strategy, u.Key, u.Used))
	}
	return strings.Join(list, ", ")
}

// TestGuardKnowsLoans: what a strategy has borrowed, from the moment it is sent, is its capital, and
// the interest booked on it its loss; both are the same in a kernel that was restored.
func TestGuardKnowsLoans(t *testing.T) {
	b := newBench(t)
	c := owing(t)
	b.guard, b.kernel = c.Guard, New(c)
	b.driver = NewDriver(b.kernel, b, b)
	for _, step := range []struct{ script, want string }{
		{"price UM 60000\nindex BTC 60000\nindex USDT 1\ndeposit UM USDT 100000\nstate ACTIVE\nlend USDT available=9000 hourly=0.00001", "s1 capital_usd 0, s1 loss_usd 0, s2 capital_usd 0"},
		{"wish s1 #1 borrow USDT 5000", "s1 capital_usd 5000, s1 loss_usd 0, s2 capital_usd 0"},
		{"book LOAN USDT BORROW 5000 to 5000\nbook MARGIN USDT BORROW 5000 to 5000\ntold 1 DONE transaction=71", "s1 capital_usd 5000, s1 loss_usd 0, s2 capital_usd 0"},
		{"book INTEREST USDT INTEREST 0.05 to 0.05", "s1 capital_usd 5000, s1 loss_usd 0.05, s2 capital_usd 0"},
		{"wish s2 #1 borrow USDT 1000\ntold 2 REJECTED code=-3045", "s1 capital_usd 5000, s1 loss_usd 0.05, s2 capital_usd 0"},
		{"wish s1 #2 repay USDT 2000\nbook LOAN USDT REPAY -2000 to 3000\nbook MARGIN USDT REPAY -2000 to 3000\ntold 3 DONE transaction=73", "s1 capital_usd 3000, s1 loss_usd 0.05, s2 capital_usd 0"},
	} {
		b.play(step.script)
		if got := used(b.guard, b.now); got != step.want {
			t.Fatalf("after %s: %s, want %s\n%s", step.script, got, step.want, b.out)
		}
		fresh := owing(t)
		if _, err := Restore(fresh, b.kernel.Snapshot()); err != nil {
			t.Fatal(err)
		}
		if got := used(fresh.Guard, b.now); got != step.want {
			t.Errorf("after %s, restored: %s, want %s", step.script, got, step.want)
		}
	}
	b.play("wish s1 #3 borrow USDT 3000.01")
	if !strings.Contains(b.out.String(), "refused by act-budget: the strategy's positions, orders and loans would take 6000.01 USD of capital, limit 6000 USD, its budget; 3000 USDT would pass") {
		t.Error(b.out.String())
	}
	b.play("book INTEREST USDT INTEREST 0.96 to 1.01\nwait 2s\nprice UM 60000\nindex USDT 1")
	if s := b.guard.State(1, 1); s != exchange.ReduceOnly {
		t.Errorf("after a loss of its budget by interest: %v\n%s", s, b.out)
	}
}
