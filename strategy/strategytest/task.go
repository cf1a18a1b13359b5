package strategytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// A desk does a task in the simplest way: a pair it accepts is traded at once and whole, at the
// last prices, and a stop only stands, until a line of a script or a walk's market has it close what
// is held. What else may become of one a line of a script says.

// task answers the wish for a pair or a stop.
func (d *desk) task(i exchange.Intent, chain int) {
	u := exchange.TaskUpdate{Strategy: me, Ref: i.Ref, Kind: exchange.TaskStop, Status: exchange.TaskWorking, Inst: i.Request.Inst, Trigger: i.Request.Trigger}
	if i.Kind == exchange.IntentPair {
		u.Kind, u.Hedge, u.Coins = exchange.TaskPair, i.Pair.Hedge, decimal.New(i.Request.Side.Sign()*int64(i.Request.Qty), -exchange.FixedPlaces)
	}
	if u.Kind == exchange.TaskStop {
		d.replaceStop(&i.Request, chain)
		d.stops[i.Ref] = i.Request
	}
	d.tasks = append(d.tasks, u)
	d.later(chain, "task "+refOf(i.Ref), func() { d.tellTask(u, chain) })
	switch {
	case d.answer == wait || d.answer == accept && u.Kind == exchange.TaskStop:
	case d.answer == accept:
		d.later(chain, "task "+refOf(i.Ref), func() { d.endTask(i.Ref, exchange.TaskDone, u.Coins, u.Coins.Neg(), "", chain) })
	default:
		d.later(chain, "task "+refOf(i.Ref), func() {
			d.endTask(i.Ref, exchange.TaskFailed, decimal.Zero, decimal.Zero, "its orders are rejected by the test", chain)
		})
	}
}

// replaceStop ends the stop whose place another one for the same position takes.
func (d *desk) replaceStop(r *exchange.OrderRequest, chain int) {
	for _, u := range slices.Clone(d.tasks) {
		if was := d.stops[u.Ref]; u.Kind == exchange.TaskStop && was.Inst == r.Inst && was.Side == r.Side && was.PositionSide == r.PositionSide {
			d.later(chain, "task "+refOf(u.Ref), func() {
				d.endTask(u.Ref, exchange.TaskCanceled, u.Lead, decimal.Zero, "another stop took its place", chain)
			})
		}
	}
}

// stopped is how much of the strategy's position a stop would close now.
func (d *desk) stopped(ref uint64) exchange.Fixed {
	r := d.stops[ref]
	held := d.rt.View().Held(d.ins.At(r.Inst))
	if int64(r.Side.Sign()) == int64(held.Decimal().Sign()) {
		return 0
	}
	return d.ins.At(r.Inst).Lots(exchange.Market, held).Abs()
}

// hit has a stop close a part of what is held, and tells how the task stands then.
func (d *desk) hit(ref uint64, qty, price exchange.Fixed) {
	r := d.stops[ref]
	d.execute(ref, &r, qty, price, exchange.NotForced)
	u := d.taskOf(ref)
	if u == nil {
		return
	}
	closed := qty.Decimal()
	if in := d.ins.At(u.Inst); in.Inverse() {
		closed = in.Delta(closed, price.Decimal())
	}
	u.Lead = u.Lead.Add(closed.Mul(decimal.NewFromInt(r.Side.Sign())))
	d.tellTask(*u, 0)
	d.settle()
}

// taskOf finds an open task, nil if there is none of that ref.
func (d *desk) taskOf(ref uint64) *exchange.TaskUpdate {
	at := slices.IndexFunc(d.tasks, func(u exchange.TaskUpdate) bool { return u.Ref == ref })
	if at < 0 {
		return nil
	}
	return &d.tasks[at]
}

func (d *desk) tellTask(u exchange.TaskUpdate, chain int) {
	d.tell(u.Inst, "task "+refOf(u.Ref), chain, func(e *exchange.Event) { e.SetTask(&u) })
}

// endTask trades what a pair has come to, in coins of each leg, and ends it.
func (d *desk) endTask(ref uint64, s exchange.TaskStatus, lead, hedged decimal.Decimal, why string, chain int) {
	open := d.taskOf(ref)
	if open == nil {
		return
	}
	u := *open
	u.Status, u.Lead, u.Hedged, u.Reason = s, lead, hedged, why
	delete(d.stops, ref)
	d.tasks = slices.DeleteFunc(d.tasks, func(t exchange.TaskUpdate) bool { return t.Ref == ref })
	if price := d.price(d.ins.At(u.Inst)); u.Kind == exchange.TaskPair {
		d.trades(ref, u.Inst, lead, price)
		d.trades(ref, u.Hedge, hedged, price)
	}
	d.tellTask(u, chain)
}

// trades fills an order of a task for so many coins, at the last price, or at that of the lead.
func (d *desk) trades(ref uint64, inst exchange.InstrumentID, coins decimal.Decimal, price exchange.Fixed) {
	if coins.IsZero() || !d.ins.Has(inst) {
		return
	}
	in := d.ins.At(inst)
	if own := d.price(in); own != 0 {
		price = own
	}
	amount := coins.Abs()
	if in.Inverse() {
		amount = amount.Mul(price.Decimal()).DivRound(in.ContractSize.Decimal(), exchange.FixedPlaces)
	}
	qty, err := exchange.FixedFromDecimal(amount, exchange.RoundDown)
	if qty = in.Lots(exchange.Market, qty); err != nil || qty == 0 || price == 0 {
		return
	}
	r := exchange.OrderRequest{Inst: inst, Side: exchange.Buy, Type: exchange.Market, Qty: qty}
	if coins.IsNegative() {
		r.Side = exchange.Sell
	}
	d.execute(ref, &r, qty, price, exchange.NotForced)
}

// describeTask writes a wish, such as: #1 pair sell 0.3 of UM:BTCUSDT against CM:BTCUSD_PERP in 0.1.
func describeTask(ins *exchange.Instruments, i *exchange.Intent) string {
	if i.Kind == exchange.IntentProtect {
		return fmt.Sprintf("#%d protect %s", i.Ref, describeOrder(ins, i))
	}
	name := func(id exchange.InstrumentID) string {
		if !ins.Has(id) {
			return "no instrument"
		}
		return symbolOf(ins.At(id))
	}
	r, p := &i.Request, &i.Pair
	line := fmt.Sprintf("#%d pair %s %v of %s against %s", i.Ref, strings.ToLower(r.Side.String()), r.Qty, name(r.Inst), name(p.Hedge))
	if p.Slice != 0 {
		line += fmt.Sprintf(" in %v", p.Slice)
	}
	if p.Timeout != 0 {
		line += " within " + duration(p.Timeout)
	}
	if i.Tag != "" {
		line += fmt.Sprintf(" %q", i.Tag)
	}
	return line
}

// checkTask says what is wrong with the wish for a task.
func (d *desk) checkTask(i *exchange.Intent) string {
	r, p := &i.Request, &i.Pair
	switch {
	case !d.ins.Has(r.Inst) || i.Kind == exchange.IntentPair && !d.ins.Has(p.Hedge):
		return "it is of no instrument"
	case i.Kind == exchange.IntentProtect && (r.Type != exchange.StopMarket || r.Trigger <= 0):
		return "a stop needs Stop with a trigger above 0"
	case i.Kind == exchange.IntentPair && (r.Qty <= 0 || p.Hedge == r.Inst || d.ins.At(p.Hedge).Base != d.ins.At(r.Inst).Base):
		return "a pair needs coins and two instruments of one coin"
	case len(d.manifest.OrderTypes) > 0 && !slices.Contains(d.manifest.OrderTypes, r.Type):
		return fmt.Sprintf("the manifest declares %v and not %v", d.manifest.OrderTypes, r.Type)
	}
	for _, id := range []exchange.InstrumentID{r.Inst, p.Hedge} {
		if m := &d.manifest; id != 0 && len(m.Products) > 0 && !slices.Contains(m.Products, d.ins.At(id).Product) {
			return fmt.Sprintf("the manifest declares %v and not %v", m.Products, d.ins.At(id).Product)
		}
	}
	return ""
}

// taskLine is "task REF done|failed|unwound|canceled [LEAD HEDGED]".
func (s *script) taskLine(args []string) error {
	if len(args) != 2 && len(args) != 4 {
		return errUsage
	}
	ref, err := refFrom(args[0])
	if err != nil {
		return err
	}
	status, err := exchange.ParseTaskStatus(strings.ToUpper(args[1]))
	if err != nil || !status.Final() {
		return fmt.Errorf("%q is no end of a task: %w", args[1], errUsage)
	}
	if s.desk.taskOf(ref) == nil {
		return fmt.Errorf("no open task has ref %d", ref)
	}
	coins, err := numbers(args[2:], 0, 2)
	if err != nil {
		return err
	}
	s.desk.endTask(ref, status, coins[0].Decimal(), coins[1].Decimal(), "", 0)
	s.desk.settle()
	return nil
}
