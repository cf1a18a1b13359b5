package engine

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// taskSnapshot is an open task as a snapshot has it. Keys rise.
type taskSnapshot struct {
	Asked        exchange.Time               `json:"asked,omitzero"`
	Hedge        exchange.InstrumentID       `json:"hedge,omitzero"`
	HedgeSide    word[exchange.PositionSide] `json:"hedge_side"`
	Hedged       decimal.Decimal             `json:"hedged,omitzero"`
	Inst         exchange.InstrumentID       `json:"inst"`
	Kind         exchange.TaskKind           `json:"kind"`
	Lead         decimal.Decimal             `json:"lead,omitzero"`
	Next         exchange.Time               `json:"next,omitzero"`
	Open         exchange.Time               `json:"open,omitzero"`
	Order        exchange.OrderID            `json:"order,omitzero"`
	PositionSide word[exchange.PositionSide] `json:"position_side"`
	Qty          exchange.Fixed              `json:"qty,omitzero"`
	Reason       string                      `json:"reason,omitzero"`
	Ref          uint64                      `json:"ref"`
	Side         word[exchange.Side]         `json:"side"`
	Slice        exchange.Fixed              `json:"slice,omitzero"`
	Status       exchange.TaskStatus         `json:"status"`
	Stopping     bool                        `json:"stopping,omitzero"`
	Strategy     exchange.StrategyID         `json:"strategy"`
	Tag          string                      `json:"tag,omitzero"`
	Timeout      time.Duration               `json:"timeout,omitzero"`
	Tries        int                         `json:"tries,omitzero"`
	TriesMost    int                         `json:"tries_most,omitzero"`
	Trigger      exchange.Fixed              `json:"trigger,omitzero"`
	Type         word[exchange.OrderType]    `json:"type"`
	WorkingType  word[exchange.WorkingType]  `json:"working_type"`
}

func (t *task) snapshot() taskSnapshot {
	r, p := &t.request, &t.pair
	return taskSnapshot{
		t.asked, p.Hedge, word[exchange.PositionSide]{p.HedgeSide}, t.hedged, r.Inst, t.kind, t.lead, t.next, t.open, t.order,
		word[exchange.PositionSide]{r.PositionSide}, r.Qty, t.reason, t.ref, word[exchange.Side]{r.Side}, p.Slice, t.status, t.stopping,
		t.strategy, t.tag, p.Timeout, t.tries, p.Tries, r.Trigger, word[exchange.OrderType]{r.Type}, word[exchange.WorkingType]{r.WorkingType},
	}
}

func (k *Kernel) restoreTask(s *taskSnapshot) error {
	t := &task{
		kind: s.Kind, strategy: s.Strategy, ref: s.Ref, tag: s.Tag, status: s.Status, reason: s.Reason, order: s.Order,
		lead: s.Lead, hedged: s.Hedged, open: s.Open, asked: s.Asked, tries: s.Tries, next: s.Next, stopping: s.Stopping,
		request: exchange.OrderRequest{
			Inst: s.Inst, Side: s.Side.is, PositionSide: s.PositionSide.is, Type: s.Type.is, Qty: s.Qty, Trigger: s.Trigger, WorkingType: s.WorkingType.is,
		},
		pair: exchange.Pair{Hedge: s.Hedge, HedgeSide: s.HedgeSide.is, Slice: s.Slice, Timeout: s.Timeout, Tries: s.TriesMost},
	}
	pair, stop := t.kind == exchange.TaskPair, t.kind == exchange.TaskStop
	switch {
	case !pair && !stop || t.status.Final() || t.status == 0 || t.strategy == 0:
		return fmt.Errorf("task %d of strategy %d is a %v that is %v", t.ref, t.strategy, t.kind, t.status)
	case !k.ins.Has(s.Inst) || pair && !k.ins.Has(s.Hedge):
		return fmt.Errorf("task %d is of instruments %d and %d, which there are not", t.ref, s.Inst, s.Hedge)
	case t.request.PositionSide > exchange.Short || t.pair.HedgeSide > exchange.Short || t.order > k.lastOrder:
		return fmt.Errorf("task %d has position sides or an order that cannot be", t.ref)
	case k.task(t.strategy, t.ref) != nil || pair && (t.request.Qty <= 0 || t.pair.Slice <= 0):
		return fmt.Errorf("task %d of strategy %d is in it twice, or of nothing", t.ref, t.strategy)
	}
	k.holds(t.strategy)
	k.tasks = append(k.tasks, t)
	return nil
}
