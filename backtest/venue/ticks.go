package venue

import "github.com/pmbot/pmbot/exchange"

// matchTrade shows a public trade to the orders of its instrument.
func (v *Venue) matchTrade(m *market, t exchange.Trade) {
	left := v.sweep(m, exchange.Buy, t.Price, t.Qty, false)
	v.sweep(m, exchange.Sell, t.Price, left, false)
	if m.feed == feedTrades {
		for _, o := range v.snapshot(m) {
			if o.fresh && !o.Status.Final() {
				v.take(o, v.slipped(m, o.Request.Side, t.Price), unlimited)
			}
		}
	}
	v.fire(m, exchange.ContractPrice, strike{price: t.Price, at: v.now})
}

// matchTicker shows a best bid and ask to the orders of its instrument. An empty side
// offers nothing, and fresh orders that need it wait.
func (v *Venue) matchTicker(m *market, b exchange.BookTicker) {
	for _, s := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		price, left := b.Ask, b.AskQty
		if s == exchange.Sell {
			price, left = b.Bid, b.BidQty
		}
		if price == 0 {
			continue
		}
		left = v.sweep(m, s, price, left, true)
		for _, o := range v.snapshot(m) {
			if o.fresh && o.Request.Side == s && !o.Status.Final() {
				left -= v.take(o, price, left)
			}
		}
	}
	if !m.traded && m.last != 0 {
		v.fire(m, exchange.ContractPrice, strike{price: m.last, at: v.now})
	}
}

// sweep fills resting orders of one side at their own prices, best price first, then the
// oldest, while the given price is beyond them, or at them if touching is enough, and
// while there is quantity left. It returns what is left.
func (v *Venue) sweep(m *market, s exchange.Side, price, left exchange.Fixed, touching bool) exchange.Fixed {
	for left > 0 {
		var first *order
		for _, o := range m.orders {
			limit := o.Request.Price
			if o.Request.Side != s || !o.resting() || !beyond(s, price, limit) && !(touching && price == limit) {
				continue
			}
			if first == nil || beyond(s, first.Request.Price, limit) {
				first = o
			}
		}
		if first == nil {
			break
		}
		before := first.Filled
		v.fill(first, execution{price: first.Request.Price, qty: left, maker: true})
		left -= first.Filled - before
	}
	return left
}

// take lets a fresh order deal at a price, for at most what is offered, and returns what
// it took. What is left of it goes on, rests or expires, as its kind says.
func (v *Venue) take(o *order, price, offered exchange.Fixed) exchange.Fixed {
	r := &o.Request
	if r.QuoteQty != 0 {
		r.Qty = o.Filled + o.market.quoteQty(r.QuoteQty, price)
		switch {
		case r.Qty == 0:
			v.finish(o, exchange.StatusExpired, errFilterLot)
			return 0
		case o.Remaining() == 0: // what is unspent buys no whole step
			v.finish(o, exchange.StatusFilled, cause{})
			return 0
		}
	}
	takes := r.Type == exchange.Market || !beyond(r.Side, r.Price, price)
	if r.TimeInForce == exchange.FOK && (!takes || offered < o.Remaining()) {
		v.finish(o, exchange.StatusExpired, errFOK)
		return 0
	}
	before := o.Filled
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
	return o.Filled - before
}

// snapshot copies the open orders of a market for a loop in which orders come and go. It
// is good until the next snapshot.
func (v *Venue) snapshot(m *market) []*order {
	v.scratch = append(v.scratch[:0], m.orders...)
	return v.scratch
}
