package tape

import (
	"fmt"
	"io"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/book"
)

const (
	// levelsMax bounds the levels of a piece of a book; there are 10,000 in the largest
	// snapshot that Binance gives.
	levelsMax = 1 << 20
	// levelsKept bounds the levels of a side that a used piece keeps room for.
	levelsKept = 1024
)

// playDepth plays pieces of order books, each as one event. A replay that begins within
// the tape begins with the book as it is then, made of the pieces since the last snapshot
// before, unless there is none or the book has lost something since.
func playDepth() playing[row.Level] {
	return playing[row.Level]{
		columns: []string{"time", "first_id", "last_id", "prev_id", "snapshot", "begins", "side", "price", "qty"}, perRow: 2,
		maker: func(l *lane) maker[row.Level] { return &pieces{lane: l} },
		early: func(l *lane, parts []part, g *gate) error {
			at, ok, err := lastSnapshot(parts, l.first)
			if ok {
				l.first, g.book = at, book.New(book.RuleOf(l.key.Product))
			}
			return err
		},
	}
}

// pieces joins rows to pieces. A piece may go on in the next rows, whatever block or file
// they are in.
type pieces struct {
	*lane
	// piece is what the last rows have begun, nil if nothing: of the time when, at At and
	// sent at Exchange.
	piece          *exchange.Depth
	when, at, sent exchange.Time
	// free are pieces for use again.
	free []*exchange.Depth
}

func (m *pieces) add(b *block, rows []row.Level) (exchange.Time, error) {
	for i := range rows {
		r := &rows[i]
		if r.Begins || m.piece == nil {
			m.finish(b)
			m.begin(r)
		}
		level := exchange.Level{Price: r.Price, Qty: r.Qty}
		switch r.Side {
		case row.Bid:
			m.piece.Bids = append(m.piece.Bids, level)
		case row.Ask:
			m.piece.Asks = append(m.piece.Asks, level)
		}
		if len(m.piece.Bids)+len(m.piece.Asks) > levelsMax {
			return 0, damaged(fmt.Errorf("%s: a piece of the book at %v has more than %d levels", m.key, m.when, levelsMax))
		}
	}
	return m.when, nil
}

func (m *pieces) begin(r *row.Level) {
	m.when = r.Time.Time()
	m.at, m.sent = m.stamp(m.when, r.Event.Time(), r.Local)
	if n := len(m.free); n > 0 {
		m.piece, m.free = m.free[n-1], m.free[:n-1]
	} else {
		m.piece = &exchange.Depth{}
	}
	p := m.piece
	p.First, p.Last, p.Prev, p.Snapshot = r.First, r.Last, r.Prev, r.Snapshot
	p.Bids, p.Asks = p.Bids[:0], p.Asks[:0]
}

func (m *pieces) finish(b *block) {
	if m.piece == nil {
		return
	}
	e := &b.grow(1)[0]
	e.At, e.Exchange, e.Inst = m.at, m.sent, m.inst
	e.SetDepth(m.piece)
	b.keep(1)
	m.piece = nil
}

func (m *pieces) reclaim(events []exchange.Event) {
	for i := range events {
		p := events[i].Depth()
		if cap(p.Bids) > levelsKept {
			p.Bids = nil
		}
		if cap(p.Asks) > levelsKept {
			p.Asks = nil
		}
		m.free = append(m.free, p)
	}
}

// lastSnapshot finds the time of the last snapshot before an instant.
func lastSnapshot(parts []part, before exchange.Time) (at exchange.Time, ok bool, err error) {
	for i := len(parts) - 1; i >= 0 && !ok && err == nil; i-- {
		if parts[i].meta.first < before {
			at, ok, err = lastSnapshotOf(parts[i].path, before)
		}
	}
	return at, ok, err
}

// lastSnapshotOf reads two columns of row groups, from the last one back, passing over
// those that have no snapshot by their statistics.
func lastSnapshotOf(path string, before exchange.Time) (at exchange.Time, ok bool, err error) {
	file, err := openSelected[row.Level](path, &selection{to: before, columns: []string{"time", "snapshot"}})
	if err != nil {
		return 0, false, err
	}
	defer file.close()
	column := file.place("snapshot")
	rows := make([]row.Level, chunkRows)
	for group := len(file.groups) - 1; group >= 0 && !ok; group-- {
		if _, most, known := file.bounds(group, column); known && most == 0 {
			continue
		}
		file.group, file.groups = group, file.groups[:group+1]
		for {
			n, err := file.read(rows)
			if err == io.EOF {
				break
			}
			if err != nil {
				return 0, false, err
			}
			for i := range rows[:n] {
				if r := &rows[i]; r.Snapshot && r.Time.Time() < before {
					at, ok = r.Time.Time(), true
				}
			}
		}
	}
	return at, ok, nil
}
