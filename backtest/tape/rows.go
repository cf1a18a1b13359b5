package tape

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// Rows gives the rows of a series whose instants lie between from and to, both included,
// 0 being no bound, in blocks that are good until the next. R must be the row type of the
// series' kind. An error ends it.
func Rows[R any, P row.Row[R]](t *Tape, key row.Key, from, to exchange.Time) iter.Seq2[[]R, error] {
	return func(yield func([]R, error) bool) {
		var parts []part
		for _, p := range t.shelf[key] {
			if p.meta.last >= from && (to == 0 || p.meta.first <= to) {
				parts = append(parts, p)
			}
		}
		wanted := &selection{from: from}
		if to != 0 {
			wanted.to = late(to, time.Minute) // the row of a settlement is up to a minute after it
		}
		stream := rowStream[R]{parts: parts, selected: wanted}
		defer stream.close()
		block := make([]R, batchRows)
		for {
			n, err := stream.read(block)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, fmt.Errorf("read %v: %w", key, err))
				return
			}
			rows := block[:n]
			for len(rows) > 0 && P(&rows[0]).When() < from {
				rows = rows[1:]
			}
			for to != 0 && len(rows) > 0 && P(&rows[len(rows)-1]).When() > to {
				rows = rows[:len(rows)-1]
			}
			if len(rows) > 0 && !yield(rows, nil) {
				return
			}
		}
	}
}
