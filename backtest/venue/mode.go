package venue

import "github.com/pmbot/pmbot/exchange"

// SetPositionMode switches the account between one-way mode and hedge mode, for UM and CM
// together: since April 2026 the two must be equal on Portfolio Margin. It is refused with
// -4059 when nothing would change, -4067 while any futures order is open and -4068 while
// there is any position.
func (v *Venue) SetPositionMode(hedge bool, at exchange.Time) error {
	v.open(at)
	if hedge == v.hedge {
		return errModeSame.err()
	}
	positions := false
	for i := range v.markets {
		m := &v.markets[i]
		if m.in == nil || m.in.Product == exchange.Margin {
			continue
		}
		if len(m.orders) > 0 {
			return errModeOrders.err()
		}
		positions = positions || !m.flat()
	}
	if positions {
		return errModePosition.err()
	}
	v.hedge = hedge
	v.value()
	return nil
}

// SetLeverage sets the leverage of a futures symbol, from 1 to what its first bracket
// allows, and with it the initial margin of its position and orders. It is refused with
// -1121 for an instrument without leverage, -4028 for one that no bracket allows, -2027
// when position and open orders are larger than that leverage may carry, and -2028 when
// the account cannot cover the initial margin.
func (v *Venue) SetLeverage(inst exchange.InstrumentID, leverage int, at exchange.Time) error {
	v.open(at)
	if !v.ins.Has(inst) || v.ins.At(inst).Product == exchange.Margin {
		return errSymbol.err()
	}
	v.lend(&v.markets[inst])
	model := v.risk.model
	before, free := model.Leverage(inst), model.Account().Available
	if model.SetLeverage(inst, leverage) != nil {
		return errBadLeverage.err()
	}
	why := cause{}
	if len(model.Breaches(inst)) > 0 {
		why = errLeverage
	} else if after := model.Account().Available; after.IsNegative() && after.LessThan(free) {
		why = errLowLeverage
	}
	if why != (cause{}) {
		must(model.SetLeverage(inst, before))
		return why.err()
	}
	v.risk.touched, v.risk.booked = true, true // the available balance is another one
	v.value()
	return nil
}

// reduces says whether an order may only shrink its position: it says so, or it is on the
// closing side of its leg in hedge mode.
func (o *order) reduces() bool {
	return o.Request.ReduceOnly || o.Request.ClosesLeg()
}
