package audit

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Tape checks a tape: whether its files are as they were written, what is missing by what
// they say of themselves, and then all rows, market by market.
//
// Progress, which may be nil, is told how many rows were read and which share of all. An
// error means that the report is not complete.
func Tape(ctx context.Context, t *tape.Tape, o Options, progress func(rows int64, share float64)) (Report, error) {
	r := &tapeRun{auditor: newAuditor(o, false), tape: t, progress: progress}
	err := r.run(ctx)
	return r.report(), err
}

type tapeRun struct {
	*auditor
	tape     *tape.Tape
	total    int64
	progress func(rows int64, share float64)
	damaged  bool
}

func (r *tapeRun) run(ctx context.Context) error {
	r.verify(ctx)
	series := r.tape.Series()
	for _, s := range series {
		r.total += s.Rows
		r.holes(s.Key)
	}
	for len(series) > 0 {
		n := 1
		for n < len(series) && series[n].Product == series[0].Product && series[n].Symbol == series[0].Symbol {
			n++
		}
		w := &wire{a: r.auditor}
		if err := r.market(ctx, w, series[:n]); err != nil {
			return err
		}
		r.flush()
		w.end()
		series = series[n:]
	}
	return ctx.Err()
}

// verify reads the files against their own hashes.
func (r *tapeRun) verify(ctx context.Context) {
	err := r.tape.Verify(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	r.damaged = true
	list := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		list = joined.Unwrap()
	}
	for _, err := range list {
		r.ledger.find(Damaged, row.Key{}, place{}, "%v", err)
	}
}

// holes reports what a series says it lacks. Depth messages are looked at one by one.
func (r *tapeRun) holes(key row.Key) {
	if key.Kind == row.Depth {
		return
	}
	for _, h := range r.tape.Holes(key) {
		r.ledger.span(Gap, key, place{at: h.From}, 0, h.To, "%d rows are missing", h.Missing)
	}
}

// cursor is a series of a tape and the block of it that comes next.
type cursor struct {
	key  row.Key
	next func() (any, error, bool)
	stop func()
	rows any
	at   exchange.Time
}

// market checks all series of a market, merged by time.
func (r *tapeRun) market(ctx context.Context, w *wire, series []tape.Series) error {
	var cursors []*cursor
	defer func() {
		for _, c := range cursors {
			c.stop()
		}
	}()
	for _, s := range series {
		c := &cursor{key: s.Key}
		c.next, c.stop = open(r.tape, s.Key)
		cursors = append(cursors, c)
		r.load(c)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		cursors = slices.DeleteFunc(cursors, func(c *cursor) bool {
			if c.rows == nil {
				c.stop()
			}
			return c.rows == nil
		})
		if len(cursors) == 0 {
			return nil
		}
		c := slices.MinFunc(cursors, func(a, b *cursor) int { return cmp.Compare(a.at, b.at) })
		to := r.strandOf(c.key, nil)
		if to == nil {
			to = r.begin(c.key, nil, w, c.rows)
		}
		r.rows += int64(to.take(c.rows, nil))
		r.load(c)
		if r.progress != nil {
			r.progress(r.rows, float64(r.rows)/float64(max(r.total, 1)))
		}
	}
}

// load gets the next block of a series, none at its end.
func (r *tapeRun) load(c *cursor) {
	rows, err, ok := c.next()
	if c.rows = nil; !ok {
		return
	}
	if err != nil {
		if !r.damaged { // else it was said
			r.ledger.find(Damaged, c.key, place{}, "%v", err)
		}
		return
	}
	c.rows, c.at = rows, moment(rows)
}

// open begins to read a series.
func open(t *tape.Tape, key row.Key) (next func() (any, error, bool), stop func()) {
	switch key.Kind {
	case row.AggTrades, row.Trades:
		return pull[row.Trade](t, key)
	case row.BookTicker:
		return pull[row.Ticker](t, key)
	case row.Depth, row.PartialDepth:
		return pull[row.Level](t, key)
	case row.BookDepth:
		return pull[row.Bucket](t, key)
	case row.MarkPrice:
		return pull[row.Mark](t, key)
	case row.FundingRate:
		return pull[row.Funding](t, key)
	case row.Metrics:
		return pull[row.Metric](t, key)
	case row.LiquidationSnapshot:
		return pull[row.Liquidation](t, key)
	}
	return pull[row.Bar](t, key)
}

func pull[R any, P row.Row[R]](t *tape.Tape, key row.Key) (next func() (any, error, bool), stop func()) {
	blocks, stop := iter.Pull2(tape.Rows[R, P](t, key, 0, 0))
	return func() (any, error, bool) {
		rows, err, ok := blocks()
		return rows, err, ok
	}, stop
}
