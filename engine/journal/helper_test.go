package journal

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
)

// clockAt is a clock that stands.
func clockAt(t exchange.Time) func() exchange.Time { return func() exchange.Time { return t } }

// testConfig is a writer's, with a table of three instruments.
func testConfig(dir string) Config {
	return Config{Dir: dir, Header: table(3), Clock: clockAt(1e18)}
}

// opened is a writer with a first segment.
func opened(t testing.TB, c Config) *Writer {
	t.Helper()
	w, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if err := w.Rotate([]byte("snapshot")); err != nil {
		t.Fatal(err)
	}
	return w
}

// script is a run of events, as many as there are kinds, again and again.
func script(seed uint64, from, to uint64) []Record {
	var list []Record
	all := kinds()
	for seq := from; seq <= to; seq++ {
		f := &filler{rng: randOf(seed, seq), wild: seq%3 == 0}
		e, d := f.event(all[int(seq)%len(all)], seq, exchange.Time(1e18+seq*1e6), 3)
		list = append(list, Record{Event: e, Decision: d})
	}
	return list
}

func appendAll(t testing.TB, w *Writer, list []Record) {
	t.Helper()
	for i := range list {
		if err := w.Append(&list[i].Event, list[i].Decision); err != nil {
			t.Fatal(err)
		}
	}
}

// readSegment reads a segment to its end.
func readSegment(s *Segment) (list []Record, err error) {
	for {
		var r Record
		if err := s.Next(&r); err != nil {
			if err == io.EOF {
				err = nil
			}
			return list, err
		}
		list = append(list, r)
	}
}

// readNewest reads the newest segment.
func readNewest(t testing.TB, dir string) []Record {
	t.Helper()
	s, err := Newest(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := readSegment(s)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// readAll reads a journal.
func readAll(t testing.TB, dir string) []Record {
	t.Helper()
	r, err := Read(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var list []Record
	for {
		var one Record
		if err := r.Next(&one); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
}

// same compares records but for their places.
func same(t testing.TB, want, got []Record) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%d records were written, %d read", len(want), len(got))
	}
	for i := range want {
		if alike(&want[i], &got[i]) {
			continue
		}
		if diff := differ(&want[i], &got[i]); diff != "" {
			t.Fatalf("record %d (-written +read):\n%s", i, diff)
		}
	}
}

// alike says whether two records have the same octets; it is quicker than differ, and
// TestEveryKind shows that the octets say everything.
func alike(a, b *Record) bool {
	var c [2]codec
	for i, r := range []*Record{a, b} {
		c[i].writing = true
		c[i].memory.markets = make([]remembered, 1)
		c[i].record(&r.Event, &r.Decision)
	}
	return c[0].err == nil && bytes.Equal(c[0].buf, c[1].buf)
}

func differ(a, b *Record) string {
	return cmp.Diff(a.Event, b.Event, equal) + cmp.Diff(a.Decision, b.Decision, equal)
}

func fileOf(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// named are the names in a directory.
func named(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	return paths
}
