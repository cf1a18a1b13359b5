package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pmbot/pmbot/backtest/tape/durable"
)

// sealer is a new file. Sync tells of a disk that took the data and could not keep it.
type sealer interface {
	io.ReadWriteSeeker
	Sync() error
	Close() error
}

type creator func(path string) (sealer, error)

func createFile(path string) (sealer, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
}

// stage holds new files until all of them are complete. It is a directory beside the
// targets, because only there a rename is one step.
type stage struct {
	dir, root string
	// made says that root was not there before.
	made      bool
	overwrite bool
	create    creator
	files     []*output
	// spools are files that are of no more use in the end.
	spools []sealer
}

func openStage(spec Spec, create creator) (*stage, error) {
	s := &stage{root: filepath.Dir(spec.Path), overwrite: spec.Overwrite, create: create}
	if spec.Layout == Archive {
		s.root = spec.Path
		_, err := os.Stat(s.root)
		s.made = errors.Is(err, fs.ErrNotExist)
		if err := os.MkdirAll(s.root, 0o755); err != nil {
			return nil, err
		}
	}
	var err error
	s.dir, err = os.MkdirTemp(s.root, ".export-*")
	return s, err
}

// begin makes a file that is to become target.
func (s *stage) begin(target string) (*output, error) {
	if err := s.free(target); err != nil {
		return nil, err
	}
	temp := filepath.Join(s.dir, strconv.Itoa(len(s.files)))
	file, err := s.create(temp)
	if err != nil {
		return nil, err
	}
	o := &output{target: target, temp: temp, file: file, sum: sha256.New()}
	o.buffer = bufio.NewWriterSize(counter{o}, 256<<10)
	s.files = append(s.files, o)
	return o, nil
}

// spool makes a file for what is needed until the end and then no more.
func (s *stage) spool() (io.ReadWriteSeeker, error) {
	file, err := s.create(filepath.Join(s.dir, "spool"))
	if err == nil {
		s.spools = append(s.spools, file)
	}
	return file, err
}

// free says whether a file may be put at a path.
func (s *stage) free(target string) error {
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !s.overwrite:
		return fmt.Errorf("%s: %w", target, fs.ErrExist)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is there and is no regular file", ErrSpec, target)
	}
	return nil
}

// commit moves the files into their places.
func (s *stage) commit() ([]File, error) {
	for _, o := range s.files {
		if err := s.free(o.target); err != nil {
			return nil, err
		}
	}
	var files []File
	for _, o := range s.files {
		directory := filepath.Dir(o.target)
		if err := os.MkdirAll(directory, 0o755); err != nil {
			return nil, err
		}
		if err := os.Rename(o.temp, o.target); err != nil {
			return nil, err
		}
		if err := durable.SyncDirectory(directory); err != nil {
			return nil, err
		}
		files = append(files, File{o.target, o.bytes, o.hash()})
	}
	return files, nil
}

// close removes what was not committed.
func (s *stage) close() error {
	for _, o := range s.files {
		if !o.sealed {
			o.file.Close() // the error does not matter: the file is removed
		}
	}
	for _, file := range s.spools {
		file.Close()
	}
	err := os.RemoveAll(s.dir)
	if s.made {
		os.Remove(s.root) // stays unless it is empty
	}
	return err
}

// output is a file under way.
type output struct {
	target, temp string
	file         sealer
	buffer       *bufio.Writer
	sum          hash.Hash
	bytes        int64
	sealed       bool
}

func (o *output) Write(b []byte) (int, error) { return o.buffer.Write(b) }

// seal completes the file and makes it durable.
func (o *output) seal() error {
	if err := o.buffer.Flush(); err != nil {
		return fmt.Errorf("%s: %w", o.target, err)
	}
	o.sealed = true
	err := o.file.Sync()
	if err := errors.Join(err, o.file.Close()); err != nil {
		return fmt.Errorf("%s: %w", o.target, err)
	}
	return nil
}

// hash is the SHA-256 of a sealed file, in hex.
func (o *output) hash() string { return hex.EncodeToString(o.sum.Sum(nil)) }

// counter takes what leaves the buffer of an output.
type counter struct{ o *output }

func (c counter) Write(b []byte) (int, error) {
	n, err := c.o.file.Write(b)
	c.o.sum.Write(b[:n])
	c.o.bytes += int64(n)
	return n, err
}
