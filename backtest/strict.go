package backtest

// CheckStrict says what a strict run does not accept in the data of a result, as
// ErrStrict. Callers use it on a result that another process has sent.
func (r *Result) CheckStrict() error { return strict(r) }
