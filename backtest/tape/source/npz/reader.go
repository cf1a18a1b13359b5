package npz

import (
	"fmt"
	"hash/maphash"
	"io"
	"math"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// reader is the source.Reader of an array.
type reader struct {
	// name is the array's for messages.
	name    string
	records *records
	rows    assembler
	// close ends the unpacking.
	close func() error
	// ready are the batches to be given out before more is read; ended says that there is
	// no more, and why.
	ready []source.Batch
	ended error

	// Events of one clock only: how many are the exchange's and the local ones, and what
	// is left of their hashes when those of the second are taken from those of the first:
	// 0 if each has a twin. clockless counts events of no clock.
	exchOnly, localOnly, clockless int64
	seed                           maphash.Seed
	untwinned                      uint64
}

// newReader reads an array of size bytes, -1 if its size is not known.
func newReader(name string, array io.Reader, size int64, key row.Key, only row.Kind) (*reader, error) {
	records, err := newRecords(array, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &reader{name: name, records: records, rows: assembler{key: key, only: only}, seed: maphash.MakeSeed()}, nil
}

// Close ends the unpacking.
func (r *reader) Close() error { return r.close() }

// Next returns rows of one kind. Line numbers are those of events, from 1. Bad events of
// all kinds come with the first batch after them.
func (r *reader) Next() (source.Batch, error) {
	if len(r.ready) == 0 && r.ended == nil {
		r.ended = r.fill()
	}
	if len(r.ready) == 0 {
		return source.Batch{}, r.ended
	}
	b := r.ready[0]
	r.ready = r.ready[1:]
	return b, nil
}

// fill reads until a kind has enough rows for a batch, and makes the batches.
func (r *reader) fill() error {
	a := &r.rows
	a.trades.reset()
	a.levels.reset()
	a.tickers.reset()
	a.bad = nil
	for max(len(a.trades.rows), len(a.levels.rows), len(a.tickers.rows), len(a.bad)) < source.BatchRows {
		e, err := r.records.next()
		if err == io.EOF {
			a.finish()
			r.deliver()
			return io.EOF
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		r.sort(&e)
	}
	r.deliver()
	return nil
}

// sort takes each event once: those that are flagged for the exchange's clock.
func (r *reader) sort(e *record) {
	switch e.ev & bothClocks {
	case bothClocks:
		r.rows.take(e)
	case ExchEvent:
		r.exchOnly++
		r.untwinned += r.hash(e)
		r.rows.take(e)
	case LocalEvent:
		r.localOnly++
		r.untwinned -= r.hash(e)
	default:
		r.clockless++
	}
}

// hash is that of an event without its clocks and its number.
func (r *reader) hash(e *record) uint64 {
	return maphash.Comparable(r.seed, [...]uint64{
		e.ev &^ bothClocks, uint64(e.exch), uint64(e.local), math.Float64bits(e.px), math.Float64bits(e.qty),
	})
}

// deliver makes the batches of what has been read.
func (r *reader) deliver() {
	a := &r.rows
	r.ready = r.ready[:0]
	if len(a.trades.rows) > 0 {
		r.ready = append(r.ready, source.Batch{Key: a.keyOf(row.Trades), Rows: a.trades.rows, Lines: a.trades.lines})
	}
	if len(a.levels.rows) > 0 {
		r.ready = append(r.ready, source.Batch{Key: a.keyOf(row.Depth), Rows: a.levels.rows, Lines: a.levels.lines})
	}
	if len(a.tickers.rows) > 0 {
		r.ready = append(r.ready, source.Batch{Key: a.keyOf(row.BookTicker), Rows: a.tickers.rows, Lines: a.tickers.lines})
	}
	if len(a.bad) == 0 {
		return
	}
	if len(r.ready) == 0 {
		r.ready = append(r.ready, source.Batch{Key: a.bad[0].Key})
	}
	r.ready[0].Bad = a.bad
}

// Notes says which columns an array of events has not, what was passed over, and what of
// the file did not fit.
func (r *reader) Notes() source.Notes {
	n := source.Notes{Absent: []string{"event", "id", "update_id"}}
	for kind, count := range r.rows.passed {
		if count > 0 {
			n.Passed = append(n.Passed, source.Count{Name: kindName(uint64(kind)), Count: count})
		}
	}
	if r.localOnly > 0 {
		n.Passed = append(n.Passed, source.Count{Name: "second copy, for the local clock", Count: r.localOnly})
	}
	if single := r.rows.quote.single; single > 0 {
		n.Passed = append(n.Passed, source.Count{Name: "best bid or ask while the other is not known", Count: single})
	}
	warn := func(count int64, sentence string) {
		if count > 0 {
			n.Warnings = append(n.Warnings, fmt.Sprintf(sentence, count))
		}
	}
	if r.untwinned != 0 || r.exchOnly != r.localOnly {
		n.Warnings = append(n.Warnings, fmt.Sprintf(
			"the events that are flagged for one clock only, %d for the exchange's and %d for the local one, are no pairs; the local ones are left out",
			r.exchOnly, r.localOnly))
	}
	warn(r.clockless, "%d events are flagged for neither EXCH_EVENT nor LOCAL_EVENT and are left out, as hftbacktest does")
	warn(r.rows.noisy, "%d prices and quantities had the noise of float arithmetic and were brought to 8 decimals")
	warn(r.rows.fine, "%d events have an exchange time with digits below the microsecond, which were dropped")
	warn(r.rows.extra, "%d events have an order_id, ival or fval, which a tape does not keep")
	return n
}
