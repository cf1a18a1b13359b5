package book

import "github.com/pmbot/pmbot/exchange"

// Rule says how the update ids of successive pieces hang together.
type Rule uint8

const (
	// Futures ids belong to the matching engine and leave gaps; a piece continues the one
	// whose last id it names as Prev.
	Futures Rule = iota
	// Spot ids belong to the symbol and leave no gap; a piece continues the one whose last
	// id is just below its First.
	Spot
)

// RuleOf returns the rule of a product's streams.
func RuleOf(p exchange.Product) Rule {
	if p == exchange.Margin {
		return Spot
	}
	return Futures
}

const (
	// waitingMax bounds the pieces that are kept while a snapshot is on its way, a quarter
	// of a minute of the fastest stream; the oldest is dropped beyond it.
	waitingMax = 1024
	// staleMax bounds the run of pieces older than the book. A stream that repeats an
	// overlap stays far below; one whose ids have jumped back would be silent for ever.
	staleMax = 1024
)

// Outcome is what became of a piece of a book.
type Outcome uint8

const (
	// Applied: the book is in sync and contains the piece.
	Applied Outcome = iota + 1
	// Waiting: the piece is kept until a snapshot comes.
	Waiting
	// Stale: the book contains the piece already; nothing has changed.
	Stale
	// ResyncGap: pieces are missing between the book and this one.
	ResyncGap
	// ResyncOld: the snapshot is older than the first piece kept and does not join it.
	ResyncOld
	// ResyncCrossed: the best bid reached the best ask, so something was lost unseen.
	ResyncCrossed
)

// Resync says whether the book has been emptied and a new snapshot must be fetched. Only
// the piece that empties it says so; until the snapshot comes, others are Waiting.
func (o Outcome) Resync() bool { return o >= ResyncGap }

// String names the outcome.
func (o Outcome) String() string {
	switch o {
	case Applied:
		return "applied"
	case Waiting:
		return "waiting"
	case Stale:
		return "stale"
	case ResyncGap:
		return "resync: gap"
	case ResyncOld:
		return "resync: snapshot too old"
	case ResyncCrossed:
		return "resync: crossed"
	}
	return "no outcome"
}

// state is how far a book has come.
type state uint8

const (
	empty  state = iota // no snapshot: pieces wait
	loaded              // a snapshot, and no piece since that joins it
	synced              // snapshot and pieces hang together
)

// Book is the order book of one instrument. The zero Book follows the futures rule and
// waits for a snapshot. It is not safe for use by several goroutines.
type Book struct {
	rule  Rule
	state state
	// last is the update id of the book: that of the last piece or of the snapshot.
	last  int64
	stale int
	bids  side
	asks  side
	// waiting are pieces that came without a book, each the continuation of the one
	// before. Their level slices are kept for reuse beyond its length.
	waiting []exchange.Depth
}

// New returns an empty book that waits for a snapshot.
func New(r Rule) *Book { return &Book{rule: r} }

// Reset empties the book and forgets the pieces kept, as after a reconnect. Memory is
// kept.
func (b *Book) Reset() {
	b.clear()
	b.waiting = b.waiting[:0]
}

func (b *Book) clear() {
	b.state, b.last, b.stale = empty, 0, 0
	b.bids.clear()
	b.asks.clear()
}

// Apply takes the next piece, a snapshot or a difference, and says what became of it. It
// copies what it keeps; d stays the caller's. Prices and quantities must be valid: the
// decoder has refused negative ones.
func (b *Book) Apply(d *exchange.Depth) Outcome {
	if d.Snapshot {
		return b.load(d)
	}
	switch {
	case b.state == empty:
		b.keep(d)
		return Waiting
	case b.behind(d):
		return b.skip(d)
	case b.state == loaded && b.joins(d), b.state == synced && b.continues(d, b.last):
		b.stale = 0
		b.update(d)
		return b.uncrossed()
	default:
		b.clear()
		b.keep(d)
		return ResyncGap
	}
}

// load takes a snapshot and the kept pieces that follow it.
func (b *Book) load(d *exchange.Depth) Outcome {
	if b.state != empty && d.Last < b.last {
		return Stale
	}
	b.clear()
	b.state, b.last = loaded, d.Last
	b.bids.load(d.Bids, true)
	b.asks.load(d.Asks, false)
	for i := range b.waiting {
		w := &b.waiting[i]
		if b.state == loaded {
			if b.behind(w) {
				continue
			}
			if !b.joins(w) {
				b.clear() // the pieces stay for the next snapshot
				return ResyncOld
			}
		}
		b.update(w)
	}
	b.waiting = b.waiting[:0]
	return b.uncrossed()
}

// behind says whether a book at b.last contains the piece. A first futures piece may end
// where the snapshot stands; it repeats known levels, which does no harm.
func (b *Book) behind(d *exchange.Depth) bool {
	if b.state == loaded && b.rule == Futures {
		return d.Last < b.last
	}
	return d.Last <= b.last
}

// joins says whether a piece that is not behind is the first after the snapshot. For
// futures it covers the snapshot's id, or follows the piece that ended there: that one
// can have passed before we subscribed, and a quiet symbol would never give another.
func (b *Book) joins(d *exchange.Depth) bool {
	if b.rule == Spot {
		return d.First <= b.last+1
	}
	return d.First <= b.last || d.Prev == b.last
}

// continues says whether a piece follows the one that ended at last.
func (b *Book) continues(d *exchange.Depth, last int64) bool {
	if b.rule == Spot {
		return d.First == last+1
	}
	return d.Prev == last
}

// skip passes over a piece that the book contains.
func (b *Book) skip(d *exchange.Depth) Outcome {
	b.stale++
	if b.stale <= staleMax {
		return Stale
	}
	b.clear()
	b.keep(d)
	return ResyncGap
}

// keep copies a piece for the time when the snapshot comes. Pieces before a gap are of no
// use to any snapshot that will come and are dropped.
func (b *Book) keep(d *exchange.Depth) {
	n := len(b.waiting)
	if n > 0 && !b.continues(d, b.waiting[n-1].Last) {
		if d.Last <= b.waiting[n-1].Last {
			return // a repetition
		}
		b.waiting, n = b.waiting[:0], 0
	}
	if n == waitingMax {
		oldest := b.waiting[0]
		copy(b.waiting, b.waiting[1:])
		b.waiting[n-1] = oldest // its slices are used again
		n--
	}
	if n == cap(b.waiting) {
		b.waiting = append(b.waiting, exchange.Depth{})
	}
	b.waiting = b.waiting[:n+1]
	w := &b.waiting[n]
	bids, asks := append(w.Bids[:0], d.Bids...), append(w.Asks[:0], d.Asks...)
	*w = *d
	w.Bids, w.Asks = bids, asks
}

func (b *Book) update(d *exchange.Depth) {
	b.state, b.last = synced, d.Last
	for _, l := range d.Bids {
		b.bids.set(-l.Price, l.Qty)
	}
	for _, l := range d.Asks {
		b.asks.set(l.Price, l.Qty)
	}
}

// uncrossed is Applied, unless the book is crossed.
func (b *Book) uncrossed() Outcome {
	bid, ask := b.bids.best(), b.asks.best()
	if bid.Qty != 0 && ask.Qty != 0 && -bid.Price >= ask.Price {
		b.clear()
		return ResyncCrossed
	}
	return Applied
}
