package engine

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Acts on the account, such as loans, followed from the wish to the end. exchange/openact.go
// has the walk of one.

// endedActsMax is how many acts that are over are remembered, for news that come late.
const endedActsMax = 64

// acts are those that are under way, by rising number, and the last that were.
type acts struct {
	last exchange.ActID
	open []exchange.OpenAct
	// ended is a ring whose oldest element is at next when it is full.
	ended []exchange.OpenAct
	next  int
}

// decideAct answers a wish for an act.
func (k *Kernel) decideAct(in *exchange.Intent, at exchange.Time) Decision {
	act, ok := in.Act()
	switch {
	case !ok:
		return no(refuse(in, "intent-kind", in.Kind.String()))
	case in.Strategy != 0 && act.Kind != exchange.ActBorrow && act.Kind != exchange.ActRepay:
		return no(refuse(in, "act-owner", act.Kind.String()+" is the house's"))
	}
	act.ID = k.acts.last + 1
	asked := act
	if Serves(in) {
		asked.Strategy = 0 // whoever has the loan, the wish is the house's
	}
	v := k.guard.CheckAct(asked, at)
	d := Decision{Decision: exchange.Decision{Refusal: v.Refusal, Halt: v.Halt}, Approved: v.Approved}
	if v.Refusal != nil {
		v.Refusal.Intent = *in
		return d
	}
	d.Act = &exchange.OpenAct{Act: act, Ref: in.Ref, Status: exchange.ActPending, By: in.By, Tag: in.Tag, Created: at, Updated: at}
	return d
}

// beginAct opens an approved act and commands it.
func (k *Kernel) beginAct(in *exchange.Intent, d *Decision) {
	a := *d.Act // the decision is the caller's again
	if a.ID != k.acts.last+1 || a.Status != exchange.ActPending {
		panic(fmt.Sprintf("engine: act %d, %v, after act %d", a.ID, a.Status, k.acts.last))
	}
	a.Assets = slices.Clone(a.Assets)
	k.acts.last = a.ID
	k.acts.open = append(k.acts.open, a)
	k.guard.HoldAct(a)
	k.guard.Count(in, k.now)
	k.loans.begin(&a)
	k.tellLoans(a.Asset)
	k.tellAct(&a)
	k.commands = append(k.commands, Command{Kind: Submit, Approved: d.Approved})
}

// tellAct shows how an act stands.
func (k *Kernel) tellAct(a *exchange.OpenAct) {
	e := exchange.Event{Seq: k.seq, At: k.now}
	e.SetAct(&exchange.ActUpdate{
		ID: a.ID, Strategy: a.Strategy, Ref: a.Ref, Kind: a.Kind, Asset: a.Asset, Amount: a.Amount, Status: a.Status, Transaction: a.Transaction,
	})
	k.tell(e)
}

// applyAct folds news of an act and completes the event with whose it is. News of no act of
// ours, and of one that is over, are stale, but that it was done after all.
func (k *Kernel) applyAct(e *exchange.Event) {
	u := e.Act()
	a := k.acts.find(u.ID)
	if a == nil || !a.follows(u.Status) {
		k.stale = true
		return
	}
	u.Strategy, u.Ref, u.Kind, u.Asset, u.Amount = a.Strategy, a.Ref, a.Kind, a.Asset, a.Amount
	was := a.Status
	a.Status, a.Updated = u.Status, e.At
	if u.Transaction != 0 {
		a.Transaction = u.Transaction
	}
	k.guard.HoldAct(a.OpenAct)
	k.loans.end(&a.OpenAct, was)
	k.tellLoans(a.Asset)
	k.acts.settle(a)
}

// entry is an act where it stands among those of the kernel.
type entry struct {
	exchange.OpenAct
	open, ended int // place in either list, -1 if it is not there
}

func (a *acts) find(id exchange.ActID) *entry {
	if at, ok := slices.BinarySearchFunc(a.open, id, func(o exchange.OpenAct, id exchange.ActID) int { return cmp.Compare(o.ID, id) }); ok {
		return &entry{a.open[at], at, -1}
	}
	if at := slices.IndexFunc(a.ended, func(o exchange.OpenAct) bool { return o.ID == id }); at >= 0 {
		return &entry{a.ended[at], -1, at}
	}
	return nil
}

// follows says whether a status may come after that of the act: none after an end, except
// that records, which may lag, have an act that was given up.
func (a *entry) follows(s exchange.ActStatus) bool {
	switch {
	case s < exchange.ActUnknown || s > exchange.ActNotArrived:
		return false
	case a.Status == exchange.ActNotArrived:
		return s == exchange.ActDone
	case a.Status == exchange.ActUnknown:
		return s.Final()
	}
	return a.Status == exchange.ActPending
}

// settle keeps an act as it stands now.
func (a *acts) settle(e *entry) {
	switch {
	case e.ended >= 0:
		a.ended[e.ended] = e.OpenAct
	case !e.Status.Final():
		a.open[e.open] = e.OpenAct
	default:
		a.open = slices.Delete(a.open, e.open, e.open+1)
		if len(a.ended) < endedActsMax {
			a.ended = append(a.ended, e.OpenAct)
			return
		}
		a.ended[a.next] = e.OpenAct
		a.next = (a.next + 1) % endedActsMax
	}
}

// note marks the act that a booking may be of. What is adopted from a reading is no booking.
func (a *acts) note(l *exchange.LedgerEntry) {
	if !l.Wallet.Debt() {
		return
	}
	for i := range a.open {
		o := &a.open[i]
		borrowed := o.Kind == exchange.ActBorrow && l.Reason == exchange.ReasonBorrow && l.Wallet == exchange.WalletLoan
		repaid := o.Kind == exchange.ActRepay && l.Reason == exchange.ReasonRepay
		if o.Asset == l.Asset && (borrowed || repaid) {
			o.Booked = true
		}
	}
}

// doubtActs makes what was under way when a process ended unknown.
func (k *Kernel) doubtActs() {
	for i := range k.acts.open {
		if a := &k.acts.open[i]; a.Status == exchange.ActPending {
			a.Status, a.Updated = exchange.ActUnknown, k.now
			k.guard.HoldAct(*a)
		}
	}
}

// Acts lists the acts on the account of which no end is known, oldest first.
func (k *Kernel) Acts() []exchange.OpenAct { return slices.Clone(k.acts.open) }

// LastAct is the number of the last act that was approved, 0 without one.
func (k *Kernel) LastAct() exchange.ActID { return k.acts.last }

// EndedActs lists the last acts on the account that are over, oldest first.
func (k *Kernel) EndedActs() []exchange.OpenAct { return oldestFirst(k.acts.ended, k.acts.next) }

// actSnapshot is an act as a snapshot has it. Keys rise.
type actSnapshot struct {
	Amount      decimal.Decimal          `json:"amount,omitzero"`
	Asset       string                   `json:"asset,omitzero"`
	Booked      bool                     `json:"booked,omitzero"`
	By          string                   `json:"by,omitzero"`
	Created     exchange.Time            `json:"created,omitzero"`
	ID          exchange.ActID           `json:"id"`
	Kind        word[exchange.ActKind]   `json:"kind"`
	On          bool                     `json:"on,omitzero"`
	Ref         uint64                   `json:"ref,omitzero"`
	Status      word[exchange.ActStatus] `json:"status"`
	Strategy    exchange.StrategyID      `json:"strategy,omitzero"`
	Tag         string                   `json:"tag,omitzero"`
	Transaction int64                    `json:"transaction,omitzero"`
	Updated     exchange.Time            `json:"updated,omitzero"`
}

func snapshotOfAct(a exchange.OpenAct) actSnapshot {
	return actSnapshot{
		a.Amount, a.Asset, a.Booked, a.By, a.Created, a.ID, word[exchange.ActKind]{a.Kind}, a.On, a.Ref, word[exchange.ActStatus]{a.Status},
		a.Strategy, a.Tag, a.Transaction, a.Updated,
	}
}

func (s *actSnapshot) act() exchange.OpenAct {
	return exchange.OpenAct{
		Act: exchange.Act{ID: s.ID, Strategy: s.Strategy, Kind: s.Kind.is, Asset: s.Asset, Amount: s.Amount, On: s.On},
		Ref: s.Ref, Status: s.Status.is, By: s.By, Tag: s.Tag, Transaction: s.Transaction, Booked: s.Booked, Created: s.Created, Updated: s.Updated,
	}
}

// restore takes the acts of a snapshot.
func (a *acts) restore(last exchange.ActID, open, ended []actSnapshot) error {
	if len(ended) > endedActsMax {
		return fmt.Errorf("%d acts that are over are more than the %d that are remembered", len(ended), endedActsMax)
	}
	a.last = last
	seen := map[exchange.ActID]bool{}
	take := func(s *actSnapshot, over bool) (exchange.OpenAct, error) {
		act := s.act()
		switch {
		case act.ID == 0 || act.ID > last:
			return act, fmt.Errorf("act %d is not one of 1 to %d", act.ID, last)
		case seen[act.ID]:
			return act, fmt.Errorf("act %d is in it twice", act.ID)
		case act.Status.Final() != over:
			return act, fmt.Errorf("act %d is %v and listed among those that are not", act.ID, act.Status)
		}
		seen[act.ID] = true
		return act, nil
	}
	for i := range open {
		act, err := take(&open[i], false)
		if err != nil {
			return err
		}
		if i > 0 && open[i-1].ID > act.ID {
			return fmt.Errorf("act %d stands behind act %d", act.ID, open[i-1].ID)
		}
		a.open = append(a.open, act)
	}
	for i := range ended {
		act, err := take(&ended[i], true)
		if err != nil {
			return err
		}
		a.ended = append(a.ended, act)
	}
	return nil
}
