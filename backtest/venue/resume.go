package venue

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// Adopt has the account go on where another venue has left it, before Start: its futures
// wallets may be below zero, Start books without telling, and the numbers of orders and trades
// are those behind firstID, for the others have been used. What Config gave it is forgotten.
func (v *Venue) Adopt(balances []Balance, positions []exchange.Position, firstID int64) error {
	if firstID < 0 {
		return fmt.Errorf("venue: numbers cannot begin behind %d", firstID)
	}
	for i := range v.markets {
		for side := range v.markets[i].legs {
			if leg := &v.markets[i].legs[side]; !leg.Qty.IsZero() {
				leg.Qty, leg.Entry = decimal.Zero, decimal.Zero
				v.repositioned(leg)
			}
		}
	}
	if err := errors.Join(checkResumed(balances), v.openPositions(positions)); err != nil {
		return fmt.Errorf("venue: %w", err)
	}
	v.start, v.resumed = slices.Clone(balances), true
	v.lastID, v.lastTrade = firstID, firstID
	return nil
}

// Resume gives an account that goes on, see [Venue.Adopt], the orders that were open when it
// was left, as a client knows them, whatever their order. Call it once, after Start. Nothing
// is asked of them again, and each is told to stand where it stands: it rests behind all that
// is shown at its price, waits for its trigger, or takes from the next data if it is one that
// takes. A trailing stop follows anew. What was sent and never answered has NotArrived; what
// was asked of an open order beside, a cancel or an amend, is forgotten. Orders that are over
// are passed over. An error names an order that makes no sense; nothing is open then.
func (v *Venue) Resume(orders []exchange.Order, at exchange.Time) error {
	v.open(at)
	list := slices.DeleteFunc(slices.Clone(orders), func(o exchange.Order) bool { return o.Status.Final() })
	slices.SortFunc(list, func(a, b exchange.Order) int { return cmp.Compare(a.ID, b.ID) })
	for i := range list {
		if err := v.resumable(list, i); err != nil {
			return fmt.Errorf("venue: order %s cannot go on: %w", list[i].ClientID, err)
		}
	}
	tops := map[exchange.OrderID]*order{}
	for i := range list {
		v.lastID = max(v.lastID, list[i].VenueID)
		o := v.resume(&list[i], tops[list[i].Parent])
		if o != nil {
			tops[o.ID] = o
		}
	}
	for i := range list {
		if o := tops[list[i].ID]; o != nil {
			v.complete(o)
		}
	}
	for i := range v.markets {
		v.markets[i].rewatch()
	}
	v.value()
	return nil
}

// resumable says what is wrong with one of the orders.
func (v *Venue) resumable(list []exchange.Order, i int) error {
	o := &list[i]
	switch {
	case !v.ins.Has(o.Request.Inst):
		return fmt.Errorf("no instrument %d; the table has %d", o.Request.Inst, v.ins.Len())
	case o.ID == 0 || o.ClientID == "":
		return fmt.Errorf("it has no number or no client id")
	case i > 0 && list[i-1].ID == o.ID:
		return fmt.Errorf("number %d is there twice", o.ID)
	case slices.ContainsFunc(list[:i], func(other exchange.Order) bool { return other.ClientID == o.ClientID }):
		return fmt.Errorf("its client id is there twice")
	case o.Filled < 0 || o.Request.Qty < 0 || o.Request.Qty == 0 && o.Request.QuoteQty == 0 && !o.Request.ClosePosition:
		return fmt.Errorf("quantity %v, of which %v is filled", o.Request.Qty, o.Filled)
	}
	return nil
}

// resume opens one order, or returns nil for one that is over with that. Of a conditional
// order that has triggered its child is open, and of an OCO its legs.
func (v *Venue) resume(was *exchange.Order, parent *order) *order {
	sent := was.Status == exchange.StatusPendingNew || was.Status == exchange.StatusUnknown
	if sent && was.VenueID == 0 && was.Filled == 0 && was.Parent == 0 {
		v.emitUpdate(was.Request.Inst, exchange.OrderUpdate{
			ID: was.ID, Strategy: was.Strategy, Ref: was.Ref, ClientID: was.ClientID, Status: exchange.StatusNotArrived,
			Price: was.Request.Price, Qty: was.Request.Qty, Reason: "the order had not been answered when the process ended", Retryable: true,
		})
		return nil
	}
	o := &order{Order: *was, market: &v.markets[was.Request.Inst], arrived: v.now}
	if o.VenueID == 0 {
		v.lastID++
		o.VenueID = v.lastID
	}
	if was.Parent != 0 && parent != nil {
		o.adopted(parent)
	}
	switch {
	case o.Request.Type == exchange.OCO:
		pair := o.split()
		o.pair, o.Status = &pair, exchange.StatusWorking
		return o
	case o.Status == exchange.StatusTriggered:
		return o
	}
	o.Status = exchange.StatusWorking
	if o.Filled > 0 {
		o.Status = exchange.StatusPartiallyFilled
	}
	o.fresh = !o.Request.Type.Conditional() && !o.rests()
	v.enter(o)
	if r := &o.Request; r.QuoteQty != 0 && o.Filled > 0 { // what it has spent is not known
		v.finish(o, exchange.StatusExpired, cause{})
	}
	return o
}

// adopted makes an order the leg or the child of another.
func (o *order) adopted(parent *order) {
	o.parent = parent
	if parent.pair == nil {
		return
	}
	switch limit, stop := exchange.OCOLegs(parent.ClientID); o.ClientID {
	case limit:
		parent.pair.limit = o
	case stop:
		parent.pair.stop = o
	}
}

// complete ends a list, or a conditional order that has triggered, of which nothing is open,
// and parts a list whose other leg is over: that was not among the orders.
func (v *Venue) complete(o *order) {
	if o.Status.Final() || o.pair == nil && o.Status != exchange.StatusTriggered {
		return
	}
	open := slices.DeleteFunc(slices.Clone(o.market.orders), func(other *order) bool { return !other.under(o) })
	switch {
	case len(open) == 0:
		o.Status = exchange.StatusFinished
		v.report(o, cause{}, "")
		v.remember(o, o.Status)
	case o.pair != nil && len(open) == 1:
		o.pair.parted = true
		for _, leg := range [...]*order{o.pair.limit, o.pair.stop} {
			if leg.Status != exchange.StatusTriggered && leg != open[0] {
				leg.Status = exchange.StatusExpired
			}
		}
		v.released(o)
		v.exposed(open[0])
	}
}

// under says whether the order is a leg or the child of another, or of a leg of it.
func (o *order) under(top *order) bool {
	for p := o.parent; p != nil; p = p.parent {
		if p == top {
			return true
		}
	}
	return false
}

// resumeBalances puts into the wallets what the account was left with, and tells nobody: it
// is known.
func (v *Venue) resumeBalances() {
	for _, b := range v.start {
		v.book(posting{asset: b.Asset, wallet: b.Wallet, reason: exchange.ReasonDeposit, delta: b.Amount})
	}
	v.out.reset()
}

// checkResumed is checkBalances for an account that goes on: futures wallets may be below
// zero.
func checkResumed(list []Balance) error {
	owed := slices.Clone(list)
	for i := range owed {
		if w := owed[i].Wallet; (w == exchange.WalletUM || w == exchange.WalletCM) && owed[i].Amount.Exponent() >= -balanceExponent {
			owed[i].Amount = owed[i].Amount.Abs()
		}
	}
	return checkBalances(owed)
}

// OpenOrders lists the account's open orders by rising number: of an OCO the list and its
// legs; of a conditional order that has triggered its child alone.
func (v *Venue) OpenOrders() []exchange.Order {
	var list []exchange.Order
	var lists []*order
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			list = append(list, o.Order)
			if top := o.root(); top.pair != nil && !slices.Contains(lists, top) {
				lists = append(lists, top)
			}
		}
	}
	for _, o := range lists {
		list = append(list, o.Order)
	}
	slices.SortStableFunc(list, func(a, b exchange.Order) int { return cmp.Compare(a.VenueID, b.VenueID) })
	return list
}

// Balances lists what the wallets hold, debts included, that is not zero, by asset in the
// order of first booking, then by wallet.
func (v *Venue) Balances() []Balance {
	var list []Balance
	for i, asset := range v.wallets.assets {
		for w, amount := range v.wallets.rows[i] {
			if !amount.Equal(decimal.Zero) {
				list = append(list, Balance{Wallet: exchange.Wallet(w), Asset: asset, Amount: amount})
			}
		}
	}
	return list
}
