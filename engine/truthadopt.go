package engine

import (
	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// take makes the exchange right about one difference.
func (k *Kernel) take(d *exchange.Difference) {
	switch d.Kind {
	case exchange.DifferentPosition:
		k.takePosition(d)
	case exchange.DifferentBalance:
		k.takeBalance(d)
	case exchange.DifferentOrder:
		k.takeFigures(d.Order)
	case exchange.MissingOrder:
		k.takeEnd(d.Order)
	case exchange.StrangeOrder:
		k.takeOrder(d.Order)
	}
}

// sum is what all strategies and the house hold of an instrument on a position side.
func (k *Kernel) sum(inst exchange.InstrumentID, side exchange.PositionSide) decimal.Decimal {
	total := decimal.Zero
	for s := range k.holdings {
		total = total.Add(k.holdings[s][inst][side])
	}
	return total
}

// takePosition gives the house what is too much or too little. Fills since the reading count
// beside it. Where there was no fill the entry is the exchange's, too.
func (k *Kernel) takePosition(d *exchange.Difference) {
	more := d.Theirs.Sub(d.Ours)
	h := &k.holdings[0][d.Inst][d.Side]
	*h = h.Add(more).Truncate(exchange.FixedPlaces) // as sums of fills are written
	k.guard.Holding(0, d.Inst, d.Side, *h)
	p := k.guard.Position(d.Inst, d.Side)
	p.Qty = p.Qty.Add(more)
	if there := k.truth.position(d.Inst, d.Side); p.Qty.Equal(there.Qty) || p.Entry.IsZero() {
		p.Entry = there.Entry
	}
	if p.Qty.IsZero() {
		p.Entry = decimal.Zero
	}
	k.guard.SetPosition(p)
}

// position is what the newest reading has of an instrument and side.
func (t *truth) position(inst exchange.InstrumentID, side exchange.PositionSide) exchange.Position {
	for _, p := range t.last.Positions {
		if p.Inst == inst && p.Side == side {
			return p
		}
	}
	return exchange.Position{Inst: inst, Side: side}
}

// takeEntries makes the exchange right about the entry prices of positions on which both
// agree: an average depends on the order of fills, which one found late does not keep.
func (k *Kernel) takeEntries() {
	for _, there := range k.truth.last.Positions {
		if !k.ins.Has(there.Inst) || k.ins.At(there.Inst).Product == exchange.Margin || there.Side > exchange.Short {
			continue
		}
		have := k.guard.Position(there.Inst, there.Side)
		if have.Qty.Equal(there.Qty) && !have.Entry.Equal(there.Entry) && there.Entry.IsPositive() {
			k.guard.SetPosition(there)
		}
	}
}

// takeBalance books what differs, unless a booking since the reading has told more.
func (k *Kernel) takeBalance(d *exchange.Difference) {
	if !k.balance(d.Asset, d.Wallet).Equal(d.Ours) {
		return
	}
	why := exchange.ReasonTransfer
	if !k.truth.agreed {
		why = exchange.ReasonDeposit
	}
	e := exchange.Event{Seq: k.seq, At: k.now, Exchange: k.truth.last.At}
	e.SetLedger(&exchange.LedgerEntry{Asset: d.Asset, Wallet: d.Wallet, Reason: why, Delta: d.Theirs.Sub(d.Ours), Balance: d.Theirs})
	k.guard.Apply(&e)
	k.loans.note(&e)
	k.tellLoans(d.Asset)
	k.tell(e)
}

func (k *Kernel) balance(asset string, w exchange.Wallet) decimal.Decimal {
	for _, b := range k.guard.Balances() {
		if b.Asset == asset && b.Wallet == w {
			return b.Amount
		}
	}
	return decimal.Zero
}

// takeFigures gives an order the price and quantity that it has at the exchange.
func (k *Kernel) takeFigures(clientID string) {
	o, there := k.orders.byName[clientID], k.truth.order(clientID)
	if o == nil || there == nil || o.Status.Final() {
		return
	}
	o.Request.Price, o.Request.Qty, o.Updated = there.Request.Price, there.Request.Qty, k.now
	k.hold(o)
	k.tellOrder(o)
}

// order is what the newest reading has of an order, nil if nothing.
func (t *truth) order(clientID string) *exchange.TruthOrder {
	for i := range t.last.Orders {
		if t.last.Orders[i].ClientID == clientID {
			return &t.last.Orders[i]
		}
	}
	return nil
}

// takeEnd ends an order that the exchange has not any more.
func (k *Kernel) takeEnd(clientID string) {
	o := k.orders.byName[clientID]
	if o == nil || o.Status.Final() {
		return
	}
	u := exchange.OrderUpdate{Status: exchange.StatusExpired, Filled: o.Filled, Reason: "the exchange has it not"}
	if k.orders.update(o, &u, k.now, 0) {
		k.hold(o)
		k.tellOrder(o)
	}
}

// takeOrder makes an order that the exchange has ours, and the house's. The legs of an OCO
// come with their list.
func (k *Kernel) takeOrder(clientID string) {
	there := k.truth.order(clientID)
	if there == nil || there.Status.Final() || !k.ins.Has(there.Request.Inst) || k.orders.byName[clientID] != nil {
		return
	}
	k.lastOrder++
	o := there.Order
	o.ID, o.Strategy, o.Ref, o.Parent, o.Updated = k.lastOrder, 0, 0, 0, k.now
	added := k.orders.add(o)
	added.traded = o.Filled
	k.hold(added)
	k.tellOrder(added)
	if o.Request.Type != exchange.OCO {
		return
	}
	limit, stop := exchange.OCOLegs(clientID)
	for _, name := range [...]string{limit, stop} {
		if leg := k.truth.order(name); leg != nil && !leg.Status.Final() && leg.Request.Inst == o.Request.Inst && k.orders.byName[name] == nil {
			k.adopt(added, name)
			made := k.orders.byName[name]
			made.Request, made.Status, made.VenueID = leg.Request, leg.Status, leg.VenueID
			made.Filled, made.traded = leg.Filled, leg.Filled
			k.hold(made)
		}
	}
}

// endStranger asks the exchange to end an order that is not in our table.
func (k *Kernel) endStranger(clientID string) {
	if there := k.truth.order(clientID); there != nil {
		o := there.Order
		o.ID, o.Strategy, o.Ref = 0, 0, 0
		k.commands = append(k.commands, Command{Kind: Cancel, Order: o})
	}
}
