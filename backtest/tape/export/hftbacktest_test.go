package export

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape"
	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/backtest/tape/source"
)

var rewrite = flag.Bool("rewrite", false, "write the events into testdata/hftbacktest/events.txt")

// symbolTape is a tape with the series in testdata/hftbacktest.
func symbolTape(t testing.TB) *tape.Tape {
	t.Helper()
	was := newTape(t)
	for _, kind := range []row.Kind{row.Trades, row.Depth, row.BookTicker} {
		_, err := tape.Import(t.Context(), was, tape.ImportSpec{
			Path: filepath.Join("testdata/hftbacktest", string(kind)+".csv"),
			Spec: source.Spec{Key: row.Key{Product: 1, Symbol: "BTCUSDT", Kind: kind}},
		}, nil)
		must(t, err)
	}
	return was
}

// events decodes a file on its own, without package npz.
func events(t testing.TB, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	must(t, err)
	defer z.Close()
	f, err := z.Open("data.npy")
	must(t, err)
	b, err := io.ReadAll(f)
	must(t, err)
	b = b[10+binary.LittleEndian.Uint16(b[8:]):]
	words := map[uint64]string{1: "depth", 2: "trade", 3: "clear", 4: "snapshot", 5: "best"}
	var out strings.Builder
	fmt.Fprintln(&out, "clocks event side exchange local price quantity")
	for ; len(b) > 0; b = b[64:] {
		word := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
		at := func(i int) string { return time.Unix(0, int64(word(i))).UTC().Format("05.000") }
		ev := word(0)
		clocks := map[uint64]string{1: "local", 2: "exch", 3: "both"}[ev>>30&3]
		side := map[uint64]string{0: "-", 1: "sell", 2: "buy"}[ev>>28&3]
		fmt.Fprintln(&out, clocks, words[ev&0xff], side, at(1), at(2), math.Float64frombits(word(3)), math.Float64frombits(word(4)))
	}
	return out.String()
}

// TestHftBacktest merges three series whose recorder was 5 ms slow: with a smallest
// latency of 1 ms all local times move by 6.
func TestHftBacktest(t *testing.T) {
	was := symbolTape(t)
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.npz"), filepath.Join(dir, "second.npz")
	report := exported(t, was, Spec{Layout: HftBacktest, Path: first, Series: keys(was), Latency: time.Millisecond})
	if report.ClockShift != 6*time.Millisecond {
		t.Errorf("clock moved by %v, want 6ms", report.ClockShift)
	}
	var told []string
	for _, s := range report.Series {
		told = append(told, fmt.Sprintf("%s %d %d %s", s.Kind, s.Rows, s.Omitted, strings.Join(s.Lost, " ")))
	}
	want := "bookTicker 2 0 event update_id, depth 6 0 last_id event first_id prev_id, trades 3 1 event id"
	if got := strings.Join(told, ", "); got != want {
		t.Errorf("report %s\nwant %s", got, want)
	}
	got, golden := events(t, first), "testdata/hftbacktest/events.txt"
	if *rewrite {
		must(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	if want := string(read(t, golden)); got != want {
		t.Errorf("events are\n%s\nwant\n%s", got, want)
	}

	symbol := row.Key{Product: 1, Symbol: "BTCUSDT"}
	is := imported(t, symbol, first)
	if n := len(is.Series()); n != 3 {
		t.Fatalf("%d series came back", n)
	}
	again := exported(t, is, Spec{Layout: HftBacktest, Path: second, Series: keys(is)})
	if again.ClockShift != 0 || !bytes.Equal(read(t, first), read(t, second)) {
		t.Errorf("clock moved by %v, and the file is\n%s", again.ClockShift, events(t, second))
	}
	same(t, is, imported(t, symbol, second))
}
