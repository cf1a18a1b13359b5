package book

import "github.com/pmbot/pmbot/exchange"

// Ready says whether the book may be read: it has a snapshot and has lost nothing since.
// Otherwise it is empty.
func (b *Book) Ready() bool { return b.state != empty }

// UpdateID is the exchange's id of the book's state, 0 before the first snapshot.
func (b *Book) UpdateID() int64 { return b.last }

// BookTicker returns the best bid and ask, with zeros for an empty side.
func (b *Book) BookTicker() exchange.BookTicker {
	bid, ask := b.bids.best(), b.asks.best()
	return exchange.BookTicker{Bid: -bid.Price, BidQty: bid.Qty, Ask: ask.Price, AskQty: ask.Qty, UpdateID: b.last}
}

// Waiting are the pieces kept until a snapshot comes, the oldest first, each the continuation
// of the one before. They stay as they are until the book is given a difference to keep: also
// while it is given the snapshot, so that its giver can tell others what it was joined with.
func (b *Book) Waiting() []exchange.Depth { return b.waiting }

// Len is the number of levels on a side: bids for Buy, asks for Sell.
func (b *Book) Len(s exchange.Side) int { return len(b.side(s).levels) }

// At returns level i of a side, 0 the best. i must be below Len.
func (b *Book) At(s exchange.Side, i int) exchange.Level {
	levels := b.side(s).levels
	l := levels[len(levels)-1-i]
	if s == exchange.Buy {
		l.Price = -l.Price
	}
	return l
}

// Append appends the best n levels of a side to dst, best first, or as many as there are.
func (b *Book) Append(dst []exchange.Level, s exchange.Side, n int) []exchange.Level {
	for i := range min(n, b.Len(s)) {
		dst = append(dst, b.At(s, i))
	}
	return dst
}

// Qty returns what rests at a price of a side, 0 for nothing.
func (b *Book) Qty(s exchange.Side, price exchange.Fixed) exchange.Fixed {
	if s == exchange.Buy {
		price = -price
	}
	levels := b.side(s).levels
	if i := b.side(s).search(price); i < len(levels) && levels[i].Price == price {
		return levels[i].Qty
	}
	return 0
}

// Standing is [Book.Qty], and whether it is known: a price beyond the worst of the
// snapshot is known only if something that rests there has been told since.
func (b *Book) Standing(s exchange.Side, price exchange.Fixed) (qty exchange.Fixed, known bool) {
	qty = b.Qty(s, price)
	if s == exchange.Buy {
		price = -price
	}
	return qty, qty != 0 || b.Ready() && price <= b.side(s).horizon
}

// Known is the number of levels of a side, from the best, that are certainly all there
// are. A snapshot ends at a number of levels; what rests beyond its last price is known
// only where it has changed since, so the levels after Known may have others between
// them.
func (b *Book) Known(s exchange.Side) int { return b.side(s).known() }

// Drained says whether a side has levels but none of them is Known: the market has moved
// through the whole snapshot. The best price is then the best that was touched, and a new
// snapshot should be fetched when there is weight to spare.
func (b *Book) Drained() bool {
	return len(b.bids.levels) > 0 && b.bids.known() == 0 || len(b.asks.levels) > 0 && b.asks.known() == 0
}

func (b *Book) side(s exchange.Side) *side {
	if s == exchange.Buy {
		return &b.bids
	}
	return &b.asks
}
