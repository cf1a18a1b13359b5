package market

import (
	"cmp"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

// reader is a second, plain reading of a market of ticks: it keeps books by package book
// and holds every event against them and against the events before.
type reader struct {
	t     *testing.T
	spec  TickSpec
	legs  []watched // by instrument id; 0 is unused
	last  exchange.Event
	index map[string]exchange.Fixed
	// due are the promises by kind, instrument and asset, and seen when they were kept last.
	due   map[promise]time.Duration
	seen  map[promise]exchange.Time
	count map[exchange.Kind]int
}

type promise struct {
	kind  exchange.Kind
	inst  exchange.InstrumentID
	asset string
}

// watched is what the reader knows of a leg.
type watched struct {
	in     *exchange.Instrument
	book   *book.Book
	ticker exchange.BookTicker
	mark   exchange.Mark
	trade  exchange.Trade
	// left is the side of the book that trades of this instant take from, by [buys].
	left [2][]exchange.Level
	at   exchange.Time // of what left was made for
	run  []exchange.Trade
	told map[exchange.Fixed]bool // prices of this instant's piece
	last exchange.Time           // of its events
}

func newReader(t *testing.T, s TickSpec) *reader {
	r := &reader{
		t: t, spec: s, index: map[string]exchange.Fixed{},
		due: map[promise]time.Duration{}, seen: map[promise]exchange.Time{}, count: map[exchange.Kind]int{},
	}
	for _, in := range s.Legs {
		r.legs = slices.Grow(r.legs, int(in.ID)+1)[:max(len(r.legs), int(in.ID)+1)]
		r.legs[in.ID] = watched{in: in, book: book.New(book.RuleOf(in.Product))}
	}
	return r
}

// until reads the market to an instant, which is the last one read.
func (r *reader) until(m *Ticks, end exchange.Time, visit func(*exchange.Event)) {
	r.t.Helper()
	buf := make([]exchange.Event, m.InstantMax())
	for r.last.At < end {
		n, err := m.Next(buf)
		if n == 0 || err != nil {
			r.t.Fatalf("Next = %d, %v", n, err)
		}
		for i := range buf[:n] {
			r.read(&buf[i])
			if visit != nil {
				visit(&buf[i])
			}
		}
		r.instant()
	}
}

func (r *reader) fatal(e *exchange.Event, format string, args ...any) {
	r.t.Helper()
	name := ""
	if e.Inst != 0 {
		name = r.legs[e.Inst].in.Name()
	}
	r.t.Fatalf("%v %v %s: "+format, append([]any{e.At, e.Kind, name}, args...)...)
}

// rankOfTicks is the order of an instant; within a leg trades, liquidation, piece, ticker.
func rankOfTicks(k exchange.Kind) int {
	switch k {
	case exchange.KindCadence:
		return 0
	case exchange.KindAssetIndex:
		return 1
	case exchange.KindMark:
		return 2
	case exchange.KindFunding:
		return 4
	default:
		return 3
	}
}

func (r *reader) read(e *exchange.Event) {
	r.t.Helper()
	r.order(e)
	r.kept(e)
	r.count[e.Kind]++
	w := &r.legs[e.Inst]
	w.last = e.At
	if e.Inst != 0 && w.in.Delivery != 0 && e.At >= w.in.Delivery {
		r.fatal(e, "after delivery")
	}
	switch e.Kind {
	case exchange.KindAssetIndex:
		r.index[e.AssetIndex().Asset] = e.AssetIndex().Price
	case exchange.KindTrade:
		r.trade(w, e)
	case exchange.KindLiquidation:
		r.liquidation(w, e)
	case exchange.KindDepth:
		r.depth(w, e)
	case exchange.KindBookTicker:
		b := e.BookTicker()
		same := b
		same.UpdateID = w.ticker.UpdateID
		if b != w.book.BookTicker() || same == w.ticker {
			r.fatal(e, "%+v after %+v, the book has %+v", b, w.ticker, w.book.BookTicker())
		}
		w.ticker = b
	case exchange.KindMark:
		r.mark(w, e)
	case exchange.KindFunding:
		f := e.Funding()
		if f.Rate != w.mark.Rate || f.Mark != w.mark.Price || w.mark.NextFunding != e.At || f.Interval != fundingEvery || e.At%exchange.Time(fundingEvery) != 0 {
			r.fatal(e, "settled %+v, the mark said %+v", f, w.mark)
		}
	}
	r.last = *e
}

// order checks times and the order within an instant.
func (r *reader) order(e *exchange.Event) {
	r.t.Helper()
	b := &r.last
	switch {
	case e.Seq != 0 || e.Flags&exchange.FlagDerived != 0 || e.Exchange != e.At || e.At%exchange.Time(r.spec.Step) != 0:
		r.fatal(e, "Seq %d, flags %d, exchange time %v", e.Seq, e.Flags, e.Exchange)
	case b.Kind == 0 && e.At != r.spec.Start || e.At < b.At:
		r.fatal(e, "comes after %v", b.At)
	case e.At > b.At || b.Kind == 0:
	case rankOfTicks(e.Kind) < rankOfTicks(b.Kind):
		r.fatal(e, "comes after %v", b.Kind)
	case rankOfTicks(e.Kind) == rankOfTicks(b.Kind) && cmp.Compare(r.place(e), r.place(b)) < 0:
		r.fatal(e, "leg comes after %s", r.legs[b.Inst].in.Name())
	}
}

// place is where a leg stands in the spec.
func (r *reader) place(e *exchange.Event) int {
	if e.Inst == 0 {
		return len(r.spec.Legs) // promises of assets come after those of legs
	}
	return slices.Index(r.spec.Legs, r.legs[e.Inst].in)
}

// kept checks that values come as promised, and none unpromised but liquidations.
func (r *reader) kept(e *exchange.Event) {
	r.t.Helper()
	p := promise{kind: e.Kind, inst: e.Inst}
	switch e.Kind {
	case exchange.KindCadence:
		c := e.Cadence()
		r.due[promise{c.Kind, e.Inst, c.Asset}] = c.Every
		return
	case exchange.KindLiquidation:
		return
	case exchange.KindAssetIndex:
		p.asset = e.AssetIndex().Asset
	}
	every, promised := r.due[p]
	if before, again := r.seen[p]; !promised || again && e.At.Sub(before) > every || !again && e.At.Sub(r.spec.Start) > every {
		r.fatal(e, "promised every %v, the last came at %v", every, before)
	}
	r.seen[p] = e.At
}

// instant checks what must hold when all events of an instant have been read.
func (r *reader) instant() {
	r.t.Helper()
	at := r.last.At
	for _, in := range r.spec.Legs {
		w := &r.legs[in.ID]
		if w.in.Delivery != 0 && at >= w.in.Delivery {
			continue
		}
		b := w.book.BookTicker()
		if b.UpdateID = w.ticker.UpdateID; b != w.ticker {
			r.t.Fatalf("%v %s: the best is %+v, the last ticker said %+v", at, w.in.Name(), b, w.ticker)
		}
		if w.at == at && len(w.run) > 0 {
			for _, t := range w.run {
				if !w.told[t.Price] {
					r.t.Fatalf("%v %s: nothing tells what a trade at %v left", at, w.in.Name(), t.Price)
				}
			}
		}
		w.run, w.told = w.run[:0], nil
		if at%exchange.Time(time.Minute) != 0 {
			continue
		}
		for _, p := range []promise{{exchange.KindMark, w.in.ID, ""}, {exchange.KindDepth, w.in.ID, ""}, {exchange.KindTrade, w.in.ID, ""}, {exchange.KindBookTicker, w.in.ID, ""}} {
			if every, ok := r.due[p]; ok && at.Sub(max(r.seen[p], r.spec.Start)) > every {
				r.t.Fatalf("%v %s: no %v since %v", at, w.in.Name(), p.kind, r.seen[p])
			}
		}
	}
}

// trade checks that a trade takes from the best of what its instant's trades have left of
// the book that was told before.
func (r *reader) trade(w *watched, e *exchange.Event) {
	r.t.Helper()
	t := e.Trade()
	if w.at != e.At {
		w.at = e.At
		w.left[0] = w.book.Append(w.left[0][:0], exchange.Sell, w.book.Len(exchange.Sell))
		w.left[1] = w.book.Append(w.left[1][:0], exchange.Buy, w.book.Len(exchange.Buy))
	}
	if w.told != nil {
		r.fatal(e, "comes after the piece of the book that should have it")
	}
	side := &w.left[0]
	if t.BuyerMaker {
		side = &w.left[1]
	}
	best := &(*side)[0]
	if t.Price != best.Price || t.Qty <= 0 || t.Qty > best.Qty || t.Qty%w.in.Lot.Step != 0 {
		r.fatal(e, "%+v takes from %+v", t, *best)
	}
	if t.ID != w.trade.ID+1 || t.First != w.trade.Last+1 || t.Last < t.First {
		r.fatal(e, "%+v follows %+v", t, w.trade)
	}
	if best.Qty -= t.Qty; best.Qty == 0 {
		*side = (*side)[1:]
	}
	w.trade = t
	w.run = append(w.run, t)
}

// liquidation checks that the trades just before are those of the forced order.
func (r *reader) liquidation(w *watched, e *exchange.Event) {
	r.t.Helper()
	l := e.Liquidation()
	left, value := l.Qty, new(big.Int)
	for i := len(w.run) - 1; i >= 0 && left > 0; i-- {
		t := w.run[i]
		beyond := l.Price < t.Price
		if l.Side == exchange.Sell {
			beyond = l.Price > t.Price
		}
		if t.BuyerMaker != (l.Side == exchange.Sell) || t.Qty > left || beyond {
			r.fatal(e, "%+v, but before it was traded %+v", l, t)
		}
		left -= t.Qty
		value.Add(value, new(big.Int).Mul(big.NewInt(int64(t.Price)), big.NewInt(int64(t.Qty))))
	}
	mean := value.Quo(value, big.NewInt(int64(l.Qty))).Int64()
	if left != 0 || (l.Average-exchange.Fixed(mean)).Abs() > 1 || w.in.Product == exchange.Margin || l.Price%w.in.Tick != 0 {
		r.fatal(e, "%+v, but %v of it was not traded and the mean is %v", l, left, exchange.Fixed(mean))
	}
}

// depth checks a piece and applies it.
func (r *reader) depth(w *watched, e *exchange.Event) {
	r.t.Helper()
	d := e.Depth()
	last, spot := w.book.UpdateID(), w.in.Product == exchange.Margin
	for bids, levels := range [][]exchange.Level{d.Asks, d.Bids} {
		for i, l := range levels {
			if l.Price <= 0 || l.Price%w.in.Tick != 0 || l.Qty < 0 || l.Qty%w.in.Lot.Step != 0 || l.Qty == 0 && d.Snapshot {
				r.fatal(e, "level %+v", l)
			}
			if i > 0 && cmp.Compare(l.Price, levels[i-1].Price) != 1-2*bids {
				r.fatal(e, "%v follows %v", l, levels[i-1])
			}
		}
	}
	switch {
	case d.Snapshot:
		if d.First != 0 || d.Prev != 0 || w.book.Ready() && (d.Last != last || !w.equals(d)) {
			r.fatal(e, "snapshot %d is not the book %d", d.Last, last)
		}
	case d.Last < d.First || spot && (d.First != last+1 || d.Prev != 0) || !spot && (d.First <= last || d.Prev != last):
		r.fatal(e, "ids %d to %d, %d before, follow %d", d.First, d.Last, d.Prev, last)
	default:
		w.told = map[exchange.Fixed]bool{}
		for _, l := range slices.Concat(d.Bids, d.Asks) {
			w.told[l.Price] = true
		}
	}
	if got := w.book.Apply(d); got != book.Applied {
		r.fatal(e, "%v", got)
	}
	levels := r.spec.levels()
	bids, asks := w.book.Len(exchange.Buy), w.book.Len(exchange.Sell)
	if asks != levels || bids != levels && w.book.At(exchange.Buy, 0).Price > exchange.Fixed(100*levels)*w.in.Tick || bids == 0 {
		r.fatal(e, "%d bids and %d asks", bids, asks)
	}
}

// equals says whether a snapshot is what the book has.
func (w *watched) equals(d *exchange.Depth) bool {
	return slices.Equal(d.Bids, w.book.Append(nil, exchange.Buy, w.book.Len(exchange.Buy))) &&
		slices.Equal(d.Asks, w.book.Append(nil, exchange.Sell, w.book.Len(exchange.Sell)))
}

// mark checks a mark against the index prices, the book and the rules of the product.
func (r *reader) mark(w *watched, e *exchange.Event) {
	r.t.Helper()
	m := e.Mark()
	w.mark = m
	index := r.index[w.in.Base].Float()
	if w.in.Quote != "USD" {
		index /= r.index[w.in.Quote].Float()
	}
	if far(m.Index.Float(), index, 1e-7+1e-8/index) || far(m.Price.Float(), index, 0.05) {
		r.fatal(e, "%+v, index is %v", m, index)
	}
	if w.in.Delivery != 0 {
		if m.Rate != 0 || m.NextFunding != 0 || far(m.Settle.Float(), index, 0.05) {
			r.fatal(e, "%+v", m)
		}
		return
	}
	if left := m.NextFunding.Sub(e.At); left < 0 || left >= fundingEvery || m.NextFunding%exchange.Time(fundingEvery) != 0 || m.Rate.Abs() > fundingCap || m.Settle != 0 {
		r.fatal(e, "%+v", m)
	}
}

func far(a, b, share float64) bool { return a < b*(1-share) || a > b*(1+share) }
