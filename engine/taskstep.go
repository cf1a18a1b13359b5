package engine

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// What comes next of each task. Nothing here changes anything.

// pursue appends the next order of every task that has one.
func (k *Kernel) pursue(found []exchange.Event) []exchange.Event {
	for _, t := range k.tasks {
		in, ok := k.nextStop(t)
		if t.kind == exchange.TaskPair {
			in, ok = k.nextOfPair(t)
		}
		if !ok {
			continue
		}
		in.Strategy, in.Ref, in.Tag = t.strategy, t.ref, t.tag
		if in.Kind == exchange.IntentNew {
			in.Order = k.lastOrder + 1 // by which it is told from a wish
		}
		if in.Tag == "" {
			in.Tag = t.kind.String()
		}
		e := exchange.Event{At: k.now, Inst: in.Request.Inst}
		e.SetIntent(&in)
		found = append(found, e)
	}
	return found
}

// restless says that a market event may make a task act.
func (k *Kernel) restless() bool {
	for _, t := range k.tasks {
		if t.kind == exchange.TaskPair && t.order == 0 {
			return true
		}
		if t.kind == exchange.TaskStop && (t.open != 0 || k.closes(t) != k.stands(t)) {
			return true
		}
	}
	return false
}

// stands is the quantity of a task's order at work, 0 without one.
func (k *Kernel) stands(t *task) exchange.Fixed {
	if o := k.orders.byID[t.order]; o != nil {
		return o.Request.Qty
	}
	return 0
}

// nextOfPair is a pair's next order: back, the hedge, or the lead.
func (k *Kernel) nextOfPair(t *task) (in exchange.Intent, ok bool) {
	if t.order != 0 || k.now < t.next {
		return in, false
	}
	if t.status == exchange.TaskUnwinding {
		return k.unwindOrder(t)
	}
	in, ok = k.hedgeOrder(t)
	if !ok || in.Request.Qty != 0 {
		return in, ok && k.may(t, in.Request.Inst)
	}
	if t.stopping || k.guard.Gone(t.strategy) || t.tries >= t.pair.Tries {
		return in, false
	}
	for _, inst := range [...]exchange.InstrumentID{t.request.Inst, t.pair.Hedge} {
		if k.guard.State(t.strategy, inst) == exchange.Halted {
			return in, false
		}
	}
	return k.leadOrder(t)
}

// unwindOrder closes what is open: by the lead, and by the hedge after all where the lead is
// halted or has been refused Tries times running, then by the lead again. A hedge that failed on
// the way out may leave a lead that cannot be opened again.
func (k *Kernel) unwindOrder(t *task) (exchange.Intent, bool) {
	back, ok := k.backOrder(t)
	hedge, known := k.hedgeOrder(t)
	may := ok && back.Request.Qty != 0 && k.may(t, back.Request.Inst)
	if known && hedge.Request.Qty != 0 && k.may(t, hedge.Request.Inst) && (!may || t.tries/t.pair.Tries%2 == 1) {
		return hedge, true
	}
	return back, may
}

// may says whether an order would not be refused because trading is halted.
func (k *Kernel) may(t *task, inst exchange.InstrumentID) bool {
	return k.guard.State(t.strategy, inst) != exchange.Halted
}

// whole is what a pair is to move its lead by.
func (t *task) whole() decimal.Decimal {
	return decimal.New(t.request.Side.Sign()*int64(t.request.Qty), -exchange.FixedPlaces)
}

// leadOrder is the next slice of the lead, ok=false if what is left is none, or no price is known,
// or if it is a rest that the hedge could not take.
func (k *Kernel) leadOrder(t *task) (in exchange.Intent, ok bool) {
	left := t.whole().Sub(t.lead)
	if left.Sign() != t.whole().Sign() {
		return in, false
	}
	if slice := t.pair.Slice.Decimal(); left.Abs().GreaterThan(slice) {
		left = slice.Mul(decimal.NewFromInt(int64(left.Sign())))
	}
	in, ok = k.marketOrder(t, t.request.Inst, t.request.PositionSide, left)
	if !ok || in.Request.Qty == 0 {
		return in, false
	}
	behind, known := k.hedgeBehind(t, &in)
	return in, !known || behind.Request.Qty != 0 || t.lead.IsZero()
}

// hedgeBehind is the order of the hedge that follows a slice of the lead, whatever is open before:
// no more than a slice ever is.
func (k *Kernel) hedgeBehind(t *task, lead *exchange.Intent) (exchange.Intent, bool) {
	r := &lead.Request
	in, qty := k.ins.At(r.Inst), decimal.New(r.Side.Sign()*int64(r.Qty), -exchange.FixedPlaces)
	last, _ := k.guard.Prices(r.Inst)
	coins := in.Delta(qty, last.Decimal())
	if own := k.guard.Own(t.strategy, r.Inst, r.PositionSide); in.Closes(qty, &own) {
		coins = in.Delta(qty, own.Entry)
	}
	return k.marketOrder(t, t.pair.Hedge, t.pair.HedgeSide, coins.Neg())
}

// hedgeOrder is what the hedge is to take over now, of quantity 0 for nothing.
func (k *Kernel) hedgeOrder(t *task) (exchange.Intent, bool) {
	return k.marketOrder(t, t.pair.Hedge, t.pair.HedgeSide, t.lead.Add(t.hedged).Neg())
}

// backOrder is what the lead is to give back, of quantity 0 for nothing.
func (k *Kernel) backOrder(t *task) (exchange.Intent, bool) {
	return k.marketOrder(t, t.request.Inst, t.request.PositionSide, t.lead.Add(t.hedged).Neg())
}

// marketOrder trades so many coins of an instrument, of quantity 0 where that is less than the
// exchange takes; ok is false while its price is not known. What only closes the strategy's own
// position says so, and closes no more than that.
func (k *Kernel) marketOrder(t *task, inst exchange.InstrumentID, side exchange.PositionSide, coins decimal.Decimal) (in exchange.Intent, ok bool) {
	instrument, own := k.ins.At(inst), k.guard.Own(t.strategy, inst, side)
	last, _ := k.guard.Prices(inst)
	if last == 0 {
		return in, false
	}
	r := exchange.OrderRequest{Inst: inst, Side: exchange.Buy, PositionSide: side, Type: exchange.Market}
	if coins.IsNegative() {
		r.Side = exchange.Sell
	}
	r.Qty = instrument.LotOf(coins, last, &own).Abs()
	if instrument.Product == exchange.Margin && r.Side == exchange.Sell {
		r.Qty = k.owned(instrument, last, r.Qty)
	}
	r.ReduceOnly = instrument.Closes(coins, &own) && k.reduces(inst, side, r.Side, r.Qty)
	return exchange.Intent{Kind: exchange.IntentNew, Request: r}, true
}

// owned is the quantity of a sale on the margin account, or what the account has, where all that is
// missing is less than an order: what a fee or interest has kept of the coins that were bought. A
// sale of more than that the exchange rejects, and the pair is traded back.
func (k *Kernel) owned(in *exchange.Instrument, last, qty exchange.Fixed) exchange.Fixed {
	flat := exchange.Position{}
	free := k.guard.Balance(in.Base, exchange.WalletMargin).Sub(k.guard.Reserved(in.Base))
	if free.GreaterThanOrEqual(qty.Decimal()) || !free.IsPositive() {
		return qty
	}
	has := in.LotOf(free, last, &flat)
	if in.LotOf((qty-has).Decimal(), last, &flat) != 0 {
		return qty
	}
	return has
}

// reduces says whether an order that closes what a strategy holds takes as much from the account's
// position, so that it may say ReduceOnly: what another strategy holds the other way is netted.
func (k *Kernel) reduces(inst exchange.InstrumentID, leg exchange.PositionSide, side exchange.Side, qty exchange.Fixed) bool {
	held := k.guard.Position(inst, leg).Qty
	return leg == exchange.Both && int64(held.Sign()) == -side.Sign() && held.Abs().GreaterThanOrEqual(qty.Decimal())
}

// closes is how much of the strategy's position a stop is for.
func (k *Kernel) closes(t *task) exchange.Fixed {
	r := &t.request
	held := k.holdings[t.strategy][r.Inst][r.PositionSide]
	if int64(held.Sign()) != -r.Side.Sign() {
		return 0
	}
	qty, err := exchange.FixedFromDecimal(held.Abs(), exchange.RoundDown)
	if err != nil {
		return 0
	}
	return k.ins.At(r.Inst).Lots(exchange.Market, qty)
}

const (
	// stopRests is how long an order stands that is too small while a position grows, for it grows by
	// many fills. One that is too large would close what others hold, and does not stand.
	stopRests = time.Second
	// stopLate is how long an order may only stand there while the price is beyond its trigger.
	stopLate = 10 * time.Second
	// stopAsks is how often the guard is asked then, which takes a copy of it: 350 us.
	stopAsks = time.Second
)

// nextStop is what a stop needs: its order, another one in place of one that does not fit any
// more, or, where the price is beyond the trigger already and no order stands, a market order.
func (k *Kernel) nextStop(t *task) (in exchange.Intent, ok bool) {
	if t.kind != exchange.TaskStop {
		return in, false
	}
	r, qty := t.request, k.closes(t)
	if t.stopping {
		qty = 0
	}
	if t.order != 0 {
		o := k.orders.byID[t.order]
		if o == nil || !o.Status.Working() || o.Filled > 0 || o.Request.Type == exchange.Market {
			return in, false
		}
		if q := &o.Request; q.Trigger == r.Trigger && q.WorkingType == r.WorkingType {
			small := q.Qty < qty && k.now.Sub(o.Created) < stopRests
			if (q.Qty == qty || small) && !k.misses(t, o) {
				return in, false
			}
		}
		return exchange.Intent{Kind: exchange.IntentCancel, Order: o.ID, Request: exchange.OrderRequest{Inst: r.Inst}}, true
	}
	if qty == 0 || !k.may(t, r.Inst) || k.now < t.next {
		return in, false
	}
	known, beyond := k.beyond(t)
	if market := k.closing(t, qty); beyond {
		r = market
	} else {
		r.Qty, r.ReduceOnly = qty, market.ReduceOnly
	}
	return exchange.Intent{Kind: exchange.IntentNew, Request: r}, known
}

// closing is a market order for a part of what a stop is for.
func (k *Kernel) closing(t *task, qty exchange.Fixed) exchange.OrderRequest {
	r := &t.request
	return exchange.OrderRequest{Inst: r.Inst, Side: r.Side, PositionSide: r.PositionSide, Type: exchange.Market, Qty: qty, ReduceOnly: k.reduces(r.Inst, r.PositionSide, r.Side, qty)}
}

// beyond says whether the price by which a stop goes is known, and whether it is at its trigger or
// beyond.
func (k *Kernel) beyond(t *task) (known, beyond bool) {
	r := &t.request
	price, mark := k.guard.Prices(r.Inst)
	if r.WorkingType == exchange.MarkPrice {
		price = mark
	}
	return price != 0, price != 0 && (r.Side == exchange.Sell && price <= r.Trigger || r.Side == exchange.Buy && price >= r.Trigger)
}

// misses says whether a stop's order should have triggered long ago, and the guard would take a
// market order in its place: what it would refuse, for its prices are old, say, is worse than none.
func (k *Kernel) misses(t *task, o *order) bool {
	if t.open == 0 || k.now.Sub(t.open) < stopLate || t.asked != k.now || !k.may(t, t.request.Inst) {
		return false
	}
	copied, err := k.guard.WhatIf()
	if err != nil {
		return false
	}
	gone := o.risk()
	gone.Status = exchange.StatusCanceled
	copied.Hold(gone)
	id, r := k.lastOrder+1, k.closing(t, k.closes(t))
	next := exchange.Order{ID: id, Strategy: t.strategy, Ref: t.ref, Request: r, Status: exchange.StatusPendingNew, Created: k.now, ClientID: k.clientID(t.strategy, id)}
	in := exchange.Intent{Kind: exchange.IntentNew, Strategy: t.strategy, Ref: t.ref, Request: r}
	return len(copied.Refusals(in, next, k.now)) == 0
}

// admitted is the refusal of the hedge of a lead's slice, nil for every other order.
func (k *Kernel) admitted(in *exchange.Intent, at exchange.Time) *exchange.Refusal {
	t := k.task(in.Strategy, in.Ref)
	if t == nil || t.kind != exchange.TaskPair || t.status != exchange.TaskWorking || in.Request.Inst != t.request.Inst || !k.Pursues(in) {
		return nil
	}
	no := k.admit(t, in, at)
	if no != nil {
		no.Intent = *in
	}
	return no
}

// admit asks the guard about a slice of the lead and, as if that were on its way, about the hedge
// for all of it. nil is a yes; it is no approval, for the hedge is asked about again when it goes.
func (k *Kernel) admit(t *task, lead *exchange.Intent, at exchange.Time) *exchange.Refusal {
	copied, err := k.guard.WhatIf()
	if err != nil {
		return &exchange.Refusal{Rule: "task", Value: err.Error(), Limit: "both legs must be admitted before the first"}
	}
	first := *lead
	first.Strategy, first.Ref = t.strategy, t.ref
	slice := k.orderOf(&first, k.lastOrder+1, at)
	if list := copied.Refusals(first, slice, at); len(list) > 0 {
		return &list[0]
	}
	copied.Hold(slice)
	other, known := k.hedgeBehind(t, &first)
	switch {
	case !known:
		return &exchange.Refusal{Rule: "task", Value: "no price of " + k.ins.At(t.pair.Hedge).Name() + " is known", Limit: "both legs must be admitted before the first"}
	case other.Request.Qty == 0:
		return &exchange.Refusal{
			Rule: "task", Value: "the hedge of a slice is less than an order of " + k.ins.At(t.pair.Hedge).Name() + " may have",
			Limit: "both legs must be admitted before the first", Passes: "a larger slice",
		}
	}
	other.Strategy, other.Ref = t.strategy, t.ref
	second := k.orderOf(&other, k.lastOrder+2, at)
	if list := copied.Refusals(other, second, at); len(list) > 0 {
		list[0].Value = "the hedge behind it: " + list[0].Value
		return &list[0]
	}
	return nil
}
