package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmbot/pmbot/exchange"
)

// TestTables keeps what has changed and finds what was valid when.
func TestTables(t *testing.T) {
	dir := t.TempDir()
	c, now := config(t, dir)
	const name = "um/exchangeInfo"
	version := func(server, rest int) []byte {
		return fmt.Appendf(nil, `{"serverTime":%d, "symbols":[%d]}`, server, rest)
	}
	r := mustOpen(t, c, realDisk())
	ask := func(at time.Duration, body []byte) {
		now.at = start.Add(at)
		if err := r.Table(name, now.at, body); err != nil {
			t.Fatal(err)
		}
		r.flush()
	}
	ask(0, version(1, 1))
	ask(time.Minute, version(2, 1)) // as before
	ask(30*time.Hour, version(3, 2))
	stop(t, r)
	r = mustOpen(t, c, realDisk())
	ask(31*time.Hour, version(4, 2)) // as before the restart
	ask(32*time.Hour, version(5, 1)) // as at first
	if err := r.Table("cm/x", now.at, []byte(`[]`)); err != nil {
		t.Fatal(err)
	}
	stop(t, r)
	if s := r.Stats(); s.Tables != 2 || s.TablesAsked != 3 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		at    time.Duration
		want  string
		since time.Duration
	}{
		{-1, "", 0}, {0, string(version(1, 1)), 0}, {30*time.Hour - 1, string(version(1, 1)), 0},
		{30 * time.Hour, string(version(3, 2)), 30 * time.Hour}, {31 * time.Hour, string(version(3, 2)), 30 * time.Hour},
		{1000 * time.Hour, string(version(5, 1)), 32 * time.Hour},
	} {
		table, body, err := TableAt(dir, name, start.Add(c.at))
		if c.want == "" {
			if !errors.Is(err, fs.ErrNotExist) || !strings.HasSuffix(err.Error(), "the first is of 2026-11-23T04:59:00Z") {
				t.Errorf("at %v: %v", c.at, err)
			}
			continue
		}
		if err != nil || string(body) != c.want || table.At != start.Add(c.since) || len(table.SHA256) != 64 {
			t.Errorf("at %v: %+v, %s, %v; want %s since %v", c.at, table, body, err, c.want, c.since)
		}
	}
	names, err := Tables(dir)
	if diff := cmp.Diff([]string{"cm/x", name}, names); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if names, err := Tables(t.TempDir()); len(names) != 0 || err != nil {
		t.Errorf("of nothing: %v, %v", names, err)
	}
	if _, _, err := TableAt(dir, "um/nothing", now.at); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
	told := 0
	for line := range strings.Lines(all(t, dir)) {
		if strings.Contains(line, `{"e":"pmbot.table","stream":"um/exchangeInfo"`) {
			told++
		}
	}
	if told != 5 {
		t.Errorf("%d notes", told)
	}
}

// TestTableDamaged holds a table to its checksum.
func TestTableDamaged(t *testing.T) {
	dir := t.TempDir()
	c, _ := config(t, dir)
	r := mustOpen(t, c, realDisk())
	for i, body := range []string{`[1]`, `[2]`} {
		if err := r.Table("a", start+exchange.Time(i), []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, r)
	first, _, err := TableAt(dir, "a", start)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := TableAt(dir, "a", start+1)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(second.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{content, content[:len(content)-1], nil} {
		if err := os.WriteFile(first.Path, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := TableAt(dir, "a", start); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("%v", err)
		}
	}
}

// TestTableRefused lists what is no table.
func TestTableRefused(t *testing.T) {
	c, _ := config(t, t.TempDir())
	c.BufferBytes = 1 << 20
	r := mustOpen(t, c, realDisk())
	defer kill(t, r)
	for _, name := range []string{"", "/", "a/", "a//b", "../a", "a/b/c/d/e", "a b", "2026-11-23", "ä", ".a", strings.Repeat("a", 101)} {
		if err := r.Table(name, start, []byte(`[]`)); err == nil || !strings.Contains(err.Error(), "table name") {
			t.Errorf("%q: %v", name, err)
		}
		if _, _, err := TableAt(c.Dir, name, start); err == nil {
			t.Errorf("%q is found", name)
		}
	}
	if err := r.Table("a", start, []byte("<html>")); err == nil || !strings.Contains(err.Error(), `is no JSON but "<html>"`) {
		t.Errorf("%v", err)
	}
	if err := r.Table("a", start, append([]byte(`"`), append(make([]byte, tableMax), '"')...)); err == nil {
		t.Error("a table of any size is taken")
	}
	large := []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	if err := r.Table("a", start, large); err != nil || r.Stats().TablesDropped != 1 {
		t.Errorf("%v, %+v", err, r.Stats())
	}
}

// TestContentSum tells what changes a table.
func TestContentSum(t *testing.T) {
	same := [][2]string{
		{`{"a":1,"serverTime":5}`, `{ "serverTime":6,"a":1 }`}, {`{"a":1,"b":2}`, `{"b":2,"a":1}`}, {`[1, 2]`, `[1,2]`},
	}
	for _, c := range same {
		if contentSum([]byte(c[0])) != contentSum([]byte(c[1])) {
			t.Errorf("%s and %s differ", c[0], c[1])
		}
	}
	for _, c := range [][2]string{{`{"a":1}`, `{"a":2}`}, {`{"a":1}`, `{"b":1}`}, {`[1,2]`, `[2,1]`}, {`{"a":{"serverTime":1}}`, `{"a":{"serverTime":2}}`}} {
		if contentSum([]byte(c[0])) == contentSum([]byte(c[1])) {
			t.Errorf("%s and %s are the same", c[0], c[1])
		}
	}
}
