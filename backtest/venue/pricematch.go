package venue

import "github.com/pmbot/pmbot/exchange"

// matchPrice sets the limit of an order that leaves it to the engine, from the book as it
// stands on arrival. A book that is not known so deep gives no price.
func (v *Venue) matchPrice(o *order) cause {
	r := &o.Request
	if r.PriceMatch == exchange.PriceMatchNone {
		return cause{}
	}
	if o.matchedLater(v) {
		return cause{}
	}
	if r.Type != exchange.Limit || r.PriceMatch > exchange.Queue20 {
		return errPriceMatch
	}
	own, i := priceMatchLevel(r.PriceMatch)
	side := r.Side
	if !own {
		side = side.Opposite()
	}
	l, ok := o.market.standing.level(side, i)
	if !ok {
		return errPriceMatch
	}
	r.Price, r.PriceMatch = l.Price, exchange.PriceMatchNone // it is a limit like any other from here on
	return cause{}
}

// matchedLater says whether the order is a stop-limit that gets its price when it triggers.
func (o *order) matchedLater(v *Venue) bool {
	r := &o.Request
	waits := r.Type == exchange.Stop || r.Type == exchange.TakeProfit
	return v.orders.Lenient && waits && o.market.in.Product == exchange.UM && r.PriceMatch != exchange.PriceMatchNone && r.PriceMatch <= exchange.Queue20
}

// priceMatchLevel is which level of the book a kind of price match means, 0 the best, and
// whether on the order's own side.
func priceMatchLevel(p exchange.PriceMatch) (own bool, i int) {
	if own = p >= exchange.Queue; own {
		p -= exchange.Queue - exchange.Opponent
	}
	return own, [...]int{0, 4, 9, 19}[p-exchange.Opponent]
}
