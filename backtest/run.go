package backtest

import (
	"context"
	"errors"
)

// Options are what a run needs beside its configuration and what cannot change its
// result.
type Options struct {
	// Programs are the strategies' programs, in the order of Config.Strategies.
	Programs []Program
	// Progress is called a few times a second with how far the run is; nil for never.
	Progress func(Progress)
	// Mode is noted in the result: "inprocess", "plugin" or "lockstep".
	Mode string
}

// Progress tells how far a run is.
type Progress struct {
	// Events have been handled; Done is the share of the time span, 0 to 1.
	Events uint64
	Done   float64
}

// Run runs one backtest to the end of its data, to Config.To, or until ctx ends.
func Run(ctx context.Context, cfg *Config, opt Options) (*Result, error) {
	return nil, errors.New("not yet")
}
