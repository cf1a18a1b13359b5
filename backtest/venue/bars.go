package venue

import "github.com/pmbot/pmbot/exchange"

// unlimited is the quantity that bars offer, and trades to takers.
const unlimited = exchange.FixedMax

// meet shows the open of a bar to the orders that had arrived at its time: resting
// limits that it is beyond fill at it, fresh orders take it or rest, and triggers that
// it has reached fire at it.
func (v *Venue) meet(m *market, open exchange.Fixed, at exchange.Time) {
	for _, o := range v.snapshot(m) {
		switch {
		case o.Status.Final() || o.arrived > at:
		case o.resting():
			if beyond(o.Request.Side, open, o.Request.Price) {
				v.fill(o, execution{price: open, qty: unlimited, maker: true})
			}
		case o.fresh:
			v.take(o, v.slipped(m, o.Request.Side, open), unlimited)
		}
	}
	v.fire(m, exchange.ContractPrice, strike{price: open, at: at, instant: true})
}

// matchBar lets a closed bar run through the orders: open, adverse extreme, other
// extreme, close.
func (v *Venue) matchBar(m *market, b *exchange.Bar) {
	if m.barOpen != b.Start {
		v.meet(m, b.Open, b.Start)
	}
	for _, o := range m.orders {
		if o.arrived <= b.Start && o.rests() && beyond(o.Request.Side, o.Request.Price, b.Open) {
			o.fresh = false // came after the open was announced and does not take: it rests
		}
	}
	if m.lowFirst() {
		v.leg(m, b, false, b.Low)
		v.leg(m, b, true, b.High)
		v.leg(m, b, false, b.Close)
		return
	}
	v.leg(m, b, true, b.High)
	v.leg(m, b, false, b.Low)
	v.leg(m, b, true, b.Close)
}

// lowFirst says which extreme of a bar is the adverse one; see the package comment.
func (m *market) lowFirst() bool {
	if held := m.net().Sign(); held != 0 {
		return held > 0
	}
	for _, o := range m.orders {
		if o.Request.Side == exchange.Buy && !o.reduces() && !o.Request.ClosePosition {
			return false
		}
	}
	return true
}

// leg moves the price of a bar up or down to a point. Orders are reached in the order of
// their prices; each ends by being reached, so the loop does.
func (v *Venue) leg(m *market, b *exchange.Bar, up bool, to exchange.Fixed) {
	for {
		o, price := m.nearest(b, up, to)
		if o == nil {
			break
		}
		if o.Request.Type.Conditional() {
			v.trigger(o, strike{price: price, at: b.Start.Add(b.Interval), instant: true, bar: b, extreme: to})
		} else {
			v.fill(o, execution{price: price, qty: unlimited, maker: true})
		}
	}
	for _, o := range m.orders {
		if o.arrived <= b.Start && o.Request.WorkingType == exchange.ContractPrice {
			o.follow(to)
		}
	}
}

// nearest returns the order that the price of a bar, moving up or down to a point,
// reaches first, and the price at which it is reached. Of equal ones the oldest comes
// first.
func (m *market) nearest(b *exchange.Bar, up bool, to exchange.Fixed) (first *order, at exchange.Fixed) {
	for _, o := range m.orders {
		if o.arrived > b.Start {
			continue
		}
		price := o.Request.Price
		switch {
		case o.Request.Type.Conditional():
			if price = o.levelIn(b); o.Request.WorkingType != exchange.ContractPrice || o.firesUp() != up || !o.fires(to, price) {
				continue
			}
		case !o.resting() || (o.Request.Side == exchange.Sell) != up || !beyond(o.Request.Side, to, price):
			continue
		}
		if first == nil || up && price < at || !up && price > at {
			first, at = o, price
		}
	}
	return first, at
}

// levelIn is the price at which a conditional order triggers inside a bar: its level, or
// the open where price protection held it back at an open beyond. The level of a trailing
// stop may have moved since the open, so it stands.
func (o *order) levelIn(b *exchange.Bar) exchange.Fixed {
	level := o.level()
	switch {
	case o.Request.Type == exchange.TrailingStopMarket:
		return level
	case o.firesUp():
		return max(level, b.Open)
	default:
		return min(level, b.Open)
	}
}
