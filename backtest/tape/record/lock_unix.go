//go:build unix

package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockDirectory holds a directory for one recorder. The lock ends with the process, however
// that ends.
func lockDirectory(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	holder := filepath.Join(path, "process")
	err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
		if pid, unread := os.ReadFile(holder); unread == nil {
			err = fmt.Errorf("%w: process %.20s", ErrLocked, bytes.TrimSpace(pid))
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.Close())
	}
	// It is the lock that counts. The number is for messages, so that a full disk, which
	// takes none, stops nothing.
	_ = os.WriteFile(holder, fmt.Appendln(nil, os.Getpid()), 0o644)
	return d, nil
}
