package tape

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// minutes is a CSV text of bars from one minute of 2024-01-31 on to another, so that
// some cross into the next month's file.
func minutes(from, to int) string {
	start := time.Date(2024, 1, 31, 0, 0, 0, 0, time.UTC)
	var b strings.Builder
	b.WriteString("time,open,high,low,close,volume\n")
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "%d,%d,%d,%d,%d,%d.5\n", start.Add(time.Duration(i)*time.Minute).UnixMilli(), 100+i%7, 120, 90, 100+(i+1)%7, i)
	}
	return b.String()
}

var minuteKey = row.Key{Product: exchange.UM, Symbol: "BTCUSDT", Kind: row.Klines, Interval: time.Minute}

func importText(t testing.TB, tape *Tape, name, text string) (Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	writeSource(t, path, text)
	return Import(t.Context(), tape, ImportSpec{Path: path, Spec: source.Spec{Key: minuteKey}}, nil)
}

// TestOrderOfImports imports the same rows whole, in pieces, backwards and twice, and
// wants the same tape.
func TestOrderOfImports(t *testing.T) {
	var want string
	for i, pieces := range [][][2]int{
		{{0, 3000}},
		{{0, 1000}, {1000, 3000}},
		{{2000, 3000}, {0, 1500}, {1200, 2100}},
		{{500, 600}, {0, 3000}, {0, 3000}},
		{{1, 3000}, {0, 1}},
	} {
		tape := newTape(t)
		for k, p := range pieces {
			if _, err := importText(t, tape, fmt.Sprintf("%d.csv", k), minutes(p[0], p[1])); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Open(tape.dir)
		must(t, err)
		series := again.Series()
		if got := tape.Series()[0].Hash; got != series[0].Hash {
			t.Errorf("%v: hash %s after the imports, %s after opening again", pieces, got, series[0].Hash)
		}
		hash := Hash(series...)
		if i == 0 {
			want = hash
		}
		if hash != want || series[0].Rows != 3000 || series[0].Gaps != 0 {
			t.Errorf("%v: hash %.8s, %d rows, %d gaps; want %.8s, 3000, 0", pieces, hash, series[0].Rows, series[0].Gaps, want)
		}
		must(t, again.Verify(t.Context()))
		again.shelf[minuteKey][0].meta.hash = "another"
		if err := again.Verify(t.Context()); err == nil || !strings.Contains(err.Error(), "was changed") {
			t.Errorf("other rows than the metadata says: %v", err)
		}
	}
}

// failingFile has room for some bytes only, like a full disk.
type failingFile struct {
	sealer
	room int
}

func (f *failingFile) Write(b []byte) (int, error) {
	if len(b) > f.room {
		return 0, syscall.ENOSPC
	}
	f.room -= len(b)
	return f.sealer.Write(b)
}

// TestFullDisk lets the disk run full at different points, the last one in the second of
// two files, and wants the tape as it was.
func TestFullDisk(t *testing.T) {
	tape := newTape(t)
	if _, err := importText(t, tape, "first.csv", minutes(0, 500)); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, tape.dir)
	for _, room := range []int{0, 100, 3000} {
		files := 0
		tape.create = func(path string) (sealer, error) {
			f, err := createFile(path)
			if files++; files == 2 {
				return &failingFile{f, room}, err
			}
			return f, err
		}
		report, err := importText(t, tape, "second.csv", minutes(0, 3000))
		if !errors.Is(err, syscall.ENOSPC) || strings.Count(err.Error(), "no space") != 1 {
			t.Errorf("room for %d bytes: error %v, want ENOSPC once", room, err)
		}
		if len(report.Written) != 0 || snapshot(t, tape.dir) != before {
			t.Errorf("room for %d bytes: the tape has changed:\n%s", room, snapshot(t, tape.dir))
		}
	}
	tape.create = createFile
	if _, err := os.Stat("/dev/full"); err == nil {
		tape.create = func(string) (sealer, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) }
		if _, err := importText(t, tape, "second.csv", minutes(0, 3000)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("/dev/full: %v", err)
		}
		tape.create = createFile
	}
	if _, err := importText(t, tape, "second.csv", minutes(0, 3000)); err != nil {
		t.Errorf("after making room: %v", err)
	}
}

// TestBadFiles shows sources that are no file of rows at all.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	zip := filepath.Join(dir, "whole.zip")
	writeSource(t, zip, minutes(0, 2000))
	whole := readFile(t, zip)
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 0x40
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, b, 0o644))
		return path
	}
	bomb := filepath.Join(dir, "bomb.zip")
	writeSource(t, bomb, strings.Repeat("0", 10<<20))
	directory := filepath.Join(dir, "directory.csv")
	must(t, os.Mkdir(directory, 0o755))
	tape := newTape(t)
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "absent.csv"), "no such file"},
		{directory, "is a directory"},
		{write("empty.csv", nil), "is empty"},
		{write("blank.csv", []byte("\n\n")), "has no rows"},
		{write("rows.gz", []byte("x")), "not a gzip file"},
		{write("cut.zip", whole[:len(whole)-30]), "cut off"},
		{write("text.zip", []byte("open_time,open\n")), "cut off"},
		{write("damaged.zip", damaged), "damaged.zip"},
		{bomb, "line is longer"},
		{write("binary.csv", []byte("1\x00\xff,\n")), "binary.csv: line 1"},
	} {
		_, err := Import(t.Context(), tape, ImportSpec{Path: c.path, Spec: source.Spec{Key: minuteKey}}, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", filepath.Base(c.path), err, c.want)
		}
		if left := tree(t, tape.dir); len(left) != 0 {
			t.Errorf("%s: the tape has %v", filepath.Base(c.path), left)
		}
	}
}

// TestCanceled stops an import between rows.
func TestCanceled(t *testing.T) {
	tape := newTape(t)
	path := filepath.Join(t.TempDir(), "x.zip")
	writeSource(t, path, minutes(0, 5*batchRows))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Import(ctx, tape, ImportSpec{Path: path, Spec: source.Spec{Key: minuteKey}}, func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) || len(tree(t, tape.dir)) != 0 {
		t.Errorf("error %v, tape %v", err, tree(t, tape.dir))
	}
}

// TestOneImportAtATime holds that two imports do not lose each other's rows, and that
// what a killed one left is removed.
func TestOneImportAtATime(t *testing.T) {
	tape := newTape(t)
	lock, err := lockDirectory(tape.dir)
	must(t, err)
	stage, err := openStage(tape.dir, createFile)
	must(t, err)
	if _, err := importText(t, tape, "x.csv", minutes(0, 10)); err == nil || !strings.Contains(err.Error(), "another import") {
		t.Errorf("second import: %v", err)
	}
	must(t, lock.Close()) // as if killed: the directory stays
	if _, err := importText(t, tape, "x.csv", minutes(0, 10)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(stage.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("leftovers are still there: %v", err)
	}
}

// TestProgress holds that progress grows to the end.
func TestProgress(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.csv")
	writeSource(t, path, minutes(0, 60*batchRows))
	var seen []Progress
	_, err := Import(t.Context(), newTape(t), ImportSpec{Path: path, Spec: source.Spec{Key: minuteKey}}, func(p Progress) { seen = append(seen, p) })
	must(t, err)
	last := seen[len(seen)-1]
	if len(seen) < 3 || last.Rows != 60*batchRows || last.Bytes != last.Total {
		t.Errorf("progress %+v", seen)
	}
}

// TestTooManyGaps refuses data that is not what it is taken for.
func TestTooManyGaps(t *testing.T) {
	var b strings.Builder
	b.WriteString("time,open,high,low,close\n")
	for i := range holesMax + 2 {
		fmt.Fprintf(&b, "%d,1,1,1,1\n", 1704067200000+int64(i)*120_000)
	}
	if _, err := importText(t, newTape(t), "two_minutes.csv", b.String()); err == nil || !strings.Contains(err.Error(), "interval") {
		t.Errorf("error %v", err)
	}
}

// TestGapsEverywhere keeps a stream that has lost every other trade, and says so within bounds.
func TestGapsEverywhere(t *testing.T) {
	const n = 2*holesMax + 100
	var b strings.Builder
	b.WriteString("agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,1,1,%[1]d,%[1]d,%d,true\n", 1+2*i, 1704067200000+int64(i))
	}
	key := row.Key{Product: exchange.UM, Symbol: "SOLUSDT", Kind: row.AggTrades}
	path := filepath.Join(t.TempDir(), "SOLUSDT-aggTrades-2024-01-01.csv")
	writeSource(t, path, b.String())
	tape := newTape(t)
	report, err := Import(t.Context(), tape, ImportSpec{Path: path, Spec: source.Spec{Key: key}}, nil)
	must(t, err)
	if got := report.Series[0].Gaps.Count; got != n-1 {
		t.Errorf("%d gaps are counted, want %d", got, n-1)
	}
	holes, missing := tape.Holes(key), int64(0)
	for i, h := range holes {
		missing += h.Missing
		if i > 0 && h.From < holes[i-1].To {
			t.Fatalf("hole %d begins at %v, within the one before", i, h.From)
		}
	}
	if len(holes) > holesMax || missing != n-1 {
		t.Errorf("%d holes are listed with %d trades missing, want at most %d and %d", len(holes), missing, holesMax, n-1)
	}
	must(t, tape.Verify(t.Context()))
}

// TestDamagedTape changes files of a tape and wants errors that name them, and no panic.
func TestDamagedTape(t *testing.T) {
	tape := newTape(t)
	if _, err := importText(t, tape, "x.csv", minutes(0, 1000)); err != nil {
		t.Fatal(err)
	}
	path := tape.path(minuteKey, "2024-01")
	whole := readFile(t, path)
	for at := 0; at < len(whole); at += 1 + len(whole)/150 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x55
		must(t, os.WriteFile(path, damaged, 0o644))
		again, err := Open(tape.dir)
		if err == nil {
			err = again.Verify(t.Context())
		}
		if err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("byte %d: error does not name the file: %v", at, err)
		}
	}
	for _, length := range []int{0, 10, len(whole) / 2, len(whole) - 1} {
		must(t, os.WriteFile(path, whole[:length], 0o644))
		if _, err := Open(tape.dir); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("cut to %d bytes: %v", length, err)
		}
	}
	another := filepath.Join(filepath.Dir(path), "2023-01.parquet")
	must(t, os.WriteFile(another, whole[:20], 0o644))
	if _, err := Open(tape.dir); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), another) {
		t.Errorf("two damaged files, and the error is %v", err)
	}
	must(t, os.Remove(another))
	must(t, os.WriteFile(path, whole, 0o644))
	moved := filepath.Join(tape.dir, "um", "ETHUSDT", "klines-1m", "2024-01.parquet")
	must(t, os.MkdirAll(filepath.Dir(moved), 0o755))
	must(t, os.WriteFile(moved, whole, 0o644))
	if _, err := Open(tape.dir); err == nil || !strings.Contains(err.Error(), "moved or renamed") {
		t.Errorf("moved file: %v", err)
	}
}

// TestSmallLetters opens a tape with a series that no instrument would find.
func TestSmallLetters(t *testing.T) {
	tape := newTape(t)
	if _, err := importText(t, tape, "a.csv", minutes(0, 10)); err != nil {
		t.Fatal(err)
	}
	must(t, os.Rename(filepath.Join(tape.dir, "um/BTCUSDT"), filepath.Join(tape.dir, "um/btcusdt")))
	if _, err := Open(tape.dir); err == nil || !strings.Contains(err.Error(), `symbol "btcusdt" has small letters, and Binance's name is BTCUSDT`) {
		t.Errorf("got %v", err)
	}
}

// TestInferredHoles looks at funding intervals that change and at settlements that lack.
func TestInferredHoles(t *testing.T) {
	for _, c := range []struct {
		hours []int // distances
		want  string
	}{
		{[]int{8, 8, 8, 8}, "[]"},
		{[]int{8, 8, 16, 8, 8}, "[1]"},
		{[]int{8, 8, 8, 16, 16, 8, 8, 8}, "[1 1]"},
		{[]int{8, 8, 32, 8}, "[3]"},
		{[]int{8, 8, 8, 4, 4, 4}, "[]"},
		{[]int{4, 4, 4, 8, 8, 8}, "[]"},
		{[]int{8, 8, 1, 7, 8, 8}, "[]"},
		{[]int{8, 8, 16}, "[1]"},
		{[]int{1, 1, 1, 1, 3, 1, 1}, "[2]"},
		{[]int{24}, "[]"},
		{nil, "[]"},
	} {
		h := holeFinder{rule: inferredHoles}
		at := exchange.Time(0)
		h.add(at, 0, 0, 1)
		for i, d := range c.hours {
			at = at.Add(time.Duration(d) * time.Hour)
			h.add(at, 0, 0, int64(i+2))
		}
		must(t, h.finish())
		missing := []int64{}
		for _, hole := range h.found {
			missing = append(missing, hole.Missing)
		}
		if got := fmt.Sprint(missing); got != c.want {
			t.Errorf("%v: missing %s, want %s", c.hours, got, c.want)
		}
	}
}
