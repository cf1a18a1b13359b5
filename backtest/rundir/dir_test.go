package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

// encoded is all that the files of a run say, for decimals of one value may differ in
// memory.
func encoded(t *testing.T, r *backtest.Result) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, f := range runFiles(nil) {
		var b bytes.Buffer
		if err := f.Write(&b, r); err != nil {
			t.Fatal(err)
		}
		all[f.Name] = b.String()
	}
	return all
}

// A run directory loads back to the same result.
func TestWriteThenLoad(t *testing.T) {
	for name, r := range map[string]*backtest.Result{"empty": {}, "one": fakeResult(1), "day": fakeResult(24), "hostile": hostile()} {
		runs := filepath.Join(t.TempDir(), "runs")
		r.Schema, r.ID = backtest.ResultSchema, "20260101T000000Z-"+name
		dir, err := Write(runs, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := encoded(t, r)
		for file, text := range encoded(t, got) {
			if text != want[file] {
				t.Errorf("%s: %s differs", name, file)
			}
			kept, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil || string(kept) != text {
				t.Errorf("%s: %s on disk differs, %v", name, file, err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(runs, ".*")); len(left) != 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
	}
}

// A page is written with the name that the run got, after all the other files.
func TestPages(t *testing.T) {
	runs, r := t.TempDir(), fakeResult(1)
	page := Page{"page.txt", func(w io.Writer, r *backtest.Result) error { _, err := io.WriteString(w, r.ID); return err }}
	for range 2 {
		dir, err := Write(runs, r, page)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, page.Name)); err != nil || string(got) != filepath.Base(dir) {
			t.Errorf("%s has a page of %q, %v", dir, got, err)
		}
	}
}

func TestWriteNeverOverwrites(t *testing.T) {
	runs := t.TempDir()
	r := fakeResult(2)
	for i, want := range []string{r.ID, r.ID + "-2", r.ID + "-3"} {
		dir, err := Write(runs, r)
		if err != nil || filepath.Base(dir) != want {
			t.Errorf("run %d: %s, %v; want %s", i+1, dir, err, want)
		}
	}
}

func TestWriteRefusesNamesThatAreNone(t *testing.T) {
	for _, id := range []string{"", ".", "..", "a/b", "/etc", "../x", ".hidden", "a\x00b"} {
		r := fakeResult(1)
		r.ID = id
		if dir, err := Write(t.TempDir(), r); err == nil {
			t.Errorf("%q became %s", id, dir)
		}
	}
}

// A disk that fills up leaves no file that looks like a run.
func TestUnfinishedFilesAreErrors(t *testing.T) {
	dir := t.TempDir()
	full := errors.New("no space left on device")
	err := writeFiles(dir, fakeResult(1), []Page{
		{"a", func(w io.Writer, _ *backtest.Result) error { _, err := io.WriteString(w, "a"); return err }},
		{"b", func(io.Writer, *backtest.Result) error { return full }},
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "write b") {
		t.Errorf("error %v", err)
	}
	for _, f := range runFiles(nil) {
		if err := f.Write(&fullDisk{5}, fakeResult(3)); err == nil {
			t.Errorf("%s: no error from a writer that failed", f.Name)
		}
	}
}

func TestWriteLeavesNothingBehindWhenItFails(t *testing.T) {
	runs := t.TempDir()
	r := fakeResult(1)
	for n := range sameNameMax {
		name := r.ID
		if n > 0 {
			name = fmt.Sprintf("%s-%d", r.ID, n+1)
		}
		if err := os.Mkdir(filepath.Join(runs, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if dir, err := Write(runs, r); err == nil {
		t.Fatalf("wrote %s", dir)
	}
	if left, _ := filepath.Glob(filepath.Join(runs, ".*")); len(left) != 0 {
		t.Errorf("left behind %v", left)
	}
}

// Each damage of a run directory is told with the file, the place and the reason.
func TestLoadErrors(t *testing.T) {
	runs := t.TempDir()
	dir, err := Write(runs, fakeResult(3))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, c := range []struct{ name, file, old, new string }{
		{"no file", "fills.csv", "", ""},
		{"price", "fills.csv", ",60001.", ",60x01."},
		{"side", "fills.csv", ",BUY,", ",HOLD,"},
		{"time", "fills.csv", "2026-08-01T00", "1826-08-01T00"},
		{"header", "fills.csv", "fee_asset", "fee"},
		{"quote", "fills.csv", "USDT,", "US\"DT,"},
		{"short row", "fills.csv", ",pm-1,", ","},
		{"one fill less", "fills.csv", "2026-08-01T01:00:00Z,carry,CM", "\x00"},
		{"equity", "equity.csv", "NORMAL", "FINE"},
		{"exponent", "equity.csv", "59000,", "1e9,"},
		{"other run", "equity.csv", "59000,", "59000.8,"},
		{"other leg", "equity.csv", "usd UM BTCUSDT", "usd UM XRPUSDT"},
		{"schema", "result.json", "pmbot.result/1", "pmbot.result/2"},
		{"syntax", "result.json", `"legs": [`, `"legs": {`},
		{"type", "result.json", `"seed": 7`, `"seed": "seven"`},
		{"element", "result.json", `"wallet": "UM"`, `"wallet": "SPOT"`},
		{"huge", "result.json", `"60000"`, `"6e999"`},
		{"year", "result.json", `"from": "2026`, `"from": "1826`},
	} {
		path := filepath.Join(dir, c.file)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := strings.Replace(string(good), c.old, c.new, 1)
		if c.new == "\x00" {
			start := strings.Index(string(good), c.old)
			bad = string(good[:start]) + string(good[start+strings.Index(string(good[start:]), "\n")+1:])
		}
		if bad == string(good) && c.old != "" {
			t.Fatalf("%s: %q is not in %s", c.name, c.old, c.file)
		}
		if c.old == "" {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, []byte(bad), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = Load(dir)
		if err == nil {
			t.Errorf("%s: loaded", c.name)
			err = errors.New("none")
		}
		out.WriteString(c.name + ": " + strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "") + "\n")
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "load-errors.txt", []byte(out.String()))
}

// The files' layouts are a promise to other programs.
func TestFilesGolden(t *testing.T) {
	for name, text := range encoded(t, fakeResult(3)) {
		if strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".json") {
			golden(t, name, []byte(text))
		}
	}
}

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "plain", "比特币", `back\slash`, "a\r\nb\tc\x00", "\xff\xfe", `"quoted"`, "\u202ereversed", `\"`, "=1+1"} {
		line := escape(s)
		if !printable(line) {
			t.Errorf("%q: escaped to %q", s, line)
		}
		if got, err := unescape(line); err != nil || got != s {
			t.Errorf("%q: came back as %q, %v", s, got, err)
		}
	}
}

// reads is a fuzz target: what can be read can be written, and comes back.
func reads[R any](fields []field[R]) func(*testing.T, []byte) {
	return func(t *testing.T, in []byte) {
		read := func(b []byte) (rows backtest.Rows[R], err error) {
			err = readCSV(bytes.NewReader(b), fields, rows.Add)
			return rows, err
		}
		rows, err := read(in)
		if err != nil {
			return
		}
		var out, twice bytes.Buffer
		if err := writeCSV(&out, fields, rows.All()); err != nil {
			t.Fatal(err)
		}
		again, err := read(out.Bytes())
		if err != nil || again.Len() != rows.Len() {
			t.Fatalf("%d rows came back as %d, %v", rows.Len(), again.Len(), err)
		}
		if err := writeCSV(&twice, fields, again.All()); err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) {
			t.Fatalf("written twice it differs, %v", err)
		}
	}
}

func FuzzReadFillsCSV(f *testing.F) {
	var b bytes.Buffer
	if err := writeCSV(&b, fillFields(), hostile().Fills.All()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("at,strategy\n"))
	f.Fuzz(reads(fillFields()))
}

func FuzzReadEquityCSV(f *testing.F) {
	r := fakeResult(3)
	var b bytes.Buffer
	if err := writeCSV(&b, sampleFields(r.Legs), pointers(r.Equity)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(reads(sampleFields(r.Legs)))
}
