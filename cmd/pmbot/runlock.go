package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// takeLock makes sure that no other process of this machine runs the account. The lock goes
// with the process, however that ends; the file stays and has the number of the last one.
func (b *bot) takeLock() error {
	cure := "name a directory that can be written to with state"
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return &failure{exitFailed, fmt.Errorf("state directory %s: %w", b.dir, reason(err)), cure}
	}
	f, err := os.OpenFile(filepath.Join(b.dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return &failure{exitFailed, fmt.Errorf("state directory %s: %w", b.dir, reason(err)), cure}
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return &failure{exitFailed, fmt.Errorf("lock in %s: %w", b.dir, err), cure}
		}
		return &failure{exitSafety, fmt.Errorf("account %s is run by process %s already", b.label, strings.TrimSpace(string(holder))), "one bot trades an account: stop the other one first"}
	}
	b.lock = f
	if err := f.Truncate(0); err != nil {
		return errors.Join(&failure{exitFailed, fmt.Errorf("lock in %s: %w", b.dir, err), cure}, f.Close())
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return errors.Join(&failure{exitFailed, fmt.Errorf("lock in %s: %w", b.dir, err), cure}, f.Close())
	}
	return nil
}

// stateEvery is how often it is looked whether the state directory is still ours.
const stateEvery = time.Second

// watchState ends the bot when its state directory was taken away: what it writes would be
// found by nobody, and another bot could take a lock of its own beside it.
func (b *bot) watchState(ctx context.Context) error {
	ours, err := b.lock.Stat()
	if err != nil {
		return err
	}
	tick := time.NewTicker(stateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		there, err := os.Stat(filepath.Join(b.dir, "lock"))
		if errors.Is(err, os.ErrNotExist) || err == nil && !os.SameFile(ours, there) {
			return &failure{exitFailed, fmt.Errorf("state directory %s was removed or replaced while the bot ran", b.dir),
				"its journal is lost: see what the account holds before the next start, which begins anew"}
		}
	}
}
