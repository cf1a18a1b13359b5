package venue

import (
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// standing is what others have in the book, as far as it is known: from depth while that
// is in sync, else the best bid and ask. What our own orders have taken stays taken until
// the data tells the level anew, for the data knows nothing of us.
type standing struct {
	// quote is the best bid and ask, as tickers tell them; newBid and newAsk say that the
	// last one told something new of its side.
	quote          exchange.BookTicker
	quoteAt        exchange.Time
	newBid, newAsk bool
	// book is nil before the first depth; news is what became of its last piece.
	book   *book.Book
	bookAt exchange.Time
	news   book.Outcome
	// bids and asks are what we have taken from levels.
	bids, asks []taken
	// eatenBids and eatenAsks are what trades have taken since all this was told.
	eatenBids, eatenAsks eaten
	// before is how much of the last print took what our orders had taken before it.
	before exchange.Fixed
}

// eaten says that trades have taken a side of the book up to a price, and how much at that
// price. They are younger than what stands, which therefore still shows it.
type eaten struct {
	price, qty exchange.Fixed
	at         exchange.Time
}

// taken is what we have taken from a level that showed a quantity. On the tape somebody else
// took it, or will: owed is how much of it no print has accounted for.
type taken struct {
	price, shown, qty, owed exchange.Fixed
}

// ticker keeps a best bid and ask.
func (s *standing) ticker(e *exchange.Event) {
	q := &s.quote
	bid, bidQty, ask, askQty := q.Bid, q.BidQty, q.Ask, q.AskQty
	e.KeepBookTicker(q)
	s.newBid, s.newAsk = q.Bid != bid || q.BidQty != bidQty, q.Ask != ask || q.AskQty != askQty
	s.quoteAt = told(e)
	if !s.deep() {
		s.replace()
		s.refresh(s.quoteAt)
	}
}

// print notes a trade, which takes from the side that did not begin it what stood there
// before it.
func (s *standing) print(t exchange.Trade, at exchange.Time) {
	gone, side := &s.eatenAsks, exchange.Sell
	if t.BuyerMaker {
		gone, side = &s.eatenBids, exchange.Buy
	}
	s.before = 0
	if ours := s.taken(side, t.Price); ours != nil {
		s.before = min(ours.owed, t.Qty)
		ours.owed -= s.before
	}
	if at <= s.at() {
		return // what stands was told after it
	}
	switch {
	case gone.price == 0 || beyond(side.Opposite(), gone.price, t.Price):
		*gone = eaten{price: t.Price, qty: t.Qty}
	case gone.price == t.Price:
		gone.qty = min(gone.qty, exchange.FixedMax-t.Qty) + t.Qty
	}
	gone.at = max(gone.at, at)
}

// refresh forgets the trades that what is told now has seen.
func (s *standing) refresh(at exchange.Time) {
	for _, gone := range [...]*eaten{&s.eatenBids, &s.eatenAsks} {
		if gone.at <= at {
			*gone = eaten{}
		}
	}
}

// newBest says whether the last ticker told anything new of a side.
func (s *standing) newBest(side exchange.Side) bool {
	if side == exchange.Buy {
		return s.newBid
	}
	return s.newAsk
}

// depth keeps a piece of the book.
func (s *standing) depth(d *exchange.Depth, p exchange.Product, at exchange.Time) book.Outcome {
	if s.book == nil {
		s.book = book.New(book.RuleOf(p))
	}
	s.news = s.book.Apply(d)
	switch {
	case s.news.Resync():
		s.forget(exchange.KindDepth)
	case d.Snapshot:
		s.replace()
	case s.news == book.Applied:
		s.bids, s.asks = retell(s.bids, d.Bids), retell(s.asks, d.Asks)
	}
	if s.news == book.Applied {
		s.bookAt = at
		s.refresh(at)
	}
	return s.news
}

// forget drops what a kind of data has told. With the book goes the last ticker, for it may
// be of long ago: the next one says what stands.
func (s *standing) forget(k exchange.Kind) {
	if k == exchange.KindDepth && s.book != nil && s.book.Ready() {
		s.book.Reset()
	}
	s.quote = exchange.BookTicker{}
	s.bids, s.asks = s.bids[:0], s.asks[:0]
	s.eatenBids, s.eatenAsks = eaten{}, eaten{}
}

// replace gives back what was taken from levels that no longer show what they did, or of
// which prints have accounted for all of it since. A level that is out of sight shows nothing
// else: what was taken there stays taken.
func (s *standing) replace() {
	if len(s.bids) == 0 && len(s.asks) == 0 {
		return
	}
	s.bids, s.asks = s.unchanged(exchange.Buy, s.bids), s.unchanged(exchange.Sell, s.asks)
}

func (s *standing) unchanged(side exchange.Side, list []taken) []taken {
	kept := list[:0]
	for _, t := range list {
		if qty, known := s.shown(side, t.price); t.owed > 0 && (!known || qty == t.shown) {
			kept = append(kept, t)
		}
	}
	return kept
}

// retell gives back what was taken from levels that are told anew.
func retell(list []taken, levels []exchange.Level) []taken {
	if len(list) == 0 {
		return list
	}
	for _, l := range levels {
		for i := range list {
			if list[i].price == l.Price {
				list = append(list[:i], list[i+1:]...)
				break
			}
		}
	}
	return list
}

// deep says whether the book behind the best prices is known.
func (s *standing) deep() bool { return s.book != nil && s.book.Ready() }

// known says whether anything is known of what stands.
func (s *standing) known() bool { return s.deep() || s.quote.Bid != 0 || s.quote.Ask != 0 }

// level is what others have at the i-th best price of a side, bids for Buy.
func (s *standing) level(side exchange.Side, i int) (l exchange.Level, ok bool) {
	switch {
	case s.deep():
		if i >= s.book.Len(side) {
			return exchange.Level{}, false
		}
		return s.book.At(side, i), true
	case i > 0:
	case side == exchange.Buy:
		l = exchange.Level{Price: s.quote.Bid, Qty: s.quote.BidQty}
	default:
		l = exchange.Level{Price: s.quote.Ask, Qty: s.quote.AskQty}
	}
	return l, l.Price != 0
}

// shown is what others have at a price of a side, and whether that is known. The best bid
// and ask say that there is nothing at better prices, and nothing of worse ones.
func (s *standing) shown(side exchange.Side, price exchange.Fixed) (qty exchange.Fixed, known bool) {
	if s.deep() {
		return s.book.Standing(side, price)
	}
	best, ok := s.level(side, 0)
	switch {
	case !ok || beyond(side, price, best.Price):
		return 0, false
	case price == best.Price:
		return best.Qty, true
	}
	return 0, true
}

// at is the time that what is known speaks of.
func (s *standing) at() exchange.Time {
	if s.deep() {
		return s.bookAt
	}
	return s.quoteAt
}

// left is what our own orders, and trades that are younger than it, have left of a level.
func (s *standing) left(side exchange.Side, l exchange.Level) exchange.Fixed {
	gone, left := s.eatenAsks, l.Qty
	if side == exchange.Buy {
		gone = s.eatenBids
	}
	if t := s.taken(side, l.Price); t != nil {
		left -= t.qty
	}
	switch {
	case gone.price == 0 || beyond(side.Opposite(), gone.price, l.Price):
	case gone.price == l.Price:
		left -= min(max(0, left), gone.qty)
	default:
		return 0
	}
	return max(0, left)
}

// taken is what our own orders have taken at a price, as far as it has not been told anew,
// nil for nothing.
func (s *standing) taken(side exchange.Side, price exchange.Fixed) *taken {
	list := s.asks
	if side == exchange.Buy {
		list = s.bids
	}
	for i := range list {
		if list[i].price == price {
			return &list[i]
		}
	}
	return nil
}

// takenMax bounds what is remembered of levels that go out of sight; the oldest is dropped.
const takenMax = 64

// take notes what an order of ours has taken from a level.
func (s *standing) take(side exchange.Side, l exchange.Level, qty exchange.Fixed) {
	if was := s.taken(side, l.Price); was != nil {
		was.qty, was.owed = was.qty+qty, was.owed+qty
		return
	}
	list := &s.asks
	if side == exchange.Buy {
		list = &s.bids
	}
	if len(*list) >= takenMax && !s.deep() {
		*list = append((*list)[:0], (*list)[1:]...)
	}
	*list = append(*list, taken{price: l.Price, shown: l.Qty, qty: qty, owed: qty})
}
