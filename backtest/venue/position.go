package venue

import (
	"fmt"

	"github.com/pmbot/pmbot/exchange"
)

// openPositions gives the account the positions that it starts with. They move no money:
// what they have cost is part of the start balances.
func (v *Venue) openPositions(list []exchange.Position) error {
	for _, p := range list {
		if !v.ins.Has(p.Inst) {
			return fmt.Errorf("start position: no instrument %d; the table has %d", p.Inst, v.ins.Len())
		}
		m := &v.markets[p.Inst]
		wrong := func(format string, args ...any) error {
			return fmt.Errorf("start position in %s: %s", m.in.Name(), fmt.Sprintf(format, args...))
		}
		qty, err := exchange.FixedFromDecimal(p.Qty, exchange.RoundFloor)
		switch {
		case m.in.Product == exchange.Margin:
			return wrong("a margin pair has no position; give the coins as a balance")
		case p.Side > exchange.Short || v.hedge == (p.Side == exchange.Both):
			return wrong("%v is no position of this mode: one-way mode has BOTH, hedge mode LONG and SHORT", p.Side)
		case err != nil || qty == 0 || !qty.Decimal().Equal(p.Qty) || m.in.Lot.Step > 0 && qty%m.in.Lot.Step != 0:
			return wrong("quantity %v is not some whole lots of %v", p.Qty, m.in.Lot.Step)
		case p.Side == exchange.Long && qty < 0 || p.Side == exchange.Short && qty > 0:
			return wrong("quantity %v of %v; long ones are above 0 and short ones below", p.Qty, p.Side)
		case !p.Entry.IsPositive():
			return wrong("entry price %v is not above 0", p.Entry)
		case !m.legs[p.Side].Qty.IsZero():
			return wrong("%v is there twice", p.Side)
		}
		if err := v.risk.model.SetPosition(p); err != nil {
			return wrong("%v", err)
		}
		m.legs[p.Side] = p
		v.risk.touched = true
		m.rewatch()
	}
	return nil
}
