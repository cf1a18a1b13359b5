package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest"
)

// contents are the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// A run directory loads back to the same result: written again, every byte is the same.
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
		again, err := Write(filepath.Join(t.TempDir(), "runs"), got)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := contents(t, dir)
		if len(want) != 12 {
			t.Errorf("%s: %d files", name, len(want))
		}
		for file, text := range contents(t, again) {
			if text != want[file] {
				t.Errorf("%s: %s differs", name, file)
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

// A disk that fills up at any file is an error that names it.
func TestUnfinishedFilesAreErrors(t *testing.T) {
	full := errors.New("no space left on device")
	page := Page{"page.html", func(io.Writer, *backtest.Result) error { return full }}
	if err := writeFiles(t.TempDir(), fakeResult(1), []Page{page}); !errors.Is(err, full) || !strings.Contains(err.Error(), "write page.html") {
		t.Errorf("error %v", err)
	}
	for _, f := range rowsFiles(fakeResult(3)) {
		if f.write(&fullDisk{5}, io.Discard) == nil || f.write(io.Discard, &fullDisk{5}) == nil {
			t.Errorf("%s: no error from a writer that failed", f.name)
		}
	}
	if err := writeResult(&fullDisk{5}, fakeResult(3), nil); err == nil {
		t.Error("no error from a writer that failed")
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

// A directory of a version that kept less is read with what it has: samples stand in
// result.json, too, and no file is vouched for.
func TestLoadOlderDirectory(t *testing.T) {
	r := fakeResult(3)
	dir, err := Write(t.TempDir(), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"trades.csv", "ledger.csv", "prices.csv", "prices.parquet", "fills.parquet", "trades.parquet", "ledger.parquet", "equity.parquet"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	older := *r
	older.Assets = nil
	write := func(name string, content func(io.Writer) error) {
		if err := writeFile(filepath.Join(dir, name), content); err != nil {
			t.Fatal(err)
		}
	}
	write("result.json", func(w io.Writer) error { return JSON(w, &older) })
	columns := slices.DeleteFunc(sampleColumns(r.Legs, nil), func(c column[backtest.Sample]) bool { return c.name == "held" })
	write("equity.csv", func(w io.Writer) error { return writeRows(w, io.Discard, columns, backtest.Each(r.Equity)) })
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got.Fills.Len() != 3 || len(got.Equity) != 3 || got.Trades.Len() != 0 || got.Ledger.Len() != 0 || !got.Equity[1].Account.Equity.Equal(dec("59000.01")) {
		t.Errorf("%d fills, %d samples, %d trades, %d bookings", got.Fills.Len(), len(got.Equity), got.Trades.Len(), got.Ledger.Len())
	}
	if len(got.Prices) != 2 || len(got.Prices[0].Points) != 3 || len(got.Prices[1].Points) != 0 {
		t.Errorf("prices %v", got.Prices)
	}
	if n := len(got.Warnings); n != 2 || got.Warnings[0].Kind != "missing" || !strings.Contains(got.Warnings[1].Text, "ledger.csv") {
		t.Errorf("warnings %v", got.Warnings)
	}
	older.Orders.Fills++
	write("result.json", func(w io.Writer) error { return JSON(w, &older) })
	if _, err := Load(dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "3 rows in place of 4") {
		t.Errorf("error %v", err)
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
		{"other series", "prices.csv", "UM,BTCUSDT", "UM,ETHUSDT"},
		{"no prices", "prices.csv", "", ""},
		{"no trades", "trades.csv", "", ""},
		{"no ledger", "ledger.csv", "", ""},
		{"reason", "ledger.csv", "COMMISSION", "TIP"},
		{"a cent more", "ledger.csv", "-7.5000625,", "-7.5100625,"},
		{"open", "trades.csv", ",false,", ",no,"},
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
		if !errors.Is(err, ErrDamaged) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v is no damage", c.name, err)
		}
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
	dir, err := Write(t.TempDir(), fakeResult(3))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range contents(t, dir) {
		if strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".json") {
			golden(t, name, []byte(text))
		}
	}
}

func TestText(t *testing.T) {
	for _, s := range []string{"", "plain", "比特币", `back\slash`, "a\r\nb\tc\x00", "\xff\xfe", `"quoted"`, "\u202ereversed", `\"`, "=1+1"} {
		line := string(appendText(nil, s))
		if !printable(line) {
			t.Errorf("%q: escaped to %q", s, line)
		}
		if got, err := parseText(line); err != nil || got != s {
			t.Errorf("%q: came back as %q, %v", s, got, err)
		}
	}
}

// reads is a fuzz target: what can be read can be written, and comes back.
func reads[R any](columns []column[R]) func(*testing.T, []byte) {
	return func(t *testing.T, in []byte) {
		read := func(b []byte) (rows []R, err error) {
			err = readCSV(bytes.NewReader(b), columns, func(r *R) { rows = append(rows, *r) })
			return rows, err
		}
		rows, err := read(in)
		if err != nil {
			return
		}
		var out, twice bytes.Buffer
		if err := writeRows(&out, io.Discard, columns, backtest.Each(rows)); err != nil {
			t.Fatal(err)
		}
		again, err := read(out.Bytes())
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows came back as %d, %v", len(rows), len(again), err)
		}
		if err := writeRows(&twice, io.Discard, columns, backtest.Each(again)); err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) {
			t.Fatalf("written twice it differs, %v", err)
		}
	}
}

func FuzzReadFillsCSV(f *testing.F) {
	var b bytes.Buffer
	if err := writeRows(&b, io.Discard, fillColumns(), hostile().Fills.All()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("at,strategy\n"))
	f.Fuzz(reads(fillColumns()))
}

func FuzzReadLedgerCSV(f *testing.F) {
	var b bytes.Buffer
	if err := writeRows(&b, io.Discard, ledgerColumns(), hostile().Ledger.All()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(reads(ledgerColumns()))
}

func FuzzReadTradesCSV(f *testing.F) {
	var b bytes.Buffer
	if err := writeRows(&b, io.Discard, tradeColumns(), hostile().Trades.All()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(reads(tradeColumns()))
}

func FuzzReadEquityCSV(f *testing.F) {
	r := fakeResult(3)
	var b bytes.Buffer
	if err := writeRows(&b, io.Discard, sampleColumns(r.Legs, r.Assets), backtest.Each(r.Equity)); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(reads(sampleColumns(r.Legs, r.Assets)))
}
