package backtest

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/strategy"
)

// The checker holds what a strategy was told of its orders to the tape. It reads the tape
// itself and has books, sums and places in line of its own, made as simply as can be. Its
// claims, for each order at each price:
//
//	arrival  no fill before the order was there, or after it had left
//	price    it fills as a maker, at its own price, whole lots
//	reach    no fill unless the tape prints at its price or through it at that instant
//	print    what all orders of a side fill at an instant is no more than the prints that
//	         reached them, counted from the deepest order up
//	volume   all it has filled is no more than was printed at or through its price since
//	queue    all it has filled is no more than the prints since that got past what stood
//	         ahead of it
//
// What stands ahead is counted in the order's favour: whatever was shown when it joined,
// less the prints at its price, never more than what is shown by book or ticker, and
// nothing once the market went through. With cancels counted as ahead, it also bounds the
// probabilistic models: every fall of what is shown brings the order forward.
type checker struct {
	t       testing.TB
	cancels bool // all cancels are ahead
	books   map[exchange.InstrumentID]*plainBook
	pending []*watched // by the time they join
	active  []*watched
	counts  map[string]int // claims that were held against something, by name
	broken  map[string]int
	first   map[string]string // what broke each claim first
	shared  int               // instants at which several orders of a side filled
	walks   map[*stay]*walk   // of the orders that are walked through
}

// watched is an order at a price, as the checker follows it.
type watched struct {
	*stay
	ahead, printed, through, past exchange.Fixed
	shown                         exchange.Fixed // now
	next                          int            // of its fills
	got                           exchange.Fixed
	walk                          *walk // nil for most
}

// plainBook is a book as maps of prices, and the last ticker.
type plainBook struct {
	levels [exchange.Sell + 1]map[exchange.Fixed]exchange.Fixed
	ticker exchange.BookTicker
}

func (b *plainBook) apply(d *exchange.Depth) {
	for side, list := range map[exchange.Side][]exchange.Level{exchange.Buy: d.Bids, exchange.Sell: d.Asks} {
		if b.levels[side] == nil || d.Snapshot {
			b.levels[side] = map[exchange.Fixed]exchange.Fixed{}
		}
		for _, l := range list {
			b.levels[side][l.Price] = l.Qty
		}
	}
}

// best is the best price of a side by the ticker.
func (b *plainBook) best(side exchange.Side) exchange.Fixed {
	if side == exchange.Buy {
		return b.ticker.Bid
	}
	return b.ticker.Ask
}

// shown is the least that book or ticker show at a price.
func (b *plainBook) shown(side exchange.Side, price exchange.Fixed) exchange.Fixed {
	qty := b.levels[side][price]
	best, at := b.best(side), b.ticker.BidQty
	if side == exchange.Sell {
		at = b.ticker.AskQty
	}
	if best == price {
		return min(qty, at)
	}
	if best != 0 && better(side, price, best) {
		return 0
	}
	return qty
}

// better says whether a buyer, or a seller, who posts a stands before one who posts b.
func better(side exchange.Side, a, b exchange.Fixed) bool {
	if side == exchange.Buy {
		return a > b
	}
	return a < b
}

// checkFills holds a diary to a tape and returns the checker with its counts.
func checkFills(t testing.TB, dir string, d *diary, cancels bool) *checker {
	t.Helper()
	return walkFills(t, dir, d, cancels, nil)
}

// walkFills is checkFills that writes down what happened to some orders.
func walkFills(t testing.TB, dir string, d *diary, cancels bool, walks map[*stay]*walk) *checker {
	t.Helper()
	c := &checker{
		t: t, cancels: cancels, books: map[exchange.InstrumentID]*plainBook{}, walks: walks,
		counts: map[string]int{}, broken: map[string]int{}, first: map[string]string{},
	}
	for _, s := range d.stays {
		c.pending = append(c.pending, &watched{stay: s, walk: walks[s]})
	}
	slices.SortStableFunc(c.pending, func(a, b *watched) int { return int(a.joined - b.joined) })
	eachInstant(t, dir, c.instant)
	for _, w := range append(c.active, c.pending...) {
		c.claim("arrival", w.next == len(w.fills), w, "%d fills are at no instant at which it was there", len(w.fills)-w.next)
	}
	return c
}

// eachInstant plays a tape by the exchange's clock, an instant at a time. UM is 1, CM 2.
func eachInstant(t testing.TB, dir string, do func(at exchange.Time, events []exchange.Event)) {
	t.Helper()
	store, err := tape.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Reader(tape.ReaderSpec{Series: store.Series(), Instrument: func(p exchange.Product, _ string) (exchange.InstrumentID, error) {
		return exchange.InstrumentID(p), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var held []exchange.Event
	for buf := make([]exchange.Event, 512); ; {
		n, err := r.Next(buf)
		for i := range buf[:n] {
			if len(held) > 0 && held[0].At != buf[i].At {
				do(held[0].At, held)
				held = held[:0]
			}
			held = append(held, buf[i])
			own(&held[len(held)-1])
		}
		if errors.Is(err, io.EOF) {
			if len(held) > 0 {
				do(held[0].At, held)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (c *checker) book(id exchange.InstrumentID) *plainBook {
	if c.books[id] == nil {
		c.books[id] = &plainBook{}
	}
	return c.books[id]
}

// instant shows the events of an instant to the orders that were there before, holds the
// fills of the instant to them, and lets in the orders that have joined. Prints come
// first: the books of the instant are what they left.
func (c *checker) instant(at exchange.Time, events []exchange.Event) {
	slices.SortStableFunc(events, func(a, b exchange.Event) int { return cmp.Compare(after(&a), after(&b)) })
	c.prints(at, events)
	for i := range events {
		e := &events[i]
		b := c.book(e.Inst)
		for _, w := range c.active {
			if w.inst == e.Inst && e.Kind == exchange.KindTrade {
				w.print(e, c.reaches(w.inst, w.side, w.price, e.Trade()))
			}
		}
		switch e.Kind {
		case exchange.KindDepth:
			b.apply(e.Depth())
		case exchange.KindBookTicker:
			b.ticker = e.BookTicker()
		}
		for _, w := range c.active {
			if w.inst == e.Inst && e.Kind != exchange.KindTrade {
				w.show(at, b, c.cancels)
			}
		}
	}
	for _, w := range c.active {
		c.fills(at, w)
	}
	c.active = slices.DeleteFunc(c.active, func(w *watched) bool { return w.left <= at && w.next == len(w.fills) })
	for len(c.pending) > 0 && c.pending[0].joined <= at {
		w := c.pending[0]
		c.pending = c.pending[1:]
		w.shown = c.book(w.inst).shown(w.side, w.price)
		w.ahead = w.shown
		w.walk.joins(w)
		c.active = append(c.active, w)
	}
}

func after(e *exchange.Event) int {
	if e.Kind == exchange.KindTrade {
		return 0
	}
	return 1
}

// reach is how a print comes to an order's price.
type reach uint8

const (
	misses  reach = iota
	meets         // at the price, by an aggressor who takes from the line there
	crosses       // at the price or through it, past everybody who stood before us
)

// reaches says how a print comes to an order. One at the price by an aggressor of our own
// side met somebody of the other side, who stood where only we can stand, if book or
// ticker had the other side there.
func (c *checker) reaches(inst exchange.InstrumentID, side exchange.Side, price exchange.Fixed, t exchange.Trade) reach {
	switch {
	case better(side, price, t.Price):
		return crosses
	case t.Price != price:
		return misses
	case c.crossed(inst, side, price):
		return crosses
	case t.BuyerMaker == (side == exchange.Buy):
		return meets
	}
	return misses
}

// crossed says whether the other side stood at a price or through it before the instant.
func (c *checker) crossed(inst exchange.InstrumentID, side exchange.Side, price exchange.Fixed) bool {
	there := func(best exchange.Fixed) bool { return best != 0 && !better(side, best, price) }
	b, other := c.book(inst), side.Opposite()
	if there(b.best(other)) {
		return true
	}
	for p, qty := range b.levels[other] {
		if qty > 0 && there(p) {
			return true
		}
	}
	return false
}

// print counts a print.
func (w *watched) print(e *exchange.Event, how reach) {
	p := e.Trade()
	switch how {
	case crosses:
		w.through += p.Qty
		w.past += p.Qty
		w.ahead = 0
		w.walk.through(e)
	case meets:
		w.printed += p.Qty
		w.past += max(0, p.Qty-w.ahead)
		w.walk.print(e, w.ahead)
		w.ahead = max(0, w.ahead-p.Qty)
	}
}

// show lowers what is ahead to what is shown. With cancels ahead, the fall of what is
// shown counts as well.
func (w *watched) show(at exchange.Time, b *plainBook, cancels bool) {
	now := b.shown(w.side, w.price)
	if cancels && now < w.shown {
		w.ahead = max(0, w.ahead-(w.shown-now))
	}
	w.shown = now
	if now < w.ahead {
		w.walk.less(at, w.ahead, now)
		w.ahead = now
	}
}

// fills holds the fills of an order at an instant to what it may have had.
func (c *checker) fills(at exchange.Time, w *watched) {
	for w.next < len(w.fills) && w.fills[w.next].at <= at {
		f := w.fills[w.next]
		w.next++
		w.got += f.qty
		w.walk.fills(w, f)
		c.claim("arrival", f.at > w.joined && !f.afterwards && f.at == at, w, "it fills at %v", f.at)
		c.claim("price", f.maker && f.price == w.price && f.qty%w.lot == 0, w, "it fills %v at %v, maker %v", f.qty, f.price, f.maker)
		c.claim("volume", w.got <= w.printed+w.through, w, "%v filled of %v printed there and %v through it", w.got, w.printed, w.through)
		c.claim("queue", w.got <= w.past, w, "%v filled, but only %v got past what was ahead, %v still is", w.got, w.past, w.ahead)
	}
}

// prints holds all fills of an instant to its prints.
func (c *checker) prints(at exchange.Time, events []exchange.Event) {
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		filled, orders := map[exchange.InstrumentID]map[exchange.Fixed]exchange.Fixed{}, map[strategy.Ref]bool{}
		for _, w := range c.active {
			for _, f := range w.fills[w.next:] {
				if f.at == at && w.side == side {
					if filled[w.inst] == nil {
						filled[w.inst] = map[exchange.Fixed]exchange.Fixed{}
					}
					filled[w.inst][w.price] += f.qty
					orders[w.ref] = true
				}
			}
		}
		if len(orders) > 1 {
			c.shared++
		}
		for id, prices := range filled {
			for _, price := range slices.Sorted(maps.Keys(prices)) {
				var own, reached exchange.Fixed
				for p, qty := range prices { // of this order and the deeper ones
					if p == price || better(side, price, p) {
						own += qty
					}
				}
				for i := range events {
					if e := &events[i]; e.Inst == id && e.Kind == exchange.KindTrade {
						if c.reaches(id, side, price, e.Trade()) != misses {
							reached += e.Trade().Qty
						}
					}
				}
				w := &watched{stay: &stay{inst: id, side: side, price: price}}
				c.claim("reach", reached > 0, w, "it fills %v at %v, where nothing reached it", own, at)
				c.claim("print", own <= reached, w, "fills of %v at %v come from prints of %v", own, at, reached)
			}
		}
	}
}

func (c *checker) claim(name string, holds bool, w *watched, format string, args ...any) {
	c.counts[name]++
	if holds {
		return
	}
	c.broken[name]++
	if c.first[name] == "" {
		c.first[name] = fmt.Sprintf("%v %v at %v, joined %v with %v: %s", exchange.Product(w.inst), w.side, w.price, w.joined, w.stay.qty, fmt.Sprintf(format, args...))
	}
}

// report fails the test for every claim that broke.
func (c *checker) report(what string) {
	c.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(c.counts)) {
		c.t.Logf("%s: %-8s held %6d times, broken %d", what, name, c.counts[name], c.broken[name])
		if c.broken[name] > 0 {
			c.t.Errorf("%s: %s is broken %d times, first: %s", what, name, c.broken[name], c.first[name])
		}
	}
}
