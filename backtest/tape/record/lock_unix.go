//go:build unix

package record

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockDirectory holds a directory for one recorder. The lock ends with the process, however
// that ends.
func lockDirectory(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), d.Close())
	}
	return d, nil
}
