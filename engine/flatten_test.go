package engine

import (
	"testing"

	"github.com/pmbot/pmbot/exchange"
)

// TestClosing asks anew for what nothing on its way may close: another strategy's orders rest.
func TestClosing(t *testing.T) {
	wish := func(s exchange.StrategyID, inst exchange.InstrumentID) FlattenStep {
		return FlattenStep{Intent: exchange.Intent{Kind: exchange.IntentNew, Strategy: s, Request: exchange.OrderRequest{Inst: inst}}}
	}
	open := func(s exchange.StrategyID, inst exchange.InstrumentID) exchange.Order {
		return exchange.Order{Strategy: s, Request: exchange.OrderRequest{Inst: inst}}
	}
	p := FlattenPlan{Steps: []FlattenStep{{}, wish(1, 1), wish(1, 2), wish(2, 1)}}
	got := p.Closing([]exchange.Order{open(1, 1), open(2, 2)})
	if len(got) != 2 || legOfStep(got[0]) != legOfStep(wish(1, 2)) || legOfStep(got[1]) != legOfStep(wish(2, 1)) {
		t.Errorf("%+v", got)
	}
	if got = p.Closing(nil); len(got) != 3 {
		t.Errorf("without orders: %+v", got)
	}
}

func legOfStep(s FlattenStep) [2]int {
	return [2]int{int(s.Intent.Strategy), int(s.Intent.Request.Inst)}
}
