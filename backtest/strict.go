package backtest

import "errors"

// ErrNoData says that a tape has nothing of an instrument that a strategy trades.
var ErrNoData = errors.New("no data")

// CheckStrict says what a strict run does not accept in the data of a result, as
// ErrStrict. Callers use it on a result that another process has sent.
func (r *Result) CheckStrict() error { return strict(r) }
