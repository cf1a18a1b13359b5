package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/pmbot/pmbot/exchange"
)

// A bot that panics must not be started again and again by whoever watches over it, and trade
// a little each time. What the runtime writes when the process crashes goes to a file of its
// own, so that a kill, a loss of power and a stop are none.
const (
	// crashesMax is how many crashes within crashesSpan keep the bot halted.
	crashesMax  = 3
	crashesSpan = 10 * time.Minute
)

func (b *bot) crashDir() string { return filepath.Join(b.dir, "crash") }

// watchCrashes has the runtime write to a file what ends this process.
func (b *bot) watchCrashes() error {
	failed := func(err error) error {
		return &failure{exitFailed, fmt.Errorf("crash directory %s: %w", b.crashDir(), reason(err)), "name a state directory that can be written to with state"}
	}
	if err := os.MkdirAll(b.crashDir(), 0o700); err != nil {
		return failed(err)
	}
	b.crashPath = filepath.Join(b.crashDir(), strconv.FormatInt(b.started.Millis(), 10)+".txt")
	f, err := os.OpenFile(b.crashPath, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return failed(err)
	}
	// The runtime keeps a descriptor of its own.
	return errors.Join(debug.SetCrashOutput(f, debug.CrashOptions{}), f.Close())
}

// noCrash removes the file of a process that has not crashed.
func (b *bot) noCrash() {
	if b.crashPath != "" {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_ = os.Remove(b.crashPath)
	}
}

// crashes counts those of late. Files of processes that were killed are empty and go.
func (b *bot) crashes() int {
	entries, err := os.ReadDir(b.crashDir())
	if err != nil {
		return 0
	}
	n := 0
	for _, e := range entries {
		path := filepath.Join(b.crashDir(), e.Name())
		info, err := e.Info()
		switch {
		case err != nil || path == b.crashPath:
		case info.Size() == 0:
			_ = os.Remove(path)
		case time.Since(info.ModTime()) < crashesSpan:
			n++
		}
	}
	return n
}

// holdAfterCrashes halts the account until a person resumes it: orders can be cancelled and
// positions closed, and nothing else.
func (b *bot) holdAfterCrashes(n int) {
	why := fmt.Sprintf("the bot has crashed %d times within %v; see %s", n, crashesSpan, b.crashDir())
	b.warn(why)
	e := exchange.Event{At: b.clock.Now()}
	e.SetState(&exchange.StateChange{State: exchange.Halted, Cause: exchange.CauseOperator, Reason: why, By: "pmbot"})
	b.loop.Put(e)
}
