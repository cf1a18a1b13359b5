package backtest

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// TestAlarmsOfLines: the lowest uniMMR of a line is also that of an alarm between samples, if
// the line held something then, and begins anew for all lines when an account is valued late.
func TestAlarmsOfLines(t *testing.T) {
	r := newRecorder(attributed(t, 2).ins, []string{"a", "b"})
	r.attribution.take(1, 1, 1, exchange.Buy, exchange.FixedOne, exchange.NotForced)
	r.attribution.take(1, 2, 2, exchange.Buy, exchange.FixedOne, exchange.NotForced)
	r.attribution.take(2, 2, 2, exchange.Sell, exchange.FixedOne, exchange.NotForced)
	e := exchange.Event{At: 3}
	e.SetRiskLevel(&exchange.Account{MaintMargin: decimal.New(1, 0), UniMMR: decimal.New(-19, -2), Status: exchange.StatusForceLiquidation})
	r.observe(&e)
	check := func(strategies, legs, both [2]string) {
		t.Helper()
		var res Result
		r.lines(&res)
		for i := range 2 {
			for _, c := range [...]struct {
				of   string
				line *Line
				want string
			}{
				{"strategy", &res.ByStrategy[i], strategies[i]}, {"leg", &res.ByLeg[i], legs[i]}, {"strategy and leg", &res.ByStrategyLeg[i].Line, both[i]},
			} {
				if got := c.line.UniMMRMin.String(); got != c.want {
					t.Errorf("%s %s: %s, want %s", c.of, c.line.Name, got, c.want)
				}
			}
		}
	}
	low := [2]string{"-0.19", "0"}
	check(low, low, low)
	r.valued(4)
	none := [2]string{"0", "0"}
	check(none, none, none)
}
