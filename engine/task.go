package engine

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Tasks are what the kernel does for strategies over several orders, so that it survives their
// processes: exchange/task.go walks through one. What comes next of a task is a finding of the
// watch, [Kernel.pursue]; it changes nothing. Orders, fills and time change a task as events are
// applied, in [Kernel.advance].

const (
	// tasksMax bounds the open tasks of one strategy.
	tasksMax = 64
	// taskWait and taskWaitMost are how long a task waits after the first refusal, and at most;
	// openWaitMost while something of a pair is open.
	taskWait, taskWaitMost, openWaitMost = time.Second, time.Minute, 4 * time.Second
)

// task is an open task.
type task struct {
	kind     exchange.TaskKind
	strategy exchange.StrategyID
	ref      uint64
	request  exchange.OrderRequest
	pair     exchange.Pair
	tag      string
	status   exchange.TaskStatus
	reason   string
	// order is the one at work, 0 without one.
	order exchange.OrderID
	// lead and hedged are what its fills have moved the legs by, in coins.
	lead, hedged decimal.Decimal
	// open is since when something stands open that the hedge can take and has not begun to, 0 if
	// nothing does; of a stop since when the price has been beyond the trigger while its order only
	// stands there, and asked when the guard was last to be asked whether a market order would do.
	open, asked exchange.Time
	// tries counts refusals and rejections running, and next is when the next order may go.
	tries int
	next  exchange.Time
	// stopping says that it was wished gone.
	stopping bool
}

// task returns the open task of a strategy's ref, nil if there is none.
func (k *Kernel) task(s exchange.StrategyID, ref uint64) *task {
	at := slices.IndexFunc(k.tasks, func(t *task) bool { return t.strategy == s && t.ref == ref })
	if at < 0 {
		return nil
	}
	return k.tasks[at]
}

// taskOf returns the open task whose order at work that is, or what its trigger has made.
func (k *Kernel) taskOf(o *order) *task {
	for _, t := range k.tasks {
		if t.order != 0 && (t.order == o.ID || t.order == o.Parent) {
			return t
		}
	}
	return nil
}

// ofPair says whether a wish is to end a pair, whose orders deal at once and are let be: a hedge
// that was cancelled would be sent again.
func (k *Kernel) ofPair(in *exchange.Intent) bool {
	t := k.task(in.Strategy, in.Ref)
	return in.By == "" && in.Order == 0 && t != nil && t.kind == exchange.TaskPair
}

// Pursues says that an intent is the next order of a task, or the end of one, and not the wish
// of its strategy, which cannot name an order by our number.
func (k *Kernel) Pursues(in *exchange.Intent) bool {
	pursues := in.Kind == exchange.IntentNew || in.Kind == exchange.IntentCancel
	return pursues && in.By == "" && in.Order != 0 && k.task(in.Strategy, in.Ref) != nil
}

// Tasks lists the open tasks as they stand, oldest first.
func (k *Kernel) Tasks() []exchange.TaskUpdate {
	list := make([]exchange.TaskUpdate, len(k.tasks))
	for i, t := range k.tasks {
		list[i] = k.taskNow(t)
	}
	return list
}

// decideTask judges the wish for a task.
func (k *Kernel) decideTask(in *exchange.Intent, at exchange.Time) Decision {
	refused := func(value, limit string) Decision {
		return no(&exchange.Refusal{Intent: *in, Rule: "task", Value: value, Limit: limit})
	}
	r, own := &in.Request, 0
	if in.Strategy == 0 || int(in.Strategy) >= len(k.holdings) || !k.ins.Has(r.Inst) || r.Side != exchange.Buy && r.Side != exchange.Sell || r.PositionSide > exchange.Short {
		return refused("no strategy, instrument or side", "a task is of a strategy and names all three")
	}
	for _, t := range k.tasks {
		if t.strategy != in.Strategy {
			continue
		}
		if own++; t.ref == in.Ref {
			return refused(fmt.Sprintf("ref %d is that of an open task", in.Ref), "refs rise")
		}
		if in.Kind == exchange.IntentPair && t.kind == exchange.TaskPair && (t.touches(r.Inst) || t.touches(in.Pair.Hedge)) {
			return refused(fmt.Sprintf("pair %d is at work on an instrument of it", t.ref), "one pair on an instrument at a time")
		}
	}
	if own >= tasksMax {
		return refused(fmt.Sprintf("%d open tasks", own), fmt.Sprint(tasksMax))
	}
	if in.Kind == exchange.IntentProtect {
		if wrong := k.wrongStop(r); wrong != "" {
			return refused(wrong, "a stop that closes a position of futures")
		}
		return Decision{}
	}
	if wrong := k.wrongPair(in); wrong != "" {
		return refused(wrong, "two different instruments of one coin and what their orders may have")
	}
	t := newTask(in)
	first, ok := k.leadOrder(t)
	if !ok {
		return refused("nothing that an order of the lead could trade", "a lot of the lead at least, and known prices of both legs")
	}
	if both := k.admit(t, &first, at); both != nil {
		both.Intent = *in
		return no(both)
	}
	return Decision{}
}

// wrongStop says what is wrong with a stop, "" if nothing is.
func (k *Kernel) wrongStop(r *exchange.OrderRequest) string {
	switch {
	case k.ins.At(r.Inst).Product == exchange.Margin:
		return "a margin pair has no position"
	case r.Type != exchange.StopMarket || r.Trigger <= 0:
		return fmt.Sprintf("%v at %v", r.Type, r.Trigger)
	}
	return ""
}

// wrongPair says what is wrong with a pair, "" if nothing is.
func (k *Kernel) wrongPair(in *exchange.Intent) string {
	r, p := &in.Request, &in.Pair
	switch {
	case !k.ins.Has(p.Hedge) || p.Hedge == r.Inst || p.HedgeSide > exchange.Short:
		return fmt.Sprintf("instrument %d against %d", r.Inst, p.Hedge)
	case k.ins.At(p.Hedge).Base != k.ins.At(r.Inst).Base:
		return fmt.Sprintf("%s against %s", k.ins.At(r.Inst).Name(), k.ins.At(p.Hedge).Name())
	case r.Qty <= 0 || p.Slice < 0 || p.Slice > r.Qty:
		return fmt.Sprintf("%v coins in slices of %v", r.Qty, p.Slice)
	case p.Timeout != 0 && (p.Timeout < time.Second || p.Timeout > time.Hour):
		return fmt.Sprintf("a timeout of %v, not 1s to 1h", p.Timeout)
	case p.Tries < 0 || p.Tries > 20:
		return fmt.Sprintf("%d tries, not 1 to 20", p.Tries)
	}
	return ""
}

func newTask(in *exchange.Intent) *task {
	t := &task{kind: exchange.TaskStop, strategy: in.Strategy, ref: in.Ref, request: in.Request, pair: in.Pair, tag: in.Tag, status: exchange.TaskWorking}
	if in.Kind == exchange.IntentPair {
		t.kind = exchange.TaskPair
		t.pair.Slice = cmp.Or(t.pair.Slice, t.request.Qty)
		t.pair.Timeout = cmp.Or(t.pair.Timeout, 30*time.Second)
		t.pair.Tries = cmp.Or(t.pair.Tries, 3)
	}
	return t
}

// touches says whether an instrument is a leg of the task.
func (t *task) touches(inst exchange.InstrumentID) bool {
	return t.request.Inst == inst || t.kind == exchange.TaskPair && t.pair.Hedge == inst
}

// applyTask lets a task begin. A stop takes the place of one for the same position.
func (k *Kernel) applyTask(in *exchange.Intent) {
	t := newTask(in)
	for i, was := range k.tasks {
		if t.kind == exchange.TaskStop && was.protects(t) {
			t.order = was.order
			k.endTask(was, exchange.TaskCanceled, "another stop took its place")
			k.tasks = slices.Delete(k.tasks, i, i+1)
			break
		}
	}
	k.tasks = append(k.tasks, t)
	k.tellTask(t)
}

// protects says whether two stops are for one position.
func (t *task) protects(other *task) bool {
	r, q := &t.request, &other.request
	return t.kind == exchange.TaskStop && t.strategy == other.strategy && r.Inst == q.Inst && r.Side == q.Side && r.PositionSide == q.PositionSide
}

// wished notes an intent that concerns tasks: one of their own that was decided, a strategy's
// wish to end one, or a person's who trades or cancels in a strategy's place.
func (k *Kernel) wished(in *exchange.Intent, d *Decision) {
	t := k.task(in.Strategy, in.Ref)
	switch person := in.By != "" && !Own(in); {
	case t != nil && k.Pursues(in):
		if d.Refusal != nil {
			k.denied(t, d.Refusal.Error())
		} else if in.Kind == exchange.IntentNew {
			t.order = d.Order.ID
		}
	case t != nil && in.Kind == exchange.IntentCancel && !Own(in):
		t.stopping = true
	case d.Refusal == nil && (in.Kind == exchange.IntentCancelAll || person && in.Kind == exchange.IntentNew):
		for _, t := range k.tasks {
			if (in.Strategy == 0 || in.Strategy == t.strategy) && (in.Request.Inst == 0 || t.touches(in.Request.Inst)) {
				t.stopping = true
			}
		}
	case person && in.Kind == exchange.IntentCancel:
		for _, t := range k.tasks {
			t.stopping = t.stopping || t.order != 0 && slices.Contains(d.Cancel, t.order)
		}
	}
}

// denied notes that an order of a task was refused or rejected.
func (k *Kernel) denied(t *task, why string) {
	t.tries++
	most := taskWaitMost
	if t.open != 0 {
		most = openWaitMost
	}
	wait := min(taskWait<<min(t.tries-1, 8), most)
	t.next, t.reason = k.now.Add(wait), why
	if t.kind == exchange.TaskPair && t.status == exchange.TaskWorking && t.tries >= t.pair.Tries && t.open != 0 {
		k.unwind(t, fmt.Sprintf("the hedge was refused %d times running: %s", t.tries, why))
	}
	k.tellTask(t)
}

// unwind has a pair trade back what is open, or the hedge take it after all.
func (k *Kernel) unwind(t *task, why string) {
	t.status, t.reason, t.tries, t.next = exchange.TaskUnwinding, why, 0, k.now
}

// moved counts a fill of a task's order: what it has changed of the strategy's own position. A
// hedge that comes is not late for what is still open, such as a fee that was kept in the coin.
func (t *task) moved(inst exchange.InstrumentID, by decimal.Decimal, now exchange.Time) {
	if t.tries = 0; t.status == exchange.TaskWorking {
		t.reason = ""
	}
	if inst == t.request.Inst {
		t.lead = t.lead.Add(by)
	} else {
		t.hedged = t.hedged.Add(by)
		if t.open != 0 {
			t.open = now
		}
	}
}

// coins is what a strategy's own position comes to in coins: one that pays in coins counts by its
// entry, since with its profits it is worth that many at every price.
func (k *Kernel) coins(s exchange.StrategyID, inst exchange.InstrumentID, side exchange.PositionSide) decimal.Decimal {
	p := k.guard.Own(s, inst, side)
	if p.Qty.IsZero() {
		return decimal.Zero
	}
	return k.ins.At(inst).Delta(p.Qty, p.Entry)
}

// advance lets time, ends of orders and what is left to do change the tasks.
func (k *Kernel) advance() {
	over := false
	for _, t := range k.tasks {
		k.settleOrder(t)
		if t.kind == exchange.TaskPair {
			k.advancePair(t)
		} else {
			k.advanceStop(t)
		}
		over = over || t.status.Final()
	}
	if over {
		k.tasks = slices.DeleteFunc(k.tasks, func(t *task) bool { return t.status.Final() })
	}
}

// settleOrder sees whether the order at work is over, all its fills told.
func (k *Kernel) settleOrder(t *task) {
	if t.order == 0 {
		return
	}
	o := k.orders.byID[t.order]
	if o != nil && (!o.Status.Final() || o.traded < o.Filled) {
		return
	}
	for _, child := range k.orders.open { // what a trigger has made speaks for it
		if child.Parent == t.order {
			return
		}
	}
	t.order = 0
	if o != nil && (o.Status == exchange.StatusRejected || o.Status == exchange.StatusExpired && o.Filled == 0) {
		k.denied(t, "the exchange has ended order "+o.ClientID+" as "+o.Status.String())
		return
	}
	k.tellTask(t)
}

// advanceStop sees whether a stop was wished gone, forgets refusals once its order stands, and notes
// since when that has not done what it is there for.
func (k *Kernel) advanceStop(t *task) {
	o, since := k.orders.byID[t.order], t.open
	t.open = 0
	if t.order == 0 && t.stopping {
		k.endTask(t, exchange.TaskCanceled, "")
	}
	if t.order == 0 || o == nil || !o.Status.Working() {
		return
	}
	if t.tries > 0 {
		t.tries, t.reason = 0, ""
		k.tellTask(t)
	}
	if _, beyond := k.beyond(t); beyond && o.Request.Type.Conditional() {
		t.open = cmp.Or(since, k.now)
		if k.now.Sub(t.open) >= stopLate && k.now.Sub(t.asked) >= stopAsks {
			t.asked = k.now
		}
	}
}

// advancePair sees whether a pair is over, or its hedge is late.
func (k *Kernel) advancePair(t *task) {
	if t.order != 0 {
		return
	}
	stands, known := k.hedgeOrder(t)
	switch {
	case !known:
		return
	case stands.Request.Qty == 0:
		t.open = 0
	case t.open == 0:
		t.open = k.now
	}
	if t.status == exchange.TaskUnwinding {
		if back, known := k.backOrder(t); known && back.Request.Qty == 0 {
			k.endTask(t, exchange.TaskUnwound, t.reason)
		}
		return
	}
	if t.open != 0 {
		if k.now.Sub(t.open) >= t.pair.Timeout {
			k.unwind(t, fmt.Sprintf("the hedge did not come within %v", t.pair.Timeout))
			k.tellTask(t)
		}
		return
	}
	_, more := k.leadOrder(t)
	switch {
	case t.stopping:
		k.endTask(t, exchange.TaskCanceled, "")
	case !more:
		k.endTask(t, exchange.TaskDone, "")
	case t.tries >= t.pair.Tries:
		k.endTask(t, exchange.TaskFailed, fmt.Sprintf("the lead was refused %d times running: %s", t.tries, t.reason))
	}
}

func (k *Kernel) endTask(t *task, status exchange.TaskStatus, why string) {
	t.status, t.reason = status, why
	k.tellTask(t)
}

// taskNow is how a task stands.
func (k *Kernel) taskNow(t *task) exchange.TaskUpdate {
	u := exchange.TaskUpdate{Strategy: t.strategy, Ref: t.ref, Kind: t.kind, Status: t.status, Inst: t.request.Inst, Reason: t.reason}
	if t.kind == exchange.TaskPair {
		u.Hedge, u.Coins, u.Lead, u.Hedged = t.pair.Hedge, t.whole(), t.lead, t.hedged
		return u
	}
	u.Trigger, u.Qty, u.Lead = t.request.Trigger, k.stands(t), t.lead
	return u
}

// tellTask shows a strategy how its task stands.
func (k *Kernel) tellTask(t *task) {
	u := k.taskNow(t)
	e := exchange.Event{Seq: k.seq, At: k.now, Inst: u.Inst}
	e.SetTask(&u)
	k.tell(e)
}
