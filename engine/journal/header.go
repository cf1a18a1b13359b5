package journal

import (
	"github.com/pmbot/pmbot/exchange"
)

// Header begins a segment. Version to Instruments are the caller's, the rest the writer's.
type Header struct {
	// Version is the program's, Config the hash of its configuration.
	Version, Config string
	// Prefix begins the client ids of the orders of the process.
	Prefix string
	// Mode is "live", "dry" or "shadow". A directory holds one account in one mode.
	Mode, Account string
	// Instruments are all of the table, in the order of their ids: an event names its
	// instrument by its place in it.
	Instruments []exchange.Instrument

	// Created is when the segment was begun.
	Created exchange.Time
	// First is the number of its first event; the snapshot stands before that.
	First uint64
	// Compacted is when all but decisions and what is not the market's was taken out, with
	// the snapshot; 0 is never. Last is the number of the last event that the segment had
	// then, and Dropped how many of market data were taken out.
	Compacted exchange.Time
	Last      uint64
	Dropped   uint64
}

// Table makes the table of instruments by whose ids the segment's events go.
func (h *Header) Table() (*exchange.Instruments, error) {
	return exchange.NewInstruments(h.Instruments...)
}
