package backtest

import (
	"errors"

	"github.com/pmbot/pmbot/backtest/tape"
)

// ErrNoData says that a tape has nothing of an instrument that a strategy trades.
var ErrNoData = errors.New("no data")

// ErrDamaged says that a file of the tape is not as it was written. It is the tape's own
// error, for callers that know no tapes.
var ErrDamaged = tape.ErrDamaged

// CheckStrict says what a strict run does not accept in the data of a result, as
// ErrStrict. Callers use it on a result that another process has sent.
func (r *Result) CheckStrict() error { return strict(r) }
