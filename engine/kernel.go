package engine

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/riskguard"
)

// Config is what a kernel is made of.
type Config struct {
	Instruments *exchange.Instruments
	Guard       *riskguard.Guard
	// Strategies is how many the configuration has; their ids are 1 to Strategies.
	Strategies int
	// ClientPrefix begins every client order id: it names the bot and, live, the start,
	// so that ids are unique across restarts. At most 16 characters of [A-Za-z0-9.:_-].
	ClientPrefix string
	// Reconcile says what becomes of differences to the exchange's account.
	Reconcile Reconcile
	// Services are what it does for the account by itself.
	Services Services
}

// Kernel is the state machine in the middle. One owner calls Step with every event, in
// order; nobody else touches it.
type Kernel struct {
	ins    *exchange.Instruments
	guard  *riskguard.Guard
	prefix string

	seq       uint64
	now       exchange.Time
	orders    orders
	foreign   foreign
	strangers strangers
	lastOrder exchange.OrderID
	lastFill  exchange.Time
	// holdings are the positions by strategy, instrument and position side, to say whose a
	// fill is that nobody sent.
	holdings [][]held
	truth    truth
	acts     acts
	loans    loans
	services services
	tasks    []*task // those that are open, oldest first
	commands []Command
	stale    bool

	reconcile Reconcile
}

// held are the positions of one strategy on one instrument, by position side: Both alone
// in one-way mode, Long and Short in hedge mode.
type held [exchange.Short + 1]decimal.Decimal

// New makes a kernel. Its account is Halted by CauseStart until a state event frees it.
func New(c Config) *Kernel {
	k := &Kernel{ins: c.Instruments, guard: c.Guard, prefix: c.ClientPrefix, reconcile: c.Reconcile, loans: newLoans(), services: newServices(c.Services, c.Instruments)}
	k.orders = newOrders(&k.foreign)
	k.holdings = make([][]held, c.Strategies+1)
	for i := range k.holdings {
		k.holdings[i] = make([]held, c.Instruments.Len()+1)
	}
	return k
}

// Step folds one event into the state and returns what follows from it. The slice is
// the kernel's until the next Step. Seq must follow the last one without a gap and At
// must not go back; both are the driver's duty, so a breach is a bug and panics.
func (k *Kernel) Step(e *exchange.Event) []Command {
	if !Decides(e.Kind) {
		return k.Apply(e, nil)
	}
	d := k.Decide(e)
	return k.Apply(e, &d)
}

// Decides says whether the kernel has to decide on events of the kind. Of the others the
// state follows without a decision.
func Decides(kind exchange.Kind) bool {
	return kind == exchange.KindIntent || kind == exchange.KindTruth
}

// Apply folds an event, with the decision on it where there is one, into the state and
// returns what follows. It asks nobody: a journal's events and decisions bring the same
// state back under other limits. Without a valid approval in d nothing can be sent.
func (k *Kernel) Apply(e *exchange.Event, d *Decision) []Command {
	if e.Seq != k.seq+1 || e.At < k.now {
		panic(fmt.Sprintf("engine: event %d at %v after event %d at %v", e.Seq, e.At, k.seq, k.now))
	}
	k.seq, k.now, k.stale = e.Seq, e.At, false
	k.commands = k.commands[:0]
	if k.now >= k.loans.due {
		k.loans.pass(k.now)
	}
	if !e.Kind.Market() {
		k.truth.note(e)
	}
	k.apply(e, d)
	if len(k.tasks) > 0 {
		k.advance()
	}
	if k.services.next != exchange.Never {
		k.beat()
	}
	return k.commands
}

// Watch is what the guard's watch finds now, changes of trading states and alerts, and what the
// services wish, cancels of orders that nobody looks after, and the next orders of tasks. The driver lets it happen as events. See [riskguard.Guard.Watch].
func (k *Kernel) Watch() []exchange.Event {
	return k.pursue(k.clear(k.serve(k.guard.Watch(k.now, nil))))
}

// Quiet says that a market event, if it came next, would give the guard's watch nothing to
// find and the services no time to look. See [riskguard.Guard.Quiet].
func (k *Kernel) Quiet(e *exchange.Event) bool {
	return e.At < k.services.next && !k.guard.Clearing() && !k.restless() && k.guard.Quiet(e)
}

// Stale says that the last event told nothing new: a repeated fill, an update older than
// what is known. Strategies are not shown it.
func (k *Kernel) Stale() bool { return k.stale }

// Decision is the kernel's answer to an event, and the approval with which it can be sent.
type Decision struct {
	exchange.Decision
	Approved riskguard.Approved
}

func no(r *exchange.Refusal) Decision { return Decision{Decision: exchange.Decision{Refusal: r}} }

// Decide answers an intent, or judges a reading of the account, without changing anything.
// The event need not be numbered yet.
func (k *Kernel) Decide(e *exchange.Event) Decision {
	if e.Kind == exchange.KindTruth {
		return k.decideTruth(e)
	}
	in := e.Intent()
	switch in.Kind {
	case exchange.IntentNew:
		o := k.orderOf(in, k.lastOrder+1, e.At)
		if no := k.admitted(in, e.At); no != nil {
			return Decision{Decision: exchange.Decision{Refusal: no}}
		}
		return k.ask(*in, o, false, e.At)
	case exchange.IntentPair, exchange.IntentProtect:
		return k.decideTask(in, e.At)
	case exchange.IntentAmend:
		o := k.orders.ofRef(in.Strategy, in.Ref)
		if o == nil {
			return no(refuse(in, "order-known", "the order is over or was never sent"))
		}
		if !o.Status.Working() {
			return no(refuse(in, "order-working", "the order is "+o.Status.String()))
		}
		changed := o.Order
		changed.Request.Price, changed.Request.Qty = in.Request.Price, in.Request.Qty
		return k.ask(*in, changed, true, e.At)
	case exchange.IntentCancel:
		if o := k.orders.meant(in); o != nil && !o.cancelAsked && !k.ofPair(in) {
			return Decision{Decision: exchange.Decision{Cancel: []exchange.OrderID{o.ID}}}
		}
		return Decision{}
	case exchange.IntentCancelAll:
		var d Decision
		for _, o := range k.orders.open {
			mine := in.Strategy == 0 || o.Strategy == in.Strategy
			if mine && !o.cancelAsked && o.speaks() && (in.Request.Inst == 0 || o.Request.Inst == in.Request.Inst) {
				d.Cancel = append(d.Cancel, o.ID)
			}
		}
		return d
	}
	return k.decideAct(in, e.At)
}

// orderOf makes the order of that number that a wish is for.
func (k *Kernel) orderOf(in *exchange.Intent, id exchange.OrderID, at exchange.Time) exchange.Order {
	o := exchange.Order{
		ID: id, Strategy: in.Strategy, Ref: in.Ref, Request: in.Request,
		Status: exchange.StatusPendingNew, ClientID: k.clientID(in.Strategy, id), Created: at,
	}
	o.Request.STP = k.guard.Prevention(&o)
	if in.By == "" && k.netted(&o) {
		o.Request.ReduceOnly = false
	}
	return o
}

func (k *Kernel) ask(in exchange.Intent, o exchange.Order, amend bool, at exchange.Time) Decision {
	v := k.guard.Check(in, o, amend, at)
	d := exchange.Decision{Amend: amend, Refusal: v.Refusal, Halt: v.Halt}
	if v.Refusal == nil {
		d.Order = o
	}
	return Decision{Decision: d, Approved: v.Approved}
}

func refuse(in *exchange.Intent, rule, value string) *exchange.Refusal {
	return &exchange.Refusal{Intent: *in, Rule: rule, Value: value}
}

// apply changes the state by an event and, for an intent, the decision on it.
func (k *Kernel) apply(e *exchange.Event, d *Decision) {
	switch e.Kind {
	case exchange.KindOrderUpdate:
		k.applyUpdate(e)
	case exchange.KindFill:
		k.lastFill = max(k.lastFill, e.Exchange)
		k.applyFill(e)
	case exchange.KindLedger:
		k.lastFill = max(k.lastFill, e.Exchange)
		k.guard.Apply(e)
		k.loans.note(e)
		k.tellLoans(e.Ledger().Asset)
		k.acts.note(e.Ledger())
	case exchange.KindAct:
		k.applyAct(e)
	case exchange.KindLending:
		k.guard.Apply(e)
		k.loans.lend(e.Lending())
	case exchange.KindIntent:
		k.applyDecision(e, d)
	case exchange.KindStart:
		k.applyStart(e)
	case exchange.KindTruth:
		k.applyTruth(e, d.Truth)
	case exchange.KindState:
		k.guard.Apply(e)
		if s := e.State(); s.Accept && s.State == exchange.Active && s.Inst == 0 && s.Strategy == 0 {
			k.accept()
		}
	default:
		k.guard.Apply(e)
	}
}

// halt stops the account for a person to look at, and tells the strategies.
func (k *Kernel) halt(e *exchange.Event, why string) {
	halt := exchange.Event{Seq: e.Seq, At: e.At}
	halt.SetState(&exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseRisk, Reason: why, By: "guard"})
	k.guard.Apply(&halt)
	k.tell(halt)
}

func (k *Kernel) applyDecision(e *exchange.Event, d *Decision) {
	in := e.Intent()
	k.services.note(in, d.Refusal, k.now)
	if len(k.tasks) > 0 {
		k.wished(in, d)
	}
	if d.Halt != "" {
		k.halt(e, d.Halt)
	}
	if d.Refusal != nil {
		if d.Refusal.Rule == riskguard.RulePlugin {
			k.guard.NoteLate(in.Strategy, k.now)
		}
		no := exchange.Event{Seq: e.Seq, At: e.At, Inst: in.Request.Inst}
		no.SetRefusal(d.Refusal)
		k.tell(no)
		return
	}
	for _, id := range d.Cancel {
		o := k.orders.byID[id]
		o.cancelAsked = true
		if o.Status.Working() {
			o.Status = exchange.StatusPendingCancel
		}
		k.guard.Count(in, k.now)
		k.commands = append(k.commands, Command{Kind: Cancel, Order: o.Order})
	}
	switch in.Kind {
	case exchange.IntentNew:
		if d.Order.ID != k.lastOrder+1 || !k.ins.Has(d.Order.Request.Inst) {
			panic(fmt.Sprintf("engine: order %d on instrument %d after order %d", d.Order.ID, d.Order.Request.Inst, k.lastOrder))
		}
		k.lastOrder = d.Order.ID
		k.guard.Hold(d.Order)
		k.guard.Count(in, k.now)
		k.tellOrder(k.orders.add(d.Order))
		k.commands = append(k.commands, Command{Kind: Submit, Approved: d.Approved})
	case exchange.IntentAmend:
		o := k.orders.byID[d.Order.ID]
		asked := d.Order.Request // the decision is the caller's again
		o.Status, o.asked = exchange.StatusPendingAmend, &asked
		k.guard.Hold(o.risk())
		k.guard.Count(in, k.now)
		k.commands = append(k.commands, Command{Kind: Submit, Approved: d.Approved})
	case exchange.IntentPair, exchange.IntentProtect:
		k.applyTask(in)
	default:
		if d.Act != nil {
			k.beginAct(in, d)
		}
	}
}

func (k *Kernel) tell(e exchange.Event) {
	k.commands = append(k.commands, Command{Kind: Tell, Event: e})
}

// tellOrder shows a strategy its order before the exchange has seen it, or when what the
// exchange said of it turns out to be about an order of ours.
func (k *Kernel) tellOrder(o *order) {
	e := exchange.Event{Seq: k.seq, At: k.now, Inst: o.Request.Inst}
	e.SetOrderUpdate(&exchange.OrderUpdate{
		ID: o.ID, Strategy: o.Strategy, Ref: o.Ref, ClientID: o.ClientID, VenueID: o.VenueID, Status: o.Status,
		Price: o.Request.Price, Qty: o.Request.Qty, Filled: o.Filled,
	})
	k.tell(e)
}

// applyUpdate folds news of an order and completes the event with whose order it is and
// with what is known of it from elsewhere.
func (k *Kernel) applyUpdate(e *exchange.Event) {
	u := e.OrderUpdate()
	o := k.orders.find(u.ID, u.ClientID)
	if o == nil {
		k.strangers.note(u) // not ours, as far as we know: reconciliation's business
		return
	}
	u.ID, u.Strategy, u.Ref = o.ID, o.Strategy, o.Ref
	if u.Child != "" && !o.Status.Final() && k.orders.byName[u.Child] == nil {
		k.adopt(o, u.Child)
	}
	if k.stale = !k.orders.update(o, u, e.At, e.Exchange); k.stale {
		return
	}
	u.Status, u.VenueID, u.Filled, u.Price, u.Qty = o.Status, o.VenueID, o.Filled, o.Request.Price, o.Request.Qty
	k.guard.Apply(e) // which still holds the order as it was
	k.hold(o)
}

// hold tells the guard how an order stands now, and with a leg of an OCO the list and the
// other leg: which of them has the risk may have changed.
func (k *Kernel) hold(o *order) {
	k.guard.Hold(o.risk())
	list := o
	if o.list != nil {
		list = o.list
		k.guard.Hold(list.risk())
	}
	for _, leg := range list.legs {
		k.guard.Hold(leg.risk())
	}
}

// adopt makes the order that a trigger has created ours, or a leg of an OCO: it inherits
// strategy and ref, so its fills are the author's, and its parent's risk.
func (k *Kernel) adopt(parent *order, clientID string) {
	k.lastOrder++
	child := parent.Order
	child.ID, child.Parent, child.ClientID = k.lastOrder, parent.ID, clientID
	child.VenueID, child.Filled, child.Status, child.Created = 0, 0, exchange.StatusPendingNew, k.now
	r := &child.Request
	switch limit, stop := r.OCOLegs(); {
	case r.Type == exchange.OCO:
		*r = limit
		if _, name := exchange.OCOLegs(parent.ClientID); clientID == name {
			*r = stop
		}
	case r.Type.Market():
		r.Type = exchange.Market
	default:
		r.Type = exchange.Limit
	}
	added := k.orders.add(child)
	k.guard.Adopted(clientID)
	if parent.Request.Type == exchange.OCO {
		parent.legs, added.list = append(parent.legs, added), parent
	} else {
		parent.child = true
	}
	if u := k.strangers.of(clientID); u != nil && k.orders.update(added, u, k.now, 0) {
		k.tellOrder(added)
	}
	k.hold(parent)
	k.guard.Hold(added.risk())
}

// applyFill books one execution once; a repeated one is stale.
func (k *Kernel) applyFill(e *exchange.Event) {
	f := e.Fill()
	o := k.orders.find(f.Order, f.ClientID)
	if o == nil {
		if k.stale = !k.foreign.count(e.Inst, f); !k.stale {
			k.applyForeign(e, f)
		}
		return
	}
	f.Order, f.Strategy, f.Ref = o.ID, o.Strategy, o.Ref
	if k.stale = k.foreign.counted(e.Inst, f) || !o.trade(f); k.stale {
		return
	}
	k.book(e.Inst, f)
	t, before := k.taskOf(o), decimal.Zero
	if t != nil {
		before = k.coins(f.Strategy, e.Inst, f.PositionSide)
	}
	k.guard.Apply(e)
	if t != nil {
		by := k.coins(f.Strategy, e.Inst, f.PositionSide).Sub(before)
		if in := k.ins.At(e.Inst); in.Product == exchange.Margin && f.FeeAsset == in.Base {
			by = by.Sub(f.Fee)
		}
		if t.moved(e.Inst, by, k.now); t.kind == exchange.TaskPair {
			k.tellTask(t)
		}
	}
	if !o.Status.Final() {
		k.guard.Hold(o.risk())
	}
}

// book adds a fill to what its strategy holds.
func (k *Kernel) book(inst exchange.InstrumentID, f *exchange.Fill) {
	if int(f.Strategy) >= len(k.holdings) || int(inst) > k.ins.Len() || f.PositionSide > exchange.Short {
		return // not one of ours; the guard will say that it lost track
	}
	k.truth.traded(inst)
	h := &k.holdings[f.Strategy][inst][f.PositionSide]
	*h = h.Add(decimal.New(f.Side.Sign()*int64(f.Qty), -exchange.FixedPlaces))
	k.guard.Holding(f.Strategy, inst, f.PositionSide, *h)
}

// clientID names an order at the exchange: prefix, strategy and number in base 36.
func (k *Kernel) clientID(s exchange.StrategyID, id exchange.OrderID) string {
	return k.prefix + "-" + strconv.FormatUint(uint64(s), 36) + "-" + strconv.FormatUint(uint64(id), 36)
}
