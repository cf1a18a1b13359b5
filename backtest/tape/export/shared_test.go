package export

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pmbot/pmbot/backtest/tape/row"
)

// shared finds recorded data that is not part of the repository.
func shared(t testing.TB, path string) string {
	t.Helper()
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
			zeros := regexp.MustCompile(`(\.[0-9]*?)0+([,\n])`)
			point := regexp.MustCompile(`\.([,\n])`)
			want := point.ReplaceAllString(zeros.ReplaceAllString(unzip(t, published), "$1$2"), "$1")
			if got := unzip(t, archive.Path); got != want {
				t.Errorf("%d bytes of text, published are %d", len(got), len(want))
			}
			csv := filepath.Join(out, "a.csv.gz")
			exported(t, was, Spec{Layout: CSV, Path: csv, Series: keys(was)})
			same(t, was, imported(t, keys(was)[0], csv))
		})
	}
}

// TestSharedCapture exports what was recorded of a symbol, the slow clock of its recorder
// included, as events; then these once more.
func TestSharedCapture(t *testing.T) {
	capture := shared(t, "um/ws_raw/hftbacktest/btcusdt_20240808.gz")
	was := imported(t, row.Key{Product: 1, Symbol: "BTCUSDT"}, capture)
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.npz"), filepath.Join(dir, "second.npz")
	report := exported(t, was, Spec{Layout: HftBacktest, Path: first, Series: keys(was)})
	t.Logf("clock moved by %v, %+v", report.ClockShift, report.Series)
	symbol := row.Key{Product: 1, Symbol: "BTCUSDT"}
	is := imported(t, symbol, first)
	exported(t, is, Spec{Layout: HftBacktest, Path: second, Series: keys(is)})
	same(t, is, imported(t, symbol, second))
	for i, key := range keys(was) {
		csv := filepath.Join(dir, string(key.Kind)+".csv.gz")
		exported(t, was, Spec{Layout: CSV, Path: csv, Series: []row.Key{key}})
		one := imported(t, key, csv)
		if got, want := one.Series()[0], was.Series()[i]; got.Hash != want.Hash {
			t.Errorf("%v: %d rows with hash %.12s, were %d with %.12s", key, got.Rows, got.Hash, want.Rows, want.Hash)
		}
	}
}
