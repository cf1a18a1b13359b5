package source

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zip"
	"github.com/klauspost/compress/zstd"
)

// ErrChecksum says that a file is not the one its CHECKSUM file was made for.
var ErrChecksum = errors.New("checksum mismatch")

// ErrNoRows says that a file is whole and holds no row: an archive of a day on which nothing
// happened has a header and nothing else.
var ErrNoRows = errors.New("has no rows of data")

// ErrBomb says that a file unpacks to far more than market data can.
var ErrBomb = errors.New("unpacks to more than any market data")

const (
	// unpackedMax bounds the unpacked size of a file, 64 GiB: a year of the busiest
	// symbol's trades.
	unpackedMax = 64 << 30
	// bombRatio is how many times larger than its file unpacked text may be, once it is
	// larger than bombSize. Market data packs ten times, and a bomb a thousand.
	bombRatio = 200
	bombSize  = 256 << 20
	// peekMax is what can be seen of a content before it is read.
	peekMax = 64 << 10
	// partSuffix is behind the name of a file that package record is still writing: what
	// it has so far can be read.
	partSuffix = ".part"
	// checksumMax bounds what is read of a CHECKSUM file: its first word counts.
	checksumMax = 4 << 10
)

// File is an opened file of recorded data and its unpacked content.
type File struct {
	// Name is the file's base name, Path what it was opened by.
	Name, Path string
	// SHA256 is that of the file as it lies on disk, in hex.
	SHA256 string
	// Verified says that a CHECKSUM file agreed. Archive says that the file is one of
	// those that have one, a .zip.
	Verified, Archive bool
	// Size is that of the file on disk, in bytes.
	Size int64
	// Entry is the base name of what the file holds: BTCUSDT-1m.csv in BTCUSDT-1m.csv.gz.
	Entry string

	disk *os.File
	// packed says that the content is not what is on the disk. read counts bytes of the
	// disk; reading ahead, another goroutine counts them.
	packed  bool
	read    atomic.Int64
	content *bufio.Reader
	closers []func() error
}

// Open opens a file, computes its checksum, compares it with <path>.CHECKSUM where that
// exists, and prepares to unpack .zip, .gz and .zst by their names. Whatever else the
// name says, the content is taken as it is.
//
// The content is that of the bytes that the checksum was made of: what a recorder appends
// meanwhile is not read, and a file that becomes shorter is an error.
func Open(path string) (*File, error) {
	disk, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	f := &File{Name: filepath.Base(path), Path: path, Size: size, disk: disk, closers: []func() error{disk.Close}}
	if err := f.open(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// openRegular opens a regular file that is not empty. It looks before it opens: opening a
// pipe waits for who writes to it.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case info.IsDir():
		return nil, 0, fmt.Errorf("%s: is a directory; name the files in it", path)
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s: is not a regular file", path)
	case info.Size() == 0:
		return nil, 0, fmt.Errorf("%s: is empty", path)
	}
	disk, err := os.Open(path)
	return disk, info.Size(), err
}

func (f *File) open() error {
	sum := sha256.New()
	if _, err := io.Copy(sum, &counter{f: f, left: f.Size}); err != nil {
		return err
	}
	f.read.Store(0)
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	if err := f.verify(); err != nil {
		return err
	}
	if _, err := f.disk.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return f.unpack()
}

// verify compares the file with the CHECKSUM file beside it, if there is one: the
// SHA-256 in hex, two blanks, the file's name.
func (f *File) verify() error {
	path := f.Path + ".CHECKSUM"
	file, _, err := openRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, checksumMax))
	if err != nil {
		return err
	}
	want, _, _ := bytes.Cut(text, []byte(" "))
	want = bytes.TrimSpace(want)
	if raw, err := hex.DecodeString(string(want)); err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%w: %s does not begin with a SHA-256 in hex but with %q; the file has %s", ErrChecksum, path, Clip(want), f.SHA256)
	}
	if !strings.EqualFold(string(want), f.SHA256) {
		return fmt.Errorf("%w: the file has %s, %s says %s", ErrChecksum, f.SHA256, path, want)
	}
	f.Verified = true
	return nil
}

// unpack finds the content by the file's name.
func (f *File) unpack() error {
	f.Entry = f.Name
	var r io.Reader = &counter{f: f, left: f.Size}
	name := strings.TrimSuffix(f.Name, partSuffix)
	extension := strings.ToLower(filepath.Ext(name))
	if extension == ".gz" || extension == ".zst" {
		f.Entry = name[:len(name)-len(extension)]
	}
	f.packed = true
	switch extension {
	case ".zip":
		entry, err := f.unzip()
		if err != nil {
			return err
		}
		f.Archive, r = true, entry
	case ".gz":
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("not a gzip file, or cut off: %w", err)
		}
		r, f.closers = z, append(f.closers, z.Close)
	case ".zst":
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20))
		if err != nil {
			return fmt.Errorf("not a zstd file, or cut off: %w", err)
		}
		r, f.closers = z, append(f.closers, func() error { z.Close(); return nil })
	default:
		f.packed = false
	}
	f.content = bufio.NewReaderSize(&fuse{r: r, packed: f.Size, name: f.Name}, peekMax)
	return nil
}

// unzip opens the one file of an archive.
func (f *File) unzip() (io.Reader, error) {
	z, err := zip.NewReader(&counterAt{f}, f.Size)
	if err != nil {
		return nil, fmt.Errorf("not a zip archive, or cut off: %w", err)
	}
	if len(z.File) != 1 || z.File[0].FileInfo().IsDir() {
		return nil, fmt.Errorf("an archive holds one file, this one holds %d entries", len(z.File))
	}
	entry := z.File[0]
	f.Entry = filepath.Base(entry.Name)
	if err := CheckUnpacked(entry.Name, entry.UncompressedSize64, f.Size); err != nil {
		return nil, err
	}
	text, err := entry.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", entry.Name, err)
	}
	f.closers = append(f.closers, text.Close)
	return text, nil
}

// CheckUnpacked is ErrBomb for what is said to unpack to far more bytes than market data
// in a file of packed bytes can.
func CheckUnpacked(name string, unpacked uint64, packed int64) error {
	if unpacked > unpackedMax || unpacked > bombSize && unpacked > bombRatio*uint64(packed) {
		return fmt.Errorf("%w: %s is said to have %d bytes", ErrBomb, name, unpacked)
	}
	return nil
}

// Read reads the unpacked content.
func (f *File) Read(b []byte) (int, error) { return f.content.Read(b) }

// Peek shows the next bytes of the content, at most 64 KiB, without reading them. Fewer
// than n mean that the content ends there.
func (f *File) Peek(n int) ([]byte, error) {
	b, err := f.content.Peek(min(n, peekMax))
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil // whoever reads on meets it again
	}
	return b, err
}

// Progress is how many bytes of Size have been read from the disk.
func (f *File) Progress() int64 { return f.read.Load() }

// Disk is the file itself, for formats that are read at random. It counts for Progress.
func (f *File) Disk() io.ReaderAt { return &counterAt{f} }

// Close gives the file back.
func (f *File) Close() error {
	var err error
	for i := len(f.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, f.closers[i]())
	}
	f.closers = nil
	return err
}

// errShorter says that a file has changed since it was opened.
var errShorter = errors.New("the file has become shorter while it was read")

// counter and counterAt count what is read from the disk, and read no further than the
// file went when it was opened.
type counter struct {
	f    *File
	left int64
}

func (c *counter) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.f.disk.Read(b[:min(int64(len(b)), c.left)])
	c.f.read.Add(int64(n))
	c.left -= int64(n)
	if err == io.EOF {
		err = errShorter
	}
	return n, err
}

type counterAt struct{ f *File }

func (c *counterAt) ReadAt(b []byte, at int64) (int, error) {
	n, err := c.f.disk.ReadAt(b, at)
	c.f.read.Add(int64(n))
	if err == io.EOF && at+int64(n) < c.f.Size {
		err = errShorter
	}
	return n, err
}

// fuse ends the reading of a file that unpacks without end.
type fuse struct {
	r            io.Reader
	read, packed int64
	name         string
}

func (f *fuse) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	f.read += int64(n)
	if f.read > unpackedMax || f.read > bombSize && f.read > bombRatio*f.packed {
		return n, fmt.Errorf("%w: %s has %d bytes on disk and has given %d", ErrBomb, f.name, f.packed, f.read)
	}
	return n, err
}
