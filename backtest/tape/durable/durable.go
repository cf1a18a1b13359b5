// Package durable makes directories, the names in them and small files survive a loss of power.
// Whoever writes files that must not vanish calls it: the tape, its recorder, exports, and a bot
// for what it must know when it begins again. Start at [MakeDirectory] and [Replace].
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

// Replace puts a file in the place of what is there, whole or not at all, readable for its owner
// alone. It writes beside it first, under the name with ".new" after it.
func Replace(path string, text []byte) error {
	draft, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = draft.Write(text)
	if err == nil {
		err = draft.Sync()
	}
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return SyncDirectory(filepath.Dir(path))
}
