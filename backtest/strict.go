package backtest

import (
	"errors"
	"fmt"

	"github.com/pmbot/pmbot/backtest/tape"
)

// ErrNoData says that a tape has nothing of an instrument that a strategy trades.
var ErrNoData = errors.New("no data")

// ErrDamaged says that a file of the tape is not as it was written. It is the tape's own
// error, for callers that know no tapes.
var ErrDamaged = tape.ErrDamaged

// CheckStrict names the first thing in the data that a strict run does not accept, as
// ErrStrict. Callers use it, too, on a result that another process has sent.
func (r *Result) CheckStrict() error {
	n, first := 0, ""
	for _, w := range r.Warnings {
		switch w.Kind {
		case "gap", "missing", "duplicate", "skipped", "short":
			if n == 0 {
				first = w.Text
			}
			n++
		}
	}
	if n == 0 {
		return nil
	}
	more := ""
	if n > 1 {
		more = fmt.Sprintf(" (and %d more)", n-1)
	}
	return fmt.Errorf("%w: %s%s; repair the data or run without --strict", ErrStrict, first, more)
}
