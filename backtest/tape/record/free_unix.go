//go:build linux || darwin || freebsd

package record

import (
	"os"
	"syscall"
)

// freeBytes is how much room there is for those who are not root.
func freeBytes(directory string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(directory, &s); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: directory, Err: err}
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
