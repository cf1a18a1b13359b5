package riskguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// asking is a bench whose first strategy asks for a budget.
func asking(t *testing.T, l Limits, asked Budget) *bench {
	t.Helper()
	one := decimal.New(1, 0)
	l.OrderNotionalMaxRatio, l.PositionMaxRatio = one, one
	c := newBench(t, l).g.config
	c.Permits = []Permit{everyOrder(), everyOrder()}
	c.Permits[0].Asked = &asked
	return benchOf(t, c)
}

// everyOrder permits limit orders on UM:BTCUSDT.
func everyOrder() Permit {
	return Permit{Symbols: []string{"UM:BTCUSDT"}, Sides: []exchange.Side{exchange.Buy, exchange.Sell}, OrderTypes: []exchange.OrderType{exchange.Limit}}
}

// TestAskedBudgets: what a strategy asks for bounds it, the limits may grant less and never more, and
// a guard that was restored, or that has taken other limits, holds to the same.
func TestAskedBudgets(t *testing.T) {
	for _, c := range []struct {
		configured LimitText
		most       string // of a quantity at 50,000
		words      string
	}{
		{"", "0.06", "limit 3000 USD, what it asks for in its manifest"},
		{"2000", "0.04", "limit 2000 USD, its budget"},
		{"3000", "0.06", "limit 3000 USD, its budget"},
		{"9000", "0.06", "limit 3000 USD, what it asks for in its manifest"},
	} {
		l := DefaultLimits()
		if c.configured != "" {
			l.Budgets = []Budget{{Strategy: "one", NotionalUSD: c.configured}}
		}
		b := asking(t, l, Budget{NotionalUSD: "3000", MessagesPerMinute: "50"})
		for range 2 {
			if answer := b.do(strings.Fields("check buy UM " + c.most + " limit 50000")); answer != "passes" {
				t.Errorf("configured %q: %s", c.configured, answer)
			}
			if answer := b.do(strings.Fields("check buy UM " + c.most + "1 limit 50000")); !strings.Contains(answer, "refused by budget") || !strings.Contains(answer, c.words) {
				t.Errorf("configured %q: %s", c.configured, answer)
			}
			if answer := b.do(strings.Fields("check2 buy UM 0.07 limit 50000")); answer != "passes" {
				t.Errorf("another strategy, which asks for nothing: %s", answer)
			}
			b.again()
		}
		if uses := b.g.Budgets(b.now); len(uses) != 2 || uses[0].Asked != strings.Contains(c.words, "manifest") || !uses[1].Asked || uses[1].Limit.String() != "50" {
			t.Errorf("configured %q: %+v", c.configured, uses)
		}
	}
	b := asking(t, DefaultLimits(), Budget{LossUSD: "50"})
	if !b.g.sets.bounded {
		t.Error("losses are not looked at")
	}
	b.g.config.Permits[0] = Permit{Everything: true, Asked: &Budget{LossUSD: "50"}}
	if err := b.g.setLimits(b.g.limits); err != nil || b.g.budgets[1] != nil {
		t.Errorf("a permit of everything: %+v %v", b.g.budgets[1], err)
	}
	b.g.config.Permits[0] = Permit{Asked: &Budget{LossUSD: "many"}}
	if _, err := New(b.g.config); err == nil || !strings.Contains(err.Error(), `the budget that strategy 1 asks for: loss_usd is "many"; it must be a number`) {
		t.Error(err)
	}
}

// TestGrants: what was asked for and what the limits have are told with what counts of them.
func TestGrants(t *testing.T) {
	l := DefaultLimits()
	l.Budgets = []Budget{{Strategy: "two", LossUSD: "1"}, {Strategy: "one", NotionalUSD: "20000", LossUSD: "800", CapitalUSD: "7"}}
	list, err := l.Grants("one", &Budget{NotionalUSD: "30000", LossUSD: "500", MessagesPerMinute: "60"})
	want := "[notional_usd 20000 of 30000 asked capital_usd 7 as configured loss_usd 500 as asked, not the 800 configured messages_per_minute 60 as asked]"
	if got := fmt.Sprint(list); err != nil || got != want {
		t.Errorf("%s %v", got, err)
	}
	if list, err := l.Grants("three", nil); err != nil || len(list) != 0 {
		t.Errorf("%v %v", list, err)
	}
	if _, err := l.Grants("one", &Budget{LossUSD: "many"}); err == nil {
		t.Error("a budget that makes no sense")
	}
}
