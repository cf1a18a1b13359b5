package venue

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// ADL takes a share of a position away, more than 0 and at most 1, as auto-deleveraging
// does when the insurance fund cannot carry a bankrupt counterparty: the open orders of the
// symbol are cancelled, and the share, rounded up to whole lots, is closed under the client id
// "adl_autoclose", without commission (Binance FAQ 360033525471). The FAQ's
// price is the counterparty's bankruptcy price, which nobody else knows: the mark stands in
// for it, on the tick that is worse for us, without slippage. Without such a
// position nothing happens, and the error says so. In one-way mode LONG and SHORT mean the position if it is that way round.
func (v *Venue) ADL(inst exchange.InstrumentID, side exchange.PositionSide, share exchange.Fixed, at exchange.Time) error {
	v.open(at)
	m, err := v.changeable(inst)
	switch {
	case err != nil:
		return err
	case m.in.Product == exchange.Margin || side > exchange.Short:
		return fmt.Errorf("venue: ADL of %s %v: no such position; want a futures instrument and BOTH, LONG or SHORT", m.in.Name(), side)
	case share <= 0 || share > exchange.FixedOne:
		return fmt.Errorf("venue: ADL of %s: a share of %v is not above 0 and at most 1", m.in.Name(), share)
	}
	if net := m.legs[exchange.Both].Qty.Sign(); side == exchange.Long && net > 0 || side == exchange.Short && net < 0 {
		side = exchange.Both
	}
	if m.legs[side].Qty.IsZero() {
		v.value()
		return fmt.Errorf("venue: ADL of %s %v: there is no such position", m.in.Name(), side)
	}
	v.cancelAll(func(other *market) bool { return other == m }, errDeleveraged)
	r := m.closing(side)
	r.Qty = min(r.Qty, max(scale(r.Qty, share).Round(m.in.Lot.Step, exchange.RoundCeil), m.in.Lot.Step))
	o := v.force(m, r, "adl_autoclose")
	v.fill(o, execution{price: m.onTick(r.Side, m.valuation()), qty: r.Qty, forced: exchange.ForcedADL})
	v.value()
	return nil
}
