package strategytest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// wish answers an intent as the desk was told to.
func (d *desk) wish(i exchange.Intent, chain int) {
	cancels := i.Kind == exchange.IntentCancel || i.Kind == exchange.IntentCancelAll
	if d.answer == refuse && !cancels {
		d.later(chain, "refused "+refOf(i.Ref), func() { d.refusal(i, "test", chain) })
		return
	}
	switch i.Kind {
	case exchange.IntentNew:
		d.newOrder(i, chain)
	case exchange.IntentCancel:
		d.cancelLater(i.Ref, chain)
	case exchange.IntentCancelAll:
		for _, o := range d.orders {
			if in := i.Request.Inst; in == 0 || in == o.want.Inst {
				d.cancelLater(o.ref, chain)
			}
		}
		for _, u := range d.tasks {
			if in := i.Request.Inst; in == 0 || in == u.Inst || in == u.Hedge {
				d.cancelLater(u.Ref, chain)
			}
		}
	case exchange.IntentAmend:
		d.amend(i, chain)
	case exchange.IntentPair, exchange.IntentProtect:
		d.task(i, chain)
	case exchange.IntentBorrow, exchange.IntentRepay:
		if d.answer != wait {
			d.later(chain, "loan "+refOf(i.Ref), func() { d.loan(i, chain) })
		}
	}
}

func refOf(ref strategy.Ref) string { return fmt.Sprintf("#%d", ref) }

// later has something happen after what is under way.
func (d *desk) later(chain int, why string, do func()) {
	d.queue = append(d.queue, follow{why, chain, do})
}

func (d *desk) newOrder(i exchange.Intent, chain int) {
	d.orders = append(d.orders, order{ref: i.Ref, want: i.Request, status: exchange.StatusPendingNew})
	d.later(chain, "sent "+refOf(i.Ref), func() { d.report(i.Ref, exchange.StatusPendingNew, "", chain) })
	end, reason := exchange.StatusWorking, ""
	switch d.answer {
	case wait:
		return
	case reject:
		end, reason = exchange.StatusRejected, "rejected by the test"
	case expire:
		end, reason = exchange.StatusExpired, "expired by the test"
	}
	d.later(chain, statusWord(end)+" "+refOf(i.Ref), func() { d.report(i.Ref, end, reason, chain) })
}

func (d *desk) cancelLater(ref strategy.Ref, chain int) {
	if open := d.taskOf(ref); open != nil && d.answer != wait {
		u := *open
		d.later(chain, "task "+refOf(ref), func() { d.endTask(ref, exchange.TaskCanceled, u.Lead, u.Hedged, "", chain) })
	}
	o := d.find(ref)
	if o == nil || o.status == exchange.StatusPendingCancel {
		return
	}
	o.status = exchange.StatusPendingCancel
	if d.answer != wait {
		d.later(chain, "canceled "+refOf(ref), func() { d.report(ref, exchange.StatusCanceled, "", chain) })
	}
}

func (d *desk) amend(i exchange.Intent, chain int) {
	o := d.find(i.Ref)
	if o == nil || d.answer == wait {
		return
	}
	d.later(chain, "amended "+refOf(i.Ref), func() {
		o := d.find(i.Ref)
		if o == nil {
			return
		}
		if d.answer == accept {
			o.want.Price, o.want.Qty = i.Request.Price, i.Request.Qty
		}
		d.report(i.Ref, o.working(), "", chain)
	})
}

// working is the status of an order at work.
func (o *order) working() exchange.OrderStatus {
	if o.filled > 0 {
		return exchange.StatusPartiallyFilled
	}
	return exchange.StatusWorking
}

// report tells the strategy where an order stands. What is over is not reported again.
func (d *desk) report(ref strategy.Ref, s exchange.OrderStatus, reason string, chain int) {
	o := d.find(ref)
	if o == nil {
		return
	}
	o.status = s
	u := &exchange.OrderUpdate{
		ID: exchange.OrderID(ref), Strategy: me, Ref: ref, ClientID: fmt.Sprintf("test-%d", ref), VenueID: int64(ref),
		Status: s, Price: o.want.Price, Qty: o.want.Qty, Filled: o.filled, Reason: reason,
	}
	inst, why := o.want.Inst, ""
	if chain > 0 { // an answer to what was just asked, and not news of its own
		why = statusWord(s) + " " + refOf(ref)
	}
	if s.Final() {
		d.orders = slices.DeleteFunc(d.orders, func(x order) bool { return x.ref == ref })
	}
	d.tell(inst, why, chain, func(e *exchange.Event) { e.SetOrderUpdate(u) })
}

func statusWord(s exchange.OrderStatus) string {
	return strings.ToLower(strings.ReplaceAll(s.String(), "_", " "))
}

// refusal tells that the guard said no.
func (d *desk) refusal(i exchange.Intent, rule string, chain int) {
	if i.Kind == exchange.IntentNew {
		d.orders = slices.DeleteFunc(d.orders, func(o order) bool { return o.ref == i.Ref })
	}
	why := ""
	if chain > 0 {
		why = "refused " + refOf(i.Ref)
	}
	d.tell(i.Request.Inst, why, chain, func(e *exchange.Event) {
		e.SetRefusal(&exchange.Refusal{Intent: i, Rule: rule, Value: "refused by the test"})
	})
}

// loan does an act, and books it if the desk accepts.
func (d *desk) loan(i exchange.Intent, chain int) {
	u := exchange.ActUpdate{ID: exchange.ActID(i.Ref), Strategy: me, Ref: i.Ref, Asset: i.Asset, Amount: i.Amount.Decimal(), Status: exchange.ActDone}
	if act, ok := i.Act(); ok {
		u.Kind = act.Kind
	}
	if d.answer != accept {
		u.Status, u.Reason = exchange.ActRejected, "rejected by the test"
	} else {
		sign, reason := u.Amount, exchange.ReasonBorrow
		if i.Kind == exchange.IntentRepay {
			sign, reason = u.Amount.Neg(), exchange.ReasonRepay
		}
		d.book(i.Asset, exchange.WalletLoan, reason, sign, chain)
		d.book(i.Asset, exchange.WalletMargin, reason, sign, chain)
	}
	d.tell(0, "loan "+refOf(i.Ref), chain, func(e *exchange.Event) { e.SetAct(&u) })
}

// book moves money and tells.
func (d *desk) book(asset string, w exchange.Wallet, why exchange.Reason, delta decimal.Decimal, chain int) {
	p := pocket{asset, w}
	d.wallets[p] = d.wallets[p].Add(delta)
	entry := &exchange.LedgerEntry{Asset: asset, Wallet: w, Reason: why, Delta: delta, Balance: d.wallets[p], Strategy: me}
	d.tell(0, "booked "+asset, chain, func(e *exchange.Event) { e.SetLedger(entry) })
}

// execute fills a part of an own order, or of nobody's (ref 0) by force.
func (d *desk) execute(ref strategy.Ref, r *exchange.OrderRequest, qty, price exchange.Fixed, forced exchange.ForcedKind) {
	in := d.ins.At(r.Inst)
	var realized decimal.Decimal
	if in.Product != exchange.Margin {
		at := leg{r.Inst, r.PositionSide}
		if d.positions[at] == nil {
			d.positions[at] = &exchange.Position{Inst: r.Inst, Side: r.PositionSide}
		}
		realized = d.positions[at].Trade(in, r.Side, qty, price).Round(8)
	}
	d.trade++
	f := &exchange.Fill{
		Order: exchange.OrderID(ref), Strategy: me, Ref: ref, TradeID: d.trade, Side: r.Side, PositionSide: r.PositionSide,
		Price: price, Qty: qty, Maker: r.Type == exchange.Limit, Realized: realized, FeeAsset: in.MarginAsset, Forced: forced,
	}
	d.tell(r.Inst, "", 0, func(e *exchange.Event) { e.SetFill(f) })
	if o := d.find(ref); o != nil && ref != 0 {
		o.filled += qty
		s := exchange.StatusPartiallyFilled
		if o.filled >= o.want.Qty {
			s = exchange.StatusFilled
		}
		d.report(ref, s, "", 0)
	}
	if in.Product == exchange.Margin {
		coins := qty.Decimal().Mul(decimal.NewFromInt(r.Side.Sign()))
		d.book(in.Base, exchange.WalletMargin, exchange.ReasonTrade, coins, 0)
		d.book(in.Quote, exchange.WalletMargin, exchange.ReasonTrade, coins.Mul(price.Decimal()).Neg().Round(8), 0)
	} else if !realized.IsZero() {
		d.book(in.MarginAsset, exchange.WalletOf(in.Product), exchange.ReasonRealizedPnL, realized, 0)
	}
	d.settle()
}
