package riskguard

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// Whoever else trades the account makes every limit wrong that is held here. Fills of theirs are
// noted as they happen; their open orders are found by reconciliation, reading by reading.

// doubtedFill is a fill of an order that is not known. It may be the child of a conditional order
// of ours, whose name is told a moment later.
type doubtedFill struct {
	clientID string
	happening
}

const (
	// doubtFor is how long a fill waits for somebody to know its order, and doubtedMax how many
	// wait. Of more the oldest is a stranger's at once.
	doubtFor   = 2 * time.Second
	doubtedMax = 64
)

func (g *Guard) doubtFill(clientID string, h happening) {
	if len(g.doubted) == doubtedMax {
		g.happen(g.doubted[0].happening)
		g.doubted = slices.Delete(g.doubted, 0, 1)
	}
	g.doubted = append(g.doubted, doubtedFill{clientID, h})
}

// judgeFills has those remembered as strangers' that have waited long enough.
func (g *Guard) judgeFills(at exchange.Time) {
	for len(g.doubted) > 0 && at.Sub(g.doubted[0].at) >= doubtFor {
		h := g.doubted[0].happening
		h.at = at
		g.happen(h)
		g.doubted, g.due = slices.Delete(g.doubted, 0, 1), true
	}
}

// Adopted tells that an order which was not known is ours, by its client id.
func (g *Guard) Adopted(clientID string) {
	g.doubted = slices.DeleteFunc(g.doubted, func(d doubtedFill) bool { return d.clientID == clientID })
}

// stranger is an open order or a position that is not ours, as the newest reading has it.
type stranger struct {
	kind exchange.DifferenceKind
	inst exchange.InstrumentID // 0 if it is of no instrument
	text string                // for people, the same as long as it is the same
	// order is its client id, "" if it is no order.
	order string
	// halts says that reconciliation halts the account for it.
	halts bool
	// seen says that a person has resumed trading in spite of it.
	seen bool
}

// strangersMax is how many are remembered.
const strangersMax = 64

// Reconciled tells what the newest reading of the exchange's account has shown that was not as
// expected. Of that the guard keeps orders and positions of others, until a reading has them not
// any more.
func (g *Guard) Reconciled(differences []exchange.Difference) {
	g.ownCopy()
	var list []stranger
	for i := range differences {
		d := &differences[i]
		switch d.Kind {
		case exchange.ForeignOrder, exchange.ForeignThing, exchange.OtherBot:
		case exchange.StrangeOrder:
			if d.Remedy == exchange.RemedyWait {
				continue // it was ours and may be over by now
			}
		default:
			continue
		}
		if len(list) == strangersMax {
			break
		}
		s := stranger{kind: d.Kind, inst: d.Inst, text: d.Text, order: d.Order, halts: d.Remedy == exchange.RemedyHalt}
		if !g.ins.Has(d.Inst) {
			s.inst = 0
		}
		s.seen = slices.ContainsFunc(g.strangers, func(o stranger) bool {
			return o.seen && o.kind == s.kind && o.inst == s.inst && o.text == s.text
		})
		list = append(list, s)
	}
	g.due = g.due || len(list) > 0 || len(g.strangers) > 0
	g.strangers = list
}

// seenStrangers: a person who resumes an instrument has seen who else trades it, and one who
// accepts the account as it is has seen them all.
func (g *Guard) seenStrangers(s *exchange.StateChange) {
	if s.Cause != exchange.CauseOperator || s.State != exchange.Active || s.Strategy != 0 {
		return
	}
	for i := range g.strangers {
		if o := &g.strangers[i]; o.inst == s.Inst || s.Inst == 0 && s.Accept {
			o.seen = true
		}
	}
}

// strangerOrders tells of open orders that are not ours, and keeps instruments to reducing on
// which there are more than may be, unless the whole account is halted for them. What is of no
// instrument here is told.
func (w *watch) strangerOrders() {
	for id := exchange.InstrumentID(0); int(id) <= w.g.ins.Len(); id++ {
		var first *stranger
		count, severity, theirs := 0, exchange.SeverityWarning, 0
		for i := range w.g.strangers {
			s := &w.g.strangers[i]
			if s.inst != id || s.seen {
				continue
			}
			if first == nil {
				first = s
			}
			count++
			if s.kind == exchange.ForeignOrder || s.kind == exchange.OtherBot {
				severity = exchange.SeverityCritical
				if !s.halts {
					theirs++
				}
			}
		}
		if first == nil {
			continue
		}
		value := withMore(first.text, count-1)
		w.alert(id, exchange.Alert{Severity: severity, Value: value, Limit: "none"})
		if id != 0 && theirs > w.g.limits.StrangersMax {
			w.hold(exchange.StateChange{Inst: id, State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: "somebody else trades: " + value})
		}
	}
}

// strangerSnapshot is a stranger as a snapshot has it.
type strangerSnapshot struct {
	Halts bool                    `json:"halts,omitzero"`
	Inst  exchange.InstrumentID   `json:"inst,omitzero"`
	Kind  exchange.DifferenceKind `json:"kind"`
	Order string                  `json:"order,omitzero"`
	Seen  bool                    `json:"seen,omitzero"`
	Text  string                  `json:"text"`
}

// doubtedSnapshot is a fill in doubt as a snapshot has it.
type doubtedSnapshot struct {
	At       exchange.Time         `json:"at"`
	Inst     exchange.InstrumentID `json:"inst"`
	ClientID string                `json:"name"`
	Value    string                `json:"value"`
}

func (g *Guard) snapshotDoubted() (list []doubtedSnapshot) {
	for _, d := range g.doubted {
		list = append(list, doubtedSnapshot{d.at, d.inst, d.clientID, d.value})
	}
	return list
}

func (g *Guard) restoreDoubted(list []doubtedSnapshot) error {
	if len(list) > doubtedMax {
		return fmt.Errorf("%d fills in doubt are more than the %d that wait", len(list), doubtedMax)
	}
	for _, d := range list {
		g.doubtFill(d.ClientID, strangersFill(d.Inst, d.At, d.Value))
	}
	return nil
}

// strangersFill is a fill of an order that is not ours.
func strangersFill(inst exchange.InstrumentID, at exchange.Time, value string) happening {
	return happening{control: strangersControl, inst: inst, at: at, severity: exchange.SeverityCritical, holds: true, value: value}
}

// strangersControl is the control of fills of others.
const strangersControl = "stranger"

func (g *Guard) snapshotStrangers() (list []strangerSnapshot) {
	for _, s := range g.strangers {
		list = append(list, strangerSnapshot{s.halts, s.inst, s.kind, s.order, s.seen, s.text})
	}
	return list
}

func (g *Guard) restoreStrangers(list []strangerSnapshot) error {
	if len(list) > strangersMax {
		return fmt.Errorf("%d orders of others are more than the %d that are remembered", len(list), strangersMax)
	}
	for _, s := range list {
		if s.Inst != 0 && !g.ins.Has(s.Inst) {
			return fmt.Errorf("an order of others is of instrument %d, and there is no such instrument", s.Inst)
		}
		g.strangers = append(g.strangers, stranger{s.Kind, s.Inst, s.Text, s.Order, s.Halts, s.Seen})
	}
	return nil
}
