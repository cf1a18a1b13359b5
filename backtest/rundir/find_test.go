package rundir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makeRuns makes directories that look like runs, each written a second after the one
// before it.
func makeRuns(t *testing.T, names ...string) string {
	t.Helper()
	runs := filepath.Join(t.TempDir(), "runs")
	for i, name := range names {
		dir := filepath.Join(runs, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, resultFile)
		if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		at := time.Date(2026, 11, 1, 12, 0, i, 0, time.UTC)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return runs
}

func TestFind(t *testing.T) {
	runs := makeRuns(t, "20261031T090000Z-ffff0000", "20261101T100000Z-bbbb0000", "20261101T100000Z-aaaa0000", "20261101T100000Z-aaaa0000-2", "kept")
	t.Chdir(filepath.Dir(runs))
	for name, want := range map[string]string{
		"": "kept", "last": "kept", "last~0": "kept", "last~1": "20261101T100000Z-bbbb0000", "last~4": "20261031T090000Z-ffff0000",
		"20261031T090000Z-ffff0000": "20261031T090000Z-ffff0000", "20261031": "20261031T090000Z-ffff0000", "k": "kept",
		// The whole name of one is the beginning of another.
		"20261101T100000Z-aaaa0000": "20261101T100000Z-aaaa0000",
		"runs/kept/":                "kept",
	} {
		dir, err := Find("runs", name)
		if want := filepath.Join("runs", want); err != nil || dir != want {
			t.Errorf("%q is %s, %v; want %s", name, dir, err, want)
		}
	}
	for _, name := range []string{"nosuch", "last~5", "last~", "last~-1", "2026", "20261101T100000Z-aaaa", "runs/nosuch", "../kept"} {
		var unknown *UnknownError
		if dir, err := Find("runs", name); !errors.As(err, &unknown) || len(unknown.Known) != 5 {
			t.Errorf("%q is %s, %v", name, dir, err)
		}
	}
	if _, err := Find("nowhere", "last"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// Runs that the clock put into one second stand in the order in which they were written.
func TestList(t *testing.T) {
	runs := makeRuns(t, "kept", "20261101T120001Z-bbbb0000", "20261101T120001Z-aaaa0000", "20261103T120001Z-cccc0000", ".unfinished-123", ".hidden")
	for _, name := range []string{"20261101T120001Z-bbbb0000", "20261101T120001Z-aaaa0000"} {
		at := time.Date(2026, 11, 1, 12, 0, 1, 5+2*len(name)*strings.Count(name, "a"), time.UTC)
		if err := os.Chtimes(filepath.Join(runs, name, resultFile), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(runs, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(runs, "foreign"), 0o755); err != nil {
		t.Fatal(err)
	}
	list, err := List(runs)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range list {
		switch {
		case e.Why == "":
			got = append(got, e.Name)
		case e.Name == "foreign" && e.Why == "has no result.json", e.Name == ".unfinished-123" && strings.HasPrefix(e.Why, "is not finished"):
		default:
			t.Errorf("%s %s", e.Name, e.Why)
		}
	}
	want := "20261103T120001Z-cccc0000 20261101T120001Z-aaaa0000 20261101T120001Z-bbbb0000 kept"
	if strings.Join(got, " ") != want || len(list) != 6 {
		t.Errorf("%d entries, runs %v, want %s", len(list), got, want)
	}
}

func TestUnknownErrors(t *testing.T) {
	for _, c := range []struct {
		names      []string
		name, want string
	}{
		{nil, "x", "has no runs"},
		{[]string{"ab", "ac"}, "x", `has no run "x"`},
		{[]string{"ab", "ac"}, "a", `"a" is the beginning of 2 runs in RUNS: ac, ab`},
		{[]string{"a1", "a2", "a3", "a4", "a5", "a6"}, "a", `"a" is the beginning of 6 runs in RUNS, among them a6, a5, a4, a3, a2`},
		{[]string{"a1"}, "\x1b[2J", `has no run "\x1b[2J"`},
	} {
		runs := makeRuns(t, c.names...)
		if err := os.MkdirAll(runs, 0o755); err != nil {
			t.Fatal(err)
		}
		_, err := Find(runs, c.name)
		if got := strings.ReplaceAll(fmt.Sprint(err), runs, "RUNS"); !strings.HasSuffix(got, c.want) {
			t.Errorf("%v: %s, want %s", c.names, got, c.want)
		}
	}
}

// A page that cannot be written leaves the one that was there, and nothing beside it.
func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	say := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error { _, _ = io.WriteString(w, text); return err }
	}
	if err := Replace(path, say("old", nil)); err != nil {
		t.Fatal(err)
	}
	if err := Replace(path, say("half of the new", errors.New("no space left on device"))); err == nil {
		t.Error("no error")
	}
	if got, _ := os.ReadFile(path); string(got) != "old" {
		t.Errorf("the file has %q", got)
	}
	if err := Replace(path, say("new", nil)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 || info.Size() != 3 {
		t.Errorf("%v, %v", info, err)
	}
	if all, _ := os.ReadDir(filepath.Dir(path)); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}
