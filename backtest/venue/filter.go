package venue

import "github.com/pmbot/pmbot/exchange"

// admitNumbers holds quantity and prices against the filters of the symbol.
func (v *Venue) admitNumbers(o *order) cause {
	if o.Request.Type == exchange.OCO {
		return cause{} // see admitLegs
	}
	why := o.checkQty()
	if o.matchedLater(v) {
		return why
	}
	if why == (cause{}) && !o.Request.Type.Market() {
		why = o.checkPrice(o.Request.Price)
	}
	if why == (cause{}) {
		why = o.checkPercent()
	}
	if why == (cause{}) {
		why = o.checkMarket()
	}
	if why == (cause{}) {
		why = o.checkNotional()
	}
	return why
}

func (o *order) checkQty() cause {
	r, in := &o.Request, o.market.in
	if r.ClosePosition || r.QuoteQty != 0 {
		return cause{}
	}
	lot := in.LotFor(r.Type)
	var why cause
	switch {
	case r.Qty <= 0:
		why = errQtyZero
	case r.Qty < lot.Min:
		why = errQtyMin
	case lot.Max != 0 && r.Qty > lot.Max:
		why = errQtyMax
	case !r.Qty.IsMultipleOf(lot.Step, lot.Min):
		why = errStep
	}
	if why != (cause{}) && in.Product == exchange.Margin {
		return errFilterLot
	}
	return why
}

func (o *order) checkPrice(price exchange.Fixed) cause {
	in := o.market.in
	var why cause
	switch {
	case price <= 0:
		why = errPriceZero
	case price < in.PriceMin:
		why = errPriceMin
	case in.PriceMax != 0 && price > in.PriceMax:
		why = errPriceMax
	case !price.IsMultipleOf(in.Tick, in.PriceMin):
		why = errTick
	}
	if why != (cause{}) && in.Product == exchange.Margin {
		return errFilterPrice
	}
	return why
}

// checkPercent bounds limit prices: a buy's from above and a sell's from below, against
// the mark price, on margin pairs the last price, and for a stop-limit its trigger.
func (o *order) checkPercent() cause {
	r, in := &o.Request, o.market.in
	reference, up, down := o.market.mark, errPercentUp, errPercentDown
	switch {
	case r.Type.Market():
		return cause{}
	case r.Type.Conditional():
		reference, up, down = r.Trigger, errStopUp, errStopDown
	case in.Product == exchange.Margin:
		reference = o.market.last
	}
	if in.Product == exchange.Margin {
		up, down = errFilterPercent, errFilterPercent
	}
	if reference <= 0 {
		return cause{}
	}
	price, base := r.Price.Decimal(), reference.Decimal()
	switch {
	case r.Side == exchange.Buy && in.PercentUp != 0 && price.GreaterThan(base.Mul(in.PercentUp.Decimal())):
		return up
	case r.Side == exchange.Sell && in.PercentDown != 0 && price.LessThan(base.Mul(in.PercentDown.Decimal())):
		return down
	}
	return cause{}
}

// checkMarket bounds the price that a futures market order would deal at first, as far as
// it is known, as checkPercent bounds limits.
func (o *order) checkMarket() cause {
	in, mark := o.market.in, o.market.mark
	if o.Request.Type != exchange.Market || in.Product == exchange.Margin || mark <= 0 {
		return cause{}
	}
	price, base := o.market.best(o.Request.Side).Decimal(), mark.Decimal()
	switch {
	case !price.IsPositive():
	case o.Request.Side == exchange.Buy && in.PercentUp != 0 && price.GreaterThan(base.Mul(in.PercentUp.Decimal())),
		o.Request.Side == exchange.Sell && in.PercentDown != 0 && price.LessThan(base.Mul(in.PercentDown.Decimal())):
		return errMarketPrice
	}
	return cause{}
}

// checkNotional holds the order's value against the minimum, from which reduce-only
// orders are exempt. Orders without a limit are valued at their trigger or the mark.
func (o *order) checkNotional() cause {
	r, in := &o.Request, o.market.in
	if in.NotionalMin == 0 || o.reduces() || r.ClosePosition {
		return cause{}
	}
	price := r.Price
	switch {
	case r.Type == exchange.Market || r.Type == exchange.TrailingStopMarket:
		price = o.market.valuation()
	case r.Type.Market():
		price = r.Trigger
	}
	value := in.Notional(r.Qty, price)
	if r.QuoteQty != 0 {
		value = r.QuoteQty.Decimal()
	}
	switch {
	case price == 0 || value.GreaterThanOrEqual(in.NotionalMin.Decimal()):
		return cause{}
	case in.Product == exchange.Margin:
		return errFilterNotional
	}
	return errNotional
}

// admitTrigger checks the fields of conditional orders, and that they would not trigger
// at once.
func (v *Venue) admitTrigger(o *order) cause {
	r := &o.Request
	if !r.Type.Conditional() {
		return cause{}
	}
	now := o.market.working(r.WorkingType)
	if r.Type == exchange.TrailingStopMarket {
		return o.checkTrailing(now)
	}
	if r.Trigger == 0 && v.orders.Lenient && o.market.in.Product == exchange.UM {
		return cause{} // its level is 0 for ever, which nothing reaches
	}
	switch why := o.checkPrice(r.Trigger); why {
	case cause{}:
	case errPriceZero:
		return errTriggerZero
	case errPriceMax:
		return errTriggerMax
	default:
		return why
	}
	if now != 0 && (o.firesUp() && now >= r.Trigger || !o.firesUp() && now <= r.Trigger) {
		if o.market.in.Product == exchange.Margin {
			return errTriggersNowSpot
		}
		return errTriggersNow
	}
	return cause{}
}

// checkTrailing checks the fields of a trailing stop at the price that it works by now.
// An activation that lies behind that price would be reached at once.
func (o *order) checkTrailing(now exchange.Fixed) cause {
	r, most := &o.Request, callbackMaxUM
	if o.market.in.Product == exchange.CM {
		most = callbackMaxCM
	}
	switch {
	case r.Callback < callbackMin || r.Callback > most:
		return errCallback
	case r.Activation == 0:
		return cause{}
	case r.Activation < 0:
		return errActivation
	case now != 0 && beyond(r.Side, now, r.Activation):
		return errTriggersNow
	}
	return o.checkPrice(r.Activation)
}
