package csv

import (
	"fmt"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// snapshots reads the datasets book_snapshot_5 and book_snapshot_25 of tardis.dev: each
// line is a snapshot of the top of a book, a piece of its own.
type snapshots struct {
	fields
	cells  []cell
	levels []topLevel
	key    row.Key
	out    *collector
	series directory[topSeries]
	rows   []row.Level
	passed tally
}

// topLevel is where a level of the top stands in a line.
type topLevel struct {
	side       int64
	price, qty int
	name       string
}

// topSeries is a series of snapshots with the one before.
type topSeries struct {
	*series[row.Level, *row.Level]
	chain
}

var snapshotTable = []column{
	{name: "time", header: "timestamp", need: true},
	{name: "local", header: "local_timestamp", need: true},
}

func newSnapshots(h *header, key row.Key, out *collector) (layout, error) {
	at, err := bindHeaders(tardisName, snapshotTable, h)
	if err != nil {
		return nil, err
	}
	if key.Kind, err = kindOf(key.Kind, row.PartialDepth); err != nil {
		return nil, err
	}
	s := &snapshots{cells: cells[row.Level](snapshotTable, at, ""), key: key, out: out}
	s.comma, s.width = h.comma, h.width
	for _, side := range []struct {
		name string
		is   int64
	}{{"bids", row.Bid}, {"asks", row.Ask}} {
		for i := 0; ; i++ {
			name := fmt.Sprintf("%s[%d]", side.name, i)
			l := topLevel{side.is, slices.Index(h.names, name+".price"), slices.Index(h.names, name+".amount"), name}
			if l.price < 0 && l.qty < 0 {
				break
			}
			if l.price < 0 || l.qty < 0 {
				return nil, fmt.Errorf("level %s has no price or no amount; the file has %s", name, quoted(h.names))
			}
			s.levels = append(s.levels, l)
		}
	}
	return s, nil
}

// take reads a snapshot, whole or not at all.
func (s *snapshots) take(line []byte, number int64) (row.Key, error) {
	if err := s.split(line); err != nil {
		return row.Key{}, err
	}
	to, err := s.series.find(s.value[0], s.value[1], s.open)
	if err != nil {
		return row.Key{}, err
	}
	if to.series == nil {
		s.passed.add(otherSymbols)
		return row.Key{}, nil
	}
	head := row.Level{Snapshot: true}
	if err := decode(s.cells, &s.fields, &head); err != nil {
		return to.key, err
	}
	// Each line is a snapshot, also of the instant of the one before.
	head.Last = max(row.MakeID(head.Time, 0), to.piece.Last+1)
	if err := s.read(&head); err != nil {
		return to.key, err
	}
	for i := range s.rows {
		if err := s.rows[i].Check(&to.key); err != nil {
			return to.key, err
		}
	}
	for i := range s.rows {
		if err := to.add(&s.rows[i], number); err != nil {
			return to.key, err
		}
	}
	to.taken(&head)
	return to.key, nil
}

// read makes the levels of a snapshot; one side, or both, may have fewer than the header.
func (s *snapshots) read(head *row.Level) error {
	s.rows = s.rows[:0]
	for i := range s.levels {
		l := &s.levels[i]
		price, qty := s.value[l.price], s.value[l.qty]
		if len(price) == 0 && len(qty) == 0 {
			continue
		}
		r := *head
		r.Side, r.Begins = l.side, len(s.rows) == 0
		p, err := decimal(price)
		if err != nil {
			return &row.Fault{Column: l.name + ".price", Err: err}
		}
		q, err := decimal(qty)
		if err != nil {
			return &row.Fault{Column: l.name + ".amount", Err: err}
		}
		r.Price, r.Qty = exchange.Fixed(p), exchange.Fixed(q)
		s.rows = append(s.rows, r)
	}
	if len(s.rows) == 0 {
		empty := *head
		empty.Begins = true
		s.rows = append(s.rows, empty)
	}
	return nil
}

func (s *snapshots) open(exchangeName, symbol string) (*topSeries, error) {
	key, wanted, err := tardisKey(s.key, exchangeName, symbol)
	if err != nil || !wanted {
		return &topSeries{}, err
	}
	to, err := newSeries[row.Level](key, s.out)
	return &topSeries{series: to}, err
}

func (s *snapshots) end() error { return nil }

func (s *snapshots) notes(n *source.Notes) { n.Passed = s.passed }
