package tape

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// format is what the package does with one kind of rows, whatever their type.
type format interface {
	// sink takes the rows of a series of a source.
	sink(run *importRun, key row.Key) sink
	// open begins to make the events of a series.
	open(l *lane, parts []part) (decoder, error)
	// holeRule says how missing rows show.
	holeRule() holeRule
	// verify reads a file and compares it with its metadata.
	verify(ctx context.Context, p part) error
	// rewrite copies a file into a staged one, packed as small as can be.
	rewrite(ctx context.Context, p part, file stagedFile, of writers) error
}

// formatOf is the one place that knows every kind. An unknown one is ErrUnknownName.
func formatOf(k row.Kind) (format, error) {
	switch k {
	case row.AggTrades, row.Trades:
		return &rowFormat[row.Trade, *row.Trade]{holes: linkedHoles, link: linkTrade, plays: playTrades()}, nil
	case row.Klines:
		return &rowFormat[row.Bar, *row.Bar]{holes: steadyHoles, plays: playBars()}, nil
	case row.MarkPriceKlines:
		return &rowFormat[row.Bar, *row.Bar]{holes: steadyHoles, plays: playPrices()}, nil
	case row.IndexPriceKlines:
		return &rowFormat[row.Bar, *row.Bar]{holes: steadyHoles, plays: playPrices()}, nil
	case row.PremiumIndexKlines:
		return &rowFormat[row.Bar, *row.Bar]{holes: steadyHoles}, nil
	case row.BookTicker:
		return &rowFormat[row.Ticker, *row.Ticker]{undated: undatedTicker, plays: playTickers()}, nil
	case row.Depth:
		return &rowFormat[row.Level, *row.Level]{holes: linkedHoles, link: linkLevel, piece: levelPieces(), undated: snapshotTime, plays: playDepth()}, nil
	case row.PartialDepth:
		return &rowFormat[row.Level, *row.Level]{piece: levelPieces(), undated: undatedLevel}, nil
	case row.MarkPrice:
		return &rowFormat[row.Mark, *row.Mark]{holes: silentHoles, plays: playMarks()}, nil
	case row.LiquidationSnapshot:
		return &rowFormat[row.Liquidation, *row.Liquidation]{plays: playLiquidations()}, nil
	case row.FundingRate:
		return &rowFormat[row.Funding, *row.Funding]{holes: inferredHoles, plays: playFunding()}, nil
	case row.BookDepth:
		return &rowFormat[row.Bucket, *row.Bucket]{holes: silentHoles}, nil
	case row.Metrics:
		return &rowFormat[row.Metric, *row.Metric]{holes: silentHoles}, nil
	}
	return nil, fmt.Errorf("%w kind of data %q", exchange.ErrUnknownName, string(k))
}

// rowFormat is the format of rows of type R.
type rowFormat[R comparable, P row.Row[R]] struct {
	holes holeRule
	// link says how a row hangs together with the one before, for linkedHoles: the id that
	// it follows and its own, both 0 if it says nothing.
	link func(*R) (after, id int64)
	// piece says how rows make pieces, nil for kinds without.
	piece *pieceRule[R]
	// undated is where the time of a row stands that the exchange did not give, or another
	// of its servers, nil if the row has its own: it is moved between those of the rows around
	// it. The func is nil for kinds without such rows.
	undated func(*R) *row.Micros
	// plays says how rows become events; empty for kinds that become none.
	plays playing[R]
}

// pieceRule says how rows make the pieces of a book.
type pieceRule[R any] struct {
	begins func(*R) bool
	// alike says whether a row may be of the same piece as the first.
	alike func(first, r *R) bool
	// whole says that a piece is what the book was and not how it changed: two of one id
	// may show it to different depths.
	whole func(*R) bool
}

func (f *rowFormat[R, P]) holeRule() holeRule { return f.holes }

func (f *rowFormat[R, P]) verify(ctx context.Context, p part) error {
	rows, err := openRows[R](p.path)
	if err != nil {
		return err
	}
	defer rows.close()
	buf := make([]R, batchRows)
	sum, text := sha256.New(), []byte(nil)
	var last R
	for first := true; ; first = false {
		n, err := rows.read(buf)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		text = text[:0]
		for i := range buf[:n] {
			r, before := P(&buf[i]), P(&last)
			if i > 0 {
				before = &buf[i-1]
			}
			if (i > 0 || !first) && (r.Key() < before.Key() || r.When() < before.When()) {
				return fmt.Errorf("%s: rows are not in order at %v", p.path, r.When())
			}
			text = row.Canonical(text, rows.columns, &buf[i])
		}
		last = buf[n-1]
		sum.Write(text)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != p.meta.hash {
		return fmt.Errorf("%s: rows have the SHA-256 %s, metadata says %s: the file was changed", p.path, got, p.meta.hash)
	}
	return nil
}

// moves says whether the time of a row is moved to where its key says.
func (f *rowFormat[R, P]) moves(r *R) bool { return f.undated != nil && f.undated(r) != nil }

// lower moves the times of rows down to those after them, of which high is the first.
func (f *rowFormat[R, P]) lower(rows []R, high exchange.Time) {
	for i := len(rows) - 1; i >= 0; i-- {
		if t := f.undated(&rows[i]); t != nil && t.Time() > high {
			*t = row.MicrosOf(high)
		}
		high = min(high, P(&rows[i]).When())
	}
}

// raise moves the times of rows up to that of the last one before them.
func (f *rowFormat[R, P]) raise(rows []R, last exchange.Time) {
	for i := range rows {
		if t := f.undated(&rows[i]); t != nil && t.Time() < last {
			*t = row.MicrosOf(last)
		}
		last = P(&rows[i]).When()
	}
}

// linkTrade: ids of trades follow one another, unless they are made of the time.
func linkTrade(r *row.Trade) (after, id int64) {
	if row.Made(r.ID) {
		return 0, 0
	}
	return r.ID - 1, r.ID
}

// linkLevel: a message names the last id of the one before, a spot message begins with
// the id after it.
func linkLevel(r *row.Level) (after, id int64) {
	switch {
	case r.Snapshot || !r.Begins:
		return 0, 0
	case r.Prev != 0:
		return r.Prev, r.Last
	}
	return r.First - 1, r.Last
}

func levelPieces() *pieceRule[row.Level] {
	return &pieceRule[row.Level]{
		begins: func(r *row.Level) bool { return r.Begins },
		alike: func(a, r *row.Level) bool {
			return a.Time == r.Time && a.First == r.First && a.Last == r.Last && a.Prev == r.Prev && a.Snapshot == r.Snapshot
		},
		whole: func(r *row.Level) bool { return r.Snapshot },
	}
}

// snapshotTime: the id of a snapshot says where it belongs among the messages. Its time may
// be the recorder's, or that of a server which is ahead.
func snapshotTime(r *row.Level) *row.Micros {
	if r.Snapshot {
		return &r.Time
	}
	return nil
}

// undatedLevel: partial depth of spot has the recorder's time.
func undatedLevel(r *row.Level) *row.Micros {
	if r.Event == 0 && r.Local != 0 {
		return &r.Time
	}
	return nil
}

// undatedTicker: quotes of spot have the recorder's time. Those that another recorder has
// seen stand where their ids say.
func undatedTicker(r *row.Ticker) *row.Micros {
	if r.Undated() {
		return &r.Time
	}
	return nil
}

// part is one file of a series.
type part struct {
	// name is the file's name without extension: its day, month or year.
	name, path string
	meta       meta
}

// overlaps says whether the part has rows from one instant to another, both included.
func (p part) overlaps(from, to exchange.Time) bool { return p.meta.last >= from && p.meta.first <= to }
