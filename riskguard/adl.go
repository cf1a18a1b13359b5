package riskguard

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// adl: whoever stands first in the queue of auto-deleveraging loses a position at a price that is
// not his when somebody else's account goes under. Of a hedge that is one leg, in the very
// moment in which the other is needed; so it is told while something can be done.
func (w *watch) adl() {
	for id := exchange.InstrumentID(1); int(id) <= w.g.ins.Len(); id++ {
		first := false
		for _, p := range w.g.queue {
			first = first || p.Inst == id && p.Quantile >= exchange.QuantileMost && !w.g.model.Position(id, p.Side).Qty.IsZero()
		}
		if !first {
			continue
		}
		in := w.g.ins.At(id)
		a := exchange.Alert{
			Severity: exchange.SeverityInfo, Limit: fmt.Sprintf("below %d", exchange.QuantileMost),
			Value: fmt.Sprintf("the position is among those that are deleveraged next, quantile %d", exchange.QuantileMost),
		}
		if gap, larger, known := w.g.gap(in.Base); !known || gap.LessThan(larger) {
			a.Severity = exchange.SeverityWarning
			a.Value += fmt.Sprintf("; it is a leg of a hedge of %s: reduce both legs together, or take its profit and open it anew", in.Base)
		}
		w.alert(id, a)
	}
}

// applyQueue keeps the places of the newest answer, of instruments that are known here.
func (g *Guard) applyQueue(q *exchange.ADLQueue) {
	g.queue = g.queue[:0]
	for _, p := range q.Places {
		if g.ins.Has(p.Inst) && p.Side <= exchange.Short && len(g.queue) < 3*g.ins.Len() {
			g.queue = append(g.queue, p)
		}
	}
}

// placeSnapshot is a place in the queue as a snapshot has it.
type placeSnapshot struct {
	Inst     exchange.InstrumentID `json:"inst"`
	Quantile int                   `json:"quantile"`
	Side     exchange.PositionSide `json:"side,omitzero"`
}

func (g *Guard) snapshotQueue() (list []placeSnapshot) {
	for _, p := range g.queue {
		list = append(list, placeSnapshot{p.Inst, p.Quantile, p.Side})
	}
	return list
}

func (g *Guard) restoreQueue(list []placeSnapshot) error {
	for _, p := range list {
		if !g.ins.Has(p.Inst) || p.Side > exchange.Short {
			return fmt.Errorf("a place in the queue of deleveraging is of instrument %d, and there is no such instrument", p.Inst)
		}
		g.queue = append(g.queue, exchange.Place{Inst: p.Inst, Side: p.Side, Quantile: p.Quantile})
	}
	return nil
}
