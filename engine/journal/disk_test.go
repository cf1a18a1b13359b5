package journal

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/shopspring/decimal"
)

func exponent(n int32) decimal.Decimal { return decimal.New(1, n) }

// fakeDisk does what the real one does, writes down what was asked of it, and fails at a
// call, in whole or in part.
type fakeDisk struct {
	realDisk
	mu  sync.Mutex // Run forces and compacts beside the writer
	did []string
	// failAt is the number of the call that fails, from 1, with failure; 0 is none. Of a
	// write a part arrives, and truncations fail, too, if stuck.
	failAt  int
	failure error
	part    int // in per cent
	stuck   bool
	// dead has all calls fail after the one that failed: the process was killed there.
	dead bool
	// quick has nothing forced for real, which no test can see.
	quick bool
	calls int
}

var errKilled = errors.New("killed")

// step says whether a call fails.
func (d *fakeDisk) step(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	d.did = append(d.did, what)
	if d.failAt > 0 && (d.calls == d.failAt || d.dead && d.calls > d.failAt) {
		return d.failure
	}
	return nil
}

func (d *fakeDisk) create(path string) (file, error) {
	if err := d.step("create"); err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f, err := d.realDisk.create(path)
	return &fakeFile{f, d, path}, err
}

func (d *fakeDisk) open(path string) (file, error) {
	if err := d.step("open"); err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	f, err := d.realDisk.open(path)
	return &fakeFile{f, d, path}, err
}

func (d *fakeDisk) rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return d.realDisk.rename(from, to)
}

func (d *fakeDisk) remove(path string) error {
	if err := d.step("remove"); err != nil {
		return &os.PathError{Op: "remove", Path: path, Err: err}
	}
	return d.realDisk.remove(path)
}

func (d *fakeDisk) syncDirectory(path string) error {
	if err := d.step("sync directory"); err != nil {
		return &os.PathError{Op: "sync", Path: path, Err: err}
	}
	if d.quick {
		return nil
	}
	return d.realDisk.syncDirectory(path)
}

type fakeFile struct {
	file
	disk *fakeDisk
	path string
}

func (f *fakeFile) WriteAt(b []byte, at int64) (int, error) {
	if err := f.disk.step("write"); err != nil {
		n := 0
		if f.disk.calls == f.disk.failAt {
			n, _ = f.file.WriteAt(b[:len(b)*f.disk.part/100], at)
		}
		return n, &os.PathError{Op: "write", Path: f.path, Err: err}
	}
	return f.file.WriteAt(b, at)
}

func (f *fakeFile) Truncate(size int64) error {
	err := f.disk.step("truncate")
	if err == nil && f.disk.stuck {
		err = syscall.EIO
	}
	if err != nil {
		return &os.PathError{Op: "truncate", Path: f.path, Err: err}
	}
	return f.file.Truncate(size)
}

func (f *fakeFile) Sync() error {
	if err := f.disk.step("sync"); err != nil {
		return fmt.Errorf("sync %s: %w", f.path, err)
	}
	if f.disk.quick {
		return nil
	}
	return f.file.Sync()
}
