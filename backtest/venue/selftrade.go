package venue

import "github.com/pmbot/pmbot/exchange"

// after is how much of a level comes before a resting order of ours, for somebody who
// takes, and whether it is the order's turn, as nothing does: all of a better price comes
// before it, at the same price what is ahead in line, and of a worse one nothing. left is
// what earlier takers of ours have left of the level, from its front.
func (o *order) after(l exchange.Level, ok bool, left exchange.Fixed) (before exchange.Fixed, turn bool) {
	price := o.Request.Price
	switch {
	case !ok || beyond(o.Request.Side, l.Price, price):
		return 0, true
	case l.Price != price:
		return left, false
	case o.place.Known():
		left = min(left, max(0, o.place.Ahead()-(l.Qty-left)))
	}
	return left, left == 0
}

// collide is a taker of ours that comes upon a resting order of ours. The taker's mode of
// self-trade prevention decides which of the two expires, or that they trade.
func (v *Venue) collide(taker, maker *order) {
	mode := taker.selfTrade()
	if mode == exchange.STPNone {
		v.cross(taker, maker)
		return
	}
	if mode != exchange.ExpireTaker {
		v.finish(maker, exchange.StatusExpired, errSelfTrade)
	}
	if mode != exchange.ExpireMaker && !taker.Status.Final() {
		v.finish(taker, exchange.StatusExpired, errSelfTrade)
	}
}

// selfTrade is the mode that holds for an order as a taker. Left to the exchange it is
// NONE on futures and EXPIRE_MAKER on margin pairs, as Portfolio Margin accounts see it in
// answers. On futures FOK orders have none: the order page lets it act on GTC, IOC and GTD.
func (o *order) selfTrade() exchange.STP {
	futures := o.market.in.Product != exchange.Margin
	switch {
	case futures && o.Request.TimeInForce == exchange.FOK:
		return exchange.STPNone
	case o.Request.STP != exchange.STPDefault:
		return o.Request.STP
	case futures:
		return exchange.STPNone
	}
	return exchange.ExpireMaker
}

// cross lets two orders of ours trade with each other at the resting one's price. Both
// fills carry one trade id. One that may not deal is ended first.
func (v *Venue) cross(taker, maker *order) {
	price := maker.Request.Price
	if !v.sized(taker, price) {
		return
	}
	x := execution{price: price, qty: min(taker.open(), maker.open())}
	for _, o := range [...]*order{maker, taker} {
		switch {
		case o.open() <= 0:
			v.finish(o, exchange.StatusExpired, errReduceOnly)
			return
		case o.market.in.Product != exchange.Margin:
			continue
		}
		if why := v.affords(o, x); why != (cause{}) {
			v.finish(o, exchange.StatusExpired, why)
			return
		}
	}
	v.lastTrade++
	x.trade = v.lastTrade
	v.fill(taker, x)
	x.maker = true
	v.fill(maker, x)
}

// open is what an order may still deal.
func (o *order) open() exchange.Fixed {
	if o.reduces() {
		return min(o.Remaining(), o.held())
	}
	return o.Remaining()
}
