package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/plugins/host"
	"github.com/pmbot/pmbot/strategy"
)

// cancelWriter ends the context when the program says its first word.
type cancelWriter struct {
	bytes.Buffer
	cancel context.CancelFunc
}

func (w *cancelWriter) Write(b []byte) (int, error) {
	w.cancel()
	return w.Buffer.Write(b)
}

// TestInterrupt ends a run that would take minutes, and looks for what it left behind.
func TestInterrupt(t *testing.T) {
	out := filepath.Join(t.TempDir(), "runs")
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &cancelWriter{cancel: cancel}
	var stdout bytes.Buffer
	code := run(ctx, []string{
		"backtest", "--mode", "inprocess", "--out", out, "--set", "data.generate.days=3660", "--set", "data.generate.bar=1m",
	}, strings.NewReader(""), &stdout, stderr, os.Getenv)
	if code != int(exitFailed) || !strings.HasSuffix(stderr.String(), "pmbot: interrupted; nothing was written\n") || stdout.Len() > 0 {
		t.Errorf("ended with %d, printed %q and %q", code, stdout.String(), stderr.String())
	}
	if _, err := os.Stat(out); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want nothing there", out, err)
	}
}

// TestExitCodes holds the code of every kind of error, however it is wrapped.
func TestExitCodes(t *testing.T) {
	trouble := func(k host.Kind) error { return &host.Error{Kind: k, Plugin: "p", What: "w"} }
	for _, test := range []struct {
		err  error
		want exitCode
	}{
		{errors.New("any"), exitFailed},
		{context.Canceled, exitFailed},
		{context.DeadlineExceeded, exitTimeout},
		{fs.ErrNotExist, exitNotFound},
		{exchange.ErrUnknownInstrument, exitNotFound},
		{backtest.ErrConfig, exitConfig},
		{fmt.Errorf("%w: %w", backtest.ErrConfig, exchange.ErrUnknownInstrument), exitNotFound},
		{fmt.Errorf("%w: %w", backtest.ErrConfig, backtest.ErrNoData), exitNotFound},
		{backtest.ErrStrict, exitCheck},
		{fmt.Errorf("%w: %w", backtest.ErrConfig, tape.ErrDamaged), exitCheck},
		{&failure{code: exitUsage, err: errors.New("no")}, exitUsage},
		{trouble(host.NotFound), exitNotFound},
		{trouble(host.NotPlugin), exitConfig},
		{trouble(host.BadChecksum), exitConfig},
		{trouble(host.BadVersion), exitConfig},
		{trouble(host.BadParams), exitConfig},
		{trouble(host.BadData), exitCheck},
		{trouble(host.Crashed), exitFailed},
		{trouble(host.Hung), exitTimeout},
		{trouble(host.Lied), exitFailed},
		{trouble(host.Failed), exitFailed},
		{&host.Error{Kind: host.Failed, Plugin: "p", Err: context.Canceled}, exitFailed},
		{strategy.ParamErrors{{Name: "x", Problem: "y"}}, exitConfig},
	} {
		var f *failure
		if !errors.As(asFailure(fmt.Errorf("wrapped: %w", test.err)), &f) || f.code != test.want {
			t.Errorf("%v: %+v, want code %d", test.err, f, test.want)
		}
		if !slices.ContainsFunc(exitCodes(), func(e exitMeaning) bool { return e.code == test.want }) {
			t.Errorf("help exit-codes does not explain %d", test.want)
		}
	}
}

// TestInspection prints what a manifest leaves out as left out.
func TestInspection(t *testing.T) {
	var out bytes.Buffer
	c := &console{out: &out}
	if err := c.printInspection(backtest.Description{Manifest: strategy.Manifest{Name: "mine", Version: "1.0.0"}}, &inspection{SDK: "1"}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "mine 1.0.0\n") || !strings.Contains(got, "memory       not declared stateless\n") {
		t.Errorf("got\n%s", got)
	}
}
