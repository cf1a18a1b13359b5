package riskguard

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestBudgetsAsJSON: budgets are written with the limits and read again, and what makes no sense
// is told by its key.
func TestBudgetsAsJSON(t *testing.T) {
	l := DefaultLimits()
	l.Budgets = []Budget{{Strategy: "one", NotionalUSD: "30000", LossUSD: "500.5"}, {Strategy: "two", MessagesPerMinute: "60"}}
	again, err := ParseLimits(l.JSON())
	if err != nil || string(again.JSON()) != string(l.JSON()) || len(again.Budgets) != 2 {
		t.Fatalf("%+v %v", again.Budgets, err)
	}
	for text, want := range map[string]string{
		`{"budgets": [{"strategy": "one"}]}`: "budget.0: bounds nothing",
		`{"budgets": [{"loss_usd": "5"}]}`:   "budget.0.strategy is missing",
		`{"budgets": [{"strategy": "one", "loss_usd": "5"}, {"strategy": "one", "loss_usd": "5"}]}`: `budget.1 is the second of "one"`,
		`{"budgets": [{"strategy": "one", "loss": "5"}]}`:                                           "unknown field",
		`{"budgets": [{"strategy": "one", "notional_usd": "1000000000001"}]}`:                       "notional_usd is 1000000000001; it must be 0 to 1000000000000",
		`{"budgets": [{"strategy": "one", "messages_per_minute": "1.5"}]}`:                          "it must be a whole number",
		`{"budgets": [{"strategy": "one", "loss_usd": "5"}], "budgets": []}`:                        "given twice",
	} {
		if _, err := ParseLimits([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	l.Budgets = []Budget{{Strategy: "three", LossUSD: "5"}}
	c := newBench(t, DefaultLimits()).g.config
	c.Limits = l
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), `budget.0.strategy is "three"; it must be the label of a strategy`) {
		t.Errorf("a budget of nobody: %v", err)
	}
}

// TestBudgetSurvives: a guard that was restored has lost what the one before had, and has begun
// where a person had it begin.
func TestBudgetSurvives(t *testing.T) {
	l := DefaultLimits()
	one := decimal.New(1, 0)
	l.StrategyDailyLossMaxRatio, l.StrategyDrawdownMaxRatio, l.PositionMaxRatio, l.OrderNotionalMaxRatio = one, one, decimal.New(20, 0), one
	l.DailyLossMaxRatio, l.DrawdownMaxRatio = one, one
	l.Budgets = []Budget{{Strategy: "one", LossUSD: "50"}}
	b := newBench(t, l)
	play := func(lines string) {
		for line := range strings.Lines(lines) {
			b.do(strings.Fields(line))
		}
	}
	restored := func() *Guard {
		text := b.g.Snapshot()
		g, err := New(b.g.config)
		if err == nil {
			err = g.Restore(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	play("deposit UM USDT 90000\nfill UM BUY 0.1 50000 strategy=1 order=9\nwatch\nmark UM 49499\nwait 1s\nmark UM 49499\nwatch")
	v := &restored().ventures[1]
	if want := b.g.ventures[1].losses.Spent; want == "" || v.losses.Spent != want {
		t.Errorf("restored with %q, want %q", v.losses.Spent, want)
	}
	play("state ACTIVE strategy=1 cause=OPERATOR")
	g := restored()
	if l := &g.ventures[1].losses; l.Spent != "" || l.Begun.String() != "-50.1" {
		t.Errorf("begun at %v, %q", l.Begun, l.Spent)
	}
	if g.State(exchange.StrategyID(1), 1) != b.g.State(1, 1) {
		t.Error("another state")
	}
}
