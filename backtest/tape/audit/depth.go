package audit

import (
	"fmt"
	"hash/maphash"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// piece is a snapshot or a message of a depth stream.
type piece struct {
	first, last, prev int64
	snapshot          bool
	at                place
	lineTo            int64
	levels            []level
	// sum is a hash over what the piece says about the book.
	sum uint64
	// whole says that no level of it, and no piece since the one before, is known to be
	// missing or wrong: the book can go on.
	whole bool
}

// level is a price of a piece, and its line.
type level struct {
	side       int64
	price, qty exchange.Fixed
	line       int64
}

// depth is the strand of an order book.
type depth struct {
	track
	order  order[piece]
	prices neighbours[piece]
	book   *rebuilt
	rule   book.Rule
	seed   maphash.Seed

	// open is the piece whose rows are coming in, if there is one; openKey is its key,
	// openLost what was lost up to its last row.
	open     piece
	opened   bool
	openKey  int64
	openLost int64
	// before is the message let through last, without its levels, beforeLost what was lost
	// up to then.
	before     piece
	beforeLost int64
	// free are lists of levels to be used again.
	free    [][]level
	scratch []exchange.Fixed
}

const (
	// pieceSide is how many messages before and after one tell what price is usual.
	pieceSide = 7
	// levelsMax bounds the levels of a piece: twenty times the largest snapshot.
	levelsMax = 200_000
)

func newDepth(t track, p *pair) *depth {
	s := &depth{track: t, book: p.rebuilt(), rule: book.RuleOf(t.series.key.Product), seed: t.a.seed}
	s.order = order[piece]{
		same:   func(a, b *piece) bool { return a.sum == b.sum },
		differ: difference,
		pass:   s.pass,
		fault:  s.find,
	}
	s.prices = neighbours[piece]{side: pieceSide, judge: s.judge}
	return s
}

// unlikePieces says where two messages of one id differ, empty if they do not.
func unlikePieces(a, b *piece) string {
	if a.sum == b.sum {
		return ""
	}
	return difference(a, b)
}

func difference(a, b *piece) string {
	if a.first != b.first || a.prev != b.prev {
		return fmt.Sprintf("first id %d and id before %d here, %d and %d there", a.first, a.prev, b.first, b.prev)
	}
	return "the levels are others"
}

func (s *depth) take(batch any, lines []int64) int {
	s.order.recent.most = s.a.memory()
	list := batch.([]row.Level)
	for i := range list {
		r := &list[i]
		p := s.place(r.When(), lines, i)
		if !s.opened || r.Begins || r.Key() != s.openKey {
			s.finish()
			s.begin(r, p)
		}
		event, local := r.Clocks()
		s.receive(event, local, p)
		s.extend(r, p.line)
	}
	return len(list)
}

func (s *depth) top() (int64, bool) { return s.order.top() }

func (s *depth) first(batch any) int64 { return batch.([]row.Level)[0].Last }

func (s *depth) begin(r *row.Level, p place) {
	var levels []level
	if n := len(s.free); n > 0 {
		levels, s.free = s.free[n-1][:0], s.free[:n-1]
	}
	s.open = piece{
		first: r.First, last: r.Last, prev: r.Prev, snapshot: r.Snapshot, at: p, levels: levels, whole: true,
		sum: maphash.Comparable(s.seed, [3]int64{r.First, r.Last, r.Prev}),
	}
	s.opened, s.openKey, s.openLost = true, r.Key(), s.lost
}

func (s *depth) extend(r *row.Level, line int64) {
	p := &s.open
	p.lineTo = line
	p.whole = p.whole && s.lost == s.openLost
	s.openLost = s.lost
	if r.Side == row.NoSide {
		return
	}
	if len(p.levels) == levelsMax {
		p.whole = false
		return
	}
	p.levels = append(p.levels, level{r.Side, r.Price, r.Qty, line})
	p.sum = p.sum*31 + maphash.Comparable(s.seed, [3]int64{r.Side, int64(r.Price), int64(r.Qty)})
}

// finish ends the piece whose rows have come in. Snapshots are asked for when somebody
// wants one, so they have no place in the order.
func (s *depth) finish() {
	if !s.opened {
		return
	}
	s.opened = false
	if p := &s.open; p.snapshot {
		s.toBook(p)
	} else {
		s.order.add(item[piece]{key: p.last, when: p.at.at, at: p.at, lost: s.openLost, v: *p})
	}
}

func (s *depth) toBook(p *piece) {
	s.book.take(p)
	s.free = append(s.free, p.levels)
	p.levels = nil
}

// pass takes the next message in order.
func (s *depth) pass(it *item[piece], first bool) {
	p := it.v
	it.v.levels = nil // what is remembered needs none
	s.count(it.at.source)
	for _, o := range s.rivals() {
		other := o.(*depth)
		compare(&s.track, &other.track, &other.order, it, unlikePieces)
	}
	if !first {
		s.follow(&p, it.lost)
	}
	s.before, s.beforeLost = p, it.lost
	s.before.levels = nil
	s.scratch = s.scratch[:0]
	for i := range p.levels {
		s.scratch = append(s.scratch, p.levels[i].price)
	}
	usual := exchange.Fixed(0)
	if len(s.scratch) > 0 {
		usual = median(s.scratch)
	}
	s.prices.push(usual, p)
}

// follow looks at how a message hangs together with the one before.
func (s *depth) follow(p *piece, lost int64) {
	named := p.prev
	if s.rule == book.Spot {
		named = p.first - 1
	}
	if named <= 0 || row.Made(p.last) {
		return // the source does not say
	}
	before := &s.before
	if lost > s.beforeLost {
		p.whole = false
	}
	switch {
	case named == before.last:
	case lost > s.beforeLost:
	case before.first <= named && named < before.last:
		s.a.ledger.span(Chain, s.series.key, before.at, before.lineTo, 0,
			"the message ends with id %d, but the next one follows %d, which lies within it: one of the two is wrong", before.last, named)
		p.prev = before.last
		if s.rule == book.Spot {
			p.first = before.last + 1
		}
	default:
		from := p.at
		from.at = before.at.at
		s.a.ledger.span(Gap, s.series.key, from, p.lineTo, p.at.at,
			"messages are missing: this one follows id %d, the one before ended with %d", named, before.last)
	}
}

// judge looks for prices that cannot be among the levels that a message places, and gives
// the message to the book.
func (s *depth) judge(p *piece, n *neighbours[piece]) {
	o := &s.a.opt
	for i := range p.levels {
		l := &p.levels[i]
		if l.qty == 0 || !n.enough() || !suspect(l, n.low, n.high, o) {
			continue
		}
		if usual := n.usual()[0]; suspect(l, usual, usual, o) {
			at := p.at
			at.line = l.line
			s.find(Price, at, "%s placed at %v, where levels are around %v", sideName(l.side), l.price, usual)
			p.whole = false
		}
	}
	s.toBook(p)
}

// suspect says whether a level could not be at some price between low and high.
func suspect(l *level, low, high exchange.Fixed, o *Options) bool {
	if l.side == row.Bid {
		return l.price/exchange.Fixed(o.BidTimes) >= low
	}
	return l.price/exchange.Fixed(o.AskTimes) >= low || l.price <= high/exchange.Fixed(o.AskPart)
}

func sideName(side int64) string {
	if side == row.Bid {
		return "a bid"
	}
	return "an ask"
}

// leave ends the last piece too: it may be the snapshot that another file waits for.
func (s *depth) leave() {
	s.finish()
	s.track.leave()
}

func (s *depth) end() {
	s.finish()
	s.order.end()
	s.prices.end()
}
