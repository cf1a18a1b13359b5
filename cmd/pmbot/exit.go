package main

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// exitCode is the process's answer to the script that started it. The numbers are a
// promise: they are documented in the README and never change their meaning. 5 (not
// running), 7 (refused by the guard or for safety), 8 (exchange unreachable) and 10 (an
// order of unknown outcome) belong to the commands of live trading.
type exitCode int

const (
	exitOK exitCode = 0
	// exitFailed is any failure that has no code of its own, an interrupt included.
	exitFailed exitCode = 1
	// exitUsage is a wrong command line.
	exitUsage exitCode = 2
	// exitConfig is a configuration or a strategy parameter that cannot be used.
	exitConfig exitCode = 3
	// exitNotFound is a file, plugin, tape, series or instrument that is not there.
	exitNotFound exitCode = 4
	// exitCheck is data or a check that did not pass.
	exitCheck exitCode = 6
	// exitTimeout is an answer that did not come in time.
	exitTimeout exitCode = 9
)

// failure is an error with the code that the process ends with and, where we know one,
// what to do about it.
type failure struct {
	code exitCode
	err  error
	cure string
}

func (f *failure) Error() string {
	if f.cure == "" {
		return f.err.Error()
	}
	return f.err.Error() + "; " + f.cure
}

func (f *failure) Unwrap() error { return f.err }

// asFailure gives an error of a command its exit code. A failure keeps the one it has.
func asFailure(err error) error {
	var f *failure
	var plugin *host.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case errors.Is(err, context.Canceled):
		return &failure{exitFailed, errors.New("interrupted"), "nothing was written"}
	case errors.As(err, &plugin) && plugin.Kind == host.Crashed:
		return &failure{exitFailed, err, "-v shows all that it wrote"}
	default:
		return &failure{code: codeOf(err), err: err}
	}
}

// codeOf is the exit code of an error by its kind. Kinds that only one command meets
// are told apart there.
func codeOf(err error) exitCode {
	var plugin *host.Error
	var params strategy.ParamErrors
	switch {
	case errors.As(err, &params):
		return exitConfig
	case errors.As(err, &plugin) && plugin.Kind == host.NotFound:
		return exitNotFound
	case errors.As(err, &plugin) && plugin.Kind.Configured():
		return exitConfig
	case errors.As(err, &plugin) && plugin.Kind == host.Hung, errors.Is(err, context.DeadlineExceeded):
		return exitTimeout
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exchange.ErrUnknownInstrument), errors.Is(err, backtest.ErrNoData):
		return exitNotFound
	case errors.Is(err, backtest.ErrConfig):
		return exitConfig
	case errors.Is(err, backtest.ErrStrict):
		return exitCheck
	default:
		return exitFailed
	}
}

// diskFailure tells what to do about a disk that does not take what is written; state
// says what is there now.
func diskFailure(err error, state string) error {
	if errors.Is(err, syscall.ENOSPC) {
		return &failure{exitFailed, err, "free some space; " + state}
	}
	return &failure{exitFailed, err, state}
}

// reason is an error of a file operation without operation and path, for messages that
// name the file themselves.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
