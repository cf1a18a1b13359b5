package venue

import (
	"github.com/pmbot/pmbot/exchange"
)

// take lets a fresh order deal at a price, for at most what is offered. What is left of
// it goes on, rests or expires, as its kind says. It serves bars and trades; where a book
// stands, see walk.
func (v *Venue) take(o *order, price, offered exchange.Fixed) {
	r := &o.Request
	if !v.sized(o, price) {
		return
	}
	takes := r.Type == exchange.Market || !beyond(r.Side, r.Price, price)
	if r.TimeInForce == exchange.FOK && (!takes || offered < o.Remaining()) {
		v.finish(o, exchange.StatusExpired, errFOK)
		return
	}
	if takes && offered > 0 {
		v.fill(o, execution{price: price, qty: offered})
	}
	switch {
	case o.Status.Final():
	case r.TimeInForce == exchange.IOC:
		v.finish(o, exchange.StatusExpired, cause{})
	case !takes:
		o.fresh = false
	}
}

// sized gives an order in quote asset the quantity that its money comes to at a price.
// One that comes to no whole step is over, and false.
func (v *Venue) sized(o *order, price exchange.Fixed) bool {
	r := &o.Request
	if r.QuoteQty == 0 {
		return true
	}
	r.Qty = o.Filled + o.market.quoteQty(r.QuoteQty, price)
	switch {
	case r.Qty == 0:
		v.finish(o, exchange.StatusExpired, errFilterLot)
		return false
	case o.Remaining() == 0: // what is unspent buys no whole step
		v.finish(o, exchange.StatusFilled, cause{})
		return false
	}
	return true
}

// walk lets a fresh order take what stands in the book, best price first. A limit order
// then rests with what is left, and a market order goes on with the next data: a level
// behind those known may have held the rest. Where nothing is known, the order waits.
func (v *Venue) walk(o *order) {
	m, r := o.market, &o.Request
	if !m.standing.known() {
		return
	}
	worst, bounded := o.worst()
	if r.TimeInForce == exchange.FOK && m.offered(r.Side.Opposite(), worst, o.Remaining()) < o.Remaining() {
		v.finish(o, exchange.StatusExpired, errFOK)
		return
	}
	stopped := v.sweep(o, worst)
	switch {
	case o.Status.Final():
	case r.TimeInForce == exchange.IOC:
		v.finish(o, exchange.StatusExpired, cause{})
	case r.Type == exchange.Limit:
		o.fresh = false
		v.join(o)
	case bounded && stopped:
		v.finish(o, exchange.StatusExpired, errTakeBound)
	}
}

// sweep takes levels and own resting orders, by price and time, up to the worst price. It
// says whether there was more beyond that.
func (v *Venue) sweep(o *order, worst exchange.Fixed) (stopped bool) {
	m, side := o.market, o.Request.Side
	other := side.Opposite()
	v.rivals = append(v.rivals[:0], v.inLine(m, other, worst)...)
	rivals := v.rivals
	for i := 0; !o.Status.Final(); {
		for len(rivals) > 0 && rivals[0].Status.Final() {
			rivals = rivals[1:]
		}
		l, ok := m.standing.level(other, i)
		stopped = ok && beyond(side, worst, l.Price)
		ok = ok && !stopped
		left := exchange.Fixed(0)
		if ok {
			left = m.standing.left(other, l)
		}
		if len(rivals) > 0 {
			var turn bool
			if left, turn = rivals[0].after(l, ok, left); turn {
				v.collide(o, rivals[0])
				continue
			}
		}
		switch {
		case !ok:
			return stopped
		case left == 0:
			i++
		case v.sized(o, l.Price):
			before := o.Filled
			v.fill(o, execution{price: l.Price, qty: left})
			m.standing.take(other, l, o.Filled-before)
		}
	}
	return false
}

// worst is the least favourable price at which an order may take: its limit, and for
// market orders on futures the bound around the mark. Others take any price.
func (o *order) worst() (price exchange.Fixed, bounded bool) {
	m, r := o.market, &o.Request
	reference, bound := m.valuation(), m.in.MarketTakeBound
	switch {
	case r.Type == exchange.Limit:
		return r.Price, false
	case m.in.Product == exchange.Margin || bound <= 0 || bound > exchange.FixedOne || reference <= 0:
		if r.Side == exchange.Buy {
			return exchange.FixedMax, false
		}
		return 1, false
	}
	away := scale(reference, bound)
	if r.Side == exchange.Buy {
		return min(reference, exchange.FixedMax-away) + away, true
	}
	return max(reference-away, 1), true
}

// offered is what stands on a side up to a price, counted up to enough.
func (m *market) offered(side exchange.Side, worst, enough exchange.Fixed) (sum exchange.Fixed) {
	for i := 0; sum < enough; i++ {
		l, ok := m.standing.level(side, i)
		if !ok || beyond(side.Opposite(), worst, l.Price) {
			break
		}
		sum += min(m.standing.left(side, l), enough-sum)
	}
	return sum
}

// join gives an order that rests from now on its place in line, where the book is known.
func (v *Venue) join(o *order) {
	m := o.market
	qty, known := m.standing.shown(o.Request.Side, o.Request.Price)
	o.place.Join(qty, known, m.standing.at())
	o.tip = o.Request.Iceberg
	if m.crosses(o) {
		o.place.Front()
	}
}
