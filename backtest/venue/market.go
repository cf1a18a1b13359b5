package venue

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/exchange"
)

// feed is the kind of data that an instrument matches on; later is finer.
type feed uint8

const (
	feedBars feed = iota
	feedTrades
	feedTickers
	feedDepth
)

// market is one instrument as the venue sees it: what is known of its prices, and our
// orders and position there.
type market struct {
	in   *exchange.Instrument
	fees Fees
	// ownFees says that the rates are the symbol's and not its product's.
	ownFees    bool
	settlement settlement                            // of a dated contract
	legs       [exchange.Short + 1]exchange.Position // by position side; Both alone in one-way mode
	orders     []*order                              // open, oldest first

	last, mark exchange.Fixed
	standing   standing
	// feed is the finest kind of data seen, depth aside; see [market.grade].
	feed feed
	// traded says that trades have come, so that the middle of bid and ask does not stand
	// in for the last price; prints that they have come or are promised, so that nothing
	// else fills what rests.
	traded, prints bool
	// barEvery is the shortest interval of bars seen and barOpen the last opening that
	// was announced; see [exchange.BarOpen].
	barEvery time.Duration
	barOpen  exchange.Time

	watch watch
}

// learn keeps what a market event tells about prices.
func (m *market) learn(e *exchange.Event) {
	switch e.Kind {
	case exchange.KindBarOpen:
		m.sawBar(e.BarOpen().Interval)
		if m.feed == feedBars {
			m.last = e.BarOpen().Price
			if e.BarOpen().Interval == m.barEvery {
				m.barOpen = e.At
			}
		}
	case exchange.KindBar:
		m.sawBar(e.Bar().Interval)
		if m.feed == feedBars {
			m.last = e.Bar().Close
		}
	case exchange.KindTrade:
		m.feed, m.traded, m.prints = max(m.feed, feedTrades), true, true
		m.last = e.TradePrice()
		if m.standing.known() {
			m.standing.print(e.Trade(), told(e))
		}
	case exchange.KindBookTicker:
		m.feed = feedTickers
		m.standing.ticker(e)
		m.middle(e.Mid())
	case exchange.KindDepth:
		m.learnDepth(e.Depth(), told(e))
	case exchange.KindGap:
		m.learnGap(e.Gap())
	case exchange.KindCadence:
		m.prints = m.prints || e.Cadence().Kind == exchange.KindTrade
	case exchange.KindMark:
		m.mark = e.Mark().Price
		if m.settlement.end != 0 {
			m.settlement.learn(e.Mark(), e.At)
		}
	}
}

// learnDepth keeps a piece of the book. A book that has lost its thread says nothing until
// the next snapshot, and nobody knows what happened to the lines meanwhile.
func (m *market) learnDepth(d *exchange.Depth, at exchange.Time) {
	m.feed = max(m.feed, feedTrades) // bars match no more, in sync or not
	if m.standing.depth(d, m.in.Product, at).Resync() {
		m.lose()
	}
	if m.standing.deep() {
		m.middle(m.standing.book.BookTicker().Mid())
	}
}

// learnGap forgets what a hole in the data has made old.
func (m *market) learnGap(g *exchange.Gap) {
	if g.Kind == exchange.KindDepth || g.Kind == exchange.KindBookTicker {
		m.standing.forget(g.Kind)
		m.lose()
	}
}

// lose tells the resting orders that the lines at their prices are out of sight.
func (m *market) lose() {
	for _, o := range m.orders {
		o.place.Lose()
	}
}

// middle lets the middle of bid and ask stand in for the last price.
func (m *market) middle(mid exchange.Fixed) {
	if mid != 0 && !m.traded {
		m.last = mid
	}
}

// told is the time that an event speaks of: the exchange's, if it has one.
func told(e *exchange.Event) exchange.Time {
	if e.Exchange != 0 {
		return e.Exchange
	}
	return e.At
}

// grade is the kind of data that the instrument matches on now: depth while its book is
// in sync, else the finest kind seen.
func (m *market) grade() feed {
	if m.standing.deep() {
		return feedDepth
	}
	return m.feed
}

func (m *market) sawBar(every time.Duration) {
	if m.barEvery == 0 || every < m.barEvery {
		m.barEvery = every
	}
}

// barsMatch says whether bars of that interval are what the instrument matches on.
func (m *market) barsMatch(every time.Duration) bool {
	return m.feed == feedBars && every == m.barEvery
}

// valuation is the price that positions are valued at: the mark, or the last price of an
// instrument whose mark has not been seen.
func (m *market) valuation() exchange.Fixed {
	if m.mark != 0 {
		return m.mark
	}
	return m.last
}

// best is the price that an order of that side would take at, as far as is known; 0 if
// nothing is.
func (m *market) best(s exchange.Side) exchange.Fixed {
	if m.grade() < feedTickers {
		return m.last
	}
	l, _ := m.standing.level(s.Opposite(), 0)
	return l.Price
}

// flat says whether there is no position in any leg.
func (m *market) flat() bool {
	for i := range m.legs {
		if !m.legs[i].Qty.IsZero() {
			return false
		}
	}
	return true
}

// net is the sum of the legs.
func (m *market) net() decimal.Decimal {
	sum := m.legs[exchange.Both].Qty
	return sum.Add(m.legs[exchange.Long].Qty).Add(m.legs[exchange.Short].Qty)
}

// held is the part of the order's leg that it would reduce.
func (o *order) held() exchange.Fixed { return o.market.held(o.Request.Side, o.Request.PositionSide) }

// held is the part of a leg that an order of that side would reduce.
func (m *market) held(s exchange.Side, leg exchange.PositionSide) exchange.Fixed {
	position := &m.legs[leg]
	if int64(position.Qty.Sign()) != -s.Sign() {
		return 0
	}
	qty, err := exchange.FixedFromDecimal(position.Qty.Abs(), exchange.RoundDown)
	if err != nil {
		return exchange.FixedMax
	}
	return qty
}

// find returns the open order or OCO of that client id, or nil.
func (v *Venue) find(clientID string) *order {
	for i := range v.markets {
		for _, o := range v.markets[i].orders {
			if o.ClientID == clientID {
				return o
			}
			if top := o.root(); top.pair != nil && top.ClientID == clientID {
				return top
			}
		}
	}
	return nil
}

// drop takes an order out of its market.
func (m *market) drop(o *order) {
	if at := slices.Index(m.orders, o); at >= 0 {
		m.orders = slices.Delete(m.orders, at, at+1)
	}
}
