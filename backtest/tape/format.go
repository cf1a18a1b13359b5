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
	rewrite(ctx context.Context, p part, file stagedFile) error
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
		return &rowFormat[row.Ticker, *row.Ticker]{plays: playTickers()}, nil
	case row.Depth:
		return &rowFormat[row.Level, *row.Level]{holes: linkedHoles, link: linkLevel, begins: beginsPiece, fit: fitSnapshot, plays: playDepth()}, nil
	case row.PartialDepth:
		return &rowFormat[row.Level, *row.Level]{begins: beginsPiece}, nil
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
	// begins says whether a row begins a piece, for kinds that have some.
	begins func(*R) bool
	// fit brings the time of a row between those of its neighbours where the source knows
	// no better; next is nil at the end.
	fit func(last, r, next *R)
	// plays says how rows become events; empty for kinds that become none.
	plays playing[R]
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

func beginsPiece(r *row.Level) bool { return r.Begins }

// fitSnapshot moves a snapshot that was given the recorder's time, or was stamped by
// another server, to where its id belongs among the messages.
func fitSnapshot(last, r, next *row.Level) {
	if !r.Snapshot {
		return
	}
	if next != nil && r.Time > next.Time {
		r.Time = next.Time
	}
	if last != nil && r.Time < last.Time {
		r.Time = last.Time
	}
}

// part is one file of a series.
type part struct {
	// name is the file's name without extension: its day, month or year.
	name, path string
	meta       meta
}

// overlaps says whether the part has rows from one instant to another, both included.
func (p part) overlaps(from, to exchange.Time) bool { return p.meta.last >= from && p.meta.first <= to }
