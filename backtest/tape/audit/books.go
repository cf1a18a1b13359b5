package audit

import (
	"cmp"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// pair is what is compared within a market.
type pair struct {
	a *auditor
	market
	book     *rebuilt
	builders []*builder
	bars     []*barCheck
}

func (a *auditor) pairOf(key row.Key) *pair {
	m := market{key.Product, key.Symbol}
	p := a.markets[m]
	if p == nil {
		p = &pair{a: a, market: m}
		a.markets[m] = p
	}
	return p
}

func (p *pair) key(kind row.Kind) row.Key {
	return row.Key{Product: p.product, Symbol: p.symbol, Kind: kind}
}

// rebuilt is the order book of a market from the pieces of all its sources, and what
// bookTicker says about it.
type rebuilt struct {
	a            *auditor
	depth, quote row.Key
	book         *book.Book
	// waiting counts the levels that the book keeps until a snapshot comes.
	waiting int
	scratch exchange.Depth
	// tickers are the last ones, one of each update id: the last, which saw the finished
	// state. points wait for the ticker of their id.
	tickers  []ticker
	points   []point
	compared Compared
}

// ticker is what bookTicker said.
type ticker struct {
	exchange.BookTicker
	at place
}

// point is the best of the rebuilt book after a piece.
type point struct {
	exchange.BookTicker
	at place
	// drained says that the market has left the snapshot: better prices may rest where
	// nothing has changed since.
	drained bool
}

const (
	// tickerRoom is how many tickers of all markets are kept, tickerLeast how many of each.
	tickerRoom  = 1 << 14
	tickerLeast = 64
	// waitingRoom is how many levels of all markets wait for a snapshot, waitingLeast how
	// many of each.
	waitingRoom  = 1 << 18
	waitingLeast = 1 << 9
	// pointRoom is how many points of all markets wait, pointLeast how many of each.
	pointRoom  = 1 << 14
	pointLeast = 64
)

func (p *pair) rebuilt() *rebuilt {
	if p.book == nil {
		b := &rebuilt{a: p.a, depth: p.key(row.Depth), quote: p.key(row.BookTicker), book: book.New(book.RuleOf(p.product))}
		b.compared = Compared{Check: Book, Series: b.depth, Against: b.quote}
		p.book = b
	}
	return p.book
}

// take applies the next piece.
func (b *rebuilt) take(p *piece) {
	b.compared.Rows++
	if !p.whole {
		b.lose()
		return
	}
	d := &b.scratch
	*d = exchange.Depth{First: p.first, Last: p.last, Prev: p.prev, Snapshot: p.snapshot, Bids: d.Bids[:0], Asks: d.Asks[:0]}
	for _, l := range p.levels {
		if l.side == row.Bid {
			d.Bids = append(d.Bids, exchange.Level{Price: l.price, Qty: l.qty})
		} else {
			d.Asks = append(d.Asks, exchange.Level{Price: l.price, Qty: l.qty})
		}
	}
	outcome := b.book.Apply(d)
	if outcome.Resync() {
		b.a.ledger.resyncs++
	}
	if b.book.Ready() {
		b.waiting = 0
	} else if b.waiting += len(p.levels); b.waiting > share(waitingRoom, len(b.a.markets), waitingLeast) {
		// A new book, for an emptied one keeps its memory.
		b.book, b.waiting = book.New(book.RuleOf(b.depth.Product)), 0
	}
	switch outcome {
	case book.ResyncCrossed:
		b.a.ledger.find(Crossed, b.depth, p.at, "the book is crossed after this message")
	case book.Applied:
		b.compare(p)
	}
}

// lose empties a book of which something is missing.
func (b *rebuilt) lose() {
	if b.book.Ready() {
		b.a.ledger.resyncs++
	}
	b.book.Reset()
}

// compare holds the best of the book against the ticker of its update id, or leaves a
// point that waits for it.
func (b *rebuilt) compare(p *piece) {
	if row.Made(p.last) {
		return // made of the time, the id names a moment and not a state of the book
	}
	most := share(pointRoom, len(b.a.markets), pointLeast)
	if b.compared.AgainstRows == 0 && len(b.points) >= most {
		return // there may be no tickers at all
	}
	at := point{b.book.BookTicker(), p.at, b.book.Drained()}
	if n := len(b.tickers); n > 0 && b.tickers[n-1].UpdateID > at.UpdateID {
		b.meet(&at)
		return
	}
	if n := len(b.points); n >= 2*most {
		b.points = b.points[:copy(b.points, b.points[n-most:])]
	}
	b.points = append(b.points, at)
}

// meet compares a point with the ticker of its id, if there is one.
func (b *rebuilt) meet(p *point) {
	i, found := slices.BinarySearchFunc(b.tickers, p.UpdateID, func(t ticker, id int64) int { return cmp.Compare(t.UpdateID, id) })
	if !found {
		return
	}
	t := &b.tickers[i]
	if p.drained && t.BookTicker != p.BookTicker {
		return
	}
	b.compared.Points++
	if t.BookTicker == p.BookTicker {
		b.compared.Equal++
		return
	}
	b.a.ledger.find(Book, b.depth, p.at, "after update %d the best are %v at %v and %v at %v, but bookTicker, %s, says %v at %v and %v at %v",
		p.UpdateID, p.BidQty, p.Bid, p.AskQty, p.Ask, p.at.beside(t.at), t.BidQty, t.Bid, t.AskQty, t.Ask)
}

// ticker takes the next bookTicker row.
func (b *rebuilt) ticker(it *item[row.Ticker]) {
	r := &it.v
	b.compared.AgainstRows++
	t := ticker{exchange.BookTicker{Bid: r.Bid, BidQty: r.BidQty, Ask: r.Ask, AskQty: r.AskQty, UpdateID: r.ID}, it.at}
	n := len(b.tickers)
	switch {
	case n > 0 && b.tickers[n-1].UpdateID > r.ID:
		return // of a second source, behind the first
	case n > 0 && b.tickers[n-1].UpdateID == r.ID:
		b.tickers[n-1] = t
		return
	}
	b.settle(r.ID)
	if most := share(tickerRoom, len(b.a.markets), tickerLeast); n >= 2*most {
		b.tickers = b.tickers[:copy(b.tickers, b.tickers[n-most:])]
	}
	b.tickers = append(b.tickers, t)
}

// settle compares the points that no later ticker can be of.
func (b *rebuilt) settle(before int64) {
	done := 0
	for done < len(b.points) && b.points[done].UpdateID < before {
		b.meet(&b.points[done])
		done++
	}
	if done > 0 {
		b.points = b.points[:copy(b.points, b.points[done:])]
	}
}

// end compares the points that have waited.
func (b *rebuilt) end() {
	for i := range b.points {
		b.meet(&b.points[i])
	}
	b.points = nil
}
