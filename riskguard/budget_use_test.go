package riskguard

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

// TestBudgetUses: what is used of each amount is what the next order is held against, and full when
// nothing more passes.
func TestBudgetUses(t *testing.T) {
	l := DefaultLimits()
	one := decimal.New(1, 0)
	l.StrategyDailyLossMaxRatio, l.StrategyDrawdownMaxRatio, l.PositionMaxRatio, l.OrderNotionalMaxRatio = one, one, decimal.New(20, 0), one
	l.DailyLossMaxRatio, l.DrawdownMaxRatio, l.OpenOrdersNotionalMaxRatio = one, one, decimal.New(40, 0)
	l.Budgets = []Budget{{Strategy: "two", NotionalUSD: "5000", CapitalUSD: "500", LossUSD: "50", MessagesPerMinute: "2"}}
	b := newBench(t, l)
	for _, step := range []struct{ script, want string }{
		{"deposit UM USDT 90000\nleverage UM 20", "notional_usd 0, capital_usd 0, loss_usd 0, messages_per_minute 0"},
		{"own 2 UM 0.05\nown 1 UM 9", "notional_usd 2500, capital_usd 125, loss_usd 0, messages_per_minute 0"},
		{"send a buy UM 0.05 limit 50000 strategy=2", "notional_usd 5000 full, capital_usd 250, loss_usd 0, messages_per_minute 1"},
		{"amend a 49000 0.049\nowes 2 BTC 0.0051 0.0001", "notional_usd 4950, capital_usd 502.5 full, loss_usd 5, messages_per_minute 1"},
		{"owes 2 BTC 0.002 0.001\nown 2 UM 0", "notional_usd 2450, capital_usd 222.5, loss_usd 50, messages_per_minute 1"},
		{"owes 2 BTC 0.002 0.00100002", "notional_usd 2450, capital_usd 222.5, loss_usd 50.001 full, messages_per_minute 1"},
		{"wait 2s\nfresh\nwatch", "notional_usd 2450, capital_usd 222.5, loss_usd 50.001 full held, messages_per_minute 1"},
		{"state ACTIVE strategy=2 cause=OPERATOR\nowes 2 DOGE 1 0", "notional_usd 2450, capital_usd unknown (no index price of DOGE is known, of which the strategy owes some) full, loss_usd 0, messages_per_minute 1"},
		{"wait 70s", "notional_usd 2450, capital_usd unknown (no index price of DOGE is known, of which the strategy owes some) full, loss_usd 0, messages_per_minute 0"},
	} {
		for line := range strings.Lines(step.script) {
			if answer := b.do(strings.Fields(line)); answer != "" && answer != "passes" && !strings.HasPrefix(line, "watch") {
				t.Fatalf("%s: %s", line, answer)
			}
		}
		var list []string
		for _, u := range b.g.Budgets(b.now) {
			text := fmt.Sprint(u.Key, " ", u.Used)
			if u.Unknown != "" {
				text = fmt.Sprintf("%s unknown (%s)", u.Key, u.Unknown)
			}
			if u.Full {
				text += " full"
			}
			if u.Held {
				text += " held"
			}
			if u.Strategy != 2 || u.Asked {
				t.Errorf("%+v", u)
			}
			list = append(list, text)
		}
		if got := strings.Join(list, ", "); got != step.want {
			t.Errorf("after %s: %s\nwant %s", step.script, got, step.want)
		}
	}
}
