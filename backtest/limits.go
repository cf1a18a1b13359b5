package backtest

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// limits tells of each of the guard's limits how near the run came to it.
func (r *recorder) limits(uses []riskguard.Use) []LimitUse {
	list := make([]LimitUse, len(uses))
	for i, u := range uses {
		list[i] = LimitUse{Rule: u.Rule, Scope: u.Scope, Limit: u.Limit, Value: u.Value, Used: u.Used, Refused: u.Refused}
		if u.Key != "" {
			list[i].Key = "risk." + u.Key
		}
		if u.Measured {
			list[i].At, list[i].Strategy, list[i].Instrument = u.At, r.labels[u.Strategy], r.ins.At(u.Inst).Name()
		}
	}
	return list
}

// budgets tells of each budget what was used of it at the end.
func (r *recorder) budgets(uses []riskguard.BudgetUse) (list []BudgetLine) {
	for _, u := range uses {
		list = append(list, BudgetLine{
			Strategy: r.labels[u.Strategy], Key: "risk.budget." + u.Key, Limit: u.Limit, Used: u.Used.Round(exchange.FixedPlaces), Unknown: u.Unknown, Full: u.Full,
		})
	}
	return list
}
