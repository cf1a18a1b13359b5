package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pmbot/pmbot/backtest/tape"
)

// lockDirectory holds a directory for one recorder. The lock ends with the process, however
// that ends.
func lockDirectory(path string) (*os.File, error) {
	holder := filepath.Join(path, "process")
	d, err := tape.Lock(path, "another recorder")
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
		if pid, unread := os.ReadFile(holder); unread == nil {
			err = fmt.Errorf("%w: process %.20s", ErrLocked, bytes.TrimSpace(pid))
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	// It is the lock that counts. The number is for messages, so that a full disk, which
	// takes none, stops nothing.
	_ = os.WriteFile(holder, fmt.Appendln(nil, os.Getpid()), 0o644)
	return d, nil
}
