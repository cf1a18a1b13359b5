//go:build unix

package tape

import (
	"fmt"
	"os"
	"syscall"
)

// lockDirectory holds a tape for one import.
func lockDirectory(path string) (*os.File, error) {
	return Lock(path, "another import is at work on this tape")
}

// Lock holds a directory until the file is closed or the process ends, however that ends.
// Who comes second gets an error that says who may hold it and is syscall.EWOULDBLOCK.
func Lock(path, holder string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.Close()
		return nil, fmt.Errorf("%s: %s: %w", path, holder, err)
	}
	return d, nil
}
