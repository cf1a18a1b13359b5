package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source/npz"
	"github.com/pmbot/pmbot/exchange"
)

// pieceMax bounds the levels of a piece of an order book, which is held as a whole: a
// snapshot has some thousands.
const pieceMax = 1 << 18

// checkHftBacktest wants series that make one stream of events.
func (r *run) checkHftBacktest() error {
	first := r.spec.Series[0]
	trades := 0
	for _, key := range r.spec.Series {
		switch key.Kind {
		case row.Trades, row.AggTrades:
			trades++
		case row.Depth, row.BookTicker:
		default:
			return fmt.Errorf("%v: %w: hftbacktest has no events of %s; layout csv holds every kind", key, ErrLayout, key.Kind)
		}
		if key.Product != first.Product || key.Symbol != first.Symbol {
			return fmt.Errorf("%w: %v with %v: a file of layout hftbacktest has one symbol", ErrSpec, key, first)
		}
	}
	if trades > 1 {
		return fmt.Errorf("%w: %s with %s: they are the same trades", ErrSpec, row.Trades, row.AggTrades)
	}
	if r.spec.Latency < 0 {
		return fmt.Errorf("%w: a latency of %v: nothing arrives before it was sent", ErrSpec, r.spec.Latency)
	}
	return r.checkPath(".npz")
}

// hftBacktest merges the series into one file.
func (r *run) hftBacktest(ctx context.Context) error {
	feeds, err := r.feeds(ctx)
	defer func() {
		for _, f := range feeds {
			f.stop()
		}
	}()
	if err != nil {
		return err
	}
	out, err := r.stage.begin(r.spec.Path)
	if err != nil {
		return err
	}
	spool, err := r.stage.spool()
	if err != nil {
		return err
	}
	w := npz.NewWriter(out, spool)
	for {
		f := earliest(feeds)
		if f == nil {
			break
		}
		if err := w.Write(r.arrived(f.events)...); err != nil {
			return asLayout(err)
		}
		if err := f.load(); err != nil {
			return err
		}
	}
	for _, f := range feeds {
		if f.report.Rows == 0 {
			return r.nothing(f.report.Key, f.report.Omitted)
		}
	}
	if err := w.Close(); err != nil {
		return asLayout(err)
	}
	return out.seal()
}

// asLayout says that the layout cannot hold an event, unless it is the disk that could not.
func asLayout(err error) error {
	if _, disk := errors.AsType[*fs.PathError](err); disk {
		return err
	}
	return fmt.Errorf("%w: %w", ErrLayout, err)
}

// feeds opens the series at their first events. It reads all of them once to learn how
// far the recorder's clock was behind. After an error it returns those that are open.
func (r *run) feeds(ctx context.Context) ([]*feed, error) {
	r.report.Series = make([]SeriesReport, len(r.spec.Series))
	var feeds []*feed
	var least time.Duration
	for i, key := range r.spec.Series {
		s := &r.report.Series[i]
		s.Key = key
		var f *feed
		var lag time.Duration
		var err error
		switch key.Kind {
		case row.Depth:
			f = newFeed(ctx, r, s, rankDepth, npz.AppendPiece, nil, "event", "first_id", "last_id", "prev_id")
			lag, err = leastLag[row.Level](ctx, r, key)
		case row.BookTicker:
			one := func(dst []npz.Event, rows []row.Ticker) []npz.Event { return npz.AppendTicker(dst, &rows[0]) }
			f = newFeed(ctx, r, s, rankTicker, one, nil, "event", "update_id")
			lag, err = leastLag[row.Ticker](ctx, r, key)
		default:
			one := func(dst []npz.Event, rows []row.Trade) []npz.Event { return npz.AppendTrade(dst, &rows[0]) }
			f = newFeed(ctx, r, s, rankTrade, one, isMarketTrade, "event", "id", "first_id", "last_id")
			lag, err = leastLag[row.Trade](ctx, r, key)
		}
		feeds, least = append(feeds, f), min(least, lag)
		if err == nil {
			err = f.load()
		}
		if err != nil {
			return feeds, err
		}
	}
	if least < 0 {
		r.report.ClockShift = r.spec.Latency - least
	}
	return feeds, nil
}

// leastLag is the smallest distance from the exchange's time to the local one, 0 where no
// row of a series has a local time.
func leastLag[R any, P row.Row[R]](ctx context.Context, r *run, key row.Key) (least time.Duration, err error) {
	for block, err := range tape.Rows[R, P](r.tape, key, r.spec.From, r.spec.To) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return 0, err
		}
		for i := range block {
			p := P(&block[i])
			if _, local := p.Clocks(); local != 0 {
				least = min(least, local.Sub(p.When()))
			}
		}
	}
	return least, nil
}

// arrived completes the local times of events, as hftbacktest's converter does.
func (r *run) arrived(events []npz.Event) []npz.Event {
	for i := range events {
		e := &events[i]
		if e.Local == 0 {
			e.Local = e.Exch.Add(r.spec.Latency)
		} else {
			e.Local = e.Local.Add(r.report.ClockShift)
		}
	}
	return events
}

// Ranks of events with the same two times: a trade comes before the change of the book
// that it has caused, and the best prices after.
const (
	rankTrade = iota
	rankDepth
	rankTicker
)

// feed gives the events of a series, those of one row or of one piece of a book at a time.
type feed struct {
	report *SeriesReport
	rank   int
	// events are the next ones, with the times of their rows; none at the end.
	events    []npz.Event
	at, local exchange.Time
	// load brings the next events, stop ends the reading.
	load func() error
	stop func()
}

// earliest is the feed whose events come next, nil at the end.
func earliest(feeds []*feed) (first *feed) {
	for _, f := range feeds {
		if len(f.events) > 0 && (first == nil || cmp.Or(
			cmp.Compare(f.at, first.at), cmp.Compare(f.local, first.local), cmp.Compare(f.rank, first.rank)) < 0) {
			first = f
		}
	}
	return first
}

// newFeed prepares the reading of a series. convert makes events of the rows of one key
// for depth, and of one row for other kinds; rows that has refuses make none; the columns
// lost have no place in an event.
func newFeed[R any, P row.Row[R]](ctx context.Context, r *run, s *SeriesReport, rank int,
	convert func([]npz.Event, []R) []npz.Event, has func(*R) bool, lost ...string) *feed {
	next, stop := iter.Pull2(tape.Rows[R, P](r.tape, s.Key, r.spec.From, r.spec.To))
	g := &groups[R, P]{next: next, pieces: s.Kind.Sharing() == row.Piece}
	g.count = func(rows int) error {
		r.tell(rows)
		return ctx.Err()
	}
	losses := newLosses[R](s, lost...)
	f := &feed{report: s, rank: rank, stop: stop}
	f.load = func() error {
		f.events = f.events[:0]
		for len(f.events) == 0 {
			group, err := g.read()
			if err != nil || len(group) == 0 {
				return err
			}
			if has != nil && !has(&group[0]) {
				s.Omitted++
				continue
			}
			for i := range group {
				note(&losses, &group[i])
			}
			s.Rows += int64(len(group))
			f.events = convert(f.events, group)
			f.at = P(&group[0]).When()
			_, f.local = P(&group[0]).Clocks()
		}
		return nil
	}
	return f
}

// groups cuts the rows of a series into those that belong together.
type groups[R any, P row.Row[R]] struct {
	next func() ([]R, error, bool)
	// count is told of each block of rows.
	count func(rows int) error
	// pieces says that rows of one key belong together, else each row is alone.
	pieces bool
	block  []R
	group  []R
}

// read returns the next group, which is good until the next call, and none at the end.
func (g *groups[R, P]) read() ([]R, error) {
	g.group = g.group[:0]
	for len(g.group) == 0 || g.pieces {
		if len(g.block) == 0 {
			block, err, ok := g.next()
			if err == nil && ok {
				err = g.count(len(block))
			}
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			g.block = block
		}
		if len(g.group) > 0 && P(&g.block[0]).Key() != P(&g.group[0]).Key() {
			break
		}
		if len(g.group) == pieceMax {
			return nil, fmt.Errorf("%w: more than %d levels in one piece of the book, at %v", ErrLayout, pieceMax, P(&g.group[0]).When())
		}
		g.group = append(g.group, g.block[0])
		g.block = g.block[1:]
	}
	return g.group, nil
}
