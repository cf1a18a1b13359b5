//go:build linux

package journal

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// childDir has the test binary be a process that writes a journal there until the disk is
// full, frees some room, and goes on; see TestFullDisk.
const childDir = "PMBOT_JOURNAL_CHILD"

// TestFullDisk writes to a file system of 256 KiB until it is full, in a mount of its own:
// the error names the file, the records before it are there, and the writer goes on when
// there is room.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		fillDisk(t, dir)
		return
	}
	dir := t.TempDir()
	script := `mount -t tmpfs -o size=256k none "$1" && exec "$2" -test.run '^TestFullDisk$' -test.v`
	cmd := exec.Command("unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", dir, os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "RUN") {
		t.Skipf("no mount of its own on this machine: %v: %s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "full and going on") {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	room := dir + "/room"
	if err := os.WriteFile(room, make([]byte, 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	w := opened(t, testConfig(dir+"/journal"))
	list := script(21, 1, 3000)
	full, safe := false, 0
	for i := range list {
		appendAll(t, w, list[i:i+1])
		err := w.Commit(BeforeRisk)
		if err != nil && !full {
			full = true
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), segmentName(1)) {
				t.Fatal(err)
			}
			same(t, list[:safe], readAll(t, dir+"/journal"))
			if err := w.Rotate(make([]byte, 50<<10)); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("a new segment: %v", err)
			}
			if err := os.Remove(room); err != nil {
				t.Fatal(err)
			}
			err = w.Commit(BeforeRisk)
		}
		if err != nil {
			break // full for good
		}
		safe = i + 1
	}
	if !full {
		t.Fatal("the disk was never full")
	}
	same(t, list[:safe], readAll(t, dir+"/journal"))
	fmt.Println("full and going on")
}

// TestFileLimit: a write that the system cuts short, here by a limit on files, is taken back.
func TestFileLimit(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 20_000, Max: 20_000}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		w := opened(t, testConfig(dir))
		list := script(22, 1, 3000)
		for i := range list {
			appendAll(t, w, list[i:i+1])
			err := w.Commit(BeforeSend)
			if err == nil {
				continue
			}
			if !errors.Is(err, syscall.EFBIG) {
				t.Fatal(err)
			}
			s, err := Survey(w.path)
			if err != nil || s.Torn != 0 || s.Sums.Last != uint64(i) {
				t.Fatalf("%d torn, event %d, %v", s.Torn, s.Sums.Last, err)
			}
			if err := w.Rotate(nil); !errors.Is(err, syscall.EFBIG) {
				t.Fatal(err)
			}
			fmt.Println("limited")
			os.Exit(0) // the writer cannot be closed
		}
		t.Fatal("no limit")
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFileLimit$")
	cmd.Env = append(os.Environ(), childDir+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "limited") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestReadOnly: a directory that cannot be written to is refused, with its name; reading it
// works.
func TestReadOnly(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		same(t, script(23, 1, 20), readAll(t, dir))
		if w, err := Open(testConfig(dir)); err == nil {
			err = w.Rotate(nil)
			refusedReadOnly(t, err, dir)
		} else {
			refusedReadOnly(t, err, dir)
		}
		_, err := Open(testConfig(dir + "/new"))
		refusedReadOnly(t, err, dir)
		fmt.Println("refused")
		return
	}
	dir := t.TempDir()
	w := opened(t, testConfig(dir))
	appendAll(t, w, script(23, 1, 20))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	script := `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && exec "$2" -test.run '^TestReadOnly$' -test.v`
	cmd := exec.Command("unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", dir, os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "RUN") {
		t.Skipf("no mount of its own on this machine: %v: %s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "refused") {
		t.Errorf("%v\n%s", err, out)
	}
}

func refusedReadOnly(t *testing.T, err error, dir string) {
	t.Helper()
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("%v", err)
	}
}
