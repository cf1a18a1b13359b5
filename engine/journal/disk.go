package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Names in a journal's directory: a segment, which is whole as soon as it has that name; what
// is being written and has no name yet; and what a crash has torn.
const (
	segmentSuffix = ".pmj"
	draftSuffix   = ".draft"
	tornSuffix    = ".torn"
)

// seqDigits are enough for every number of an event, so that names sort as numbers do.
const seqDigits = 20

// segmentName is the name of the segment that begins with an event.
func segmentName(first uint64) string {
	return fmt.Sprintf("%0*d%s", seqDigits, first, segmentSuffix)
}

// firstOf is the number in the name of a segment.
func firstOf(path string) (uint64, bool) {
	digits, ok := strings.CutSuffix(filepath.Base(path), segmentSuffix)
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, ok && err == nil && len(digits) == seqDigits
}

// Segments are the files of the segments in a directory, in order.
func Segments(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if _, ok := firstOf(e.Name()); ok {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// disk is what a writer does to files. Tests have one that fails.
type disk interface {
	create(path string) (file, error)
	open(path string) (file, error)
	rename(from, to string) error
	remove(path string) error
	syncDirectory(path string) error
}

// file is an open file of a segment.
type file interface {
	WriteAt(b []byte, at int64) (int, error)
	Truncate(size int64) error
	Sync() error
	Close() error
}

type realDisk struct{}

// create makes a file that only its owner may read: it tells what somebody owns.
func (realDisk) create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

func (realDisk) open(path string) (file, error) { return os.OpenFile(path, os.O_WRONLY, 0) }

func (realDisk) rename(from, to string) error { return os.Rename(from, to) }
func (realDisk) remove(path string) error     { return os.Remove(path) }

// syncDirectory forces the names in a directory to the disk. It and makeDirectory repeat
// backtest/tape/durable, since the shell around the kernel imports no backtest.
func (realDisk) syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// makeDirectory makes a directory and those above it that are missing, each durable.
func makeDirectory(d disk, path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return fmt.Errorf("journal: %s is a file, where a directory is due", path)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("journal: %w", err)
	}
	above := filepath.Dir(path)
	if err := makeDirectory(d, above); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("journal: %w", err)
	}
	if err := d.syncDirectory(above); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}
