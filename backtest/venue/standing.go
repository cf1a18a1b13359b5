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
}

// taken is what we have taken from a level that showed a quantity.
type taken struct {
	price, shown, qty exchange.Fixed
}

// ticker keeps a best bid and ask.
func (s *standing) ticker(b exchange.BookTicker, at exchange.Time) {
	s.newBid = b.Bid != s.quote.Bid || b.BidQty != s.quote.BidQty
	s.newAsk = b.Ask != s.quote.Ask || b.AskQty != s.quote.AskQty
	s.quote, s.quoteAt = b, at
	if !s.deep() {
		s.replace()
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
	s.replace()
}

// replace gives back what was taken from levels that no longer show what they did.
func (s *standing) replace() {
	if len(s.bids) == 0 && len(s.asks) == 0 {
		return
	}
	s.bids, s.asks = s.unchanged(exchange.Buy, s.bids), s.unchanged(exchange.Sell, s.asks)
}

func (s *standing) unchanged(side exchange.Side, list []taken) []taken {
	kept := list[:0]
	for _, t := range list {
		if qty, known := s.shown(side, t.price); known && qty == t.shown {
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

// left is what our own orders have left of a level.
func (s *standing) left(side exchange.Side, l exchange.Level) exchange.Fixed {
	list := s.asks
	if side == exchange.Buy {
		list = s.bids
	}
	for i := range list {
		if list[i].price == l.Price {
			return max(0, l.Qty-list[i].qty)
		}
	}
	return l.Qty
}

// take notes what an order of ours has taken from a level.
func (s *standing) take(side exchange.Side, l exchange.Level, qty exchange.Fixed) {
	list := &s.asks
	if side == exchange.Buy {
		list = &s.bids
	}
	for i := range *list {
		if t := &(*list)[i]; t.price == l.Price {
			t.qty += qty
			return
		}
	}
	*list = append(*list, taken{price: l.Price, shown: l.Qty, qty: qty})
}
