package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/durable"
	"github.com/pmbot/pmbot/exchange"
)

// file is an open segment: an *os.File, or one that fails in tests.
type file interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
}

// disk is what may fail.
type disk struct {
	// create opens a new file that is written at its end only.
	create func(path string) (file, error)
	// free is how many bytes a directory has room for, below 0 if nobody knows.
	free func(directory string) (int64, error)
}

func realDisk() disk {
	return disk{
		create: func(path string) (file, error) {
			return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
		},
		free: freeBytes,
	}
}

// segment is an open one.
type segment struct {
	file file
	// final is the name that it gets when it is closed.
	final string
	span  exchange.Time
	// size is that of the whole frames, sum their checksum so far.
	size int64
	sum  hash.Hash
	// first is the time of its first line.
	first exchange.Time
	// unsynced is when the oldest line came that has not been forced to the disk, zero if
	// all have been.
	unsynced time.Time
}

// openSegment begins a segment for a chunk in the lane's directory, under the first number
// that is free.
func (d disk) openSegment(directory string, c *chunk, span time.Duration) (*segment, error) {
	if err := durable.MakeDirectory(directory); err != nil {
		return nil, err
	}
	for number := 1; number <= numbersMax; number++ {
		final := filepath.Join(directory, segmentName(c.span, number, span))
		if exists(final) || exists(final+partSuffix) || exists(final+partSuffix+damagedSuffix) {
			continue
		}
		f, err := d.create(final + partSuffix)
		if err != nil {
			return nil, err
		}
		if err := durable.SyncDirectory(directory); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(final+partSuffix))
		}
		return &segment{file: f, final: final, span: c.span, sum: sha256.New(), first: c.first}, nil
	}
	return nil, fmt.Errorf("%s: has %d segments of %v: move them elsewhere", directory, numbersMax, c.span)
}

// errTorn says that a segment may have part of a frame at its end.
var errTorn = errors.New("a frame was written in part and could not be cut off")

// write appends a frame, whole or not at all: of one that the disk takes in part the
// beginning is cut off again. When that fails, too, the error is errTorn, and nothing may
// be written behind it.
func (s *segment) write(frame []byte) error {
	n, err := s.file.Write(frame)
	if err == nil && n < len(frame) {
		err = io.ErrShortWrite
	}
	if err != nil {
		if cut := s.file.Truncate(s.size); cut != nil {
			return errors.Join(errTorn, err, cut)
		}
		return err
	}
	s.size += int64(n)
	s.sum.Write(frame)
	return nil
}

// sync forces what is written to the disk.
func (s *segment) sync() error {
	if s.unsynced.IsZero() {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	s.unsynced = time.Time{}
	return nil
}

// vanished says whether somebody has removed or replaced the file.
func (s *segment) vanished() bool {
	mine, err := s.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(s.final + partSuffix)
	return errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, there)
}

// close makes the segment whole: forced to the disk, with its checksum beside it, under its
// final name. It never replaces a file.
func (s *segment) close() error {
	if err := s.sync(); err != nil {
		return err
	}
	if err := s.file.Close(); err != nil {
		return err
	}
	return finish(s.final, hex.EncodeToString(s.sum.Sum(nil)))
}

// finish gives a complete open segment its checksum and its final name. The checksum comes
// first: a closed segment always has one.
func finish(final, sum string) error {
	if exists(final) {
		return fmt.Errorf("%s: is there already, beside an open segment of that name: remove one of them", final)
	}
	text := fmt.Sprintf("%s  %s\n", sum, filepath.Base(final))
	if err := writeFile(final+checksumSuffix, []byte(text)); err != nil {
		return err
	}
	if err := os.Rename(final+partSuffix, final); err != nil {
		return err
	}
	return durable.SyncDirectory(filepath.Dir(final))
}

// writeFile writes a small file in one step, durable.
func writeFile(path string, content []byte) error {
	directory, name := filepath.Split(path)
	f, err := os.CreateTemp(directory, hidden+"*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone when all went well
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(directory, name))
	}
	if err == nil {
		err = durable.SyncDirectory(directory)
	}
	return err
}

// clearHidden removes files that a killed recorder has begun and not ended.
func clearHidden(directory string) error {
	entries, err := os.ReadDir(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if err == nil && strings.HasPrefix(e.Name(), hidden) {
			err = os.Remove(filepath.Join(directory, e.Name()))
		}
	}
	return err
}

// exists says whether a name is taken, whatever by.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
