package venue

import "github.com/pmbot/pmbot/exchange"

// watch is the span of prices within which nothing happens to the orders of a market.
// restDown is the highest resting buy and restUp the lowest resting sell, buyLow and
// sellHigh are the last ones behind them; the others are the nearest triggers below and
// above, by last price and by mark.
type watch struct {
	hot, markHot     bool // something waits for the next event at any price
	restDown, restUp exchange.Fixed
	buyLow, sellHigh exchange.Fixed
	lastDown, lastUp exchange.Fixed
	markDown, markUp exchange.Fixed
}

// within says that bars from low to high leave all orders alone. On bars, limits fill only
// beyond their price; triggers act at theirs.
func (w *watch) within(low, high exchange.Fixed) bool {
	return low >= w.restDown && high <= w.restUp && low > w.lastDown && high < w.lastUp
}

// withinTrade says that a trade leaves all orders and their places in line alone.
func (w *watch) withinTrade(p exchange.Fixed) bool {
	return p > w.restDown && p < w.restUp && p > w.lastDown && p < w.lastUp
}

// withinTicker says that a best bid and ask leave all orders alone: our prices are behind
// the best of their side. An empty side, 0, reaches nobody.
func (w *watch) withinTicker(e *exchange.Event, traded bool) bool {
	bid, ask := e.Best()
	if bid != 0 && (bid <= w.restDown || bid >= w.restUp) || ask != 0 && (ask <= w.restDown || ask >= w.restUp) {
		return false
	}
	mid := e.Mid()
	return traded || mid == 0 || mid > w.lastDown && mid < w.lastUp
}

// withinDepth says that a piece of the book leaves all orders alone: it tells no price
// where one rests and nothing that reaches one. A snapshot tells every price. The middle
// that a piece leads to is not known before, so triggers that go by it are never quiet.
func (m *market) withinDepth(d *exchange.Depth) bool {
	w := &m.watch
	if len(m.orders) == 0 {
		return true
	}
	if d.Snapshot || !m.traded && (w.lastDown != exchange.FixedMin || w.lastUp != exchange.FixedMax) {
		return false
	}
	for i := range d.Bids {
		if p := d.Bids[i].Price; p >= w.restUp || w.covers(exchange.Buy, p) && m.restsAt(exchange.Buy, p) {
			return false
		}
	}
	for i := range d.Asks {
		if p := d.Asks[i].Price; p <= w.restDown || w.covers(exchange.Sell, p) && m.restsAt(exchange.Sell, p) {
			return false
		}
	}
	return true
}

// reached says whether the best of a side has come to a resting order of the other.
func (w *watch) reached(s *standing) bool {
	bid, bids := s.level(exchange.Buy, 0)
	ask, asks := s.level(exchange.Sell, 0)
	return bids && bid.Price >= w.restUp || asks && ask.Price <= w.restDown
}

// covers says whether a price lies among those of the resting orders of a side.
func (w *watch) covers(s exchange.Side, p exchange.Fixed) bool {
	if s == exchange.Buy {
		return p >= w.buyLow && p <= w.restDown
	}
	return p >= w.restUp && p <= w.sellHigh
}

// restsAt says whether an order of a side rests at a price.
func (m *market) restsAt(s exchange.Side, p exchange.Fixed) bool {
	for _, o := range m.orders {
		if o.Request.Price == p && o.Request.Side == s && o.resting() {
			return true
		}
	}
	return false
}

// rewatch computes the watch anew; whoever changes an open order has it called before
// the next event.
func (m *market) rewatch() {
	w := watch{
		restDown: exchange.FixedMin, lastDown: exchange.FixedMin, markDown: exchange.FixedMin, sellHigh: exchange.FixedMin,
		restUp: exchange.FixedMax, lastUp: exchange.FixedMax, markUp: exchange.FixedMax, buyLow: exchange.FixedMax,
	}
	for _, o := range m.orders {
		r := &o.Request
		onMark := r.WorkingType == exchange.MarkPrice
		switch {
		case r.Type == exchange.TrailingStopMarket:
			w.hot, w.markHot = w.hot || !onMark, w.markHot || onMark
		case r.Type.Conditional() && r.Trigger == 0: // never fires
		case r.Type.Conditional() && onMark:
			w.markDown, w.markUp = narrow(w.markDown, w.markUp, r.Trigger, o.firesUp())
		case r.Type.Conditional():
			w.lastDown, w.lastUp = narrow(w.lastDown, w.lastUp, r.Trigger, o.firesUp())
		case !o.resting():
			w.hot = true
		case r.Side == exchange.Buy:
			w.restDown, w.buyLow = max(w.restDown, r.Price), min(w.buyLow, r.Price)
		default:
			w.restUp, w.sellHigh = min(w.restUp, r.Price), max(w.sellHigh, r.Price)
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
