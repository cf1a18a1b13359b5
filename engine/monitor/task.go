package monitor

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/engine"
	"github.com/pmbot/pmbot/exchange"
)

// Task is a pair or a stop that the bot does for a strategy.
type Task struct {
	Strategy string              `json:"strategy"`
	Ref      uint64              `json:"ref"`
	Kind     exchange.TaskKind   `json:"kind"`
	Status   exchange.TaskStatus `json:"status"`
	Symbol   string              `json:"symbol"`
	// Hedge is a pair's other leg. Coins is what it is to move the lead by, and Lead and Hedged what
	// its fills have moved the legs by.
	Hedge  string          `json:"hedge,omitempty"`
	Coins  decimal.Decimal `json:"coins,omitzero"`
	Lead   decimal.Decimal `json:"lead,omitzero"`
	Hedged decimal.Decimal `json:"hedged,omitzero"`
	// Trigger is a stop's, and Qty what its order closes now, 0 without one.
	Trigger exchange.Fixed `json:"trigger,omitzero"`
	Qty     exchange.Fixed `json:"qty,omitzero"`
	Reason  string         `json:"reason,omitempty"`
}

func (s *Server) tasks(k *engine.Kernel) (list []Task) {
	for _, u := range k.Tasks() {
		one := Task{
			Strategy: s.label(u.Strategy), Ref: u.Ref, Kind: u.Kind, Status: u.Status, Symbol: s.symbol(u.Inst), Coins: u.Coins,
			Lead: u.Lead, Hedged: u.Hedged, Trigger: u.Trigger, Qty: u.Qty, Reason: u.Reason,
		}
		if u.Hedge != 0 {
			one.Hedge = s.symbol(u.Hedge)
		}
		list = append(list, one)
	}
	return list
}
