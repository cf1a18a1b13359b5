//go:build unix

package tape

import (
	"fmt"
	"os"
	"syscall"
)

// lockDirectory holds a tape for one import. The lock ends with the process, however
// that ends.
func lockDirectory(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		d.Close()
		return nil, fmt.Errorf("%s: another import is at work on this tape: %w", path, err)
	}
	return d, nil
}
