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
)

// market is one instrument as the venue sees it: what is known of its prices, and our
// orders and position there.
type market struct {
	in     *exchange.Instrument
	fees   Fees
	legs   [exchange.Short + 1]exchange.Position // by position side; Both alone in one-way mode
	orders []*order                              // open, oldest first

	last, mark exchange.Fixed
	quote      exchange.BookTicker
	feed       feed
	// traded says that trades come, so that tickers do not stand in for the last price.
	traded bool
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
		m.feed, m.traded = max(m.feed, feedTrades), true
		m.last = e.Trade().Price
	case exchange.KindBookTicker:
		m.feed, m.quote = feedTickers, e.BookTicker()
		if mid := m.quote.Mid(); mid != 0 && !m.traded {
			m.last = mid
		}
	case exchange.KindMark:
		m.mark = e.Mark().Price
	}
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
	if m.feed == feedTickers {
		if s == exchange.Buy {
			return m.quote.Ask
		}
		return m.quote.Bid
	}
	return m.last
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

// watch is the span of prices within which nothing happens to the orders of a market.
// restDown is the highest resting buy and restUp the lowest resting sell; the others are
// the nearest triggers below and above, by last price and by mark.
type watch struct {
	hot, markHot     bool // something waits for the next event at any price
	restDown, restUp exchange.Fixed
	lastDown, lastUp exchange.Fixed
	markDown, markUp exchange.Fixed
}

// within says that prices from low to high leave all orders alone. Limits fill only
// beyond their price, triggers act at theirs.
func (w *watch) within(low, high exchange.Fixed) bool {
	return low >= w.restDown && high <= w.restUp && low > w.lastDown && high < w.lastUp
}

// withinTicker is within for a best bid and ask. An empty side, 0, reaches nobody.
func (w *watch) withinTicker(b exchange.BookTicker, traded bool) bool {
	if b.Ask != 0 && b.Ask <= w.restDown || b.Bid != 0 && b.Bid >= w.restUp {
		return false
	}
	mid := b.Mid()
	return traded || mid == 0 || mid > w.lastDown && mid < w.lastUp
}

// rewatch computes the watch anew; whoever changes an open order has it called before
// the next event.
func (m *market) rewatch() {
	w := watch{
		restDown: exchange.FixedMin, lastDown: exchange.FixedMin, markDown: exchange.FixedMin,
		restUp: exchange.FixedMax, lastUp: exchange.FixedMax, markUp: exchange.FixedMax,
	}
	for _, o := range m.orders {
		r := &o.Request
		onMark := r.WorkingType == exchange.MarkPrice
		switch {
		case r.Type == exchange.TrailingStopMarket:
			w.hot, w.markHot = w.hot || !onMark, w.markHot || onMark
		case r.Type.Conditional() && onMark:
			w.markDown, w.markUp = narrow(w.markDown, w.markUp, r.Trigger, o.firesUp())
		case r.Type.Conditional():
			w.lastDown, w.lastUp = narrow(w.lastDown, w.lastUp, r.Trigger, o.firesUp())
		case o.resting():
			w.restDown, w.restUp = narrow(w.restDown, w.restUp, r.Price, r.Side == exchange.Sell)
		default:
			w.hot = true
		}
	}
	m.watch = w
}

func narrow(down, up, price exchange.Fixed, above bool) (exchange.Fixed, exchange.Fixed) {
	if above {
		return down, min(up, price)
	}
	return max(down, price), up
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
