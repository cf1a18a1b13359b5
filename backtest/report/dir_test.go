package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/pmbot/pmbot/backtest"
	"github.com/pmbot/pmbot/exchange"
)

// same compares two results by what they encode to, for decimals of one value may differ
// in memory.
func same(t *testing.T, a, b *backtest.Result) {
	t.Helper()
	for name, write := range map[string]func(io.Writer, *backtest.Result) error{"json": JSON, "fills": FillsCSV, "equity": EquityCSV, "page": HTML} {
		var x, y bytes.Buffer
		if err := errors.Join(write(&x, a), write(&y, b)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x.Bytes(), y.Bytes()) {
			t.Errorf("%s differs", name)
		}
	}
}

// A run directory loads back to the same result: the same report can be made again.
func TestWriteThenLoad(t *testing.T) {
	for name, r := range shortRuns() {
		runs := filepath.Join(t.TempDir(), "runs")
		r.Schema, r.ID = backtest.ResultSchema, "20260101T000000Z-"+name
		r.Orders.Fills = r.Fills.Len()
		for i := range r.Refusals {
			r.Refusals[i].At = fakeStart
		}
		dropEmpty(r)
		dir, err := Write(runs, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, r, got)
		config, err := os.ReadFile(filepath.Join(dir, "config.toml"))
		if err != nil || string(config) != r.Config {
			t.Errorf("%s: config.toml is %q, %v", name, config, err)
		}
		if left, _ := filepath.Glob(filepath.Join(runs, ".*")); len(left) != 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
	}
}

// dropEmpty drops empty lists, which JSON does not tell from none.
func dropEmpty(r *backtest.Result) {
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice && f.Len() == 0 {
			f.SetZero()
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
	err := writeFiles(dir, []runFile{
		{"a", func(w io.Writer) error { _, err := io.WriteString(w, "a"); return err }},
		{"b", func(io.Writer) error { return full }},
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), "write b") {
		t.Errorf("error %v", err)
	}
	for _, write := range []func(io.Writer, *backtest.Result) error{JSON, FillsCSV, EquityCSV, HTML} {
		if err := write(&fullDisk{100}, fakeResult(3)); err == nil {
			t.Error("no error from a writer that failed")
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
		{"price", "fills.csv", ",3392.", ",33x92."},
		{"side", "fills.csv", ",BUY,", ",HOLD,"},
		{"time", "fills.csv", "2026-08-01T00", "1826-08-01T00"},
		{"header", "fills.csv", "fee_asset", "fee"},
		{"quote", "fills.csv", "mm-eth", "mm\"eth"},
		{"short row", "fills.csv", ",quote,", ","},
		{"one fill less", "fills.csv", "2026-08-01T00:00:00Z,carry-btc,UM", "\x00"},
		{"equity", "equity.csv", "NORMAL", "FINE"},
		{"exponent", "equity.csv", "99940.7,", "1e9,"},
		{"other run", "equity.csv", "99940.7,", "99940.8,"},
		{"other leg", "equity.csv", "usd UM BTCUSDT", "usd UM XRPUSDT"},
		{"schema", "result.json", "pmbot.result/1", "pmbot.result/2"},
		{"syntax", "result.json", `"legs": [`, `"legs": {`},
		{"type", "result.json", `"seed": 7`, `"seed": "seven"`},
		{"element", "result.json", `"wallet": "CM"`, `"wallet": "SPOT"`},
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
	r := fakeResult(3)
	for name, write := range map[string]func(io.Writer, *backtest.Result) error{"result.json": JSON, "fills.csv": FillsCSV, "equity.csv": EquityCSV} {
		var b bytes.Buffer
		if err := write(&b, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.Bytes())
	}
}

func TestEscape(t *testing.T) {
	for _, s := range []string{"", "plain", "比特币", `back\slash`, "a\r\nb\tc\x00", "\xff\xfe", `"quoted"`, "\u202ereversed", `\"`, "=1+1"} {
		line := escape(s)
		if clean(line) != line {
			t.Errorf("%q: escaped to %q", s, line)
		}
		if got, err := unescape(line); err != nil || got != s {
			t.Errorf("%q: came back as %q, %v", s, got, err)
		}
	}
}

// Numbers and times at the ends of what a file may say still make a page and tables.
func TestExtremeValuesRender(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := []string{"0", "-0", "1e-64", "-1e60", "1e60", "99999999", "-0.000000000000000000000001", "123456789012345678901234567890.123456789"}
	times := []exchange.Time{0, fakeStart, exchange.Time(946684800e9), exchange.Time(7258118399e9), fakeStart + 1}
	for range 15 {
		r := fakeResult(5)
		change := func(v reflect.Value) {
			switch x := v.Addr().Interface().(type) {
			case *decimal.Decimal:
				*x = decimal.RequireFromString(numbers[rng.IntN(len(numbers))])
			case *exchange.Time:
				*x = times[rng.IntN(len(times))]
			case *exchange.Fixed:
				*x = []exchange.Fixed{0, 1, -1, exchange.FixedMin, exchange.FixedMax}[rng.IntN(5)]
			}
		}
		spoil(reflect.ValueOf(r).Elem(), change)
		var fills backtest.Rows[backtest.FillRow]
		for _, f := range r.Fills.All() {
			spoil(reflect.ValueOf(f).Elem(), change)
			fills.Add(f)
		}
		r.Fills = fills
		if err := checkValues(reflect.ValueOf(r).Elem(), ""); err != nil {
			t.Fatal(err)
		}
		out := renderPage(t, r)
		if body := out[:strings.LastIndex(out, "<script>")]; strings.Contains(body, "NaN") || strings.Contains(body, "Inf") {
			t.Error("the page has a number that does not exist")
		}
		if err := Console(io.Discard, r, ConsoleOptions{Width: 100}); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil calls change on every exported leaf and struct.
func spoil(v reflect.Value, change func(reflect.Value)) {
	change(v)
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[decimal.Decimal]() {
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i), change)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i), change)
		}
	}
}

func FuzzReadFillsCSV(f *testing.F) {
	var b bytes.Buffer
	if err := FillsCSV(&b, hostile()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte("at,strategy\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		rows, err := ReadFillsCSV(bytes.NewReader(in))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := FillsCSV(&out, &backtest.Result{Fills: backtest.RowsOf(rows...)}); err != nil {
			t.Fatal(err)
		}
		again, err := ReadFillsCSV(bytes.NewReader(out.Bytes()))
		if err != nil || len(again) != len(rows) {
			t.Fatalf("%d rows came back as %d, %v", len(rows), len(again), err)
		}
		var twice bytes.Buffer
		if err := FillsCSV(&twice, &backtest.Result{Fills: backtest.RowsOf(again...)}); err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) {
			t.Fatalf("written twice it differs, %v", err)
		}
	})
}

func FuzzReadEquityCSV(f *testing.F) {
	r := fakeResult(3)
	var b bytes.Buffer
	if err := EquityCSV(&b, r); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		rows, err := ReadEquityCSV(bytes.NewReader(in), r.Legs)
		if err != nil {
			return
		}
		var out, twice bytes.Buffer
		if err := EquityCSV(&out, &backtest.Result{Legs: r.Legs, Equity: rows}); err != nil {
			t.Fatal(err)
		}
		again, err := ReadEquityCSV(bytes.NewReader(out.Bytes()), r.Legs)
		if err != nil {
			t.Fatal(err)
		}
		if err := EquityCSV(&twice, &backtest.Result{Legs: r.Legs, Equity: again}); err != nil || !bytes.Equal(out.Bytes(), twice.Bytes()) {
			t.Fatalf("written twice it differs, %v", err)
		}
	})
}

// Whatever a result.json says, if it reads at all then page and console can be made of it.
func FuzzReadJSON(f *testing.F) {
	small := fakeResult(1)
	small.Data, small.ByLeg, small.ByMonth, small.Prices, small.Warnings, small.Strategies = nil, nil, nil, small.Prices[:1], nil, nil
	for _, r := range []*backtest.Result{small, {Schema: backtest.ResultSchema}} {
		var b bytes.Buffer
		if err := JSON(&b, r); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := ReadJSON(bytes.NewReader(in))
		if err != nil {
			return
		}
		if err := errors.Join(HTML(io.Discard, r), Console(io.Discard, r, ConsoleOptions{Width: 80})); err != nil {
			t.Fatal(err)
		}
	})
}
