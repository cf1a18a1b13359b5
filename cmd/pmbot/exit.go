package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/rundir"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// exitCode is the process's answer to the script that started it. The numbers are a
// promise: they are documented in the README and in [exitCodes], and never change their
// meaning. A second signal ends the process as signals do, so shells and systemd tell 130 for
// SIGINT and 143 for SIGTERM.
type exitCode int

const (
	exitOK exitCode = 0
	// exitFailed is any failure that has no code of its own, an interrupted command included:
	// 130 would tell a shell what it knows already, and a script one more number to check. A
	// bot that a signal has stopped in order is no failure.
	exitFailed exitCode = 1
	// exitUsage is a wrong command line.
	exitUsage exitCode = 2
	// exitConfig is a configuration or a strategy parameter that cannot be used.
	exitConfig exitCode = 3
	// exitNotFound is a file, plugin, run, tape, series or instrument that is not there.
	exitNotFound exitCode = 4
	// exitNotRunning is a bot that a command would speak to and that does not run.
	exitNotRunning exitCode = 5
	// exitCheck is data or a check that did not pass.
	exitCheck exitCode = 6
	// exitSafety is what was refused because it could do harm, or a leg that the exchange
	// refuses to close.
	exitSafety exitCode = 7
	// exitExchange is an exchange that cannot be reached, or has banned this address.
	exitExchange exitCode = 8
	// exitTimeout is an answer that did not come in time.
	exitTimeout exitCode = 9
	// exitUnknown is an end with an order of which nobody knows what became of it, or a halt
	// whose end of all orders is not confirmed.
	exitUnknown exitCode = 10
)

// exitCodes is what the codes mean to a user, in the order of numbers.
func exitCodes() []exitMeaning {
	return []exitMeaning{
		{exitOK, "done"},
		{exitFailed, "failed, for a reason without a code of its own: a crashed plugin, a full disk, an interrupt (SIGINT, SIGTERM)"},
		{exitUsage, "the command line is wrong"},
		{exitConfig, "the configuration, a parameter or the plugin program cannot be used"},
		{exitNotFound, "a file, plugin, run, tape, series or instrument is not there"},
		{exitNotRunning, "the bot that the command would speak to does not run"},
		{exitCheck, "data is damaged, or a check did not pass: a checksum, data verify, --strict, doctor"},
		{exitSafety, "refused, because it could do harm: sim --listen, or data record --metrics, where other machines can reach it; resume, while the exchange's account is not ours; and flatten, where the exchange refuses to close a leg"},
		{exitExchange, "the exchange cannot be reached, or has banned this address: doctor, data record"},
		{exitTimeout, "no answer in time: of a plugin, of a running bot, or of the exchange to a stop, a cancel or a flatten"},
		{exitUnknown, "nobody knows what became of an order: run, when it ends so; halt, when the end of all orders is not confirmed"},
	}
}

type exitMeaning struct {
	code    exitCode
	meaning string
}

// exitCodesTopic is "pmbot help exit-codes".
func exitCodesTopic() *cobra.Command {
	var b strings.Builder
	b.WriteString("The exit code tells a script how a command ended. A number never changes its meaning.\n\n")
	for _, e := range exitCodes() {
		fmt.Fprintf(&b, "  %d  %s\n", e.code, e.meaning)
	}
	b.WriteString(`
The first SIGINT or SIGTERM stops a command in order: a bot by its policy, which is 0 if all
that the policy wants is done, 9 if not in time, and 10 if nobody knows what became of an
order. A second signal ends the process at once: shells tell 130 after SIGINT and 143 after
SIGTERM. A bot's orders stay as they are then; its next start knows them.

A bot that ended with 10 has told which orders; look at them at the exchange, or start it again
and it finds out. A halt that ended with 10 has told what is open or could not be read; the bot
goes on, and the same command asks again. 5 means that no bot of the account runs on this machine by this user, or that
its state directory is another one.`)
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: b.String()}
}

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
	case errors.Is(err, tape.ErrDamaged), errors.Is(err, rundir.ErrDamaged), errors.As(err, &plugin) && plugin.Kind == host.BadData:
		return exitCheck
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
