package backtest

import "github.com/pmbot/pmbot/riskguard"

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
