package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/exchange"
)

// Restore makes a kernel that goes on where another one has written a [Kernel.Snapshot].
// The guard is brought into the state of that one's. The table of instruments must begin
// with the same ones in the same order; limits, margin tables and the number of strategies
// may be others. The prefix of client ids is the snapshot's until a process begins.
//
// A snapshot that is damaged, of another version or of another table is an error that says
// what to do, and the guard is as it was. No text is a panic.
func Restore(c Config, text []byte) (*Kernel, error) {
	k, err := restore(c, text)
	if err != nil {
		return nil, fmt.Errorf("snapshot of the kernel: %w", err)
	}
	return k, nil
}

func restore(c Config, text []byte) (*Kernel, error) {
	s, err := readSnapshot(text)
	if err != nil {
		return nil, err
	}
	if err := sameTable(c.Instruments, s.Instruments); err != nil {
		return nil, err
	}
	k := New(c)
	k.prefix, k.seq, k.now, k.lastOrder, k.lastFill = s.Prefix, s.Seq, s.Now, s.LastOrder, s.LastFill
	if err := k.restoreOrders(s); err != nil {
		return nil, err
	}
	if len(s.Foreign) > foreignMax || len(s.Strangers) > strangersMax {
		return nil, fmt.Errorf("%d fills and %d orders of others are more than are ever remembered", len(s.Foreign), len(s.Strangers))
	}
	for _, f := range s.Foreign {
		k.foreign.count(f.Inst, &exchange.Fill{TradeID: f.Trade, VenueID: f.VenueID, ClientID: f.ClientID})
	}
	for i := range s.Strangers {
		k.strangers.ring = append(k.strangers.ring, s.Strangers[i].update())
	}
	for _, h := range s.Holdings {
		if err := k.restoreHolding(&h); err != nil {
			return nil, err
		}
	}
	for i := range s.Tasks {
		if err := k.restoreTask(&s.Tasks[i]); err != nil {
			return nil, err
		}
	}
	if err := k.acts.restore(s.LastAct, s.Acts, s.EndedActs); err != nil {
		return nil, err
	}
	if err := k.loans.restore(s.Loans, k.now); err != nil {
		return nil, err
	}
	if err := k.services.restore(s.Services); err != nil {
		return nil, err
	}
	if err := k.truth.restore(&s.Truth, k.ins); err != nil {
		return nil, err
	}
	if err := k.guard.Restore(s.Guard); err != nil {
		return nil, err
	}
	for _, o := range k.orders.open {
		k.guard.Hold(o.risk())
	}
	for _, a := range k.acts.open {
		k.guard.HoldAct(a)
	}
	for _, h := range k.Holdings() {
		k.guard.Holding(h.Strategy, h.Inst, h.Side, h.Qty)
	}
	for i := range k.loans.list {
		k.tellLoans(k.loans.list[i].Asset)
	}
	return k, nil
}

// sameTable says what differs if a table does not begin with the instruments of those names.
func sameTable(ins *exchange.Instruments, names []string) error {
	const cure = "list the instruments as they were; others may be added behind them"
	if len(names) > ins.Len() {
		return fmt.Errorf("it has %d instruments and the configuration %d, without %.40s: %s", len(names), ins.Len(), names[ins.Len()], cure)
	}
	for i, have := range instrumentNames(ins)[:len(names)] {
		if have != names[i] {
			return fmt.Errorf("instrument %d is %.40s in it and %s in the configuration: %s", i+1, names[i], have, cure)
		}
	}
	return nil
}

// restoreOrders adds the orders, and joins the legs of an OCO with their list.
func (k *Kernel) restoreOrders(s *snapshot) error {
	if len(s.Closed) > closedMax {
		return fmt.Errorf("%d closed orders are more than the %d that are remembered", len(s.Closed), closedMax)
	}
	for i := range s.Open {
		if err := k.restoreOrder(&s.Open[i], false); err != nil {
			return err
		}
	}
	for i := range s.Closed {
		if err := k.restoreOrder(&s.Closed[i], true); err != nil {
			return err
		}
	}
	byID := func(a, b *order) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(k.orders.open, byID) {
		return errors.New("its open orders are not sorted by id")
	}
	for _, list := range [][]orderSnapshot{s.Open, s.Closed} {
		for i := range list {
			if list[i].List == 0 {
				continue
			}
			leg, oco := k.orders.byID[list[i].ID], k.orders.byID[list[i].List]
			if oco == nil || oco.Request.Type != exchange.OCO || oco == leg {
				return fmt.Errorf("order %d is a leg of order %d, which is no OCO", list[i].ID, list[i].List)
			}
			leg.list, oco.legs = oco, append(oco.legs, leg)
			slices.SortFunc(oco.legs, byID)
		}
	}
	return nil
}

func (k *Kernel) restoreOrder(s *orderSnapshot, closed bool) error {
	o := s.order()
	switch {
	case o.ID == 0 || o.ID > k.lastOrder:
		return fmt.Errorf("order %d is not one of 1 to %d", o.ID, k.lastOrder)
	case k.orders.byID[o.ID] != nil || k.orders.byName[o.ClientID] != nil:
		return fmt.Errorf("order %d, %.40q, is in it twice", o.ID, o.ClientID)
	case !k.ins.Has(o.Request.Inst):
		return fmt.Errorf("order %d is of instrument %d, which there is not", o.ID, o.Request.Inst)
	case o.Status.Final() != closed:
		return fmt.Errorf("order %d is %v and listed among those that are not", o.ID, o.Status)
	}
	k.orders.byID[o.ID], k.orders.byName[o.ClientID] = o, o
	if closed {
		k.orders.closed = append(k.orders.closed, o)
	} else {
		k.orders.open = append(k.orders.open, o)
	}
	return nil
}

// holds makes room for what a strategy holds, also one that is not configured any more.
func (k *Kernel) holds(s exchange.StrategyID) {
	for len(k.holdings) <= int(s) {
		k.holdings = append(k.holdings, make([]held, k.ins.Len()+1))
	}
}

// restoreHolding sets what a strategy holds, also one that is not configured any more: the
// position is there, and a forced fill closes it.
func (k *Kernel) restoreHolding(h *holdingSnapshot) error {
	if !k.ins.Has(h.Inst) || h.Side.is > exchange.Short {
		return fmt.Errorf("strategy %d holds instrument %d, %v, which cannot be", h.Strategy, h.Inst, h.Side.is)
	}
	k.holds(h.Strategy)
	k.holdings[h.Strategy][h.Inst][h.Side.is] = h.Qty
	return nil
}
