// Package durable makes directories and the names in them survive a loss of power. Whoever
// writes files that must not vanish calls it after a rename: the tape, its recorder, and
// exports. It has two functions; start at [MakeDirectory].
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// MakeDirectory makes a directory and those above it that are missing, each durable. A file
// in its place is an error.
func MakeDirectory(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s: is a file, where a directory is due", path)
		}
		return nil
	}
	above := filepath.Dir(path)
	if err := MakeDirectory(above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDirectory(above)
}

// SyncDirectory forces the names in a directory to the disk.
func SyncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
