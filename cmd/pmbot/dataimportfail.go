package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
)

// failuresShown bounds how many files that failed are named on standard error.
const failuresShown = 20

// failure says why a run failed. Each file that did has its line, what to do about it is
// said once for all that need the same, and the end says what became of the others.
func (run *importing) failure(ctx context.Context, reports []tape.Report, err error) error {
	code, failed := exitOK, 0
	var lines []string
	var last *failure
	said := map[string]bool{}
	for i, err := range run.errs {
		if err == nil || errors.Is(err, context.Canceled) {
			continue
		}
		f := fileFailure(reports[i], run.files[i], err)
		last, code = f, graver(code, f.code)
		if failed++; failed > failuresShown {
			continue
		}
		if said[f.cure] {
			f.cure = ""
		}
		said[f.cure] = true
		lines = append(lines, f.Error())
	}
	if more := failed - failuresShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %s more; with --json all are named", counted(int64(more), "file")))
	}
	switch {
	case ctx.Err() != nil:
		code = graver(code, exitFailed)
		lines = append(lines, "interrupted; "+run.state("the same command goes on from there"))
	case failed == 0:
		return wholeFailure(err)
	case len(run.files) == 1 && last.cure != "" && code != exitFailed:
		return last
	case len(run.files) == 1:
		lines[0] += "; the tape is as it was"
	default:
		lines = append(lines, run.state("the same command tries the others again"))
	}
	return &failure{code: code, err: errors.New(strings.Join(lines, "\n"))}
}

// state says how many files are on the tape.
func (run *importing) state(next string) string {
	if run.done == 0 {
		return "the tape is as it was"
	}
	return fmt.Sprintf("%s of %s are on the tape, and %s", count(run.done), counted(int64(len(run.files)), "file"), next)
}

// wholeFailure is what kept an import from reading any file.
func wholeFailure(err error) error {
	var system syscall.Errno
	if errors.As(err, &system) {
		return diskFailure(err, "the tape is as it was")
	}
	return err
}

// graver is the code of two failures together. A full disk or an interrupt comes first,
// then bad data, and then what was missing on the command line.
func graver(a, b exitCode) exitCode {
	for _, code := range []exitCode{exitFailed, exitCheck, exitUsage, exitNotFound} {
		if a == code || b == code {
			return code
		}
	}
	return max(a, b)
}

// fileFailure tells the kinds of failed files apart: a bad file is a failed check, missing
// flags and a full disk are not the file's fault.
func fileFailure(r tape.Report, path string, err error) *failure {
	var system syscall.Errno
	missing := missingFlags(r.Key, path)
	if r.Skipped.Count > 0 && len(r.Skipped.Examples) > 0 && len(r.Series) == 0 {
		err = fmt.Errorf("%w: %s set aside, %s", err, counted(r.Skipped.Count, "bad row"), r.Skipped.Examples[0])
	}
	switch {
	case errors.Is(err, tape.ErrChecksum):
		return &failure{exitCheck, err, "download the archive and its CHECKSUM file again"}
	case errors.Is(err, row.ErrKey) && missing != "":
		return &failure{exitUsage, err, "say what it is, with flags such as " + missing}
	case errors.Is(err, exchange.ErrUnknownName):
		return &failure{code: exitUsage, err: err}
	case errors.Is(err, fs.ErrNotExist):
		return &failure{code: exitNotFound, err: err}
	case errors.Is(err, syscall.ENOSPC):
		return &failure{exitFailed, err, "free some space"}
	case errors.As(err, &system):
		return &failure{code: exitFailed, err: err}
	}
	return &failure{code: exitCheck, err: err}
}

// missingFlags are the flags that name what neither path nor flags said, "" if all is
// known. Arrays and text that is no CSV name their kinds themselves.
func missingFlags(k row.Key, path string) string {
	var flags []string
	if k.Product == 0 {
		flags = append(flags, "--product UM")
	}
	if k.Symbol == "" {
		flags = append(flags, "--symbol BTCUSDT")
	}
	if filepath.Ext(path) != ".npz" {
		if k.Kind == "" {
			flags = append(flags, "--kind klines")
		}
		if (k.Kind == "" || k.Kind.Bars()) && k.Interval == 0 {
			flags = append(flags, "--interval 1m")
		}
	}
	return strings.Join(flags, " ")
}
