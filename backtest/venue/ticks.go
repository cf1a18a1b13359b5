package venue

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// matchTrade shows a public trade to the orders of its instrument. It fills resting orders
// of both sides together up to its quantity.
func (v *Venue) matchTrade(m *market, t exchange.Trade, at exchange.Time) {
	left := t.Qty
	aggressor := exchange.Buy
	if t.BuyerMaker {
		aggressor = exchange.Sell
	}
	for _, s := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		for _, o := range v.inLine(m, s, t.Price) {
			offered := left
			if s == aggressor { // he met some with whom we had dealt before; they are gone
				offered -= m.standing.before
			}
			reaches := o.reached(t, offered, at)
			if reaches <= 0 || o.Status.Final() {
				continue
			}
			before := o.Filled
			v.fill(o, execution{price: o.Request.Price, qty: reaches, maker: true})
			left -= o.Filled - before
			v.refill(o, o.Filled-before)
		}
	}
	if m.grade() == feedTrades {
		for _, o := range v.snapshot(m) {
			if o.fresh && !o.Status.Final() {
				v.take(o, v.slipped(m, o.Request.Side, t.Price), unlimited)
			}
		}
	}
	v.fire(m, exchange.ContractPrice, strike{price: t.Price, at: v.now})
}

// reached is what a print that is at or through the order's price leaves for it, of what
// orders of ours before it have left. A print through the price has passed everybody who
// stood there. At the price, the aggressor of the other side meets the line; one of our
// own side shows that somebody offers there, who would have met us if the book says that
// he stands there.
func (o *order) reached(t exchange.Trade, left exchange.Fixed, at exchange.Time) exchange.Fixed {
	side := o.Request.Side
	switch {
	case beyond(side, t.Price, o.Request.Price), o.market.crosses(o):
		o.place.Front()
		return left
	case t.BuyerMaker == (side == exchange.Buy):
		lot := o.market.in.LotFor(exchange.Limit) // a probabilistic place may end within one
		got := o.place.Trade(t.Qty, left, at).Round(lot.Step, exchange.RoundDown)
		if o.Request.Iceberg != 0 {
			got = min(got, o.tip)
		}
		return got
	}
	return 0
}

// refill puts the next part of an iceberg order at the end of the line when the visible
// part has dealt.
func (v *Venue) refill(o *order, dealt exchange.Fixed) {
	if o.Request.Iceberg == 0 || o.Status.Final() {
		return
	}
	if o.tip -= dealt; o.tip <= 0 {
		v.join(o)
	}
}

// crosses says whether the best of the other side stands at or through the price of an
// order, where only we can be: whoever posts there in truth has found nobody to deal with.
func (m *market) crosses(o *order) bool {
	best, ok := m.standing.level(o.Request.Side.Opposite(), 0)
	return ok && !beyond(o.Request.Side, o.Request.Price, best.Price)
}

// matchTicker shows a best bid and ask to the orders of its instrument, unless its book
// is known deeper.
func (v *Venue) matchTicker(m *market, e *exchange.Event) {
	if m.grade() == feedTickers {
		for _, s := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
			if m.standing.newBest(s) {
				v.show(m, s, nil, told(e))
			}
		}
		v.stand(m)
	}
	if e.Mid() != 0 {
		v.fireMiddle(m)
	}
}

// matchDepth shows a piece of the book to the orders of its instrument.
func (v *Venue) matchDepth(m *market, d *exchange.Depth, at exchange.Time) {
	if m.standing.news != book.Applied {
		return
	}
	for _, side := range [...]struct {
		of     exchange.Side
		levels []exchange.Level
	}{{exchange.Buy, d.Bids}, {exchange.Sell, d.Asks}} {
		if d.Snapshot {
			v.show(m, side.of, nil, at)
			continue
		}
		for i := range side.levels {
			if m.watch.covers(side.of, side.levels[i].Price) {
				v.show(m, side.of, &side.levels[i], at)
			}
		}
	}
	v.stand(m)
	v.fireMiddle(m)
}

// show tells resting orders of a side what others have at their price: at the price of
// one level, or at all.
func (v *Venue) show(m *market, s exchange.Side, level *exchange.Level, at exchange.Time) {
	for _, o := range m.orders {
		if o.Request.Side != s || !o.resting() || level != nil && level.Price != o.Request.Price {
			continue
		}
		if qty, known := m.standing.shown(s, o.Request.Price); known {
			o.place.Show(v.matching.Queue, qty, at)
		}
	}
}

// stand shows the standing book to the orders of an instrument: where the other side has
// come to an order's price, nobody is before it any more. Without trades that fills it.
// Then fresh orders take.
func (v *Venue) stand(m *market) {
	if m.watch.reached(&m.standing) {
		for _, o := range m.orders {
			if o.resting() && m.crosses(o) {
				o.place.Front()
			}
		}
		if !m.prints {
			v.reach(m, exchange.Buy)
			v.reach(m, exchange.Sell)
		}
	}
	if !m.watch.hot {
		return
	}
	for _, o := range v.snapshot(m) {
		if o.fresh && !o.Status.Final() {
			v.walk(o)
		}
	}
}

// reach fills resting orders of a side with what the other side shows at or through their
// prices.
func (v *Venue) reach(m *market, s exchange.Side) {
	other := s.Opposite()
	for i := 0; ; i++ {
		l, ok := m.standing.level(other, i)
		if !ok {
			return
		}
		line := v.inLine(m, s, l.Price)
		if len(line) == 0 {
			return
		}
		for _, o := range line {
			left := m.standing.left(other, l)
			if left <= 0 {
				break
			}
			if o.Status.Final() {
				continue
			}
			before := o.Filled
			v.fill(o, execution{price: o.Request.Price, qty: left, maker: true})
			m.standing.take(other, l, o.Filled-before)
		}
	}
}

// fireMiddle triggers what the middle of bid and ask reaches, where it stands in for the
// last price.
func (v *Venue) fireMiddle(m *market) {
	if !m.traded && m.last != 0 {
		v.fire(m, exchange.ContractPrice, strike{price: m.last, at: v.now})
	}
}

// inLine lists the resting orders of a side that a price reaches, at their limit or
// through it: the best price first, then the oldest. It is good until the next list.
func (v *Venue) inLine(m *market, s exchange.Side, price exchange.Fixed) []*order {
	v.line = v.line[:0]
	for _, o := range m.orders {
		if o.Request.Side != s || !o.resting() || beyond(s, o.Request.Price, price) {
			continue
		}
		at := len(v.line)
		v.line = append(v.line, o)
		for ; at > 0 && beyond(s, v.line[at-1].Request.Price, o.Request.Price); at-- {
			v.line[at] = v.line[at-1]
		}
		v.line[at] = o
	}
	return v.line
}

// snapshot copies the open orders of a market for a loop in which orders come and go. It
// is good until the next snapshot.
func (v *Venue) snapshot(m *market) []*order {
	v.scratch = append(v.scratch[:0], m.orders...)
	return v.scratch
}
