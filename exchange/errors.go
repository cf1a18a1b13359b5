package exchange

import "errors"

// Errors that several packages meet. Callers test them with errors.Is.
var (
	// ErrUnknownName says that a text is no value of its kind: a product, a side, an asset.
	ErrUnknownName = errors.New("unknown")
	// ErrUnknownInstrument says that a symbol has no instrument data.
	ErrUnknownInstrument = errors.New("no such instrument")
)
