package download

import (
	"context"
	"errors"
	"syscall"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

// lockEvery is how often the importer looks whether the tape is free.
const lockEvery = 200 * time.Millisecond

// importFile brings one finished file into the tape. Another process may be importing, as a
// recorder does when a segment closes: it is waited for.
func importFile(ctx context.Context, c *Config, path string, key row.Key) (tape.Report, error) {
	spec := tape.ImportSpec{Path: path, Spec: source.Spec{Key: key}, SkipBad: c.SkipBad, NoteEmpty: true}
	until := time.Now().Add(c.Limits.LockWait)
	for {
		report, err := tape.Import(ctx, c.Tape, spec, nil)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(until) {
			return report, err
		}
		if err := sleep(ctx, lockEvery); err != nil {
			return report, err
		}
	}
}
