package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
)

// fullDisk takes some bytes, and no more.
type fullDisk struct {
	*os.File
	left *int
}

func (f fullDisk) Write(b []byte) (int, error) {
	if *f.left -= len(b); *f.left < 0 {
		return 0, &fs.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return f.File.Write(b)
}

func (f fullDisk) Sync() error {
	if *f.left == 0 {
		return &fs.PathError{Op: "sync", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return nil
}

// three are specs of every layout, in a directory.
func three(was *tape.Tape, dir string) []Spec {
	series := keys(was)
	return []Spec{
		{Layout: CSV, Path: filepath.Join(dir, "a.csv"), Series: series},
		{Layout: CSV, Path: filepath.Join(dir, "a.csv.gz"), Series: series},
		{Layout: Archive, Path: filepath.Join(dir, "new"), Series: series},
		{Layout: HftBacktest, Path: filepath.Join(dir, "a.npz"), Series: series},
	}
}

// TestFullDisk lets the disk be full early and late in a small export.
func TestFullDisk(t *testing.T) {
	was := imported(t, row.Key{}, "testdata/archive/um/daily/trades/BTCUSDT/BTCUSDT-trades-2024-04-20.csv")
	dir := t.TempDir()
	for i, spec := range three(was, dir) {
		for size := 0; ; size += 1 + size/64 {
			left := size
			_, err := write(t.Context(), was, spec, nil, func(path string) (sealer, error) {
				file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
				return fullDisk{file, &left}, err
			})
			if err == nil {
				if size < 40 {
					t.Errorf("%d: an export of %d bytes", i, size)
				}
				break
			}
			if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, ErrLayout) {
				t.Fatalf("%d, %d bytes: %v", i, size, err)
			}
			if there, err := os.ReadDir(dir); err != nil || len(there) != i {
				t.Fatalf("%d, %d bytes: left %v, %v", i, size, there, err)
			}
		}
	}
}

// noSync is a disk that takes everything and keeps nothing.
type noSync struct{ *os.File }

func (f noSync) Sync() error { return &fs.PathError{Op: "sync", Path: f.Name(), Err: syscall.EIO} }

func TestUnkeptFile(t *testing.T) {
	was := imported(t, row.Key{}, "testdata/archive/um/daily/trades/BTCUSDT/BTCUSDT-trades-2024-04-20.csv")
	dir := t.TempDir()
	for _, spec := range three(was, dir) {
		_, err := write(t.Context(), was, spec, nil, func(path string) (sealer, error) {
			file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
			return noSync{file}, err
		})
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: %v", spec.Path, err)
		}
		if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
			t.Errorf("%s: left %v, %v", spec.Path, there, err)
		}
	}
}

// TestCancel ends an export before and in its midst.
func TestCancel(t *testing.T) {
	was := imported(t, row.Key{}, "testdata/archive/um/daily/trades/BTCUSDT/BTCUSDT-trades-2024-04-20.csv")
	dir := t.TempDir()
	for _, spec := range three(was, dir) {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := Series(ctx, was, spec, func(_, _ int64) { cancel() }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", spec.Layout, err)
		}
		if _, err := Series(ctx, was, spec, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", spec.Layout, err)
		}
		if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
			t.Errorf("%s: left %v, %v", spec.Layout, there, err)
		}
	}
}
