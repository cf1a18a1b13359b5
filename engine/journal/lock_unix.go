//go:build unix

package journal

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock holds a directory until the file is closed or the process ends, however that ends. It
// repeats backtest/tape.Lock, since the shell around the kernel imports no backtest.
func lock(dir string) (*os.File, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s: %w; stop it first, or give this one a directory of its own", dir, ErrLocked)
		}
		return nil, fmt.Errorf("%s cannot be locked: %w", dir, err)
	}
	return d, nil
}
