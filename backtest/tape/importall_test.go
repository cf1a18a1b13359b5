package tape

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
	"github.com/pmbot/pmbot/exchange"
)

// recorded is a recording of aggregate trades of a symbol, from one id up to another.
func recorded(symbol string, from, to int) string {
	var b strings.Builder
	for id := from; id < to; id++ {
		at := eve.Add(time.Duration(id) * time.Second).Millis()
		fmt.Fprintf(&b, `%d {"stream":"%s@aggTrade","data":{"e":"aggTrade","E":%d,"s":"%s","a":%d,"p":"1.5","q":"2","f":%d,"l":%d,"T":%d,"m":true}}`+"\n",
			at+7, strings.ToLower(symbol), at+2, symbol, id, id, id, at)
	}
	return b.String()
}

func writeSources(t *testing.T, dir string, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		writeSource(t, filepath.Join(dir, name), text)
	}
}

func specs(dir string, names ...string) (list []ImportSpec) {
	for _, name := range names {
		list = append(list, ImportSpec{Path: filepath.Join(dir, name)})
	}
	return list
}

// TestTwoWorkers reads two recordings at the same time that have more series than their
// names say, so that each writes what the other does, and archives beside.
func TestTwoWorkers(t *testing.T) {
	dir := t.TempDir()
	names := []string{"um/AAAUSDT-aggTrades-2024-03-01.txt", "um/BBBUSDT-aggTrades-2024-03-01.txt", "um/CCCUSDT-1m-2024-01-31.csv", "um/DDDUSDT-1m-2024-01-31.csv", "more.txt"}
	writeSources(t, dir, map[string]string{
		names[0]: recorded("AAAUSDT", 1000, 2000) + recorded("BBBUSDT", 1000, 2000),
		names[1]: recorded("BBBUSDT", 1500, 3000) + recorded("AAAUSDT", 1500, 3000),
		names[2]: minutes(0, 1440), names[3]: minutes(0, 1440),
		names[4]: recorded("AAAUSDT", 500, 1200),
	})
	tape := newTape(t)
	if _, err := tape.importFile(t.Context(), specs(dir, names[0])[0], nil, series(exchange.UM, "AAAUSDT", row.AggTrades, 0), nil); !errors.Is(err, errOthers) || len(tree(t, tape.dir)) != 0 {
		t.Fatalf("a file that is not alone writes a series that another may write: %v", err)
	}
	done := map[int]int{}
	job := Job{Specs: specs(dir, append(names, names[0])...), Workers: 2, Done: func(i int, r Report, err error) { done[i]++ }}
	job.Specs[4].Key.Product = exchange.UM
	reports, err := tape.ImportAll(t.Context(), job)
	must(t, err)
	for i, r := range reports {
		if done[i] != 1 || len(r.Series) == 0 {
			t.Errorf("file %d: told %d times, %d series", i, done[i], len(r.Series))
		}
	}
	sound(t, tape)
	want := map[string]int64{"um/AAAUSDT/aggTrades": 2500, "um/BBBUSDT/aggTrades": 2000, "um/CCCUSDT/klines-1m": 1440, "um/DDDUSDT/klines-1m": 1440}
	for _, s := range tape.Series() {
		if s.Rows != want[s.Key.String()] || s.Gaps != 0 {
			t.Errorf("%s: %d rows, want %d; %d gaps", s.Key, s.Rows, want[s.Key.String()], s.Gaps)
		}
		delete(want, s.Key.String())
	}
	if len(want) > 0 {
		t.Errorf("not on the tape: %v", want)
	}
	// All is remembered, but for the copy, which wrote nothing of its own.
	reports, err = tape.ImportAll(t.Context(), job)
	must(t, err)
	for i, r := range reports {
		if !r.Already {
			t.Errorf("file %d was read again", i)
		}
	}
}

// TestOneBadFile has a file that fails, one for which the disk is full, and good ones.
func TestOneBadFile(t *testing.T) {
	dir := t.TempDir()
	names := []string{"um/AAAUSDT-1m-2024-01-31.csv", "um/BBBUSDT-1m-2024-01-31.csv", "um/CCCUSDT-1m-2024-01-31.csv"}
	writeSources(t, dir, map[string]string{names[0]: minutes(0, 100), names[1]: minutes(0, 50) + minutes(20, 100), names[2]: minutes(0, 100)})
	tape := newTape(t)
	reports, err := tape.ImportAll(t.Context(), Job{Specs: specs(dir, names...)})
	if !strings.Contains(fmt.Sprint(err), "BBBUSDT") || len(tape.Series()) != 2 || len(reports) != 3 || len(reports[2].Written) != 1 {
		t.Errorf("error %v, %d series", err, len(tape.Series()))
	}
	tape = newTape(t)
	tape.create = func(path string) (sealer, error) {
		f, err := createFile(path)
		return &failingFile{f, 0}, err
	}
	reports, err = tape.ImportAll(t.Context(), Job{Specs: specs(dir, names[0], names[2])})
	if !errors.Is(err, syscall.ENOSPC) || reports[1].File != "" || len(tree(t, tape.dir)) != 0 {
		t.Errorf("full disk: %v, report %+v, tape %v", err, reports[1], tree(t, tape.dir))
	}
}

// TestStopped cancels a job after its first file and goes on.
func TestStopped(t *testing.T) {
	dir := t.TempDir()
	names := []string{"um/AAAUSDT-1m-2024-01-31.csv", "um/BBBUSDT-1m-2024-01-31.csv", "um/CCCUSDT-1m-2024-01-31.csv"}
	for _, name := range names {
		writeSource(t, filepath.Join(dir, name), minutes(0, 100))
	}
	tape := newTape(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := tape.ImportAll(ctx, Job{Specs: specs(dir, names...), Done: func(int, Report, error) { cancel() }})
	if !errors.Is(err, context.Canceled) || len(tape.Series()) != 1 {
		t.Errorf("error %v, %d series", err, len(tape.Series()))
	}
	reports, err := tape.ImportAll(t.Context(), Job{Specs: specs(dir, names...)})
	if err != nil || !reports[0].Already || reports[1].Already || len(tape.Series()) != 3 {
		t.Errorf("error %v, %d series", err, len(tape.Series()))
	}
}

// TestMemory holds that what is remembered is on the tape.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	first, second := "um/BTCUSDT-1m-2024-01-31.csv", "um/BTCUSDT-1m-2024-01.csv"
	writeSources(t, dir, map[string]string{first: minutes(0, 100), second: minutes(100, 200)})
	tape := newTape(t)
	all := func(again bool, paths ...ImportSpec) []Report {
		t.Helper()
		var err error
		tape, err = Open(tape.dir)
		must(t, err)
		reports, err := tape.ImportAll(t.Context(), Job{Specs: paths, Again: again})
		must(t, err)
		return reports
	}
	both := specs(dir, first, second)
	all(false, both...)
	all(true, both...) // again writes nothing, and must not make the tape forget
	if r := all(false, both...); !r[0].Already || !r[1].Already {
		t.Error("files are read again that the tape has")
	}
	// One file of the tape is removed. The import of the first source makes it anew, and
	// the rows of the second must come back all the same.
	must(t, os.Remove(tape.path(minuteKey, "2024-01")))
	if r := all(false, both...); r[0].Already || r[1].Already || tape.Series()[0].Rows != 200 {
		t.Errorf("after a file was removed: already %v %v, %d rows", r[0].Already, r[1].Already, tape.Series()[0].Rows)
	}
	// The same file as other data is another import.
	other := both
	other[0].Key = row.Key{Product: exchange.Margin}
	if r := all(false, other...); r[0].Already || !r[1].Already || len(tape.Series()) != 2 {
		t.Error("a file was not read for another market")
	}
	if r := all(false, specs(dir, first, second)...); !r[0].Already {
		t.Error("the tape has forgotten what the file was before")
	}
	// A note that was cut off, and one that is no note, cost no more than themselves.
	path := filepath.Join(tape.dir, importsName)
	notes := readFile(t, path)
	must(t, os.WriteFile(path, []byte(strings.Repeat("x", source.LineMax+9)+"\n\n"+string(notes)+`{"sha256":"cut`), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "um/XRPUSDT-1m-2024-01-31.csv"), []byte(minutes(0, 7)), 0o644))
	more := specs(dir, first, "um/XRPUSDT-1m-2024-01-31.csv")
	if r := all(false, more...); !r[0].Already || r[1].Already {
		t.Error("a bad note made the tape forget others")
	}
	if r := all(false, more...); !r[0].Already || !r[1].Already {
		t.Error("the note after one that was cut off was lost")
	}
	// Nothing in a note leads outside the tape.
	must(t, os.WriteFile(path, []byte(`{"sha256":"`+sha(t, filepath.Join(dir, first))+`","parts":["../../um/BTCUSDT","um/../x/2024-01",""]}`+"\n"), 0o644))
	if r := all(false, both[:1]...); r[0].Already {
		t.Error("a note of no files was believed")
	}
}

// TestKnownWithin remembers a file that brought nothing new, through what others add later,
// and no longer than the rows are there.
func TestKnownWithin(t *testing.T) {
	dir := t.TempDir()
	whole, part, later := "um/BTCUSDT-1m-2024-01.csv", "um/BTCUSDT-1m-2024-01-31.csv", "um/later/BTCUSDT-1m-2024-01-31.csv"
	writeSources(t, dir, map[string]string{whole: minutes(0, 100), part: minutes(0, 50), later: minutes(100, 150)})
	tape := newTape(t)
	known := func(path string) bool {
		t.Helper()
		k, err := tape.Known()
		must(t, err)
		return k.Has(sha(t, filepath.Join(dir, path)), minuteKey)
	}
	for _, path := range []string{whole, part, later} {
		if known(path) {
			t.Errorf("%s is known before its import", path)
		}
		r, err := Import(t.Context(), tape, specs(dir, path)[0], nil)
		must(t, err)
		if (len(r.Written) == 0) != (path == part) || !known(path) {
			t.Errorf("%s wrote %v; known %v", path, r.Written, known(path))
		}
	}
	k, err := tape.Known()
	must(t, err)
	if named := k.Named("BTCUSDT-1m-2024-01.csv", minuteKey); len(named) != 1 || named[0] != sha(t, filepath.Join(dir, whole)) {
		t.Errorf("the tape names %v", named)
	}
	must(t, os.Remove(tape.path(minuteKey, "2024-01")))
	tape, err = Open(tape.dir)
	must(t, err)
	_, err = Import(t.Context(), tape, specs(dir, later)[0], nil)
	must(t, err)
	if known(part) || known(whole) || !known(later) {
		t.Error("files are known whose rows were removed")
	}
}

func sha(t *testing.T, path string) string {
	f, err := source.Open(path)
	must(t, err)
	defer f.Close()
	return f.SHA256
}

// TestManyFiles notes a file that wrote so many files of the tape that a line of it would
// not be read again.
func TestManyFiles(t *testing.T) {
	tape := newTape(t)
	var parts []string
	for i := range 40_000 {
		parts = append(parts, fmt.Sprintf("um/S%dUSDT/aggTrades/2024-01-01", i))
	}
	must(t, tape.remember(&source.File{Name: "a", SHA256: "00"}, parts, nil, nil))
	known, err := tape.remembered()
	if err != nil || len(known["00"].parts) != len(parts) {
		t.Errorf("%d of %d files remembered, %v", len(known["00"].parts), len(parts), err)
	}
}
