package export

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmbot/pmbot/backtest/tape/row"
	"github.com/pmbot/pmbot/exchange"
	"github.com/pmbot/pmbot/internal/raced"
)

// shared finds recorded data that is not part of the repository.
func shared(t testing.TB, path string) string {
	t.Helper()
	if raced.On() {
		t.Skip("the race detector makes do with the small inputs of our own")
	}
	root := os.Getenv("PMBOT_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared")
	}
	full := filepath.Join(root, "data", filepath.FromSlash(path))
	if _, err := os.Stat(full); err != nil {
		t.Skipf("shared data not at hand: %v", err)
	}
	return full
}

// TestSharedArchives imports archives that Binance has published, exports them, and wants
// the same name, the same rows and, but for zeros at the end of decimals, the same text.
func TestSharedArchives(t *testing.T) {
	for _, path := range []string{
		"cm/vision/daily/aggTrades/BTCUSD_PERP/BTCUSD_PERP-aggTrades-2026-05-08.zip",
		"um/vision/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2026-04.zip",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			published := shared(t, path)
			was := imported(t, row.Key{}, published)
			out := t.TempDir()
			archive := exported(t, was, Spec{Layout: Archive, Path: out, Series: keys(was)}).Files[0]
			if want := strings.Replace(path, "/vision", "", 1); archive.Path != filepath.Join(out, want) {
				t.Errorf("wrote %s, want %s", archive.Path, want)
			}
			same(t, was, imported(t, row.Key{}, archive.Path))
			want := plain(unzip(t, published))
			if got := unzip(t, archive.Path); got != want {
				t.Errorf("%d bytes of text, published are %d", len(got), len(want))
			}
			csv := filepath.Join(out, "a.csv.gz")
			exported(t, was, Spec{Layout: CSV, Path: csv, Series: keys(was)})
			same(t, was, imported(t, keys(was)[0], csv))
		})
	}
}

// plain is a text of decimals without zeros at their ends.
func plain(text string) string {
	var out []string
	for line := range strings.SplitSeq(text, "\n") {
		fields := strings.Split(line, ",")
		for i, f := range fields {
			if strings.Contains(f, ".") {
				fields[i] = strings.TrimRight(strings.TrimRight(f, "0"), ".")
			}
		}
		out = append(out, strings.Join(fields, ","))
	}
	return strings.Join(out, "\n")
}

// TestSharedCapture exports half a minute of what was recorded of a symbol, the slow clock
// of its recorder included, in the two layouts that hold it, and once more what was
// imported of that.
func TestSharedCapture(t *testing.T) {
	was := imported(t, row.Key{Product: 1, Symbol: "BTCUSDT"}, shared(t, "um/ws_raw/hftbacktest/btcusdt_20240808.gz"))
	dir := t.TempDir()
	var until exchange.Time
	must(t, until.UnmarshalText([]byte("2024-08-08T23:54:46Z")))

	first, second := filepath.Join(dir, "first.npz"), filepath.Join(dir, "second.npz")
	report := exported(t, was, Spec{Layout: HftBacktest, Path: first, Series: keys(was), To: until})
	if shift := report.ClockShift; shift < 1200*time.Millisecond || shift > 1300*time.Millisecond {
		t.Errorf("clock moved by %v, it was 1.27 s slow", shift)
	}
	symbol := row.Key{Product: 1, Symbol: "BTCUSDT"}
	is := imported(t, symbol, first)
	exported(t, is, Spec{Layout: HftBacktest, Path: second, Series: keys(is)})
	same(t, is, imported(t, symbol, second))
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same events make two files")
	}

	for _, key := range keys(was) {
		first, second := filepath.Join(dir, string(key.Kind)+"-1.csv"), filepath.Join(dir, string(key.Kind)+"-2.csv")
		exported(t, was, Spec{Layout: CSV, Path: first, Series: []row.Key{key}, To: until})
		exported(t, imported(t, key, first), Spec{Layout: CSV, Path: second, Series: []row.Key{key}})
		if !bytes.Equal(read(t, first), read(t, second)) {
			t.Errorf("%v: the text has changed", key)
		}
	}
}
