package csv

import (
	"fmt"
	"slices"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// plain reads files of one series with a row in each line: Binance's archives, files with
// a column map, and our own exports.
type plain[R any, P row.Row[R]] struct {
	fields
	cells  []cell
	series *series[R, P]
	row    R
	absent []string
	rules[R]
}

// rules are what a kind of plain files has beyond its table; each may be nil.
type rules[R any] struct {
	// complete sets what follows from other rows, or finds what is wrong.
	complete func(r *R) error
	// taken learns that the row has become one of the series.
	taken func(r *R)
	// warnings are sentences for the end.
	warnings func() []string
}

// openPlain makes the layout of a kind.
func openPlain(h *header, key row.Key, named source.Columns, out *collector) (layout, error) {
	if err := key.Check(); err != nil {
		return nil, &keyError{err}
	}
	switch key.Kind {
	case row.AggTrades:
		return newPlain(&aggTradeTable, h, key, named, out, tradeRules)
	case row.Trades:
		return newPlain(&tradeTable, h, key, named, out, tradeRules)
	case row.BookTicker:
		return newPlain(&tickerTable, h, key, named, out, tickerRules)
	case row.Depth, row.PartialDepth:
		return newPlain(&levelTable, h, key, named, out, levelRules)
	case row.BookDepth:
		return newPlain[row.Bucket](&bucketTable, h, key, named, out, nil)
	case row.MarkPrice:
		return newPlain[row.Mark](&markTable, h, key, named, out, nil)
	case row.FundingRate:
		return newPlain[row.Funding](&fundingTable, h, key, named, out, nil)
	case row.Metrics:
		return newPlain[row.Metric](&metricTable, h, key, named, out, nil)
	case row.LiquidationSnapshot:
		return newPlain[row.Liquidation](&liquidationTable, h, key, named, out, nil)
	}
	return newPlain(&barTable, h, key, named, out, barRules)
}

func newPlain[R any, P row.Row[R]](
	t *table, h *header, key row.Key, named source.Columns, out *collector, special func(list []cell, k *row.Key) rules[R],
) (layout, error) {
	at, err := t.bind(h, named)
	if err != nil {
		return nil, err
	}
	p := &plain[R, P]{cells: cells[R](t.columns, at, key.Symbol), absent: t.absent(at)}
	p.comma, p.width = h.comma, h.width
	if p.series, err = newSeries[R, P](key, out); err != nil {
		return nil, &keyError{err}
	}
	if special != nil {
		p.rules = special(p.cells, &p.series.key)
	}
	return p, nil
}

func (p *plain[R, P]) take(line []byte, number int64) (row.Key, error) {
	key := p.series.key
	if err := p.split(line); err != nil {
		return key, err
	}
	if err := decode(p.cells, &p.fields, &p.row); err != nil {
		return key, err
	}
	if p.complete != nil {
		if err := p.complete(&p.row); err != nil {
			return key, err
		}
	}
	if err := p.series.add(&p.row, number); err != nil {
		return key, err
	}
	if p.taken != nil {
		p.taken(&p.row)
	}
	return key, nil
}

func (p *plain[R, P]) end() error { return nil }

func (p *plain[R, P]) notes(n *source.Notes) {
	n.Absent = slices.Clone(p.absent)
	if p.warnings != nil {
		n.Warnings = append(n.Warnings, p.warnings()...)
	}
}

// made numbers rows of sources without ids by their times, see row.MakeID.
type made struct {
	at row.Micros
	n  int64
}

// id is that of the next row with a time, of a column whose unit is in nanoseconds. Where
// that is a millisecond, the ids of its later microseconds are free, too.
func (m *made) id(t row.Micros, unit int64) (int64, error) {
	if t != m.at {
		m.at, m.n = t, 0
	}
	n := m.n
	if n >= max(unit, 1000) {
		return 0, &row.Fault{Column: "id", Err: fmt.Errorf("%d rows have the time %v, more than ids can be made for", n+1, t)}
	}
	m.n++
	return row.MakeID(t+row.Micros(n/1000), int(n%1000)), nil
}

const madeWarning = "no column of ids: they are made of the times, and what is missing between rows cannot be told"

// madeRules give rows an id if the file does not.
func madeRules[R any](list []cell, name string, time func(r *R) row.Micros, id func(r *R) *int64) rules[R] {
	if cellOf(list, name) != nil {
		return rules[R]{}
	}
	at, ids := cellOf(list, "time"), &made{}
	return rules[R]{
		complete: func(r *R) (err error) {
			*id(r), err = ids.id(time(r), at.clock.unit)
			return err
		},
		warnings: func() []string { return []string{madeWarning} },
	}
}

func tradeRules(list []cell, _ *row.Key) rules[row.Trade] {
	return madeRules(list, "id", func(r *row.Trade) row.Micros { return r.Time }, func(r *row.Trade) *int64 { return &r.ID })
}

func tickerRules(list []cell, _ *row.Key) rules[row.Ticker] {
	return madeRules(list, "update_id", func(r *row.Ticker) row.Micros { return r.Time }, func(r *row.Ticker) *int64 { return &r.ID })
}

// levelRules find where pieces begin.
func levelRules(list []cell, _ *row.Key) rules[row.Level] {
	p, told := &pieces{}, cellOf(list, "begins") != nil
	return rules[row.Level]{
		complete: func(r *row.Level) error {
			r.Begins = r.Begins && told
			p.mark(r)
			return nil
		},
		taken: p.taken,
	}
}

// pieces tells where one piece of an order book ends and the next begins: rows are of one
// piece while all but side, price and quantity are the same.
type pieces struct{ last row.Level }

// common is a level without what differs within a piece.
func common(r *row.Level) row.Level {
	c := *r
	c.Side, c.Price, c.Qty, c.Begins = row.NoSide, 0, 0, false
	return c
}

// mark sets Begins in the first row of a piece, or leaves it where the file has it.
func (p *pieces) mark(r *row.Level) { r.Begins = r.Begins || common(r) != p.last }

// taken notes that a row counts. One that does not leaves the beginning of its piece to
// the next.
func (p *pieces) taken(r *row.Level) { p.last = common(r) }

// bars are the rules of bars.
type bars struct {
	key    *row.Key
	start  *cell
	closes *cell
	// volumes and volumeless count bars with a volume and without.
	volumes, volumeless int64
	counts              bool
}

func barRules(list []cell, key *row.Key) rules[row.Bar] {
	b := &bars{key: key, start: cellOf(list, "time"), closes: cellOf(list, "close_time"), counts: cellOf(list, "volume") != nil}
	return rules[row.Bar]{complete: b.complete, warnings: b.warnings}
}

func (b *bars) complete(r *row.Bar) error {
	if b.counts {
		if err := b.volume(r); err != nil {
			return err
		}
	}
	if b.closes == nil {
		return nil
	}
	at, err := b.closes.clock.read(b.closes.text)
	if err != nil {
		return &row.Fault{Column: b.closes.name, Err: err}
	}
	// A bar closes one unit of its times before the next opens: 59.999 s.
	next := r.Start.Time().Add(b.key.Interval)
	unit := next.Sub(exchange.Time(at))
	if unit != time.Duration(b.start.clock.unit) && (b.start.clock.unit > 0 || unit < time.Microsecond || unit > time.Second) {
		return &row.Fault{Column: b.closes.name, Err: fmt.Errorf("%v is not the end of a bar of %v that starts at %v",
			exchange.Time(at), b.key.Interval, r.Start)}
	}
	return nil
}

// volume counts bars without one, and refuses parts of contracts.
func (b *bars) volume(r *row.Bar) error {
	v := r.Volume.Value()
	if v.Sign() == 0 {
		b.volumeless++
		return nil
	}
	b.volumes++
	if b.key.Product != exchange.CM {
		return nil
	}
	if whole, err := v.Fixed(); err != nil || whole%exchange.FixedOne != 0 {
		return &row.Fault{Column: "volume", Err: fmt.Errorf(
			"%v is no whole number of contracts; if the file counts coins, map the column to quote_volume", v)}
	}
	return nil
}

func (b *bars) warnings() []string {
	if b.key.Kind != row.Klines || b.volumes > 0 || b.volumeless == 0 {
		return nil
	}
	return []string{"every volume is 0: bars of mark and index prices have the same file names; if these are, remove them and import with that kind"}
}
