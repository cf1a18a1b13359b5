package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
)

// FuzzRecord reads records out of anything. What can be read is written again and read the
// same.
func FuzzRecord(f *testing.F) {
	h := table(3)
	for _, k := range kinds() {
		for seed := range uint64(3) {
			w := codec{writing: true, memory: newMemory(&h)}
			for i := range uint64(2) {
				fill := &filler{rng: randOf(seed, uint64(k)), wild: seed > 0}
				e, d := fill.event(k, i+1, exchange.Time(1e18+i*1e6), 3)
				w.record(&e, &d)
			}
			f.Add(w.buf)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := codec{buf: b, memory: newMemory(&h)}
		w := codec{writing: true, memory: newMemory(&h)}
		var list []Record
		for len(r.buf) > 0 {
			var one Record
			if r.record(&one.Event, &one.Decision); r.err != nil {
				break
			}
			list = append(list, one)
			w.record(&one.Event, &one.Decision)
		}
		if w.err != nil {
			t.Fatalf("what was read cannot be written: %v", w.err)
		}
		again := codec{buf: w.buf, memory: newMemory(&h)}
		for i := range list {
			var one Record
			again.record(&one.Event, &one.Decision)
			if diff := differ(&list[i], &one); diff != "" || again.err != nil {
				t.Fatalf("record %d: %v\n%s", i, again.err, diff)
			}
		}
	})
}

// FuzzSegment opens anything as a segment: records, io.EOF or damage, and never more octets
// than there are.
func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	w := opened(f, testConfig(dir))
	appendAll(f, w, script(1, 1, 40))
	if err := w.Flush(); err != nil {
		f.Fatal(err)
	}
	good := fileOf(f, filepath.Join(dir, segmentName(1)))
	f.Add(good)
	f.Add(good[:len(good)-5])
	f.Add(appendEnd(good, &w.sums))
	f.Add(append(append([]byte(nil), good...), good...))
	f.Fuzz(func(t *testing.T, b []byte) {
		// A new file each time: some systems force one that is written over to the disk.
		path := filepath.Join(t.TempDir(), segmentName(1))
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = Survey(path)
		s, err := OpenSegment(path)
		var cut *cutOff
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.As(err, &cut) {
				t.Fatal(err)
			}
			return
		}
		defer s.Close()
		var r Record
		for err == nil {
			err = s.Next(&r)
		}
		if err != io.EOF && !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		if err == io.EOF && s.next+s.torn != int64(len(b)) {
			t.Fatalf("%d octets are neither read nor torn", int64(len(b))-s.next-s.torn)
		}
	})
}

// FuzzHeader reads a header out of anything.
func FuzzHeader(f *testing.F) {
	h := table(2)
	frame, err := appendHeader(nil, &h)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(frame[frameHead:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		h, err := readHeader(b)
		if err != nil {
			return
		}
		frame, err := appendHeader(nil, &h)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readHeader(frame[frameHead:])
		if diff := cmp.Diff(h, again, equal); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
	})
}
