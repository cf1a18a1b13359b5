package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"testing"
)

// TestCrashIsKept: what a panic of the goroutine that runs the bot leaves is for the next start
// to count, and an error is no crash.
func TestCrashIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		step func(context.Context) error
		kept bool
	}{
		"panic": {func(context.Context) error { panic("a bug") }, true},
		"error": {func(context.Context) error { return errors.New("a cable") }, false},
		"end":   {func(context.Context) error { return nil }, false},
	} {
		b, _ := stopping(t)
		b.dir, b.started = t.TempDir(), wallClock()
		if err := b.watchCrashes(); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = b.take(t.Context(), c.step)
		}()
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		if _, err := os.Stat(b.crashPath); (err == nil) != c.kept {
			t.Errorf("%s: the crash file: %v", name, err)
		}
	}
}
