package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pmbot/pmbot/exchange"
)

// truth is what is kept of readings of the exchange's account.
type truth struct {
	// started is when this process began, and heard the newest of the exchange's times that
	// an event of the account has brought, on no clock ahead of ours.
	started, heard exchange.Time
	// agreed says that a reading was taken before: what differs from now on is a difference
	// and not what the account has to begin with.
	agreed bool
	// last is the newest reading, of which only what differs is kept, and differences are
	// those that it has shown.
	last        exchange.Truth
	differences []exchange.Difference
	// accepted are what a person has seen of others in the account and lets be, by the texts
	// of the differences; they are forgotten when they are gone.
	accepted []string
}

// note keeps the times of an event of the account, and when a process began.
func (t *truth) note(e *exchange.Event) {
	switch {
	case e.Kind == exchange.KindStart:
		t.started = e.At
	case e.Kind >= exchange.KindOrderUpdate && e.Kind <= exchange.KindRiskLevel || e.Kind == exchange.KindTruth:
		t.heard = max(t.heard, min(e.Exchange, e.At))
	}
}

// traded notes that a position has moved: a difference that was seen before may be of it.
func (t *truth) traded(inst exchange.InstrumentID) {
	for i := range t.differences {
		if d := &t.differences[i]; d.Inst == inst && d.Kind == exchange.DifferentPosition {
			d.Traded = true
		}
	}
}

// Known is what a broker must be told to go on from here in a new process.
func (k *Kernel) Known() exchange.Known {
	known := exchange.Known{Orders: k.Orders(), Acts: append(k.EndedActs(), k.Acts()...), Balances: k.guard.Balances(), Heard: k.truth.heard, Read: k.truth.last.At}
	for _, o := range known.Orders {
		if known.Heard == 0 || o.Created < known.Heard && k.truth.heard == 0 {
			known.Heard = o.Created // nothing was ever heard, so all since the first order is missing
		}
	}
	over := make([]exchange.Order, 0, len(k.orders.closed))
	for _, o := range k.orders.closed {
		over = append(over, o.Order)
	}
	slices.SortFunc(over, func(a, b exchange.Order) int { return cmp.Compare(a.ID, b.ID) })
	known.Orders = append(known.Orders, over...)
	for inst := 1; inst <= k.ins.Len(); inst++ {
		for side := exchange.Both; side <= exchange.Short; side++ {
			if id := exchange.InstrumentID(inst); !k.sum(id, side).IsZero() && !slices.Contains(known.Active, id) {
				known.Active = append(known.Active, id)
			}
		}
	}
	return known
}

// Differences are where the newest reading of the exchange's account was not what the kernel
// had, and what was done about each.
func (k *Kernel) Differences() []exchange.Difference { return slices.Clone(k.truth.differences) }

// applyTruth carries out what was decided on a reading, and asks for another one when it
// takes two to be sure.
func (k *Kernel) applyTruth(e *exchange.Event, d *exchange.TruthDecision) {
	t := e.Truth()
	k.truth.last = *t
	k.truth.differences = slices.Clone(d.Differences)
	again := false
	for i := range k.truth.differences {
		switch diff := &k.truth.differences[i]; diff.Remedy {
		case exchange.RemedyAdopt:
			k.take(diff)
		case exchange.RemedyCancel:
			k.endStranger(diff.Order)
		case exchange.RemedyWait:
			again = true
		}
	}
	k.takeEntries()
	k.guard.Reconciled(k.truth.differences)
	k.truth.agreed = true
	if d.Sets {
		k.setTruth(d.State, reason(k.truth.differences, d.State))
	}
	k.truth.accepted = slices.DeleteFunc(k.truth.accepted, func(text string) bool {
		return !slices.ContainsFunc(k.truth.differences, func(d exchange.Difference) bool { return d.Text == text })
	})
	k.truth.keep()
	if again {
		k.commands = append(k.commands, Command{Kind: Reread})
	}
}

// keep copies of the newest reading what a person may accept later: the orders and positions
// that differ. The rest goes with the event.
func (t *truth) keep() {
	orders, positions := t.last.Orders, t.last.Positions
	t.last = exchange.Truth{At: t.last.At}
	for _, o := range orders {
		if slices.ContainsFunc(t.differences, func(d exchange.Difference) bool { return d.Order != "" && legOrSelf(o.ClientID, d.Order) }) {
			t.last.Orders = append(t.last.Orders, o)
		}
	}
	for _, p := range positions {
		if slices.ContainsFunc(t.differences, func(d exchange.Difference) bool {
			return d.Kind == exchange.DifferentPosition && d.Inst == p.Inst && d.Side == p.Side
		}) {
			t.last.Positions = append(t.last.Positions, p)
		}
	}
}

// legOrSelf says whether a client id is that of an order, or of a leg of it if it is an OCO.
func legOrSelf(clientID, order string) bool {
	limit, stop := exchange.OCOLegs(order)
	return clientID == order || clientID == limit || clientID == stop
}

// setTruth sets what CauseTruth holds on the account, and tells it.
func (k *Kernel) setTruth(s exchange.TradingState, why string) {
	e := exchange.Event{Seq: k.seq, At: k.now}
	e.SetState(&exchange.StateChange{State: s, Cause: exchange.CauseTruth, Reason: why, By: "kernel"})
	k.guard.Apply(&e)
	k.tell(e)
}

// reasonMax is how many differences a reason names.
const reasonMax = 4

// reason says for people why a state is set.
func reason(differences []exchange.Difference, s exchange.TradingState) string {
	wanted := exchange.RemedyHalt
	if s == exchange.ReduceOnly {
		wanted = exchange.RemedyWait
	}
	var texts []string
	for i := range differences {
		if differences[i].Remedy == wanted {
			texts = append(texts, differences[i].Text)
		}
	}
	if more := len(texts) - reasonMax; more > 0 {
		texts = append(texts[:reasonMax], fmt.Sprintf("and %d more", more))
	}
	switch s {
	case exchange.Halted:
		return "the exchange's account is not ours: " + strings.Join(texts, "; ")
	case exchange.ReduceOnly:
		return "the exchange's account may not be ours, and is read once more: " + strings.Join(texts, "; ")
	}
	return "the exchange's account is ours"
}

// accept takes the newest reading for the state, because a person says so.
func (k *Kernel) accept() {
	for i := range k.truth.differences {
		d := &k.truth.differences[i]
		switch {
		case d.Kind == exchange.ForeignOrder, d.Kind == exchange.ForeignThing:
			k.truth.accepted = append(k.truth.accepted, d.Text)
			d.Remedy = exchange.RemedyReport
		case d.Remedy == exchange.RemedyHalt: // what may only have moved is nobody's to accept
			k.take(d)
			d.Remedy = exchange.RemedyAdopt
		}
	}
	k.commands = append(k.commands, Command{Kind: Reread})
}
