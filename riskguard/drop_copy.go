package riskguard

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// A drop copy is the account as a second key reads it, which may do nothing but read. What the
// stream and the key of the orders have told is held against it: whoever is told wrongly by one
// of them does not learn it from the same one. A reading is of another instant than what is known
// here, so a difference counts when two readings running show it without a fill in between, or
// three do at all, as it is with reconciliation.

const (
	// copyTimes and copyTraded are in how many readings a difference stands before it counts,
	// the second if fills came in between.
	copyTimes, copyTraded = 2, 3
	// copyOwn is in how many own readings of the account, too, where only those can put things
	// right here: interest accrues without a word, and orders of others are found by them.
	copyOwn = 3
	// copyMost is how many differences are remembered.
	copyMost = 64
)

// dropCopy is how the account compares with its drop copy.
type dropCopy struct {
	// every is how often a reading is promised; 0 says that there is no second key.
	every time.Duration
	// heard is when the newest came, or was promised, and silent that none has come for too long.
	heard  exchange.Time
	silent bool
	// judged is when one was compared last; seen are the differences that it has shown.
	judged exchange.Time
	seen   []copyDifference
}

// copyDifference is a difference, and of it how many own readings came since it was seen first, and
// whether a person has resumed trading in spite of it.
type copyDifference struct {
	exchange.Difference
	own      int
	accepted bool
}

// counts says whether a difference stands for long enough.
func (d *copyDifference) counts() bool {
	sure := d.Seen >= copyTimes && !d.Traded || d.Seen >= copyTraded
	switch d.Kind {
	case exchange.DifferentBalance, exchange.ForeignOrder, exchange.ForeignThing:
		return sure && d.own >= copyOwn
	}
	return sure
}

// promiseCopy begins to expect readings.
func (g *Guard) promiseCopy(every time.Duration, at exchange.Time) {
	g.due = true
	g.copied = dropCopy{every: every, heard: at}
}

// awaitCopy notices that no reading has come for too long.
func (g *Guard) awaitCopy(at exchange.Time) {
	if silent := g.copyLate(at); silent != g.copied.silent {
		g.copied.silent, g.due = silent, true
	}
}

func (g *Guard) copyLate(at exchange.Time) bool {
	c := &g.copied
	return c.every != 0 && at.Sub(c.heard) > freshFor(g.limits.DropCopySilent, c.every)
}

// judgeCopy holds a reading against what is known here. While nobody knows what the account has it
// neither counts nor clears anything, but it was heard.
func (g *Guard) judgeCopy(t *exchange.Truth, at exchange.Time) {
	c := &g.copied
	if c.every == 0 {
		return // it is of a process that is over
	}
	c.heard, c.silent = at, false
	if g.blind() || g.fault != nil {
		return
	}
	var list []copyDifference
	for _, diff := range g.compareCopy(t) {
		if len(list) == copyMost {
			break
		}
		now := copyDifference{Difference: diff}
		now.Seen = 1
		for i := range c.seen {
			if was := &c.seen[i]; was.Same(&now.Difference) {
				now.Seen, now.Traded, now.own, now.accepted = min(was.Seen+1, copyTraded), was.Traded, was.own, was.accepted
			}
		}
		list = append(list, now)
	}
	c.seen, c.judged = list, at
}

// tradeCopy notes a fill: what differs in its instrument may be that.
func (g *Guard) tradeCopy(inst exchange.InstrumentID) {
	for i := range g.copied.seen {
		if d := &g.copied.seen[i]; d.Inst == inst && d.Seen < copyTimes {
			d.Traded = true
		}
	}
}

// ownCopy notes that the own key has read the account, too.
func (g *Guard) ownCopy() {
	for i := range g.copied.seen {
		g.copied.seen[i].own = min(g.copied.seen[i].own+1, copyOwn)
	}
}

// acceptCopy: a person who resumes the account has seen what differs.
func (g *Guard) acceptCopy() {
	for i := range g.copied.seen {
		if d := &g.copied.seen[i]; d.counts() {
			d.accepted = true
		}
	}
}

// compareCopy lists the differences: positions, balances, orders, and what nobody here knows.
func (g *Guard) compareCopy(t *exchange.Truth) []exchange.Difference {
	c := exchange.Comparison{Truth: t, Instruments: g.ins, There: "by the second key", Lacks: "the second key does not see it"}
	list := c.Positions(func(id exchange.InstrumentID, side exchange.PositionSide) decimal.Decimal {
		return g.model.Position(id, side).Qty
	})
	list = append(list, c.Balances(g.Balances())...)
	list = append(list, c.Orders(pointers(g.open))...)
	list = append(list, g.copyTheirs(t)...)
	for _, text := range t.Foreign {
		known := func(s stranger) bool { return s.kind == exchange.ForeignThing && strings.HasPrefix(s.text, text) }
		if len(g.strangers) < strangersMax && !slices.ContainsFunc(g.strangers, known) {
			list = append(list, exchange.Difference{Kind: exchange.ForeignThing, Text: text + " is not known here"})
		}
	}
	return list
}

// pointers yields where the orders of a list are.
func pointers(list []exchange.Order) iter.Seq[*exchange.Order] {
	return func(yield func(*exchange.Order) bool) {
		for i := range list {
			if !yield(&list[i]) {
				return
			}
		}
	}
}

// copyTheirs looks for orders that are not open here: with our prefix, or of others that the own
// key has not shown. What a conditional order or an OCO of ours becomes goes by other names.
func (g *Guard) copyTheirs(t *exchange.Truth) (list []exchange.Difference) {
	for i := range t.Orders {
		there := &t.Orders[i]
		if !g.ins.Has(there.Request.Inst) || g.copyKnows(there, t) {
			continue
		}
		d := exchange.Difference{Kind: exchange.StrangeOrder, Inst: there.Request.Inst, Order: there.ClientID}
		if !there.Ours {
			d.Kind = exchange.ForeignOrder
		}
		d.Text = fmt.Sprintf("%v order %s of %s, %v at %v, is open by the second key and not known here",
			there.Request.Side, there.ClientID, g.ins.At(d.Inst).Name(), there.Request.Qty, there.Request.Price)
		list = append(list, d)
	}
	return list
}

// copyKnows says whether an order is open here, a part of one that is, or a stranger that
// reconciliation has found, too.
func (g *Guard) copyKnows(there *exchange.TruthOrder, t *exchange.Truth) bool {
	leg := func(list string, of exchange.OrderType) bool {
		limit, stop := exchange.OCOLegs(list)
		return of == exchange.OCO && (there.ClientID == limit || there.ClientID == stop)
	}
	for i := range g.open {
		o := &g.open[i]
		if o.ClientID == there.ClientID || leg(o.ClientID, o.Request.Type) {
			return true
		}
		if !there.Ours && o.Request.Inst == there.Request.Inst && o.Request.Type.Conditional() {
			return true // it may be what that has become
		}
	}
	for i := range t.Orders {
		if leg(t.Orders[i].ClientID, t.Orders[i].Request.Type) {
			return true // the list speaks for it
		}
	}
	return len(g.strangers) == strangersMax ||
		slices.ContainsFunc(g.strangers, func(s stranger) bool { return s.inst == there.Request.Inst && s.order == there.ClientID })
}

// dropCopy: while the second key sees another account, no new risk is taken until a person has
// looked. If it sees nothing, that is told and no more.
func (w *watch) dropCopy() {
	c := &w.g.copied
	var first *copyDifference
	count := 0
	for i := range c.seen {
		d := &c.seen[i]
		if !d.counts() || d.accepted {
			continue
		}
		if count++; first == nil {
			first = d
		}
	}
	switch {
	case first != nil:
		value := withMore(first.Text, count-1)
		w.alert(0, exchange.Alert{Severity: exchange.SeverityCritical, Value: value, Limit: "no difference in two readings running"})
		if c.judged == w.at {
			w.hold(exchange.StateChange{State: exchange.ReduceOnly, Cause: exchange.CauseWatch, Reason: "the second key sees another account: " + value})
		}
	case c.silent:
		w.alert(0, exchange.Alert{
			Severity: exchange.SeverityWarning, Value: fmt.Sprintf("the second key has read nothing since %v", c.heard),
			Limit: freshFor(w.g.limits.DropCopySilent, c.every).String(),
		})
	}
}

// copySnapshot is the comparison as a snapshot has it.
type copySnapshot struct {
	Every  duration                 `json:"every"`
	Heard  exchange.Time            `json:"heard"`
	Judged exchange.Time            `json:"judged,omitzero"`
	Seen   []copyDifferenceSnapshot `json:"seen,omitzero"`
	Silent bool                     `json:"silent,omitzero"`
}

type copyDifferenceSnapshot struct {
	Accepted bool                    `json:"accepted,omitzero"`
	Asset    string                  `json:"asset,omitzero"`
	Inst     exchange.InstrumentID   `json:"inst,omitzero"`
	Kind     exchange.DifferenceKind `json:"kind"`
	Order    string                  `json:"order,omitzero"`
	Ours     decimal.Decimal         `json:"ours"`
	Own      int                     `json:"own,omitzero"`
	Seen     int                     `json:"seen"`
	Side     exchange.PositionSide   `json:"side,omitzero"`
	Text     string                  `json:"text"`
	Theirs   decimal.Decimal         `json:"theirs"`
	Traded   bool                    `json:"traded,omitzero"`
	Wallet   exchange.Wallet         `json:"wallet,omitzero"`
}

func (c *dropCopy) snapshot() *copySnapshot {
	if c.every == 0 {
		return nil
	}
	s := &copySnapshot{Every: duration(c.every), Heard: c.heard, Judged: c.judged, Silent: c.silent}
	for i := range c.seen {
		d := &c.seen[i]
		s.Seen = append(s.Seen, copyDifferenceSnapshot{
			d.accepted, d.Asset, d.Inst, d.Kind, d.Order, d.Ours, d.own, d.Seen, d.Side, d.Text, d.Theirs, d.Traded, d.Wallet,
		})
	}
	return s
}

func (g *Guard) restoreCopy(s *copySnapshot) error {
	if s == nil {
		return nil
	}
	if len(s.Seen) > copyMost || s.Every <= 0 {
		return fmt.Errorf("a drop copy every %v with %d differences cannot be", time.Duration(s.Every), len(s.Seen))
	}
	c := dropCopy{every: time.Duration(s.Every), heard: s.Heard, judged: s.Judged, silent: s.Silent}
	for _, d := range s.Seen {
		if d.Inst != 0 && !g.ins.Has(d.Inst) {
			return fmt.Errorf("a difference to the drop copy is of instrument %d, and there is no such instrument", d.Inst)
		}
		c.seen = append(c.seen, copyDifference{exchange.Difference{
			Kind: d.Kind, Inst: d.Inst, Side: d.Side, Asset: d.Asset, Wallet: d.Wallet, Order: d.Order,
			Ours: d.Ours, Theirs: d.Theirs, Text: d.Text, Seen: d.Seen, Traded: d.Traded,
		}, d.Own, d.Accepted})
	}
	g.copied = c
	return nil
}
