package tape

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

const (
	// blockEvents is how many events are made at a time. A series has two blocks, one
	// being played and one being filled, of 96 bytes an event.
	blockEvents = 2048
	// chunkRows is how many rows are loaded at a time: 40 kB, so that the columns of a
	// chunk meet in the cache.
	chunkRows = 512
)

// block is a run of events of one series, in the order in which they are played.
type block struct {
	events []exchange.Event
	// bars are what events of bars point to.
	bars []exchange.Bar
	// err is why there are no more events, io.EOF after the last.
	err error
}

// grow returns room for n events after those that the block has. All but their Seq is to
// be set; keep then takes as many of them as were.
func (b *block) grow(n int) []exchange.Event {
	if b.events == nil {
		b.events = make([]exchange.Event, 0, blockEvents)
	}
	b.events = slices.Grow(b.events, n)
	return b.events[len(b.events) : len(b.events)+n]
}

func (b *block) keep(n int) { b.events = b.events[:len(b.events)+n] }

// decoder makes the events of one series.
type decoder interface {
	// decode fills a block anew, with one event at least; io.EOF ends. Bodies of events
	// are the block's.
	decode(b *block) error
	close() error
}

// playing says how rows of a type become events.
type playing[R any] struct {
	// columns are those that events are made of.
	columns []string
	// perRow is how many events' room a row takes in a block.
	perRow int
	// maker begins to make the events of a series; nil for kinds that become none.
	maker func(l *lane) maker[R]
	// early moves the first row that is read to where what comes from the lower bound on
	// can be understood; nil if that needs no rows before.
	early func(l *lane, parts []part, g *gate) error
}

// maker makes events of rows.
type maker[R any] interface {
	// add appends the events of rows to a block, those of one series in the order of the
	// files, and returns a time of rows that nothing still to be appended is before.
	add(b *block, rows []R) (exchange.Time, error)
	// finish appends what the last rows have begun.
	finish(b *block)
	// reclaim takes back the bodies of events that are not used any more.
	reclaim(events []exchange.Event)
}

// whole is the part of a maker whose events need one row each and have no body.
type whole struct{}

func (whole) finish(*block) {}

func (whole) reclaim([]exchange.Event) {}

// rowDecoder makes the events of a series of rows of type R.
type rowDecoder[R any, P row.Row[R]] struct {
	*lane
	stream rowStream[R]
	rows   []R
	maker  maker[R]
	// chunks is how many chunks of rows a block takes.
	chunks int
	gate   gate
	// sort brings events into the order of the recorder's clock; nil by the exchange's.
	sort *sorter
	// ended says that no rows are left, or err why they cannot be read.
	ended bool
	err   error
}

func (f *rowFormat[R, P]) open(l *lane, parts []part) (decoder, error) {
	p := &f.plays
	if p.maker == nil {
		return nil, fmt.Errorf("%s become no events; leave the series out of what is played", l.key.Kind)
	}
	if err := l.bound(parts); err != nil {
		return nil, err
	}
	d := &rowDecoder[R, P]{lane: l, rows: make([]R, chunkRows), maker: p.maker(l), chunks: blockEvents / (chunkRows * p.perRow), gate: gate{from: l.from, to: l.to}}
	if p.early != nil && l.from != 0 {
		if err := p.early(l, parts, &d.gate); err != nil {
			return nil, err
		}
	}
	columns := p.columns
	if l.reads() {
		columns = append(slices.Clone(columns), clockColumns(l.key.Kind)...)
		d.sort = &sorter{low: l.low}
	}
	// The row of a settlement is up to a minute after it.
	d.stream.selected = &selection{from: l.first, to: late(l.last, time.Minute), columns: columns, open: l.open}
	for _, p := range parts {
		if p.overlaps(l.first, l.last) {
			d.stream.parts = append(d.stream.parts, p)
		}
	}
	return d, nil
}

func (d *rowDecoder[R, P]) decode(b *block) error {
	d.maker.reclaim(b.events)
	b.events = b.events[:0]
	for {
		if d.gate.closed {
			return io.EOF
		}
		b.events, b.bars = b.events[:0], b.bars[:0]
		done := d.fill(b)
		d.maker.reclaim(d.gate.before(b))
		d.maker.reclaim(d.gate.after(b))
		switch {
		case len(b.events) > 0:
			return nil
		case d.err != nil:
			return d.err
		case done:
			return io.EOF
		}
	}
}

// fill appends events as far as a block goes and says whether that were the last.
func (d *rowDecoder[R, P]) fill(b *block) (done bool) {
	if d.sort != nil {
		return d.fillSorted(b)
	}
	for chunk := 0; chunk < d.chunks && !d.ended; chunk++ {
		d.more(b)
	}
	return d.ended
}

// fillSorted is fill by the recorder's clock.
func (d *rowDecoder[R, P]) fillSorted(b *block) (done bool) {
	for chunk := 0; ; chunk++ {
		d.sort.release(b)
		if chunk == d.chunks || len(b.events) >= blockEvents || d.ended {
			return d.ended && len(d.sort.waiting) == 0
		}
		d.sort.in.events = d.sort.in.events[:0]
		floor := d.more(&d.sort.in)
		if err := d.sort.take(floor); err != nil && d.err == nil {
			d.ended, d.err = true, fmt.Errorf("%s: %w", d.key, err)
		}
		if d.ended && d.err == nil {
			d.sort.limit = math.MaxInt64
		}
	}
}

// more appends the events of the next rows and returns a time of rows that nothing after
// them is before.
func (d *rowDecoder[R, P]) more(b *block) (floor exchange.Time) {
	n, err := d.stream.read(d.rows)
	if err == io.EOF {
		d.ended = true
		d.maker.finish(b)
		return math.MaxInt64
	}
	rows := d.rows[:n]
	for err == nil && len(rows) > 0 && P(&rows[len(rows)-1]).When() > d.last {
		rows = rows[:len(rows)-1]
	}
	for err == nil && len(rows) > 0 && P(&rows[0]).When() < d.first {
		rows = rows[1:]
	}
	if err == nil && len(rows) > 0 {
		floor, err = d.maker.add(b, rows)
	}
	if err == nil && len(rows) < n && P(&d.rows[n-1]).When() > d.last {
		d.ended = true // rows are sorted: nothing after them fits
		d.maker.finish(b)
		err = d.stream.close()
	}
	if err != nil {
		d.ended, d.err = true, err
	}
	return floor
}

func (d *rowDecoder[R, P]) close() error { return d.stream.close() }

// gate lets pass what lies between two instants, both included.
type gate struct {
	from, to exchange.Time
	// opened says that from has been reached, closed that to has been passed.
	opened, closed bool
	// book takes the pieces of a book from before; nil for other kinds. What it is at from
	// goes into snapshot.
	book     *book.Book
	snapshot exchange.Depth
	dropped  []exchange.Event
}

// before takes the events before the gate out of a block and returns them. If the block
// is the first with others, and the book is in sync, it begins with the book.
func (g *gate) before(b *block) []exchange.Event {
	if g.opened {
		return nil
	}
	n := 0
	for n < len(b.events) && b.events[n].At < g.from {
		if g.book != nil {
			g.book.Apply(b.events[n].Depth())
		}
		n++
	}
	g.dropped = append(g.dropped[:0], b.events[:n]...)
	b.events = b.events[:copy(b.events, b.events[n:])]
	if len(b.events) > 0 {
		g.opened = true
		g.begin(b)
	}
	return g.dropped
}

// begin puts the book before the first event. What lies beyond the horizon of the
// snapshot that the book was made of is left out: a book made of this one must not take
// it for all there is.
func (g *gate) begin(b *block) {
	if g.book == nil || !g.book.Ready() || g.book.Drained() {
		return
	}
	g.snapshot = exchange.Depth{
		Last: g.book.UpdateID(), Snapshot: true,
		Bids: g.book.Append(nil, exchange.Buy, g.book.Known(exchange.Buy)),
		Asks: g.book.Append(nil, exchange.Sell, g.book.Known(exchange.Sell)),
	}
	g.book = nil
	e := exchange.Event{At: g.from, Exchange: g.from, Inst: b.events[0].Inst}
	e.SetDepth(&g.snapshot)
	b.events = slices.Insert(b.events, 0, e)
}

// after takes the events after the gate out of a block and returns them.
func (g *gate) after(b *block) []exchange.Event {
	n := len(b.events)
	for n > 0 && b.events[n-1].At > g.to {
		n--
		g.closed = true
	}
	late := b.events[n:]
	b.events = b.events[:n]
	return late
}
