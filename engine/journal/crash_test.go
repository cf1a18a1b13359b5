package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/pmbot/pmbot/internal/raced"
)

// twoSegments is the files of a journal that was killed: a segment that is closed, and one
// with the records 31 to 60 in frames of three, whose ends are returned.
func twoSegments(t *testing.T) (list []Record, old, last []byte, ends []int) {
	t.Helper()
	dir := t.TempDir()
	w := opened(t, testConfig(dir))
	list = script(3, 1, 60)
	appendAll(t, w, list[:30])
	if err := w.Rotate(bytes.Repeat([]byte("state"), 20)); err != nil {
		t.Fatal(err)
	}
	for i := 30; i < 60; i += 3 {
		ends = append(ends, int(w.size))
		appendAll(t, w, list[i:i+3])
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	ends = append(ends, int(w.size))
	return list, fileOf(t, filepath.Join(dir, segmentName(1))), fileOf(t, filepath.Join(dir, segmentName(31))), ends
}

// planted is a directory with two segments.
func planted(t *testing.T, dir string, old, last []byte) {
	t.Helper()
	for _, name := range named(t, dir) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{segmentName(1): old, segmentName(31): last} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// reopen opens a directory without forcing anything for real.
func reopen(dir string) (*Writer, error) {
	c := testConfig(dir)
	c.disk = &fakeDisk{quick: true}
	return Open(c)
}

// TestCutAnywhere cuts the newest segment off at every octet: what was whole before the cut
// is read, a writer goes on behind it, and what it cut off is kept.
func TestCutAnywhere(t *testing.T) {
	list, old, last, ends := twoSegments(t)
	dir := filepath.Join(t.TempDir(), "j")
	step := raced.Fewer(1, 7)
	for cut := 0; cut <= len(last); cut += step {
		if cut > ends[1] && cut < ends[len(ends)-4] && cut%(10*step) > 0 {
			continue
		}
		whole, frameEnd := 30, 0
		for i, end := range ends {
			if cut >= end {
				whole, frameEnd = 30+3*i, end
			}
		}
		planted(t, dir, old, last[:cut])
		if cut >= ends[0] {
			same(t, list[30:whole], readNewest(t, dir))
		} else {
			same(t, list[:30], readNewest(t, dir)) // the segment before is the one to start from
		}
		same(t, list[:whole], readAll(t, dir))
		w, err := reopen(dir)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if err := w.Rotate([]byte("after")); err != nil {
			t.Fatal(err)
		}
		rest := script(4, uint64(whole)+1, uint64(whole)+5)
		appendAll(t, w, rest)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, append(append([]Record(nil), list[:whole]...), rest...), readAll(t, dir))
		if cut > frameEnd && cut > ends[0] {
			torn := filepath.Join(dir, fmt.Sprintf("%s.%d.torn", segmentName(31), frameEnd))
			if !bytes.Equal(fileOf(t, torn), last[frameEnd:cut]) {
				t.Fatalf("cut at %d: the torn part was not kept", cut)
			}
		}
	}
}

// TestGarbageAtTheEnd puts octets of every kind behind a cut.
func TestGarbageAtTheEnd(t *testing.T) {
	list, old, last, ends := twoSegments(t)
	dir := filepath.Join(t.TempDir(), "j")
	for seed := range uint64(300) {
		rng := randOf(seed, 9)
		garbage := make([]byte, rng.IntN(3000))
		switch seed % 3 {
		case 0: // a hole, as a loss of power leaves it
		case 1:
			for i := range garbage {
				garbage[i] = byte(rng.Uint32())
			}
		case 2: // pieces of what was written
			for i := range garbage {
				garbage[i] = last[(i*7+int(seed))%len(last)]
			}
		}
		frame := rng.IntN(len(ends))
		end := ends[frame]
		planted(t, dir, old, append(append([]byte(nil), last[:end]...), garbage...))
		same(t, list[:30+3*frame], readAll(t, dir))
		if w, err := reopen(dir); err != nil || w.Last() != uint64(30+3*frame) {
			t.Fatal(err)
		} else {
			w.Close()
		}
	}
}

// TestFlippedBits flips every bit of the newest segment: in its last frame it is torn, and
// before it damage, which names the file and the place, and which no writer touches.
func TestFlippedBits(t *testing.T) {
	list, old, last, ends := twoSegments(t)
	dir := filepath.Join(t.TempDir(), "j")
	tail := ends[len(ends)-2]
	step := raced.Fewer(1, 7)
	for at := 0; at < len(last); at += step {
		for b := range 8 {
			if at < tail && (at*8+b)%37 > 0 {
				continue
			}
			bad := bytes.Clone(last)
			bad[at] ^= 1 << b
			planted(t, dir, old, bad)
			if at >= tail {
				same(t, list[:57], readAll(t, dir))
				continue
			}
			var d *Damage
			_, err := reopen(dir)
			if !errors.As(err, &d) || !errors.Is(err, ErrDamaged) || d.Path != filepath.Join(dir, segmentName(31)) ||
				d.Offset > int64(at) || !strings.Contains(err.Error(), "pmbot journal verify") {
				t.Fatalf("bit %d of octet %d: %v", b, at, err)
			}
			if !bytes.Equal(fileOf(t, d.Path), bad) {
				t.Fatal("a damaged file was changed")
			}
		}
	}
	// In an older segment even the last frame is damage.
	for at := 0; at < len(old); at += 3 * step {
		bad := bytes.Clone(old)
		bad[at] ^= 1 << (at % 8)
		planted(t, dir, bad, last)
		if _, err := readTo(dir); !errors.Is(err, ErrDamaged) {
			t.Fatalf("octet %d of an old segment: %v", at, err)
		}
		if got := readNewest(t, dir); len(got) != 30 {
			t.Fatal("the newest segment needs no other")
		}
	}
	for _, cut := range []int{0, 1, 50, len(old) - endLength, len(old) - endLength - 1, len(old) - 1} {
		planted(t, dir, old[:cut], last)
		// Without its end alone a segment is still whole.
		if _, err := readTo(dir); (err == nil) != (cut == len(old)-endLength) {
			t.Errorf("an old segment cut at %d: %v", cut, err)
		}
	}
}

// readTo reads a journal as far as it can be read.
func readTo(dir string) (n int, err error) {
	r, err := Read(dir, 0)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		var one Record
		if err := r.Next(&one); err != nil {
			if err.Error() == "EOF" {
				err = nil
			}
			return n, err
		}
		n++
	}
}

// life writes a journal through rotations, and returns how many records it was promised are
// safe when it ended: at the end, or at the first error if giveUp.
func life(w *Writer, list []Record, giveUp bool) (safe int, err error) {
	try := func(f func() error) bool {
		err = f()
		if err != nil && !giveUp && !errors.Is(err, ErrDead) {
			err = f() // the disk is well again
		}
		return err == nil
	}
	for i := range list {
		if i%40 == 0 && !try(func() error { return w.Rotate(bytes.Repeat([]byte("s"), 3000)) }) {
			return safe, err
		}
		if err := w.Append(&list[i].Event, list[i].Decision); err != nil {
			return safe, err
		}
		inside := w.inside
		level := Level(i % 3)
		if !try(func() error { return w.Commit(level) }) {
			return safe, err
		}
		if inside || level > Later {
			safe = i + 1
		}
		if i == 90 && !try(func() error { return w.Compact(context.Background()) }) {
			return safe, err
		}
	}
	if err := w.Close(); err != nil {
		return safe, err
	}
	return len(list), nil
}

// TestKilledAnywhere kills a writer at every call of the disk, in the middle of writes too,
// and lets another go on: what was committed is there, in order, and nothing else.
func TestKilledAnywhere(t *testing.T) {
	list := script(5, 1, 130)
	for _, part := range []int{0, 1, 50, 99} {
		for n := 1; ; n += raced.Fewer(1, 5) {
			dir := filepath.Join(t.TempDir(), "j")
			c := testConfig(dir)
			c.Keep = 1 // everything is old
			c.Clock = clockAt(3e18)
			d := &fakeDisk{failAt: n, failure: errKilled, part: part, dead: true, quick: true}
			c.disk = d
			safe := 0
			w, err := Open(c)
			if err == nil {
				safe, err = life(w, list, true)
				w.lock.Close()
			}
			if err == nil {
				if d.calls > n {
					t.Fatalf("call %d failed and nobody noticed: %v", n, d.did)
				}
				break // past the last call
			}
			if !errors.Is(err, errKilled) {
				t.Fatalf("call %d: %v", n, err)
			}
			goesOn(t, dir, list, safe, fmt.Sprintf("killed at call %d, %d%%", n, part))
		}
	}
}

// goesOn opens a journal that was left, holds it against what it must have, and ends it.
func goesOn(t *testing.T, dir string, list []Record, safe int, when string) {
	t.Helper()
	w, err := reopen(dir)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	had := int(w.Last())
	if had < safe {
		t.Fatalf("%s: %d records were safe, %d are there", when, safe, had)
	}
	if err := w.Rotate([]byte("again")); err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, list[had:])
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	whole(t, dir, list, when)
	if names := strings.Join(named(t, dir), " "); strings.Contains(names, draftSuffix) {
		t.Fatalf("%s: %s", when, names)
	}
}

// whole holds a journal against what was appended; compacted segments lack market data.
func whole(t *testing.T, dir string, list []Record, when string) {
	t.Helper()
	at := 0
	for _, r := range readAll(t, dir) {
		for at < len(list) && list[at].Event.Seq < r.Event.Seq {
			if !list[at].Event.Kind.Market() {
				t.Fatalf("%s: record %d is lost", when, at+1)
			}
			at++
		}
		if at == len(list) {
			t.Fatalf("%s: a record that nobody wrote: %v", when, r.Event.Seq)
		}
		if !alike(&list[at], &r) {
			t.Fatalf("%s: record %d:\n%s", when, at+1, differ(&list[at], &r))
		}
		at++
	}
	for ; at < len(list); at++ {
		if !list[at].Event.Kind.Market() {
			t.Fatalf("%s: record %d is lost", when, at+1)
		}
	}
}

// TestDiskFails has every call of the disk fail once, without a kill: the writer says so, and
// goes on when it is asked again, or is dead.
func TestDiskFails(t *testing.T) {
	list := script(6, 1, 130)
	for _, failure := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for _, stuck := range []bool{false, true} {
			for n, over := 1, false; !over; n += raced.Fewer(1, 5) {
				dir := filepath.Join(t.TempDir(), "j")
				c := testConfig(dir)
				c.Keep, c.Clock = 1, clockAt(3e18)
				d := &fakeDisk{failAt: n, failure: failure, part: 50, stuck: stuck, quick: true}
				c.disk = d
				when := fmt.Sprintf("%v at call %d", failure, n)
				w, err := Open(c)
				if err != nil {
					if !errors.Is(err, failure) || !strings.Contains(err.Error(), filepath.Dir(dir)) {
						t.Fatalf("%s: %v", when, err)
					}
					continue
				}
				safe, err := life(w, list, false)
				over = d.calls < n
				switch {
				case err == nil:
					whole(t, dir, list, when)
				case errors.Is(err, failure) && strings.Contains(err.Error(), dir):
					if e := w.Commit(BeforeRisk); !errors.Is(e, ErrDead) {
						t.Fatalf("%s: the dead writer: %v", when, e)
					}
					w.lock.Close()
					goesOn(t, dir, list, safe, when)
				default:
					t.Fatalf("%s: %v", when, err)
				}
			}
		}
	}
}
