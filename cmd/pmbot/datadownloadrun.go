package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/download"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/exchange/market/rest"
)

// downloading is a run of "pmbot data download".
type downloading struct {
	*console
	flags  *downloadFlags
	config *downloadConfig
	plan   download.Config
	bar    *progress
	// absent are archives of one series that are missing for one reason, until another
	// comes.
	absent []download.Result
	// present says of a series whether it has anything; of one that is too early for any, nothing.
	present map[string]bool
	failed  []download.Result
}

func (run *downloading) fetch(ctx context.Context) error {
	run.bar = run.progress("", run.flags.quiet || run.flags.json)
	run.plan.Progress, run.plan.Done, run.plan.Notice = run.tell, run.ended, run.notice
	sum, err := download.Run(ctx, run.plan)
	run.bar.finish()
	run.printAbsent()
	switch {
	case run.flags.json:
		if err := run.printLine(sumOf(&sum)); err != nil {
			return err
		}
	case !run.flags.quiet:
		run.printSum(&sum)
	}
	if err != nil {
		return run.failure(ctx, err)
	}
	return run.nothing()
}

// notice tells of the whole run, on standard error.
func (run *downloading) notice(text string) {
	run.bar.clear()
	if !run.flags.quiet {
		fmt.Fprintln(run.err, "pmbot:", text)
	}
}

func (run *downloading) tell(p download.Progress) {
	text := fmt.Sprintf("%s of %s, %s, %s/s", count(int64(p.Files)), counted(int64(p.Total), "archive"), bytesOf(p.Bytes), bytesOf(p.Rate()))
	switch eta := p.ETA(); {
	case p.Pause > time.Second:
		text += fmt.Sprintf(", paused for %v at the server's wish", p.Pause.Round(time.Second))
	case eta > 0:
		text += fmt.Sprintf(", %v left", eta.Round(time.Second))
	}
	run.bar.describe(text, p.Share())
}

// ended takes note of an archive's end.
func (run *downloading) ended(r download.Result) {
	name := r.Key.String()
	// Of a wrong name the last days are missing early, too; but REST refuses one.
	there := r.State != download.Missing || r.Early && run.plan.REST != nil
	if there || !r.Early {
		run.present[name] = run.present[name] || there
	}
	if r.State == download.Failed {
		run.failed = append(run.failed, r)
	}
	switch {
	case run.flags.json:
		_ = run.printLine(archiveOf(&r)) // the sum tells if standard output is gone
	case run.flags.quiet:
	case r.State == download.Missing:
		if n := len(run.absent); n > 0 && (run.absent[n-1].Key != r.Key || run.absent[n-1].Reason != r.Reason) {
			run.printAbsent()
		}
		run.absent = append(run.absent, r)
	case r.State == download.Empty:
		run.bar.clear()
		fmt.Fprintf(run.out, "%s -> %s: an archive without rows\n", r.Name(), r.Key)
	case r.State == download.Imported:
		run.bar.clear()
		run.printArchive(&r)
	}
}

// printLine prints one JSON document on a line of its own.
func (run *downloading) printLine(v any) error {
	e := json.NewEncoder(run.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// failure says why a run failed. Each archive that did has its line, and what to do about
// its kind is said once.
func (run *downloading) failure(ctx context.Context, err error) error {
	code := exitOK
	var lines []string
	said := map[string]bool{}
	for i, r := range run.failed {
		one, cure := downloadFailure(r.Err)
		if code = gravest(code, one); i >= failuresShown {
			continue
		}
		line := r.Err.Error()
		if cure != "" && !said[cure] {
			line += "; " + cure
		}
		said[cure] = true
		lines = append(lines, line)
	}
	if more := len(run.failed) - failuresShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %s more; with --json all are named", counted(int64(more), "archive")))
	}
	if ctx.Err() != nil {
		return &failure{exitFailed, errors.New(strings.Join(append(lines, "interrupted; the same command goes on from there"), "\n")), ""}
	}
	if len(lines) == 0 {
		return run.wholeFailure(err)
	}
	for _, e := range alone(err) {
		if strings.HasPrefix(e.Error(), "the run stops here") {
			lines = append(lines, e.Error()+"; the same command goes on from there")
		}
	}
	return &failure{gravest(code, exitOK), errors.New(strings.Join(lines, "\n")), ""}
}

// alone takes errors apart that were joined.
func alone(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return many.Unwrap()
	}
	return []error{err}
}

// wholeFailure is what kept a run from fetching anything.
func (run *downloading) wholeFailure(err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return &failure{exitFailed, err, "wait for it, or give this one another --cache"}
	case errors.As(err, &system) && !isNetwork(err):
		return diskFailure(err, "the same command goes on from there")
	}
	code, cure := downloadFailure(err)
	return &failure{code, err, cure}
}

func isNetwork(err error) bool {
	return errors.Is(err, download.ErrUnreachable) || errors.Is(err, rest.ErrUnavailable)
}

// downloadFailure tells the kinds of failures apart.
func downloadFailure(err error) (code exitCode, cure string) {
	switch {
	case errors.Is(err, download.ErrChecksum):
		return exitCheck, "the server gives wrong bytes, or a wrong CHECKSUM; try again later"
	case errors.Is(err, tape.ErrConflict):
		return exitCheck, "the tape has other rows there: remove the tape's file of that time and run the same command again, or keep what it has"
	case errors.Is(err, download.ErrStalled):
		return exitTimeout, "try again later, with fewer --jobs"
	case errors.Is(err, download.ErrThrottled), errors.Is(err, download.ErrUnreachable), errors.Is(err, download.ErrRefused):
		return exitExchange, ""
	}
	for _, e := range []error{rest.ErrBanned, rest.ErrLimited, rest.ErrFirewall, rest.ErrRegion, rest.ErrUnavailable} {
		if errors.Is(err, e) {
			return exitExchange, "archives need no REST: leave --rest out, or try again later"
		}
	}
	var system syscall.Errno
	switch {
	case errors.Is(err, rest.ErrNoSymbol):
		return exitNotFound, ""
	case errors.Is(err, syscall.ENOSPC):
		return exitFailed, "free some space"
	case errors.Is(err, syscall.EWOULDBLOCK):
		return exitFailed, "wait for the other import to end"
	case errors.As(err, &system):
		return exitFailed, ""
	}
	return exitCheck, ""
}

// gravest is the code of two failures together: the disk comes first, then the exchange,
// then bad data.
func gravest(a, b exitCode) exitCode {
	for _, code := range []exitCode{exitFailed, exitExchange, exitTimeout, exitCheck, exitNotFound} {
		if a == code || b == code {
			return code
		}
	}
	return max(a, b)
}

// nothing is the failure of a run that found no archive of some series at all.
func (run *downloading) nothing() error {
	var names []string
	for _, k := range run.plan.Want {
		if there, told := run.present[k.String()]; told && !there {
			names = append(names, k.String())
		}
	}
	if len(names) == 0 {
		return nil
	}
	return &failure{exitNotFound, fmt.Errorf("no archives of %s from %s to %s", strings.Join(names, ", "), day(run.plan.From), day(run.plan.To-1)),
		"look at the symbol and the dates; what else was wanted is on the tape"}
}

func day(t exchange.Time) string { return t.UTC().Format(time.DateOnly) }

// look lists what a run would fetch.
func (run *downloading) look(ctx context.Context) error {
	if exists(run.config.Tape) {
		var err error
		if run.plan.Tape, err = openTape(run.config.Tape); err != nil {
			return err
		}
	}
	run.plan.Notice = run.notice
	list, err := download.Look(ctx, run.plan)
	if err != nil {
		return run.wholeFailure(err)
	}
	return run.printPlan(list)
}
